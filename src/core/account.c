/* SPDX-License-Identifier: MIT */
#include "core/account.h"

#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "core/account_parts.h"
#include "core/event.h"
#include "core/limiter.h"
#include "core/password.h"
#include "core/sign_in.h"
#include "core/veto.h"
#include "store/schema.h"

/* The refusal of a password in the words of the route. */
static enum err
judged(enum err e, enum err refusal)
{
	return e == ERR_INVALID_PASSWORD ? refusal : e;
}

/* Locked first, so that no change of the actor's own rights comes between. */
enum err
account_admit(struct ctx *cx, const struct actor *by)
{
	struct user u = {0};
	enum err e;

	if (by == NULL)
		return OK;
	e = user_lock(cx->db, cx->mem, by->token->subject);
	if (e == OK)
		e = sign_in_confirm(cx, by->token, &u);
	if (e == ERR_BAD_TOKEN || e == ERR_NOT_FOUND)
		return ERR_UNAUTHORIZED;
	TRY(e);
	if (!u.is_active)
		return ERR_UNAUTHORIZED;
	if ((by->needs_verified && !u.is_verified) ||
	    (by->needs_superuser && !u.is_superuser))
		return ERR_FORBIDDEN;
	return OK;
}

/* How often a login looks again at a hash that is replaced under it. */
#define CONFIRM_LIMIT 3

/* The old hash still works, so a failure here must not spoil the login. */
static void
replace_hash(struct ctx *cx, struct user *u, const char *password)
{
	const char *hash;
	enum err e = password_hash(cx, password, &hash);

	if (e == OK)
		e = user_rehash(cx->db, cx->mem, u->id, u->hashed_password,
				hash);
	if (e == OK)
		u->hashed_password = hash;
	log_event(LEVEL_INFO, log_is("password_rehashed"),
		  log_text("user", u->id), log_text("outcome", err_name(e)));
}

/*
 * Hashing takes its time; a password changed meanwhile must not open a
 * session of the new generation. Another login may have replaced the hash,
 * perhaps in a process that has other parameters: the password is held
 * against the new one then, since a new hash alone tells nothing.
 */
static enum err
confirm(struct ctx *cx, const struct user *before, const char *password,
	struct user *out)
{
	const char *proved = before->hashed_password;
	bool outdated;
	enum err e;

	for (int look = 0; look < CONFIRM_LIMIT; look++) {
		e = user_by_id(cx->db, cx->mem, before->id, out);
		if (e == ERR_NOT_FOUND)
			return ERR_LOGIN_BAD_CREDENTIALS;
		TRY(e);
		if (!out->is_active || out->generation != before->generation)
			return ERR_LOGIN_BAD_CREDENTIALS;
		if (strcmp(out->hashed_password, proved) == 0)
			return OK;
		proved = out->hashed_password;
		TRY(password_verify(cx, password, proved, &outdated));
	}
	return ERR_LOGIN_BAD_CREDENTIALS;
}

static enum err
authenticate(struct ctx *cx, const char *email, const char *password,
	     struct user *out)
{
	bool outdated = false;
	struct user u = {0};
	enum err e = user_by_email(cx->db, cx->mem, email, &u);

	/* A stranger costs one hash too, or the clock would tell. */
	if (e == ERR_NOT_FOUND)
		return password_pretend(cx, password);
	TRY(e);
	TRY(password_verify(cx, password, u.hashed_password, &outdated));
	/* An outdated hash costs another one, whether he may enter or not. */
	if (outdated && !u.is_active)
		return password_pretend(cx, password);
	if (outdated)
		replace_hash(cx, &u, password);
	return confirm(cx, &u, password, out);
}

/* Counted here, so that no way to try a password is left out. */
enum err
account_authenticate(struct ctx *cx, const char *email, const char *password,
		     struct user *out)
{
	struct limit_pass pass;
	enum err e;

	TRY(limit_sign_in(cx, email, &pass));
	e = authenticate(cx, email, password, out);
	limit_settle(cx, &pass, e);
	return e;
}

/* Another request may be about to change him, too. */
static enum err
check_expected(struct ctx *cx, const struct actor *by, const char *id)
{
	struct user now = {0};

	if (by->expects == NULL)
		return OK;
	TRY(user_lock(cx->db, cx->mem, id));
	TRY(user_by_id(cx->db, cx->mem, id, &now));
	return by->expects->judge(cx, &now, by->expects->arg);
}

/*
 * Whoever changes somebody else stays a superuser himself, which is held
 * already; so it is only in his own hands that the last one goes. Two who go
 * at once each hold the other: one of them has to begin anew, and finds
 * himself the last.
 */
static enum err
check_superuser_left(struct ctx *cx, const struct actor *by, const char *id)
{
	struct user other = {0};
	enum err e;

	if (!cx->conf->admin.keep_superuser ||
	    strcmp(by->token->subject, id) != 0)
		return OK;
	e = user_other_superuser(cx->db, cx->mem, id, &other.id);
	if (e == OK)
		e = user_lock(cx->db, cx->mem, other.id);
	if (e == OK)
		e = user_by_id(cx->db, cx->mem, other.id, &other);
	if (e == ERR_NOT_FOUND)
		return ERR_LAST_SUPERUSER;
	TRY(e);
	return other.is_active && other.is_superuser ? OK : ERR_CONFLICT;
}

