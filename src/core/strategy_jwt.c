/* SPDX-License-Identifier: MIT */
#include "core/strategy.h"
#include "store/user_id.h"

static enum err
jwt_decode(struct ctx *cx, const struct backend_settings *backend,
	   const char *text, struct token *token)
{
	TRY(token_read(cx, backend, text, token));
	return strategy_name_user(cx, token);
}

static enum err
jwt_read(struct ctx *cx, const struct backend_settings *backend,
	 const char *text, struct user *out, struct token *token)
{
	TRY(jwt_decode(cx, backend, text, token));
	return strategy_find_user(cx, token, out);
}

static enum err
jwt_trust(struct ctx *cx, const struct backend_settings *backend,
	  const char *text, struct user *out, struct token *token)
{
	TRY(token_verify(cx, backend, text, token));
	/* Nothing else would ever end it. */
	if (token->expires_at < 0)
		return jwt_read(cx, backend, text, out, token);
	if (!user_id_spell(cx->mem, token->subject, &token->subject))
		return ERR_BAD_TOKEN;
	*out = (struct user){.id = token->subject, .is_active = true};
	return OK;
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
	return strategy_revoke(cx, token);
}

const struct strategy strategy_jwt = {
	.name = "jwt",
	.read = jwt_read,
	.trust = jwt_trust,
	.decode = jwt_decode,
	.confirm = strategy_find_user,
	.write = jwt_write,
	.destroy = jwt_destroy,
};
