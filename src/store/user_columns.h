/* SPDX-License-Identifier: MIT */
/* The columns of the configured fields: which are there, whether they fit,
 * and the ones that are to be added. */
#ifndef USER_COLUMNS_H
#define USER_COLUMNS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* A column that the table lacks. */
struct user_column {
	const char *name;
	const char *sql;  /* what adds it, with placeholders */
	const char *note; /* what to know when it is added, or NULL */
};

struct user_columns {
	const struct user_column *missing;
	size_t count;
};

/*
 * Compares; changes nothing. ERR_INVALID when a column cannot hold what its
 * field does. On any failure *why is a sentence for people, on the arena. No
 * table lacks all columns.
 */
enum err user_columns_find(struct db *db, struct arena *mem,
			   struct user_columns *out, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Adds what is missing, alone and in one transaction; several processes may
 * call this at once. *done is what this one added. Failures as above.
 */
enum err user_columns_add(struct db *db, struct arena *mem,
			  struct user_columns *done, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
