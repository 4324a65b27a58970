/* SPDX-License-Identifier: MIT */
/*
 * The table fcu_outbox: what is to be told to others. Times are seconds since
 * 1970. A row is claimed for a while by whoever delivers it; `attempts`
 * counts the claims, so that a claim that was lost changes nothing any more.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* Their states: those that wait, and those that were given up. */
#define OUTBOX_WAITING "waiting"
#define OUTBOX_DEAD "dead"

/* The target of a request that has yet to be looked into. */
#define OUTBOX_NOBODY ""

/* Texts live on the arena of whoever asked. */
struct outbox_row {
	int64_t id; /* the order in which they were written */
	const char *message_id;
	const char *event;
	const char *target;
	const char *user_key;  /* whose rows go in order */
	const char *merge_key; /* NULL, or what another must not share */
	const char *payload;   /* JSON */
	const char *state;
	int64_t attempts;
	int64_t created_at;
	int64_t due_at;
	int64_t claimed_until;
	int64_t expires_at;
	const char *last_error;  /* NULL: none yet */
	int64_t attempts_before; /* those before it was last made to wait */
};

/*
 * Writes a row that waits: of `row` everything but id, state, attempts,
 * claimed_until and last_error. One whose merge_key another row has is left
 * out, which is OK; the other one is due then when it would have been.
 */
enum err outbox_insert(struct db *db, struct arena *mem,
		       const struct outbox_row *row) NODISCARD NONNULL(1, 2, 3);

/*
 * Claims the row of the target that has been due the longest, until `until`.
 * ERR_NOT_FOUND when none is due, or others were faster. Of one user_key only
 * the first row that waits can be had.
 */
enum err outbox_claim(struct db *db, struct arena *mem, const char *target,
		      int64_t now, int64_t until, struct outbox_row *out)
	NODISCARD NONNULL(1, 2, 3, 6);

/* What becomes of a claimed row. Each is ERR_NOT_FOUND when the claim was
 * lost in the meantime; nothing has changed then. */
enum err outbox_done(struct db *db, struct arena *mem,
		     const struct outbox_row *row) NODISCARD NONNULL(1, 2, 3);
enum err outbox_postpone(struct db *db, struct arena *mem,
			 const struct outbox_row *row, int64_t due_at,
			 const char *error) NODISCARD NONNULL(1, 2, 3, 5);
enum err outbox_bury(struct db *db, struct arena *mem,
		     const struct outbox_row *row, const char *error)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Gives up the rows that expired, unless they are claimed; requests that
 * nobody has looked into are worth nothing any more, and deleted. */
enum err outbox_expire(struct db *db, struct arena *mem, int64_t now,
		       int64_t *count) NODISCARD NONNULL(1, 2, 4);

/* Deletes the dead rows that expired until then. */
enum err outbox_forget_dead(struct db *db, struct arena *mem, int64_t until)
	NODISCARD NONNULL(1, 2);

/* Which rows are meant; NULL: whatever. */
struct outbox_filter {
	int64_t after; /* ids above this; of list only */
	int64_t id;    /* 0: any */
	const char *state;
	const char *event;
	const char *target;
	const char *user_key;
};

/* Up to `limit` rows in the order of their ids. */
enum err outbox_list(struct db *db, struct arena *mem,
		     const struct outbox_filter *filter, int64_t limit,
		     struct outbox_row **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 5, 6);

/* Makes them wait anew, due now, those that are claimed excepted. */
enum err outbox_retry(struct db *db, struct arena *mem,
		      const struct outbox_filter *filter, int64_t now,
		      int64_t expires_at, int64_t *count)
	NODISCARD NONNULL(1, 2, 3, 6);

/* Deletes them, those that are claimed excepted. */
enum err outbox_drop(struct db *db, struct arena *mem,
		     const struct outbox_filter *filter, int64_t now,
		     int64_t *count) NODISCARD NONNULL(1, 2, 3, 5);

/* How many rows are in the state. */
enum err outbox_count(struct db *db, struct arena *mem, const char *state,
		      int64_t *out) NODISCARD NONNULL(1, 2, 3, 4);

#endif
