/* SPDX-License-Identifier: MIT */
/* Many users at once. */
#ifndef USER_MANY_H
#define USER_MANY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"
#include "store/user.h"

/*
 * As user_insert for many, but what cannot be inserted stands in nobody's way:
 * inserted[i] tells which were. Those that were not have an id or an address
 * (without case) that is taken, perhaps by one before them. Ids that are given
 * to a table that numbers its rows are past for it then.
 */
enum err user_insert_many(struct db *db, struct arena *mem, struct user *users,
			  size_t count, int64_t now, bool *inserted)
	NODISCARD NONNULL(1, 2, 3, 6);

/*
 * The same, faster, all of them or none: ERR_ALREADY_EXISTS when one of them is
 * in somebody's way, and the transaction must not be committed then.
 */
enum err user_load(struct db *db, struct arena *mem, struct user *users,
		   size_t count, int64_t now) NODISCARD NONNULL(1, 2, 3);

/* Who has the address of a user, or his id. */
enum user_taken {
	USER_FREE,
	USER_THERE,     /* the address, and the id, if he has one */
	USER_HAS_EMAIL, /* somebody of another id */
	USER_HAS_ID     /* somebody of another address */
};

/* Of many at once; an id may be NULL. */
enum err user_find_taken(struct db *db, struct arena *mem,
			 const struct user *users, size_t count,
			 enum user_taken *out) NODISCARD NONNULL(1, 2, 3, 5);

/* How many users there are; reads the whole table. */
enum err user_count_all(struct db *db, struct arena *mem, int64_t *out)
	NODISCARD NONNULL(1, 2, 3);

#endif
