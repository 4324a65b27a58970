/* SPDX-License-Identifier: MIT */
#include "core/sign_in.h"

#include "base/log.h"
#include "core/event.h"
#include "core/strategy.h"
#include "store/access_token.h"
#include "store/session.h"

/* What one transaction of telling needs. */
struct telling {
	struct ctx *cx;
	const struct event_fact *fact;
};

static enum err
tell_body(struct db *db, void *arg)
{
	const struct telling *t = arg;

	(void)db;
	return event_emit(t->cx, t->fact);
}

/* All who subscribe, or nobody. */
static enum err
tell(struct ctx *cx, const struct event_fact *fact)
{
	struct telling t = {cx, fact};

	if (!event_is_wanted(cx, fact->event))
		return OK;
	return db_transact(cx->db, tell_body, &t);
}

enum err
sign_in_start(struct ctx *cx, const struct backend_settings *backend,
	      const struct user *u, const char **token)
{
	const struct event_fact fact = {.event = EVENT_AFTER_LOGIN, .user = u};

	TRY(strategy_of(backend)->write(cx, backend, u, token));
	TRY(tell(cx, &fact));
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
sign_in_trust(struct ctx *cx, const struct backend_settings *backend,
	      const char *text, struct user *out, struct token *token)
{
	const struct strategy *s = strategy_of(backend);

	if (s->trust == NULL)
		return s->read(cx, backend, text, out, token);
	return s->trust(cx, backend, text, out, token);
}

enum err
sign_in_decode(struct ctx *cx, const struct backend_settings *backend,
	       const char *text, struct token *out)
{
	const struct strategy *s = strategy_of(backend);

	return s->decode != NULL ? s->decode(cx, backend, text, out)
				 : ERR_NOT_FOUND;
}

void
sign_in_find(struct ctx *cx, struct sign_in *list, size_t count)
{
	struct user_asked *asked = arena_array(cx->mem, count, sizeof(*asked));

	for (size_t i = 0; i < count; i++) {
		asked[i].id = list[i].token.subject;
		asked[i].token_hash = list[i].token.hash;
	}
	if (!user_by_sessions(cx->db, cx->mem, asked, count))
		return;
	for (size_t i = 0; i < count; i++) {
		list[i].user = asked[i].session.user;
		list[i].stands =
			asked[i].found &&
			!strategy_is_ended(&asked[i].session, &list[i].token);
	}
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
