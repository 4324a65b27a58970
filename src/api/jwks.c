/* SPDX-License-Identifier: MIT */
#include "api/route.h"
#include "core/token_keys.h"

const struct schema jwks_schema = {0};

/* GET /.well-known/jwks.json: 200 with the public keys (RFC 7517). */
enum err
get_jwks(struct call *c)
{
	c->rs->cache_control =
		arena_printf(c->cx->mem, "public, max-age=%lld",
			     (long long)c->cx->conf->keys.max_age);
	resp_json(c->rs, c->route->status);
	buf_text(&c->rs->body, token_keys_jwks(c->cx->keys));
	return OK;
}
