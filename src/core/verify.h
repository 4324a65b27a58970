/* SPDX-License-Identifier: MIT */
/* That an address is the user's: the token that is mailed, and its use. */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/user.h"

/* Whether the router is there: it has a secret, and is not switched off. */
bool verify_is_on(const struct config *conf) NONNULL(1);

/* A token that verifies the user's address of now, on cx->mem. */
enum err verify_token(struct ctx *cx, const struct user *u, const char **out)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Marks the user as verified, if he still has the address that the token was
 * mailed to. ERR_VERIFY_USER_BAD_TOKEN; ERR_VERIFY_USER_ALREADY_VERIFIED.
 */
enum err verify_user(struct ctx *cx, const char *token, struct user *out)
	NODISCARD NONNULL(1, 2, 3);

#endif
