/* SPDX-License-Identifier: MIT */
/* The table "user", as FastAPI Users creates it. */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"
#include "store/user_field.h"

/* A row; texts live on the arena of whoever asked. */
struct user {
	const char *id; /* canonical, as user_id_read gives it */
	const char *email;
	const char *hashed_password;
	bool is_active;
	bool is_superuser;
	bool is_verified;
	const struct user_fields *shape; /* the configured fields, and their */
	const struct db_value *fields;   /* values; NULL: there are none */
	int64_t generation; /* of his tokens; told by user_by_… and
			     * user_insert only */
};

/* A change: NULL leaves the column as it is. */
struct user_change {
	const char *email;
	const char *hashed_password;
	const bool *is_active;
	const bool *is_superuser;
	const bool *is_verified;
	const struct user_value *fields; /* one each, or NULL: none */
};

/*
 * What a token stands for: its user, and what speaks against the token.
 * Read in one statement.
 */
struct user_session {
	struct user user;
	int64_t not_before;      /* tokens that name no generation are void
				  * when issued until then; -1: none is */
	const char *exempt_hash; /* but for the one with this hash; or NULL */
	bool revoked;            /* the token itself was logged out */
};

/*
 * u->id NULL: it becomes a new one, a random UUID or what the table numbers.
 * Within a transaction: a number may have been somebody's before, whose tokens
 * and accounts at providers end with it. `now` is in seconds since 1970.
 * ERR_ALREADY_EXISTS when the id or the address (without case) is taken.
 */
enum err user_insert(struct db *db, struct arena *mem, struct user *u,
		     int64_t now) NODISCARD NONNULL(1, 2, 3);

/* ERR_NOT_FOUND when there is none. The id is canonical. */
enum err user_by_id(struct db *db, struct arena *mem, const char *id,
		    struct user *out) NODISCARD NONNULL(1, 2, 3, 4);
/* By lower(email). */
enum err user_by_email(struct db *db, struct arena *mem, const char *email,
		       struct user *out) NODISCARD NONNULL(1, 2, 3, 4);
/* Looks for nobody, in every table that a request reads. ERR_NOT_FOUND when
 * all is well. */
enum err user_by_nothing(struct db *db, struct arena *mem)
	NODISCARD NONNULL(1, 2);
/* token_hash: the one under which a logout of the token is kept. */
enum err user_by_session(struct db *db, struct arena *mem, const char *id,
			 const char *token_hash, struct user_session *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* One of several look-ups, and what it finds. */
struct user_asked {
	const char *id;
	const char *token_hash;
	bool found;
	struct user_session session;
};
/* As user_by_session for each of them, all at once. False: see
 * db_query_ahead. */
bool user_by_sessions(struct db *db, struct arena *mem, struct user_asked *list,
		      size_t count) NODISCARD NONNULL(1, 2, 3);

/* Whose row of the table accesstoken it is; one from before `since`, in
 * seconds since 1970, is none. ERR_NOT_FOUND. */
enum err user_by_access_token(struct db *db, struct arena *mem,
			      const char *token, int64_t since,
			      struct user *out) NODISCARD NONNULL(1, 2, 3, 5);

/*
 * One UPDATE … RETURNING, so concurrent changes of other columns survive.
 * *out is the row afterwards. ERR_NOT_FOUND, ERR_ALREADY_EXISTS.
 */
enum err user_update(struct db *db, struct arena *mem, const char *id,
		     const struct user_change *change, struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Replaces the hash only while it still is `old`. */
enum err user_rehash(struct db *db, struct arena *mem, const char *id,
		     const char *old_hash, const char *new_hash)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/*
 * Replaces the hash of an active user who still has the hash and the address
 * of `before`. *out is the row afterwards. ERR_NOT_FOUND when he has not.
 */
enum err user_replace_password(struct db *db, struct arena *mem,
			       const struct user *before, const char *new_hash,
			       struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Marks a user as verified who is not, and still has the address of `before`.
 * *out is the row afterwards. ERR_NOT_FOUND when he has not. */
enum err user_mark_verified(struct db *db, struct arena *mem,
			    const struct user *before, struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Holds the row against changes until the transaction ends. ERR_NOT_FOUND. */
enum err user_lock(struct db *db, struct arena *mem, const char *id)
	NODISCARD NONNULL(1, 2, 3);

/* An active superuser who is not this one. ERR_NOT_FOUND. */
enum err user_other_superuser(struct db *db, struct arena *mem, const char *id,
			      const char **out) NODISCARD NONNULL(1, 2, 3, 4);

/* With all that hangs on it, within a transaction. ERR_NOT_FOUND when there
 * was none. `now`: seconds since 1970; his tokens are void, even for a later
 * user with the same number. */
enum err user_delete(struct db *db, struct arena *mem, const char *id,
		     int64_t now) NODISCARD NONNULL(1, 2, 3);

/* Up to `limit` users with an id above `after` (NULL: from the first), in the
 * order of ids. */
enum err user_list(struct db *db, struct arena *mem, const char *after,
		   int64_t limit, struct user **out, size_t *count)
	NODISCARD NONNULL(1, 2, 5, 6);

/* Whether there is a superuser, active or not; true where that is not known. */
enum err user_any_superuser(struct db *db, struct arena *mem, bool *out)
	NODISCARD NONNULL(1, 2, 3);

/* Addresses that several users share without regard to case, lower-cased, at
 * most `limit`: they stand in the way of the unique index. */
enum err user_duplicates(struct db *db, struct arena *mem, int64_t limit,
			 const char ***out, size_t *count)
	NODISCARD NONNULL(1, 2, 4, 5);

#endif
