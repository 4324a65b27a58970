/* SPDX-License-Identifier: MIT */
/*
 * The first superuser, whom somebody makes who can read a file of ours: while
 * there is none, and that file is.
 */
#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/account.h"
#include "core/ctx.h"

/* Whether the configuration names such a file. */
bool setup_is_on(const struct config *conf) NONNULL(1);

/* OK while a superuser can be made, else ERR_NOT_FOUND, and the log says why
 * where somebody may wonder. */
enum err setup_look(struct ctx *cx) NODISCARD NONNULL(1);

/*
 * Makes him, active and verified whatever `in` says, if `secret` is what the
 * file holds; then the file is gone. ERR_NOT_FOUND as above; ERR_FORBIDDEN for
 * another secret; else as account_register, and the file stays.
 */
enum err setup_superuser(struct ctx *cx, const char *secret,
			 const struct signup *in, struct user *out,
			 const char **reason) NODISCARD NONNULL(1, 2, 3, 4, 5);

#endif
