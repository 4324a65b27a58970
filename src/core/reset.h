/* SPDX-License-Identifier: MIT */
/* A forgotten password: the token that is mailed, and its use. */
#ifndef RESET_H
#define RESET_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/user.h"

/* Whether the router is there: it has a secret, and is not switched off. */
bool reset_is_on(const struct config *conf) NONNULL(1);

/*
 * A token with which this user may set a new password, on cx->mem. It is
 * void once the password, or (unless configured otherwise) the address, is
 * another one.
 */
enum err reset_token(struct ctx *cx, const struct user *u, const char **out)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Sets a new password and ends the user's sessions. Of several uses of one
 * user's tokens, at once or one after the other, one succeeds.
 * ERR_RESET_PASSWORD_BAD_TOKEN, also for users who are gone or inactive; then
 * ERR_RESET_PASSWORD_INVALID_PASSWORD with *reason, which leaves the token as
 * good as it was.
 */
enum err reset_password(struct ctx *cx, const char *token, const char *password,
			const char **reason) NODISCARD NONNULL(1, 2, 3, 4);

#endif
