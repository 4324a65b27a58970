/* SPDX-License-Identifier: MIT */
/*
 * What a database holds that was made for FastAPI Users, looked at without
 * changing anything: whoever is to adopt it must know first.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"
#include "store/user_id.h"

#define SURVEY_TABLES 3 /* users first, then tokens, then OAuth accounts */

struct survey_column {
	struct db_column is;
	bool is_known; /* we read and write it */
};

struct survey_table {
	const char *name;
	bool is_there;
	struct survey_column *columns;
	size_t column_count;
	const char **missing; /* columns that we need */
	size_t missing_count;
	const char **indexes; /* of the reference, that are not there */
	size_t index_count;
};

struct survey_hash {
	const char *scheme; /* "argon2id", …, "unknown" */
	int64_t count;
};

#define SURVEY_HASHES 5

struct survey {
	struct survey_table tables[SURVEY_TABLES];
	/* Where there is no table of users: those that look like one. */
	const char **candidates;
	size_t candidate_count;
	/* The rest only when that table has all columns we need. */
	enum user_id_kind ids;
	int64_t users;
	struct survey_hash hashes[SURVEY_HASHES];
	bool has_unique_email; /* without regard to case */
	const char **clashes;  /* addresses that differ in case only */
	size_t clash_count;    /* at most SURVEY_CLASHES */
};

#define SURVEY_CLASHES 20

/* Texts live on the arena. */
enum err survey_take(struct db *db, struct arena *mem, struct survey *out)
	NODISCARD NONNULL(1, 2, 3);

/*
 * What makes the indexes that migrations made, ours and the reference's, of
 * which some are not there any more: as many as are missing, SQL with its names
 * filled in. Where a table is not there nothing is said of its indexes.
 */
#define SURVEY_INDEXES 5
enum err survey_indexes(struct db *db, struct arena *mem,
			const char *out[SURVEY_INDEXES], size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