static bool
is_taken_away(const bool *flag)
{
	return flag != NULL && !*flag;
}

static bool
is_key(const struct actor *by)
{
	return by != NULL && by->token->scope != 0;
}

static bool
is_self(const struct actor *by, const struct user *u)
{
	return strcmp(by->token->subject, u->id) == 0;
}

/* Somebody may have become a superuser while programs were asked. */
static enum err
check_reach(struct ctx *cx, const struct actor *by, const char *id)
{
	struct user now = {0};

	if (!is_key(by) || strcmp(by->token->subject, id) == 0)
		return OK;
	TRY(user_lock(cx->db, cx->mem, id));
	TRY(user_by_id(cx->db, cx->mem, id, &now));
	return now.is_superuser ? ERR_FORBIDDEN : OK;
}

/* What a change takes for granted, of whom it changes and of who asks. */
static enum err
check_change(const struct account_work *w)
{
	TRY(check_reach(w->cx, w->by, w->id));
	TRY(check_expected(w->cx, w->by, w->id));
	if (w->by->needs_superuser && (is_taken_away(w->to.is_active) ||
				       is_taken_away(w->to.is_superuser)))
		return check_superuser_left(w->cx, w->by, w->id);
	return OK;
}

static enum err
apply_signup(struct db *db, struct account_work *w)
{
	struct ctx *cx = w->cx;

	/* When this runs again, the id of the first time is nobody's. */
	w->out->id = NULL;
	TRY(user_insert(db, cx->mem, w->out, cx->clock()));
	return event_emit(cx, &w->fact);
}

static bool
ends_sessions(const struct account_work *w)
{
	return w->to.hashed_password != NULL &&
	       w->cx->conf->sessions.password_change_ends_others;
}

static enum err
apply_change(struct db *db, struct account_work *w)
{
	const struct token *kept = NULL;

	if (w->by != NULL) {
		TRY(check_change(w));
		if (strcmp(w->by->token->subject, w->id) == 0)
			kept = w->by->token;
	}
	TRY(user_update(db, w->cx->mem, w->id, &w->to, w->out));
	if (ends_sessions(w))
		TRY(sign_in_end_others(w->cx, w->id, kept));
	return event_emit(w->cx, &w->fact);
}

enum err
account_apply(struct db *db, void *arg)
{
	struct account_work *w = arg;

	TRY(account_admit(w->cx, w->by));
	return w->id == NULL ? apply_signup(db, w) : apply_change(db, w);
}

enum err
account_finish(const struct account_work *w, enum err e)
{
	bool creates = w->id == NULL;

	if (e == ERR_ALREADY_EXISTS)
		return creates ? ERR_REGISTER_USER_ALREADY_EXISTS
			       : ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS;
	TRY(e);
	if (creates)
		log_event(LEVEL_INFO, log_is("user_registered"),
			  log_text("user", w->out->id));
	else
		log_event(LEVEL_INFO, log_is("user_updated"),
			  log_text("user", w->id));
	return OK;
}

/* An API key takes nobody's account over, and reaches no superuser's. */
static enum err
check_key(const struct actor *by, const struct user *before,
	  const struct account_change *change)
{
	bool raises = change->is_superuser != NULL && *change->is_superuser;
	bool takes_over = change->password != NULL || change->email != NULL;

	if (!is_key(by))
		return OK;
	if (is_self(by, before))
		return takes_over || change->is_superuser != NULL ||
				       change->is_active != NULL ||
				       change->is_verified != NULL
			       ? ERR_FORBIDDEN
			       : OK;
	return before->is_superuser || raises ? ERR_FORBIDDEN : OK;
}

enum err
account_prepare_signup(struct ctx *cx, const struct signup *in,
		       struct user *out, const char **reason,
		       struct account_work *w)
{
	*out = (struct user){
		.email = in->email,
		.is_active = in->is_active,
		.is_superuser = in->is_superuser,
		.is_verified = in->is_verified,
		.shape = schema_fields(cx->db),
		.fields = in->fields,
	};
	*w = (struct account_work){
		.cx = cx,
		.by = in->by,
		.out = out,
		.fact = {.event = EVENT_AFTER_REGISTER, .user = out},
	};
	if (is_key(in->by) && in->is_superuser)
		return ERR_FORBIDDEN;
	TRY(judged(password_judge(cx, in->password, out, reason),
		   ERR_REGISTER_INVALID_PASSWORD));
	return password_hash(cx, in->password, &out->hashed_password);
}

enum err
account_register(struct ctx *cx, const struct signup *in, struct user *out,
		 const char **reason)
{
	struct account_work w;

	TRY(account_prepare_signup(cx, in, out, reason, &w));
	return account_finish(&w, db_transact(cx->db, account_apply, &w));
}

