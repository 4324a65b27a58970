/* SPDX-License-Identifier: MIT */
#include "core/sign_in.h"

#include "base/log.h"
#include "core/event.h"
#include "core/strategy.h"
#include "store/access_token.h"
#include "store/session.h"

enum err
sign_in_start(struct ctx *cx, const struct backend_settings *backend,
	      const struct user *u, const char **token)
{
	const struct event_fact fact = {.event = EVENT_AFTER_LOGIN, .user = u};

	TRY(strategy_of(backend)->write(cx, backend, u, token));
	TRY(event_emit(cx, &fact));
	log_event(LEVEL_INFO, log_is("login"), log_text("user", u->id),
		  log_text("backend", backend->title));
	return OK;
}

enum err
sign_in_read(struct ctx *cx, const struct backend_settings *backend,
	     const char *text, struct user *out, struct token *token)
{
	return strategy_of(backend)->read(cx, backend, text, out, token);
}

enum err
sign_in_confirm(struct ctx *cx, const struct token *token, struct user *out)
{
	return strategy_of(token->backend)->confirm(cx, token, out);
}

enum err
sign_in_end(struct ctx *cx, const struct token *token)
{
	return strategy_of(token->backend)->destroy(cx, token);
}

/* Rows are deleted whatever the backends are: the reference may serve the
 * same database, and one that is configured tomorrow must not revive them. */
enum err
sign_in_end_others(struct ctx *cx, const char *user_id,
		   const struct token *kept)
{
	TRY(access_token_delete_others(cx->db, cx->mem, user_id,
				       kept != NULL ? kept->text : NULL));
	return session_end_others(cx->db, cx->mem, user_id, cx->clock(),
				  kept != NULL ? kept->hash : NULL);
}
