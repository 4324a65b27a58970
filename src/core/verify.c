/* SPDX-License-Identifier: MIT */
#include "core/verify.h"

#include <string.h>

#include "base/log.h"
#include "core/event.h"
#include "core/ticket.h"
#include "store/user_id.h"

bool
verify_is_on(const struct config *conf)
{
	return conf->routes.verify && ticket_is_on(conf, TICKET_VERIFY);
}

enum err
verify_token(struct ctx *cx, const struct user *u, const char **out)
{
	const struct ticket_claim claims[] = {
		{"sub", u->id},
		{"email", u->email},
	};

	*out = ticket_issue(cx, TICKET_VERIFY, claims, countof(claims));
	return OK;
}

/* The user who has the token's address, if he is the token's. */
static enum err
find_user(struct ctx *cx, const char *token, struct user *out)
{
	const struct json *claims;
	const char *email;
	const char *sub;
	const char *id;

	TRY(ticket_read(cx, TICKET_VERIFY, token, &claims));
	sub = ticket_text(claims, "sub");
	email = ticket_text(claims, "email");
	if (sub == NULL || email == NULL)
		return ERR_BAD_TOKEN;
	TRY(user_id_read(cx->db, cx->mem, sub, &id));
	TRY(user_by_email(cx->db, cx->mem, email, out));
	return strcmp(out->id, id) == 0 ? OK : ERR_BAD_TOKEN;
}

/* What one transaction of a verification needs. */
struct verification {
	struct ctx *cx;
	const struct user *before;
	struct user *out;
};

/* An address that was changed after we looked is not the one that was
 * proved. */
static enum err
verify_body(struct db *db, void *arg)
{
	const struct verification *v = arg;
	const struct event_fact fact = {
		.event = EVENT_AFTER_VERIFY,
		.user = v->out,
	};

	TRY(user_mark_verified(db, v->cx->mem, v->before, v->out));
	return event_emit(v->cx, &fact);
}

static enum err
bad_token(enum err e)
{
	return e == ERR_BAD_TOKEN || e == ERR_NOT_FOUND
		       ? ERR_VERIFY_USER_BAD_TOKEN
		       : e;
}

enum err
verify_user(struct ctx *cx, const char *token, struct user *out)
{
	struct user before = {0};
	struct verification v = {cx, &before, out};
	enum err e;

	TRY(bad_token(find_user(cx, token, &before)));
	if (before.is_verified)
		return ERR_VERIFY_USER_ALREADY_VERIFIED;
	e = db_transact(cx->db, verify_body, &v);
	if (e == ERR_NOT_FOUND) {
		/* Somebody was faster: with the same token, or with another
		 * address. */
		TRY(bad_token(find_user(cx, token, &before)));
		return before.is_verified ? ERR_VERIFY_USER_ALREADY_VERIFIED
					  : ERR_VERIFY_USER_BAD_TOKEN;
	}
	TRY(e);
	log_event(LEVEL_INFO, log_is("user_verified"),
		  log_text("user", out->id));
	return OK;
}
