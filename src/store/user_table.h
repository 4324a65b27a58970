/* SPDX-License-Identifier: MIT */
/* Whether a table of users, as somebody else made it, can be used. */
#ifndef USER_TABLE_H
#define USER_TABLE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/*
 * Whether the table, where there is one, can be kept as it is: it has the
 * columns, its ids are UUIDs or whole numbers that it gives itself, of the
 * configured kind, and nothing is NULL. ERR_INVALID when not. On any failure
 * *why is a sentence for people, on the arena or static.
 */
enum err user_table_check(struct db *db, struct arena *mem, const char **why)
	NODISCARD NONNULL(1, 2, 3);

#endif
