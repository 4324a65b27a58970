/* SPDX-License-Identifier: MIT */
/* `user list`, and what it reads of its options as others do. */
#ifndef USER_LIST_H
#define USER_LIST_H

#include "base/attr.h"
#include "base/err.h"
#include "cmd/user_options.h"
#include "core/ctx.h"
#include "store/user_field.h"

/* What --after says, into o->after: ERR_USAGE, told, when it is no id. */
enum err user_read_after(struct ctx *cx, struct user_options *o)
	NODISCARD NONNULL(1, 2);

/* What each --set says, one value for each configured field. ERR_INVALID,
 * told, when one of them fits none. */
enum err user_read_sets(struct ctx *cx, struct user_options *o,
			struct user_value **out) NODISCARD NONNULL(1, 2, 3);

/* Prints the users that the options mean, or how many they are. */
enum err user_list_run(struct ctx *cx, struct user_options *o)
	NODISCARD NONNULL(1, 2);

#endif
