/* SPDX-License-Identifier: MIT */
/* Users as an administrator looks for them: filtered, in order, in pages. */
#ifndef USER_PAGE_H
#define USER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"
#include "store/user.h"

/* Which users; what is NULL lets all of them be. */
struct user_filter {
	const bool *is_active;
	const bool *is_superuser;
	const bool *is_verified;
	const char *email;  /* the whole address, without regard to case */
	const char *search; /* a part of it, likewise */
	const struct user_value *fields; /* one each: equal to this, or null */
};

/* Orders that an index has. */
enum user_order {
	USER_BY_ID,
	USER_BY_ID_DOWN,
	USER_BY_EMAIL, /* without regard to case */
	USER_BY_EMAIL_DOWN
};
#define USER_ORDERS 4

/* As requests and commands spell it: "id", "-id", "email", "-email". */
extern const char *const user_order_names[USER_ORDERS];

/* False when it is none of them. */
bool user_order_read(const char *name, enum user_order *out)
	NODISCARD NONNULL(1, 2);

/* Where a user stands in an order: his id or his address. */
const char *user_order_key(enum user_order order, const struct user *u)
	RETURNS_NONNULL NONNULL(2);

/*
 * Up to `limit` of the users that the filter lets through, in order, behind
 * the one with this key (NULL: from the first; an id is canonical). A filter
 * that few fit may read the whole table, but for `email`, which has an index.
 */
enum err user_page(struct db *db, struct arena *mem,
		   const struct user_filter *filter, enum user_order order,
		   const char *after, int64_t limit, struct user **out,
		   size_t *count) NODISCARD NONNULL(1, 2, 3, 7, 8);

/* How many there are; counting ends at `most`. */
enum err user_count(struct db *db, struct arena *mem,
		    const struct user_filter *filter, int64_t most,
		    int64_t *out) NODISCARD NONNULL(1, 2, 3, 5);

#endif
