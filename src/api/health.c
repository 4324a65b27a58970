/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/route.h"
#include "base/clock.h"
#include "base/tally.h"
#include "base/text.h"
#include "core/probe.h"
#include "db/migrate.h"
#include "store/user.h"

/* As tally_remember keeps it; 0 would be nothing known. */
enum readiness {
	READY = 1,
	NO_DATABASE, /* it does not answer */
	NO_SCHEMA,   /* tables are missing, or migrations are pending */
	NO_WORKERS   /* a pool has none */
};

static const char *const reasons[] = {
	[NO_DATABASE] = "database",
	[NO_SCHEMA] = "schema",
	[NO_WORKERS] = "workers",
};

/* GET /healthz: 200 while the program runs. */
enum err
get_healthz(struct call *c)
{
	resp_json(c->rs, c->route->status);
	buf_text(&c->rs->body, "{\"status\":\"ok\"}");
	return OK;
}

/* Looking for nobody reads every table that a request needs. A schema newer
 * than this program is served until its successor comes. */
static enum readiness
find_out(const struct ctx *cx)
{
	struct migrate_state state = {0};
	const char *why;

	if (user_by_nothing(cx->db, cx->mem) != ERR_NOT_FOUND)
		return db_ping(cx->db) == OK ? NO_SCHEMA : NO_DATABASE;
	if (migrate_state(cx->db, cx->mem, &state, &why) != OK &&
	    state.version <= state.newest)
		return NO_SCHEMA;
	return state.version < state.newest ? NO_SCHEMA : READY;
}

/* Anybody may ask, as often as he likes: a pool looks once a second. */
static enum readiness
readiness(const struct ctx *cx)
{
	int64_t now = clock_monotonic();
	int64_t known;

	if (!tally_recall(now, &known)) {
		known = find_out(cx);
		tally_remember(now, known);
	}
	if (known == READY && tally_board_get(TALLY_POOLS_EMPTY) > 0)
		known = NO_WORKERS;
	return (enum readiness)known;
}

/*
 * GET /readyz: 200 while the database answers and has its tables, and each
 * pool has workers; else 503 and the reason in a word.
 */
enum err
get_readyz(struct call *c)
{
	enum readiness r = readiness(c->cx);

	if (r == READY) {
		resp_json(c->rs, c->route->status);
		buf_text(&c->rs->body, "{\"status\":\"ready\"}");
		return OK;
	}
	resp_detail(c->rs,
		    arena_printf(c->cx->mem,
				 "{\"code\":\"NOT_READY\",\"reason\":\"%s\"}",
				 reasons[r]));
	return ERR_DATABASE_DOWN;
}

/*
 * ANY …/probe?TEXT: what arrived of a request by `fastcgi-users check`, which
 * sends the same text as a bearer token; for all others it is not there.
 */
enum err
any_probe(struct call *c)
{
	static const char scheme[] = "Bearer ";
	const struct req *rq = c->rq;
	const char *told = rq->authorization != NULL ? rq->authorization : "";

	if (!probe_is_good(c->cx->conf, c->cx->mem, c->cx->now, rq->query))
		return ERR_NOT_FOUND;
	resp_json(c->rs, c->route->status);
	buf_printf(&c->rs->body,
		   "{\"authorization\":%s,\"https\":%s,\"now\":%lld}",
		   text_starts(told, scheme) &&
				   strcmp(told + sizeof(scheme) - 1,
					  rq->query) == 0
			   ? "true"
			   : "false",
		   rq->https ? "true" : "false", (long long)c->cx->now);
	return OK;
}
