/* SPDX-License-Identifier: MIT */
/*
 * A user as a line of a file that is imported: a JSON object with the members
 * id, email, hashed_password, is_active, is_superuser, is_verified, and one for
 * each configured field.
 */
#ifndef USER_LINE_H
#define USER_LINE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/user.h"

/*
 * Judges a line as a registration is judged. Only email and hashed_password
 * must be there, the latter as a hash of a kind that is known, or null for one
 * that no password has; what else is absent is as if somebody registered.
 * out->id is NULL when none is given. ERR_INVALID with *why for a line that is
 * no such user; other failures are the database's. All is on cx->mem.
 */
enum err user_line_read(struct ctx *cx, const char *bytes, size_t len,
			struct user *out, const char **why)
	NODISCARD NONNULL(1, 2, 4, 5);

#endif
