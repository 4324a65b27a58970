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

/* A new account. The address is normalised already. */
struct signup {
	const char *email;
	const char *password;
	bool is_active;
	bool is_superuser;
	bool is_verified;
	const struct db_value *fields; /* configured ones; NULL: initial */
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
 * judged first; ERR_REGISTER_USER_ALREADY_EXISTS; ERR_HOOK_FAILED.
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

/* Who asks for a change, by which token, and what he must be for it. */
struct actor {
	const struct token *token;
	bool needs_verified;
	bool needs_superuser;
};

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
 * ERR_UNAUTHORIZED, ERR_FORBIDDEN. ERR_UPDATE_USER_INVALID_PASSWORD with
 * *reason; ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS; ERR_NOT_FOUND when deleted
 * meanwhile; ERR_HOOK_FAILED.
 */
enum err account_update(struct ctx *cx, const struct user *before,
			const struct account_change *change,
			const struct actor *by, struct user *out,
			const char **reason) NODISCARD NONNULL(1, 2, 3, 5, 6);

/* Ends all sessions of a user. ERR_NOT_FOUND when there is none. */
enum err account_end_sessions(struct ctx *cx, const char *user_id)
	NODISCARD NONNULL(1, 2);

/*
 * Deletes a user, when no program refuses: ERR_DELETE_USER_REFUSED with
 * *reason, ERR_HOOK_FAILED. Programs take their time, so the rights of `by`
 * (NULL as above) are looked at again then: ERR_UNAUTHORIZED, ERR_FORBIDDEN.
 * ERR_NOT_FOUND when there is no such user (any more).
 */
enum err account_delete(struct ctx *cx, const struct user *u,
			const struct actor *by, const char **reason)
	NODISCARD NONNULL(1, 2, 4);

#endif
