/* SPDX-License-Identifier: MIT */
#include "cmd/courier_process.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "cmd/command.h"

/* A configuration that is bad changes nothing. */
static void
reload(const struct invocation *in, struct config **conf)
{
	struct config *next = NULL;

	if (command_configure(in->config_path, &next) != OK) {
		log_event(LEVEL_ERROR, log_is("reload_refused"),
			  log_text("error", "configuration"));
		return;
	}
	config_free(*conf);
	*conf = next;
	command_set_log(*conf);
}

int
command_courier(const struct invocation *in)
{
	bool once = in->argc == 2 && strcmp(in->argv[1], "--once") == 0;
	struct config *conf = NULL;
	int number;
	int status;
	enum err e;

	if (in->argc > 1 && !once)
		return command_fail(EX_USAGE, "courier takes --once only");
	e = command_start(in->config_path, &conf);
	if (e != OK)
		return command_status(e);
	command_set_log(conf);
	courier_block_ends();
	while ((status = courier_run(conf, NULL, once, &number)) == EX_OK &&
	       number == SIGHUP)
		reload(in, &conf);
	config_free(conf);
	return status;
}
