/* SPDX-License-Identifier: MIT */
/*
 * What PostgreSQL's words mean, and how values are told to it; without its
 * library.
 */
#ifndef PG_WORDS_H
#define PG_WORDS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* What a failure means for the connection. */
enum fate {
	FATE_KEEP,
	FATE_LATE,     /* drop it; the time is used up */
	FATE_LOST,     /* drop it; whether the statement ran is unknown */
	FATE_UNTOUCHED /* drop it; the statement certainly did not run */
};

struct pg_meaning {
	const char *state; /* how the SQLSTATE begins */
	enum err e;
	enum fate fate;
};

/* As in struct db_driver. */
extern const struct db_statement pg_has_table;
extern const struct db_statement pg_table_columns;

/* Of a SQLSTATE (appendix A of PostgreSQL's manual). */
const struct pg_meaning *pg_meaning_of(const char *state)
	RETURNS_NONNULL NONNULL(1);

/* A parameter as a text, on the arena; NULL stands for SQL's NULL. */
const char *pg_value_text(struct arena *mem, const struct db_value *v)
	NONNULL(1, 2);

/* A column of a row that is not NULL, by its letter in a statement's
 * `result`. False when it is not of that type. */
bool pg_cell_read(const char *text, char type, struct arena *mem,
		  struct db_value *out) NODISCARD NONNULL(1, 3, 4);

/* Whether an option of the address lists something of each host. */
bool pg_is_host_list(const char *keyword) NONNULL(1);

/* Cuts a list like "a,b" down to its i-th item; a single item serves all. */
void pg_list_cut(char *list, size_t i) NONNULL(1);

#endif
