/* SPDX-License-Identifier: MIT */
/*
 * The table accesstoken, as FastAPI Users creates it: tokens that are kept.
 * Whose token one is, store/user.h tells in one statement.
 */
#ifndef ACCESS_TOKEN_H
#define ACCESS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* Times are seconds since 1970. */
enum err access_token_insert(struct db *db, struct arena *mem,
			     const char *token, const char *user_id,
			     int64_t created_at) NODISCARD NONNULL(1, 2, 3, 4);

/* When it was made; ERR_NOT_FOUND when it is not there. */
enum err access_token_created(struct db *db, struct arena *mem,
			      const char *token, int64_t *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/* One that is not there is as good as deleted. */
enum err access_token_delete(struct db *db, struct arena *mem,
			     const char *token) NODISCARD NONNULL(1, 2, 3);

/* The user's, all but `kept`; NULL: all. */
enum err access_token_delete_others(struct db *db, struct arena *mem,
				    const char *user_id, const char *kept)
	NODISCARD NONNULL(1, 2, 3);

/* All of many users. */
enum err access_token_delete_of_many(struct db *db, struct arena *mem,
				     const char *const *user_ids, size_t count)
	NODISCARD NONNULL(1, 2, 3);

/* Deletes some of those created before `since`, a bounded number at a time. */
enum err access_token_purge(struct db *db, struct arena *mem, int64_t since)
	NODISCARD NONNULL(1, 2);

#endif
