/* SPDX-License-Identifier: MIT */
/*
 * fcu_limit: how often something was tried, by whom and from where. A count is
 * taken by one statement, so that whoever comes at the same moment has another
 * one, whichever process or machine he is served by.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* Whose tries. Both keys are hashes, or "" where the kind does not ask; of
 * mails that of the network is which one. */
struct limit_key {
	const char *kind;
	const char *account;
	const char *network;
};

struct limit_row {
	struct limit_key key;
	int64_t used;
	int64_t ends_at;     /* when it begins anew; seconds since 1970 */
	int64_t known_until; /* until when the network is the account's own */
};

/*
 * Counts one more try, in a window of so many seconds that begins with the
 * first one. Where the clock was set back, a window that is left lasts no
 * longer than a new one. A count that is very high stays as it is.
 */
enum err limit_count(struct db *db, struct arena *mem,
		     const struct limit_key *key, int64_t now, int64_t seconds,
		     struct limit_row *out) NODISCARD NONNULL(1, 2, 3, 6);

/* Takes one try back from each of the keys, and lets the first one's network
 * be the account's own until `known_until`; 0: as before. */
enum err limit_give_back(struct db *db, struct arena *mem,
			 const struct limit_key *keys, size_t count,
			 int64_t now, int64_t known_until)
	NODISCARD NONNULL(1, 2, 3);

/* Begins one count anew, and lets its network be the account's own. */
enum err limit_forgive(struct db *db, struct arena *mem,
		       const struct limit_key *key, int64_t now,
		       int64_t known_until) NODISCARD NONNULL(1, 2, 3);

/* Forgets some of the rows that say nothing any more since before `now`. */
enum err limit_purge(struct db *db, struct arena *mem, int64_t now)
	NODISCARD NONNULL(1, 2);

/* Which rows a command means; "" for any. */
struct limit_filter {
	const char *account;
	const char *network;
	struct limit_key after; /* the page begins behind it */
};

/* A page of the rows that say something at this moment, in the order of their
 * keys. */
enum err limit_list(struct db *db, struct arena *mem,
		    const struct limit_filter *filter, int64_t now,
		    int64_t limit, struct limit_row **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 6, 7);

/* Begins these counts anew. Networks stay known. */
enum err limit_clear(struct db *db, struct arena *mem,
		     const struct limit_filter *filter, int64_t now,
		     int64_t *count) NODISCARD NONNULL(1, 2, 3, 5);

#endif
