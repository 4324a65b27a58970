/* SPDX-License-Identifier: MIT */
#include "core/reset.h"

#include <string.h>

#include "base/log.h"
#include "core/event.h"
#include "core/limiter.h"
#include "core/password.h"
#include "core/sign_in.h"
#include "core/ticket.h"
#include "store/user_id.h"

bool
reset_is_on(const struct config *conf)
{
	return conf->routes.reset && ticket_is_on(conf, TICKET_RESET);
}

enum err
reset_token(struct ctx *cx, const struct user *u, const char **out)
{
	struct ticket_claim claims[] = {
		{"sub", u->id},
		{"password_fgpt", NULL},
		/* The reference has no such claim, and passes over it. */
		{"email", cx->conf->tokens.reset_names_email ? u->email : NULL},
	};

	TRY(password_fingerprint(cx, u->hashed_password, &claims[1].text));
	*out = ticket_issue(cx, TICKET_RESET, claims, countof(claims));
	return OK;
}

/* The user whom the token still fits. */
static enum err
find_user(struct ctx *cx, const char *token, struct user *out)
{
	const struct json *claims;
	const char *email;
	const char *print;
	const char *sub;
	const char *id;

	TRY(ticket_read(cx, TICKET_RESET, token, &claims));
	sub = ticket_text(claims, "sub");
	print = ticket_text(claims, "password_fgpt");
	email = ticket_text(claims, "email");
	if (sub == NULL || print == NULL)
		return ERR_BAD_TOKEN;
	TRY(user_id_read(cx->db, cx->mem, sub, &id));
	TRY(user_by_id(cx->db, cx->mem, id, out));
	if (cx->conf->tokens.reset_names_email && email != NULL &&
	    strcmp(email, out->email) != 0)
		return ERR_BAD_TOKEN;
	TRY(password_fingerprint_verify(cx, out->hashed_password, print));
	return out->is_active ? OK : ERR_BAD_TOKEN;
}

/* What one transaction of a reset needs. */
struct reset {
	struct ctx *cx;
	const struct user *before;
	const char *hash;
};

/*
 * The condition is what makes the token good for one use: of those who come
 * at once, the others find another hash.
 */
static enum err
reset_body(struct db *db, void *arg)
{
	const struct reset *r = arg;
	struct ctx *cx = r->cx;
	struct user after = {0};
	const struct event_fact fact = {
		.event = EVENT_AFTER_RESET_PASSWORD,
		.user = &after,
		.password_changed = true,
	};

	TRY(user_replace_password(db, cx->mem, r->before, r->hash, &after));
	if (cx->conf->sessions.password_change_ends_others)
		TRY(sign_in_end_others(cx, after.id, NULL));
	return event_emit(cx, &fact);
}

static enum err
bad_token(enum err e)
{
	return e == ERR_BAD_TOKEN || e == ERR_NOT_FOUND
		       ? ERR_RESET_PASSWORD_BAD_TOKEN
		       : e;
}

enum err
reset_password(struct ctx *cx, const char *token, const char *password,
	       const char **reason)
{
	struct user u = {0};
	struct reset r = {.cx = cx, .before = &u};
	enum err e;

	TRY(bad_token(find_user(cx, token, &u)));
	e = password_judge(cx, password, &u, reason);
	if (e == ERR_INVALID_PASSWORD)
		return ERR_RESET_PASSWORD_INVALID_PASSWORD;
	TRY(e);
	TRY(password_hash(cx, password, &r.hash));
	TRY(bad_token(db_transact(cx->db, reset_body, &r)));
	/* Who forgot his password has tried in vain before he asked. */
	limit_forgive_account(cx, u.email);
	log_event(LEVEL_INFO, log_is("password_reset"), log_text("user", u.id));
	return OK;
}
