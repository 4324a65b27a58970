/* SPDX-License-Identifier: MIT */
/*
 * The rule of what can be adopted: for `migrate`, which applies it before each
 * step, and for `adopt`, which tells of it beforehand.
 */
#ifndef ADOPTION_H
#define ADOPTION_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"
#include "db/migrate.h"
#include "store/survey.h"

/* For struct migrate_watch: what cannot be kept, and what the unique index
 * would stumble over, named so that it can be mended. */
enum err adoption_check(void *arg, struct db *db, struct arena *mem,
			const struct migration *next, const char **why)
	NODISCARD NONNULL(2, 3, 4, 5);

/* A list of sentences, or of names. */
struct adoption_list {
	const char **items;
	size_t count;
};

struct adoption {
	struct survey survey;
	struct migrate_state state;
	struct adoption_list obstacles; /* with one of them nothing is done */
	struct adoption_list notes;     /* what to know or to mend later */
	struct adoption_list additions; /* what is missing and will be made */
	struct adoption_list fields;    /* sections of the configuration that
					 * would show columns of theirs */
	enum err outcome; /* OK, or what the obstacles amount to */
};

/* Changes nothing. On a failure *why is a sentence. */
enum err adoption_examine(struct db *db, struct arena *mem,
			  struct adoption *out, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
