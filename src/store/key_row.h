/* SPDX-License-Identifier: MIT */
/* The table fcu_api_key: what is kept of personal API keys. */
#ifndef KEY_ROW_H
#define KEY_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* A row; texts live on the arena of whoever asked. */
struct key_row {
	const char *id; /* 16 hexadecimal digits */
	const char *user_id;
	const char *name;
	const char *hash;     /* SHA-256 of the whole key, hexadecimal */
	const char *scope;    /* words with a blank between */
	int64_t generation;   /* of the user's tokens, when it was made */
	int64_t created_at;   /* seconds since 1970 */
	int64_t expires_at;   /* -1: never */
	int64_t last_used_at; /* -1: not yet */
};

enum err key_row_insert(struct db *db, struct arena *mem,
			const struct key_row *k) NODISCARD NONNULL(1, 2, 3);

/* ERR_NOT_FOUND */
enum err key_row_find(struct db *db, struct arena *mem, const char *id,
		      struct key_row *out) NODISCARD NONNULL(1, 2, 3, 4);

/* Those of a user, in the order in which they were made. */
enum err key_row_list(struct db *db, struct arena *mem, const char *user_id,
		      struct key_row **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* ERR_NOT_FOUND when the user has none of that id. */
enum err key_row_delete(struct db *db, struct arena *mem, const char *user_id,
			const char *id) NODISCARD NONNULL(1, 2, 3, 4);

/* Those of a user that are void: expired, or of another generation. */
enum err key_row_purge(struct db *db, struct arena *mem, const char *user_id,
		       int64_t now, int64_t generation)
	NODISCARD NONNULL(1, 2, 3);

/* It was used now, unless that was noted since `before`. */
enum err key_row_touch(struct db *db, struct arena *mem, const char *id,
		       int64_t now, int64_t before) NODISCARD NONNULL(1, 2, 3);

#endif
