/* SPDX-License-Identifier: MIT */
/* Backends at work: a token for a user, a user for a token. */
#ifndef SIGN_IN_H
#define SIGN_IN_H

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/token.h"
#include "store/user.h"

/*
 * A token of the backend for a user who has proved who he is.
 * ERR_LOGIN_BAD_CREDENTIALS when his sessions were ended since he was read;
 * ERR_REDIS_DOWN.
 */
enum err sign_in_start(struct ctx *cx, const struct backend_settings *backend,
		       const struct user *u, const char **token)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Whose token this is. ERR_BAD_TOKEN when it is none of the backend's, was
 * logged out, was ended by a password change, or its user is gone. Says
 * nothing about is_active. ERR_REDIS_DOWN when only Redis could tell.
 */
enum err sign_in_read(struct ctx *cx, const struct backend_settings *backend,
		      const char *text, struct user *out, struct token *token)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/*
 * Requests that wait can have their users read before their turn, in one go:
 * sign_in_decode reads a token without the database, sign_in_find the users of
 * several. ERR_BAD_TOKEN as above; any other failure, and a sign_in that does
 * not stand, leaves the answer to sign_in_read.
 */
struct sign_in {
	struct token token;
	struct user user;
	bool stands; /* sign_in_read would find this user */
};
enum err sign_in_decode(struct ctx *cx, const struct backend_settings *backend,
			const char *text, struct token *out)
	NODISCARD NONNULL(1, 2, 3, 4);
void sign_in_find(struct ctx *cx, struct sign_in *list, size_t count)
	NONNULL(1, 2);

/* The same for a token that was read before: does it still stand? */
enum err sign_in_confirm(struct ctx *cx, const struct token *token,
			 struct user *out) NODISCARD NONNULL(1, 2, 3);

/*
 * As sign_in_read, but without asking the database where the token is signed
 * and expires. Of *out the id alone is known then, and he passes for active:
 * that the token was ended, that its user is gone or may not sign in, stays
 * unseen.
 */
enum err sign_in_trust(struct ctx *cx, const struct backend_settings *backend,
		       const char *text, struct user *out, struct token *token)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Makes the token invalid from now on, unless configured otherwise. */
enum err sign_in_end(struct ctx *cx, const struct token *token)
	NODISCARD NONNULL(1, 2);

/*
 * Ends the user's sessions of every strategy, all but the one of the token
 * (NULL: all). Within the transaction of what makes it necessary, and behind
 * a statement that locks his row.
 */
enum err sign_in_end_others(struct ctx *cx, const char *user_id,
			    const struct token *kept) NODISCARD NONNULL(1, 2);

#endif
