/* SPDX-License-Identifier: MIT */
/* The program as somebody else's child: CGI, or FastCGI on descriptor 0. */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/worker.h"
#include "gate/gate.h"

static int
serve_by(const struct invocation *in, int (*gate)(const struct gate_service *))
{
	struct config *conf = NULL;
	struct worker *w = NULL;
	struct gate_service service;
	int status;
	enum err e = command_start(in->config_path, &conf);

	if (e == OK) {
		command_set_log(conf);
		e = worker_open(conf, WORKER_REQUESTS, &w);
	}
	status = command_status(e);
	if (e != OK)
		goto out;
	service = worker_service(w);
	/* Of a CGI program this is its request's, too. */
	service.require = getenv("FCU_REQUIRE");
	status = gate(&service);
out:
	worker_close(w);
	config_free(conf);
	return status;
}

/* What the web server shows is plain; its error log has the sentence. */
static int
answer_misconfigured(int status)
{
	static const char answer[] = "Status: 500 Internal Server Error\r\n"
				     "Content-Type: application/json\r\n\r\n"
				     "{\"detail\":\"Internal Server Error\"}";

	if (write(STDOUT_FILENO, answer, sizeof(answer) - 1) < 0)
		return EX_IOERR;
	return status;
}

int
command_cgi(const struct invocation *in)
{
	int status = serve_by(in, gate_cgi);

	return status == EX_CONFIG ? answer_misconfigured(status) : status;
}

int
command_fastcgi(const struct invocation *in)
{
	return serve_by(in, gate_libfcgi);
}
