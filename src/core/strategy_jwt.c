/* SPDX-License-Identifier: MIT */
#include "core/strategy.h"
#include "store/session.h"

/* Longest leeway that can be configured: a revocation must outlive what any
 * leeway, now or after a reload, adds to its token. */
#define LEEWAY_LIMIT 3600

static enum err
jwt_read(struct ctx *cx, const struct backend_settings *backend,
	 const char *text, struct user *out, struct token *token)
{
	TRY(token_read(cx, backend, text, token));
	TRY(strategy_name_user(cx, token));
	return strategy_find_user(cx, token, out);
}

static enum err
jwt_write(struct ctx *cx, const struct backend_settings *backend,
	  const struct user *u, const char **token)
{
	return token_issue(cx, backend, u->id, u->generation, token);
}

static enum err
jwt_destroy(struct ctx *cx, const struct token *token)
{
	if (!cx->conf->sessions.logout_ends_jwt)
		return OK;
	TRY(session_purge(cx->db, cx->mem, cx->now - LEEWAY_LIMIT));
	return session_revoke(cx->db, cx->mem, token->hash, token->expires_at);
}

const struct strategy strategy_jwt = {
	.name = "jwt",
	.read = jwt_read,
	.confirm = strategy_find_user,
	.write = jwt_write,
	.destroy = jwt_destroy,
};
