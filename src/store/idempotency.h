/* SPDX-License-Identifier: MIT */
/* The table fcu_idempotency: requests that are done once. */
#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* Times are in seconds since 1970. */
struct idempotency_row {
	const char *key_hash;
	const char *request_hash;
	const char *answer;    /* NULL: somebody is at it, */
	int64_t claimed_until; /* or died at it when this is past */
	int64_t expires_at;
};

/* Inserts the row, without an answer. ERR_ALREADY_EXISTS when there is one of
 * this key. */
enum err idempotency_claim(struct db *db, struct arena *mem,
			   const struct idempotency_row *row)
	NODISCARD NONNULL(1, 2, 3);

/* ERR_NOT_FOUND. */
enum err idempotency_find(struct db *db, struct arena *mem,
			  const char *key_hash, struct idempotency_row *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Claims it from somebody whose time was over before `now`. ERR_NOT_FOUND when
 * it was settled or claimed meanwhile. */
enum err idempotency_take_over(struct db *db, struct arena *mem,
			       const struct idempotency_row *row, int64_t now)
	NODISCARD NONNULL(1, 2, 3);

/* Keeps the answer of who still holds the claim. */
enum err idempotency_settle(struct db *db, struct arena *mem,
			    const struct idempotency_row *row,
			    const char *answer) NODISCARD NONNULL(1, 2, 3, 4);

/* Forgets what was claimed and came to nothing. */
enum err idempotency_drop(struct db *db, struct arena *mem,
			  const struct idempotency_row *row)
	NODISCARD NONNULL(1, 2, 3);

/* Forgets all that expired before `now`. */
enum err idempotency_purge(struct db *db, struct arena *mem, int64_t now)
	NODISCARD NONNULL(1, 2);

#endif
