/* SPDX-License-Identifier: MIT */
/* The rules of users: who may sign in, who may become what. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/token.h"
#include "store/user.h"

/* What must hold of a user at the moment in which he is changed: `judge` is
 * called within the transaction, with his row held. */
struct precondition {
	enum err (*judge)(struct ctx *cx, const struct user *now,
			  const void *arg) NODISCARD;
	const void *arg;
};

/* Who asks for a change, by which token, and what he must be for it. */
struct actor {
	const struct precondition *expects; /* of whom he changes; or NULL */
	const struct token *token;
	bool needs_verified;
	bool needs_superuser;
};

/* A new account. The address is normalised already. */
struct signup {
	const char *email;
	const char *password;
	bool is_active;
	bool is_superuser;
	bool is_verified;
	const struct db_value *fields; /* configured ones; NULL: initial */
	const struct actor *by;        /* NULL: himself, or a command */
};

/* What a change asks for; NULL leaves a thing as it is. */
struct account_change {
	const char *email; /* normalised */
	const char *password;
	const bool *is_active;
	const bool *is_superuser;
	const bool *is_verified;
	const struct user_value *fields; /* configured ones; NULL: none */
};

/*
 * Stores a new user. ERR_REGISTER_INVALID_PASSWORD with *reason, which is
 * judged first; ERR_REGISTER_USER_ALREADY_EXISTS; ERR_HOOK_FAILED. The rights
 * of in->by are looked at again when the user is made, since hashing takes its
 * time: ERR_UNAUTHORIZED, ERR_FORBIDDEN.
 */
enum err account_register(struct ctx *cx, const struct signup *in,
			  struct user *out, const char **reason)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Who this is by address and password. ERR_LOGIN_BAD_CREDENTIALS for the
 * unknown, the wrong and the inactive, after equal work, and for who changed
 * his password while it was being checked. An outdated hash is replaced.
 * ERR_TOO_MANY_REQUESTS, before anything is looked at, when that address was
 * tried too often from the client's network (core/limiter.h).
 */
enum err account_authenticate(struct ctx *cx, const char *email,
			      const char *password, struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * In a transaction: whether he still may, his row locked so that it stays so.
 * ERR_UNAUTHORIZED, ERR_FORBIDDEN. NULL: an administrator's command may.
 */
enum err account_admit(struct ctx *cx, const struct actor *by)
	NODISCARD NONNULL(1);

/*
 * Changes a user. A new address clears is_verified unless the change sets it.
 * A new password ends the user's other sessions, all but the actor's if it is
 * his own. `by` NULL: whoever may run commands. His rights are looked at
 * again when the change is made, since hashing takes its time:
 * ERR_UNAUTHORIZED, ERR_FORBIDDEN, and what he expects fails as it says.
 * ERR_LAST_SUPERUSER when he is that and would be so no more.
 * ERR_UPDATE_USER_INVALID_PASSWORD with *reason;
 * ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS; ERR_NOT_FOUND when deleted meanwhile;
 * ERR_HOOK_FAILED.
 */
enum err account_update(struct ctx *cx, const struct user *before,
			const struct account_change *change,
			const struct actor *by, struct user *out,
			const char **reason) NODISCARD NONNULL(1, 2, 3, 5, 6);

/* Ends all sessions of a user. ERR_NOT_FOUND when there is none. */
enum err account_end_sessions(struct ctx *cx, const char *user_id)
	NODISCARD NONNULL(1, 2);
/* One of several registrations or changes, and what became of it. */
struct account_item {
	const struct signup *signup;         /* it makes a user, or */
	const char *id;                      /* it changes this one, who */
	const struct account_change *change; /* becomes so */
	struct actor by;
	struct user user;   /* as he is then, when the outcome is OK */
	enum err outcome;   /* one that is there already is left alone */
	const char *reason; /* of a refusal that has one, or NULL */
};

/*
 * Does many, each for itself, or all of them in one transaction or none:
 * ERR_BATCH_NOT_APPLIED then, and those that nothing was wrong with are
 * ERR_FAILED_DEPENDENCY. What has not begun when password.wait_limit has
 * passed is ERR_BUSY.
 */
enum err account_batch(struct ctx *cx, struct account_item *items, size_t count,
		       bool all_or_none) NODISCARD NONNULL(1, 2);

/*
 * Deletes a user, when no program refuses: ERR_DELETE_USER_REFUSED with
 * *reason, ERR_HOOK_FAILED. Programs take their time, so the rights of `by`
 * (NULL as above) and what he expects are looked at again then:
 * ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_LAST_SUPERUSER.
 * ERR_NOT_FOUND when there is no such user (any more).
 */
enum err account_delete(struct ctx *cx, const struct user *u,
			const struct actor *by, const char **reason)
	NODISCARD NONNULL(1, 2, 4);

#endif
