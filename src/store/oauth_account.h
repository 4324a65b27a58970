/* SPDX-License-Identifier: MIT */
/* The table oauth_account, as FastAPI Users creates it. */
#ifndef OAUTH_ACCOUNT_H
#define OAUTH_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/*
 * A row; texts live on the arena of whoever asked. Tokens that are longer than
 * the columns take are kept in fcu_oauth_token, and the column is empty then.
 */
struct oauth_account {
	const char *id; /* of the kind that users have */
	const char *user_id;
	const char *oauth_name; /* the provider's */
	const char *access_token;
	int64_t expires_at;        /* seconds since 1970; -1: not known */
	const char *refresh_token; /* NULL: none */
	const char *account_id;    /* the user's there */
	const char *account_email;
};

/*
 * Inside a transaction: whoever else claims the same account waits until it
 * has ended. Nothing in the table itself keeps two users from having it.
 */
enum err oauth_account_claim(struct db *db, struct arena *mem,
			     const char *oauth_name, const char *account_id)
	NODISCARD NONNULL(1, 2, 3, 4);

/* ERR_NOT_FOUND when nobody has it; the first when several do. */
enum err oauth_account_find(struct db *db, struct arena *mem,
			    const char *oauth_name, const char *account_id,
			    struct oauth_account *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Those of a user, in the order of their ids. */
enum err oauth_account_list(struct db *db, struct arena *mem,
			    const char *user_id, struct oauth_account **out,
			    size_t *count) NODISCARD NONNULL(1, 2, 3, 4, 5);

/* a->id becomes a new one. */
enum err oauth_account_insert(struct db *db, struct arena *mem,
			      struct oauth_account *a)
	NODISCARD NONNULL(1, 2, 3);

/* Tokens and address of the row with this id. ERR_NOT_FOUND. */
enum err oauth_account_update(struct db *db, struct arena *mem,
			      const struct oauth_account *a)
	NODISCARD NONNULL(1, 2, 3);

/* All of a user's. */
enum err oauth_account_delete_of(struct db *db, struct arena *mem,
				 const char *user_id)
	NODISCARD NONNULL(1, 2, 3);

/* All of many users. */
enum err oauth_account_delete_of_many(struct db *db, struct arena *mem,
				      const char *const *user_ids, size_t count)
	NODISCARD NONNULL(1, 2, 3);

#endif
