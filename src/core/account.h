/* SPDX-License-Identifier: MIT */
/* The rules of users: who may sign in, who may become what. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/user.h"

/* A new account. The address is normalised already. */
struct signup {
	const char *email;
	const char *password;
	bool is_active;
	bool is_superuser;
	bool is_verified;
};

/* What a change asks for; NULL leaves a thing as it is. */
struct account_change {
	const char *email; /* normalised */
	const char *password;
	const bool *is_active;
	const bool *is_superuser;
	const bool *is_verified;
};

/*
 * Stores a new user. ERR_REGISTER_INVALID_PASSWORD with *reason, which is
 * judged first; ERR_REGISTER_USER_ALREADY_EXISTS.
 */
enum err account_register(struct ctx *cx, const struct signup *in,
			  struct user *out, const char **reason)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Who this is by address and password. ERR_LOGIN_BAD_CREDENTIALS for the
 * unknown, the wrong and the inactive, after equal work. An outdated hash is
 * replaced. *not_before is the second until which the user's tokens are void.
 */
enum err account_authenticate(struct ctx *cx, const char *email,
			      const char *password, struct user *out,
			      int64_t *not_before)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/*
 * Changes a user. A new address clears is_verified unless the change sets it.
 * A new password ends the user's other sessions, all but that of the token
 * with `session` as its hash (NULL: all of them).
 * ERR_UPDATE_USER_INVALID_PASSWORD with *reason;
 * ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS; ERR_NOT_FOUND when deleted meanwhile.
 */
enum err account_update(struct ctx *cx, const struct user *before,
			const struct account_change *change,
			const char *session, struct user *out,
			const char **reason) NODISCARD NONNULL(1, 2, 3, 5, 6);

/* ERR_NOT_FOUND when there is none (any more). */
enum err account_delete(struct ctx *cx, const char *id) NODISCARD NONNULL(1, 2);

#endif
