/* SPDX-License-Identifier: MIT */
/* Users on standard output. */
#ifndef USER_PRINT_H
#define USER_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "store/user.h"

/* One user as a JSON object with the members of the API; with `hash`, what his
 * password is kept as is one of them. */
void user_write_json(struct buf *out, const struct user *u, bool hash)
	NONNULL(1, 2);

/* A line with that object. `password`, when not NULL, was generated and is
 * shown this once. */
void user_print_json(struct arena *mem, const struct user *u,
		     const char *password) NONNULL(1, 2);

/* One user as "name: value" lines; what a terminal would obey is masked. */
void user_print_lines(struct arena *mem, const struct user *u,
		      const char *password) NONNULL(1, 2);

/* The head of a table, and a row of it, masked likewise. */
void user_print_head(void);
void user_print_row(struct arena *mem, const struct user *u) NONNULL(1, 2);

#endif
