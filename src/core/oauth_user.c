/* SPDX-License-Identifier: MIT */
/* Whose account it is here. */
#include <string.h>

#include "base/log.h"
#include "core/email.h"
#include "core/event.h"
#include "core/oauth.h"
#include "core/password.h"
#include "core/provider_token.h"
#include "core/sign_in.h"
#include "store/oauth_account.h"

/* How often a sign-in starts anew when somebody else makes the same user. */
#define ATTEMPTS 3

/* What one transaction needs. */
struct entry {
	struct ctx *cx;
	const struct provider_settings *p;
	const struct oauth_identity *who;
	const char *email;      /* normalised; NULL: none that is fit */
	const struct token *by; /* who associates; NULL for a sign-in */
	struct user *out;
	const char *event; /* what has happened, for the log */
};

static struct oauth_account
account_of(const struct entry *n, const char *id, const char *user_id)
{
	struct oauth_account a = {
		.id = id,
		.user_id = user_id,
		.oauth_name = n->p->title,
		.access_token = n->who->access_token,
		.expires_at = n->who->expires_at,
		.refresh_token = n->who->refresh_token,
		.account_id = n->who->account_id,
		.account_email = n->who->account_email,
	};

	provider_token_seal(n->cx, &a);
	return a;
}

static enum err
renew_account(const struct entry *n, const struct oauth_account *known)
{
	struct oauth_account a = account_of(n, known->id, known->user_id);

	return oauth_account_update(n->cx->db, n->cx->mem, &a);
}

static enum err
add_account(const struct entry *n, const char *user_id)
{
	struct oauth_account a = account_of(n, NULL, user_id);

	return oauth_account_insert(n->cx->db, n->cx->mem, &a);
}

/*
 * Somebody registered this address and never proved that it is his; now its
 * owner comes. Whatever the first one has set up is void, and the address is
 * proved.
 */
static enum err
void_stranger(const struct entry *n)
{
	static const bool verified = true;
	struct ctx *cx = n->cx;
	const struct user_change change = {
		.hashed_password = password_unknown(cx),
		.is_verified = &verified,
	};
	const char *id = n->out->id;

	TRY(user_update(cx->db, cx->mem, id, &change, n->out));
	TRY(oauth_account_delete_of(cx->db, cx->mem, id));
	TRY(sign_in_end_others(cx, id, NULL));
	log_event(LEVEL_WARNING, log_is("unverified_user_voided"),
		  log_text("user", id), log_text("provider", n->p->title));
	/* With the generation of tokens that counts from now on. */
	return user_by_id(cx->db, cx->mem, id, n->out);
}

/* The user has the address; whether the account may be his is asked again
 * with his row held, since he may change it at this moment. */
static enum err
join_by_email(struct entry *n)
{
	struct ctx *cx = n->cx;
	const char *id = n->out->id;
	enum err e;

	if (!n->p->associate_by_email || !n->who->email_verified)
		return ERR_OAUTH_USER_ALREADY_EXISTS;
	TRY(user_lock(cx->db, cx->mem, id));
	e = user_by_email(cx->db, cx->mem, n->email, n->out);
	if (e == ERR_NOT_FOUND || (e == OK && strcmp(n->out->id, id) != 0))
		return ERR_CONFLICT;
	TRY(e);
	if (!n->out->is_verified && cx->conf->oauth.void_unverified)
		TRY(void_stranger(n));
	n->event = "oauth_account_associated";
	return add_account(n, id);
}

static enum err
make_user(struct entry *n)
{
	struct ctx *cx = n->cx;
	const struct event_fact fact = {
		.event = EVENT_AFTER_REGISTER,
		.user = n->out,
	};

	*n->out = (struct user){
		.email = n->email,
		.hashed_password = password_unknown(cx),
		.is_active = true,
		.is_verified =
			n->p->is_verified_by_default && !n->who->email_refused,
	};
	TRY(user_insert(cx->db, cx->mem, n->out, cx->clock()));
	TRY(add_account(n, n->out->id));
	n->event = "user_registered";
	return event_emit(cx, &fact);
}

