/* SPDX-License-Identifier: MIT */
/* The program as somebody else's child: CGI, or FastCGI on descriptor 0. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/home.h"
#include "cmd/worker.h"
#include "db/db.h"
#include "gate/gate.h"

/* What the world is told where the owner has something to mend. */
#define OWNER_PAGE                                                             \
	"This service is not ready. If it is yours: the web server's error "   \
	"log says why, in a line that begins with \"fastcgi-users:\", and "    \
	"doc/hosting.md what to do about it.\n"

/* A worker in a folder that it must look after itself. */
struct hosted {
	struct home home;
	struct gate_service inner;
	const char *file; /* of the database; NULL: a server holds it */
};

static void
serve_hosted(void *to, struct req *rq, struct resp *rs)
{
	struct hosted *h = to;
	const char *why = home_fault(&h->home, rq, h->file);

	if (why == NULL) {
		h->inner.serve(h->inner.worker, rq, rs);
		return;
	}
	(void)command_fail(0, "%s", why);
	rs->status = 500;
	resp_header(rs, "Content-Type", "text/plain; charset=utf-8");
	buf_text(&rs->body, OWNER_PAGE);
}

static struct gate_service
hosted_service(struct hosted *h, struct worker *w)
{
	h->inner = worker_service(w);
	h->file = db_file(worker_ctx(w)->db);
	return (struct gate_service){
		.serve = serve_hosted,
		.worker = h,
		.conf = h->inner.conf,
		.mem = h->inner.mem,
	};
}

static enum err
configure(const struct invocation *in, enum home_life life, struct home *home,
	  struct config **out)
{
	if (in->config_path == NULL)
		TRY(home_open(life, home));
	return command_start(
		in->config_path == NULL ? home->file : in->config_path, out);
}

/* *started: whether it came so far that the gate answers. */
static int
serve_by(const struct invocation *in, enum home_life life,
	 int (*gate)(const struct gate_service *), bool *started)
{
	struct hosted hosted = {.home = {.fd = -1}};
	struct config *conf = NULL;
	struct worker *w = NULL;
	struct gate_service service;
	int status;
	enum err e = configure(in, life, &hosted.home, &conf);

	if (e == OK) {
		command_set_log(conf);
		e = worker_open(conf, WORKER_REQUESTS, &w);
	}
	*started = e == OK;
	status = command_status(e);
	if (e != OK)
		goto out;
	service = in->config_path == NULL ? hosted_service(&hosted, w)
					  : worker_service(w);
	/* Of a CGI program this is its request's, too. */
	service.require = getenv("FCU_REQUIRE");
	status = gate(&service);
out:
	worker_close(w);
	config_free(conf);
	home_close(&hosted.home);
	return status;
}

/* What the web server shows is plain; its error log has the sentence. */
static int
answer_unready(int status, bool at_home)
{
	static const char page[] = "Content-Type: text/plain; charset=utf-8\r\n"
				   "Cache-Control: no-store\r\n\r\n" OWNER_PAGE;
	static const char json[] = "Content-Type: application/json\r\n\r\n"
				   "{\"detail\":\"Internal Server Error\"}";
	bool passes = status == EX_TEMPFAIL || status == EX_UNAVAILABLE ||
		      status == EX_IOERR;
	const char *head = passes && at_home
				   ? "Status: 503 Service Unavailable\r\n"
				   : "Status: 500 Internal Server Error\r\n";
	const char *rest = at_home ? page : json;

	if (write(STDOUT_FILENO, head, strlen(head)) < 0 ||
	    write(STDOUT_FILENO, rest, strlen(rest)) < 0)
		return EX_IOERR;
	return status;
}

int
command_cgi(const struct invocation *in)
{
	bool started;
	int status = serve_by(in, HOME_CGI, gate_cgi, &started);

	return started ? status
		       : answer_unready(status, in->config_path == NULL);
}

int
command_fastcgi(const struct invocation *in)
{
	bool started;

	return serve_by(in, HOME_FASTCGI, gate_libfcgi, &started);
}
