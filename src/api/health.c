/* SPDX-License-Identifier: MIT */
#include "api/route.h"
#include "store/user.h"

static enum err
render_status(struct call *c, const char *body)
{
	resp_json(c->rs, c->route->status);
	buf_text(&c->rs->body, body);
	return OK;
}

/* GET /healthz: 200 while the program runs. */
enum err
get_healthz(struct call *c)
{
	return render_status(c, "{\"status\":\"ok\"}");
}

/*
 * GET /readyz: 200 while the database answers and has its tables, else 503.
 * Looking for nobody reads every table that a request needs.
 */
enum err
get_readyz(struct call *c)
{
	if (user_by_nothing(c->cx->db, c->cx->mem) != ERR_NOT_FOUND)
		return ERR_DATABASE_DOWN;
	return render_status(c, "{\"status\":\"ready\"}");
}
