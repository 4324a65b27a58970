/* SPDX-License-Identifier: MIT */
/*
 * Brings the schema up to date. Migrations are numbered from 1 without gaps,
 * forward only, compiled in from the folder sql; the table fcu_schema_version
 * holds a row for each that was applied.
 */
#ifndef MIGRATE_H
#define MIGRATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

struct migration {
	const char *driver; /* as db_driver */
	int64_t version;
	const char *name; /* "unique_email" */
	const char *sql;  /* with placeholders */
};

/* Every driver's, each driver's in order. Made by build-aux/sql-embed.sh. */
extern const struct migration migrations[];
extern const size_t migrations_count;

/* One that was applied. */
struct migrate_done {
	int64_t version;
	const char *name;
	int64_t applied_at; /* seconds since 1970 */
};

struct migrate_state {
	int64_t version; /* of the schema, 0 for none */
	int64_t newest;  /* that this program knows */
	const struct migrate_done *done;
	size_t done_count;
	const struct migration *pending; /* in order */
	size_t pending_count;
};

/*
 * Reads where the schema stands; changes nothing. ERR_CONFIGURATION when it
 * is newer than this program, or the versions are not 1, 2 … to the last. On
 * any failure *why is a sentence for people, on the arena or static.
 */
enum err migrate_state(struct db *db, struct arena *mem,
		       struct migrate_state *out, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * What the caller says to and hears of each migration; a NULL member is
 * skipped.
 */
struct migrate_watch {
	/*
	 * Asked in the migration's transaction before anything is changed;
	 * may be asked again. Anything but OK refuses it, with *why set.
	 */
	enum err (*check)(void *arg, struct db *db, struct arena *mem,
			  const struct migration *next, const char **why)
		NODISCARD;
	/* Told when it is done and committed by this process. */
	void (*applied)(void *arg, const struct migration *done);
	void *arg;
};

/*
 * Applies what is pending, each migration in a transaction of its own, alone:
 * several processes may call this at once, and each finds done what another
 * did. A failed migration leaves the schema as it was before it; those before
 * it stay. `now`: seconds since 1970. Failures as in migrate_state.
 */
enum err migrate_apply(struct db *db, struct arena *mem, int64_t now,
		       const struct migrate_watch *watch, const char **why)
	NODISCARD NONNULL(1, 2, 4, 5);

#endif