static bool
is_new_email(const struct user *before, const struct account_change *change)
{
	return change->email != NULL &&
	       strcmp(change->email, before->email) != 0;
}

static void
member_add(struct buf *b, const char *name, const bool *flag)
{
	if (flag == NULL)
		return;
	buf_text(b, b->len > 1 ? "," : "");
	json_write_text(b, name);
	buf_text(b, *flag ? ":true" : ":false");
}

/* What was given, in the order in which it is applied; never the password. */
static const char *
changed_of(struct arena *mem, const struct user_fields *shape,
	   const struct account_change *change)
{
	struct buf b;

	buf_init(&b, mem, 256);
	buf_char(&b, '{');
	if (change->email != NULL) {
		buf_text(&b, "\"email\":");
		json_write_text(&b, change->email);
	}
	member_add(&b, "is_active", change->is_active);
	member_add(&b, "is_superuser", change->is_superuser);
	member_add(&b, "is_verified", change->is_verified);
	for (size_t i = 0; change->fields != NULL && i < shape->count; i++) {
		if (!change->fields[i].is_given)
			continue;
		buf_text(&b, b.len > 1 ? "," : "");
		json_write_text(&b, shape->items[i].name);
		buf_char(&b, ':');
		user_field_write(&b, &shape->items[i],
				 &change->fields[i].value);
	}
	buf_char(&b, '}');
	return b.data;
}

enum err
account_prepare_change(struct ctx *cx, const struct user *before,
		       const struct account_change *change,
		       const struct actor *by, struct user *out,
		       const char **reason, struct account_work *w)
{
	static const bool unverified = false;
	bool moves = is_new_email(before, change);

	*w = (struct account_work){
		.cx = cx,
		.by = by,
		.id = before->id,
		.to = {.email = moves ? change->email : NULL,
		       .is_active = change->is_active,
		       .is_superuser = change->is_superuser,
		       .is_verified = change->is_verified,
		       .fields = change->fields},
		.out = out,
		.fact = {.event = EVENT_AFTER_UPDATE,
			 .user = out,
			 .changed = changed_of(cx->mem, schema_fields(cx->db),
					       change),
			 .old_email = moves ? before->email : NULL,
			 .password_changed = change->password != NULL},
	};
	if (moves && w->to.is_verified == NULL)
		w->to.is_verified = &unverified;
	TRY(check_key(by, before, change));
	if (change->password == NULL)
		return OK;
	TRY(judged(password_judge(cx, change->password, before, reason),
		   ERR_UPDATE_USER_INVALID_PASSWORD));
	return password_hash(cx, change->password, &w->to.hashed_password);
}

enum err
account_update(struct ctx *cx, const struct user *before,
	       const struct account_change *change, const struct actor *by,
	       struct user *out, const char **reason)
{
	struct account_work w;

	TRY(account_prepare_change(cx, before, change, by, out, reason, &w));
	return account_finish(&w, db_transact(cx->db, account_apply, &w));
}

/* What one transaction that ends sessions needs. */
struct ending {
	struct ctx *cx;
	const char *id;
};

static enum err
end_body(struct db *db, void *arg)
{
	const struct ending *e = arg;

	TRY(user_lock(db, e->cx->mem, e->id));
	return sign_in_end_others(e->cx, e->id, NULL);
}

enum err
account_end_sessions(struct ctx *cx, const char *user_id)
{
	struct ending e = {cx, user_id};

	TRY(db_transact(cx->db, end_body, &e));
	log_event(LEVEL_INFO, log_is("sessions_ended"),
		  log_text("user", user_id));
	return OK;
}

/* What one transaction of a deletion needs. */
struct deletion {
	struct ctx *cx;
	const char *id;
	const struct actor *by;
};

/* He is told of as he is now: the programs took their time. */
static enum err
delete_body(struct db *db, void *arg)
{
	const struct deletion *d = arg;
	struct user last = {0};
	const struct event_fact fact = {.event = EVENT_AFTER_DELETE,
					.user = &last};

	TRY(account_admit(d->cx, d->by));
	TRY(user_lock(db, d->cx->mem, d->id));
	TRY(user_by_id(db, d->cx->mem, d->id, &last));
	if (d->by != NULL) {
		TRY(check_reach(d->cx, d->by, d->id));
		TRY(check_expected(d->cx, d->by, d->id));
		if (last.is_active && last.is_superuser)
			TRY(check_superuser_left(d->cx, d->by, d->id));
	}
	TRY(user_delete(db, d->cx->mem, d->id, d->cx->clock()));
	return event_emit(d->cx, &fact);
}

enum err
account_delete(struct ctx *cx, const struct user *u, const struct actor *by,
	       const char **reason)
{
	struct deletion d = {cx, u->id, by};

	if (is_key(by) && (u->is_superuser || is_self(by, u)))
		return ERR_FORBIDDEN;
	TRY(veto_delete(cx, u, reason));
	TRY(db_transact(cx->db, delete_body, &d));
	log_event(LEVEL_INFO, log_is("user_deleted"), log_text("user", u->id));
	return OK;
}
