/* SPDX-License-Identifier: MIT */
/* Between user.c, user_many.c and user_page.c: how a row of the table is made,
 * and how it is read. */
#ifndef USER_PARTS_H
#define USER_PARTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "db/db.h"
#include "store/user.h"
#include "store/user_id.h"

/* What user_rows_read reads, in its order; the configured fields come last. */
#define USER_COLUMNS                                                           \
	"u.{user.id}, u.{user.email}, u.{user.hashed_password},"               \
	" u.{user.is_active}, u.{user.is_superuser}, u.{user.is_verified}"
#define USER_RESULT "tttbbb"
#define USER_FIELDS "{user.fields:u}"
#define FIELDS_RESULT "{user.fields:result}"

#define USER_INSERT_COLUMNS                                                    \
	"{user.email}, {user.hashed_password}, {user.is_active},"              \
	" {user.is_superuser}, {user.is_verified}{user.fields:plain}"
#define USER_INSERT_VALUES "$1, $2, $3, $4, $5{user.fields:values}"

/* One row; its last value is the id. */
extern const struct db_statement user_insert_one;

/* How many values an insert takes besides the id. */
size_t user_insert_count(const struct db *db) NONNULL(1);

/* Writes them. */
void user_insert_values(struct db *db, struct arena *mem, struct user *u,
			struct db_value *values) NONNULL(1, 2, 3, 4);

/* Those of USER_COLUMNS and USER_FIELDS. */
void user_rows_read(struct db *db, struct arena *mem,
		    const struct db_rows *rows, struct user **out,
		    size_t *count) NONNULL(1, 2, 3, 4, 5);

/* Two values for each configured field: whether one is given, and which. NULL
 * for `fields`: none is. */
void user_given_values(struct db *db, struct arena *mem,
		       const struct user_value *fields, struct db_value *out)
	NONNULL(1, 2, 4);

/* A UUID is made here, a number by the table. */
void user_id_prepare(struct arena *mem, enum user_id_kind kind, struct user *u)
	NONNULL(1, 3);

#endif
