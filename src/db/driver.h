/* SPDX-License-Identifier: MIT */
/*
 * Between db.c and the drivers. A driver's own struct begins with struct db;
 * db.c fills that in and sees to transactions.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "db/db.h"

struct db_driver {
	const char *name;
	/* Whether the database has the table $1 in the schema $2, or NULL:
	 * where it is found without saying. */
	const struct db_statement *has_table;
	/* Its columns in order: name, declared type, whether it may be NULL,
	 * whether it has a default. */
	const struct db_statement *columns;
	bool types_hold_words; /* a declared type is what words it holds */
	const char *ping;
	/* Asks a server that has a clock of its own for seconds since 1970;
	 * NULL: it has none. */
	const struct db_statement *clock;

	/* As db_open; *out is zeroed but for what the driver set. */
	enum err (*open)(const struct db_settings *settings, struct db **out,
			 const char **why) NODISCARD;
	void (*close)(struct db *db);
	/* NULL where a server keeps the data. As db_file. */
	const char *(*file)(const struct db *db);
	enum err (*query)(struct db *db, struct arena *mem,
			  const struct db_statement *statement,
			  const struct db_value *values, size_t count,
			  struct db_rows *out) NODISCARD;
	/* A power of two: rows that one statement takes at best, in
	 * db_query_rows. */
	size_t rows;
	/* As db_load; NULL: a query for each row is as fast. */
	enum err (*load)(struct db *db, struct arena *mem,
			 const struct db_statement *insert,
			 const struct db_value *values, size_t count,
			 size_t rows) NODISCARD;
	/* As db_query_ahead, outside a transaction; NULL: never. */
	bool (*query_ahead)(struct db *db, struct arena *mem,
			    const struct db_statement *statement,
			    const struct db_value *values, size_t count,
			    size_t sets, struct db_rows *out) NODISCARD;
	/* As db_script; `harmless`: may be sent again after a lost
	 * connection. */
	enum err (*script)(struct db *db, const char *sql, bool harmless)
		NODISCARD;

	/* After a failed begin nothing is open. */
	enum err (*begin)(struct db *db, bool alone) NODISCARD;
	/* A failed commit leaves the rest to rollback. */
	enum err (*commit)(struct db *db) NODISCARD;
	/* Never fails: a connection that cannot roll back is dropped. */
	void (*rollback)(struct db *db);
};

struct db {
	const struct db_driver *driver;
	const struct db_names *given;
	struct names *names;
	int64_t statement_limit; /* seconds */
	bool in_transaction;     /* no reconnecting, no sending again */
	bool alone;              /* no statement limit */
	char complaint[512];
};

/*
 * Keeps the driver's words for db_complaint and logs them. `statement` is a
 * name, `code` the driver's own; `words` hold no values of rows.
 */
void db_failed(struct db *db, enum err e, const char *statement,
	       const char *code, const char *words) NONNULL(1, 3, 4, 5);

/* A DB_TIME as YYYY-MM-DD HH:MM:SS.ffffff in UTC. Past the years 1 to
 * 9999 it is the nearest there is. */
#define DB_TIME_SIZE 32
void db_time_spell(int64_t seconds, char out[DB_TIME_SIZE]) NONNULL(2);

#define DRIVER(name, prefix, operations)                                       \
	extern const struct db_driver operations;
#include "db/drivers.def"
#undef DRIVER

#endif