static enum err
sign_in_body(struct db *db, void *arg)
{
	struct entry *n = arg;
	struct arena *mem = n->cx->mem;
	struct oauth_account known;
	enum err e;

	n->event = NULL;
	TRY(oauth_account_claim(db, mem, n->p->title, n->who->account_id));
	e = oauth_account_find(db, mem, n->p->title, n->who->account_id,
			       &known);
	if (e == OK) {
		TRY(renew_account(n, &known));
		return user_by_id(db, mem, known.user_id, n->out);
	}
	if (e != ERR_NOT_FOUND)
		return e;
	if (n->email == NULL)
		return ERR_OAUTH_NOT_AVAILABLE_EMAIL;
	e = user_by_email(db, mem, n->email, n->out);
	if (e == OK)
		return join_by_email(n);
	return e == ERR_NOT_FOUND ? make_user(n) : e;
}

static void
tell(const struct entry *n)
{
	if (n->event != NULL)
		log_event(LEVEL_INFO, log_is(n->event),
			  log_text("user", n->out->id),
			  log_text("provider", n->p->title));
}

/* NULL when it is none that a user here could have. */
static const char *
normalised(struct ctx *cx, const char *email)
{
	const char *out;
	const char *reason;

	/* No name in front: that would be cut off. */
	if (strchr(email, '<') != NULL ||
	    email_normalise(cx->mem, email, &out, &reason) != OK)
		return NULL;
	return out;
}

enum err
oauth_sign_in(struct ctx *cx, const struct provider_settings *p,
	      const struct oauth_identity *who, struct user *out)
{
	struct entry n = {.cx = cx, .p = p, .who = who, .out = out};
	enum err e = ERR_ALREADY_EXISTS;

	n.email = normalised(cx, who->account_email);
	/* Somebody else may take the address between our look and our insert;
	 * the next look finds him. */
	for (int i = 0; i < ATTEMPTS && e == ERR_ALREADY_EXISTS; i++)
		e = db_transact(cx->db, sign_in_body, &n);
	if (e == ERR_ALREADY_EXISTS)
		return ERR_OAUTH_USER_ALREADY_EXISTS;
	TRY(e);
	tell(&n);
	return OK;
}

/* Locked first, so that no change of his own rights comes between. */
static enum err
check_associate(const struct entry *n)
{
	struct ctx *cx = n->cx;
	enum err e = user_lock(cx->db, cx->mem, n->by->subject);

	if (e == OK)
		e = sign_in_confirm(cx, n->by, n->out);
	if (e == ERR_BAD_TOKEN || e == ERR_NOT_FOUND)
		return ERR_UNAUTHORIZED;
	TRY(e);
	if (!n->out->is_active)
		return ERR_UNAUTHORIZED;
	if (n->p->requires_verification && !n->out->is_verified)
		return ERR_FORBIDDEN;
	return OK;
}

static enum err
associate_body(struct db *db, void *arg)
{
	struct entry *n = arg;
	struct arena *mem = n->cx->mem;
	const struct event_fact fact = {
		.event = EVENT_AFTER_UPDATE,
		.user = n->out,
		.changed = "{}",
	};
	struct oauth_account known;
	enum err e;

	n->event = "oauth_account_associated";
	TRY(oauth_account_claim(db, mem, n->p->title, n->who->account_id));
	TRY(check_associate(n));
	e = oauth_account_find(db, mem, n->p->title, n->who->account_id,
			       &known);
	if (e == OK && strcmp(known.user_id, n->out->id) != 0)
		return ERR_OAUTH_USER_ALREADY_EXISTS;
	if (e == OK)
		TRY(renew_account(n, &known));
	else if (e == ERR_NOT_FOUND)
		TRY(add_account(n, n->out->id));
	else
		return e;
	return event_emit(n->cx, &fact);
}

enum err
oauth_associate(struct ctx *cx, const struct provider_settings *p,
		const struct oauth_identity *who, const struct token *by,
		struct user *out)
{
	struct entry n = {.cx = cx, .p = p, .who = who, .by = by, .out = out};

	TRY(db_transact(cx->db, associate_body, &n));
	tell(&n);
	return OK;
}

bool
oauth_accounts_are_shown(const struct config *conf)
{
	const char *when = conf->oauth.accounts_in_answers;

	if (strcmp(when, "auto") == 0)
		return conf->provider_count > 0;
	return strcmp(when, "always") == 0;
}

enum err
oauth_accounts(struct ctx *cx, const char *user_id, struct oauth_account **out,
	       size_t *count)
{
	TRY(oauth_account_list(cx->db, cx->mem, user_id, out, count));
	for (size_t i = 0; i < *count; i++)
		provider_token_open(cx, &(*out)[i]);
	return OK;
}
