/* SPDX-License-Identifier: MIT */
#include "core/sign_in.h"

#include <string.h>

#include "base/log.h"
#include "core/event.h"
#include "store/session.h"
#include "store/user_id.h"

/* Longest leeway that can be configured: a revocation must outlive what any
 * leeway, now or after a reload, adds to its token. */
#define LEEWAY_LIMIT 3600

enum err
sign_in_start(struct ctx *cx, const struct backend_settings *backend,
	      const struct user *u, const char **token)
{
	const struct event_fact fact = {.event = EVENT_AFTER_LOGIN, .user = u};

	TRY(token_issue(cx, u->id, u->generation, backend->lifetime, token));
	TRY(event_emit(cx, &fact));
	log_event(LEVEL_INFO, log_is("login"), log_text("user", u->id),
		  log_text("backend", backend->title));
	return OK;
}

static bool
was_ended(const struct user_session *s, const struct token *token)
{
	if (s->revoked)
		return true;
	if (s->exempt_hash != NULL && strcmp(s->exempt_hash, token->hash) == 0)
		return false;
	if (token->generation >= 0)
		return token->generation != s->user.generation;
	return token->issued_at <= s->not_before;
}

enum err
sign_in_confirm(struct ctx *cx, const struct token *token, struct user *out)
{
	struct user_session s = {0};
	enum err e = user_by_session(cx->db, cx->mem, token->subject,
				     token->hash, &s);

	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	if (was_ended(&s, token))
		return ERR_BAD_TOKEN;
	*out = s.user;
	return OK;
}

enum err
sign_in_read(struct ctx *cx, const struct backend_settings *backend,
	     const char *text, struct user *out, struct token *token)
{
	enum err e;

	TRY(token_read(cx, text, backend->lifetime, token));
	e = user_id_read(cx->db, cx->mem, token->subject, &token->subject);
	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	return sign_in_confirm(cx, token, out);
}

enum err
sign_in_end(struct ctx *cx, const struct token *token)
{
	if (!cx->conf->sessions.logout_ends_jwt)
		return OK;
	TRY(session_purge(cx->db, cx->mem, cx->now - LEEWAY_LIMIT));
	return session_revoke(cx->db, cx->mem, token->hash, token->expires_at);
}
