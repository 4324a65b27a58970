/* SPDX-License-Identifier: MIT */
/*
 * What ends sessions early: fcu_session_floor (a user's tokens of an older
 * generation are void) and fcu_revoked_token (one token, by its hash).
 * user_by_session reads both.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/*
 * Begins the user's next generation of tokens, which voids all earlier ones
 * but for the token with exempt_hash (NULL: none). Tokens that name no
 * generation are void when they were issued until `not_before` (inclusive,
 * seconds), which never moves back.
 */
enum err session_end_others(struct db *db, struct arena *mem,
			    const char *user_id, int64_t not_before,
			    const char *exempt_hash) NODISCARD NONNULL(1, 2, 3);

/*
 * The first generation of a new user, whose id may have been somebody's
 * before: all tokens of that one are void, as session_end_others says.
 */
enum err session_begin(struct db *db, struct arena *mem, const char *user_id,
		       int64_t not_before, int64_t *generation)
	NODISCARD NONNULL(1, 2, 3, 5);

/* The same of many, each of them once. */
enum err session_begin_many(struct db *db, struct arena *mem,
			    const char *const *user_ids, size_t count,
			    int64_t not_before) NODISCARD NONNULL(1, 2, 3);

/* Voids one token until it expires (-1: for ever). Doing it twice is OK. */
enum err session_revoke(struct db *db, struct arena *mem,
			const char *token_hash, int64_t expires_at)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Voids a token, by its hash, that is good for one use: *first tells whether
 * this was the first one. Whoever comes at the same moment is not.
 */
enum err session_spend(struct db *db, struct arena *mem, const char *token_hash,
		       int64_t expires_at, bool *first)
	NODISCARD NONNULL(1, 2, 3, 5);

/* Forgets revocations of tokens that expired before `now`. */
enum err session_purge(struct db *db, struct arena *mem, int64_t now)
	NODISCARD NONNULL(1, 2);

#endif
