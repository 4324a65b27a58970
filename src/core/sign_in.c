/* SPDX-License-Identifier: MIT */
#include "core/sign_in.h"

#include <string.h>

#include "base/log.h"
#include "store/session.h"

enum err
sign_in_start(struct ctx *cx, const struct backend_settings *backend,
	      const struct user *u, int64_t not_before, const char **token)
{
	/* A session begun in the second of a password change is a new one,
	 * and says so, or it would count among those that were ended. */
	int64_t issued_at = cx->now > not_before ? cx->now : not_before + 1;

	TRY(token_issue(cx, u->id, issued_at, backend->lifetime, token));
	log_event(LEVEL_INFO, log_is("login"), log_text("user", u->id),
		  log_text("backend", backend->title));
	return OK;
}

static bool
was_ended(const struct user_session *s, const struct token *token)
{
	if (s->revoked)
		return true;
	if (token->issued_at > s->not_before)
		return false;
	return s->exempt_hash == NULL ||
	       strcmp(s->exempt_hash, token->hash) != 0;
}

enum err
sign_in_read(struct ctx *cx, const struct backend_settings *backend,
	     const char *text, struct user *out, struct token *token)
{
	struct user_session s = {0};
	enum err e;

	TRY(token_read(cx, text, backend->lifetime, token));
	e = user_by_session(cx->db, cx->mem, token->subject, token->hash, &s);
	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	if (was_ended(&s, token))
		return ERR_BAD_TOKEN;
	*out = s.user;
	return OK;
}

enum err
sign_in_end(struct ctx *cx, const struct token *token)
{
	if (!cx->conf->sessions.logout_ends_jwt)
		return OK;
	TRY(session_purge(cx->db, cx->mem, cx->now));
	return session_revoke(cx->db, cx->mem, token->hash, token->expires_at);
}
