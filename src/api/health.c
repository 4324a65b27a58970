/* SPDX-License-Identifier: MIT */
#include "api/api.h"
#include "db/db.h"

static enum err
render_status(struct call *c, const char *body)
{
	resp_json(c->rs, 200);
	buf_text(&c->rs->body, body);
	return OK;
}

/* GET /healthz: 200 while the program runs. */
enum err
get_healthz(struct call *c)
{
	return render_status(c, "{\"status\":\"ok\"}");
}

/* GET /readyz: 200 while the database answers, else 503. */
enum err
get_readyz(struct call *c)
{
	TRY(db_ping(c->cx->db));
	return render_status(c, "{\"status\":\"ready\"}");
}
