/* SPDX-License-Identifier: MIT */
/*
 * Between account.c and account_batch.c: a registration or a change in its two
 * steps, what takes its time, and what is done in a transaction.
 */
#ifndef ACCOUNT_PARTS_H
#define ACCOUNT_PARTS_H

#include "core/account.h"
#include "core/event.h"

struct account_work {
	struct ctx *cx;
	const struct actor *by;
	const char *id;        /* whom it changes; NULL: it makes a user */
	struct user_change to; /* of a change */
	struct user *out;
	struct event_fact fact;
};

/* Judges, asks programs and hashes; sets all of *w. Failures as those of
 * account_register and account_update. */
enum err account_prepare_signup(struct ctx *cx, const struct signup *in,
				struct user *out, const char **reason,
				struct account_work *w)
	NODISCARD NONNULL(1, 2, 3, 4, 5);
enum err account_prepare_change(struct ctx *cx, const struct user *before,
				const struct account_change *change,
				const struct actor *by, struct user *out,
				const char **reason, struct account_work *w)
	NODISCARD NONNULL(1, 2, 3, 5, 6, 7);

/* Does it: a body for db_transact, whose `arg` is a struct account_work. */
enum err account_apply(struct db *db, void *arg) NODISCARD NONNULL(1, 2);

/* What came of it in the words of the route; what was done is logged. */
enum err account_finish(const struct account_work *w, enum err e)
	NODISCARD NONNULL(1);

#endif
