/* SPDX-License-Identifier: MIT */
#include "cmd/whom.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/database.h"
#include "cmd/worker.h"
#include "db/db.h"
#include "store/user_id.h"

enum err
whom_find(struct ctx *cx, const char *who, struct user *out)
{
	const char *id;
	enum err e = user_id_read(cx->db, cx->mem, who, &id);

	if (e == OK)
		e = user_by_id(cx->db, cx->mem, id, out);
	else if (e == ERR_NOT_FOUND && text_is_utf8(who, strlen(who)))
		e = user_by_email(cx->db, cx->mem, who, out);
	if (e == ERR_NOT_FOUND)
		(void)command_fail(0, "there is no user \"%s\"", who);
	return e;
}

int
whom_run(const struct invocation *in, whom_work *work, void *arg)
{
	struct config *conf = NULL;
	struct worker *w = NULL;
	struct ctx *cx = NULL;
	enum err e = command_start(in->config_path, &conf);
	bool told = e != OK;

	if (e == OK) {
		if (strcmp(conf->log.to, "syslog") == 0)
			command_set_log(conf);
		else
			log_set_level(LEVEL_WARNING);
		e = worker_open(conf, WORKER_REQUESTS, &w);
	}
	if (e == OK) {
		cx = worker_ctx(w);
		e = work(cx, arg, &told);
	}
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK && !told)
		e = database_explain(e, cx != NULL ? cx->db : NULL,
				     cx != NULL ? cx->mem : NULL);
	worker_close(w);
	config_free(conf);
	return command_status(e);
}
