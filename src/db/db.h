/* SPDX-License-Identifier: MIT */
/*
 * Statements in, rows out. Knows no table. A worker has one connection; the
 * driver is chosen by the address. drivers.def lists the drivers.
 *
 * SQL is written once for every driver: parameters $1, $2 …, RETURNING,
 * ON CONFLICT. Tables and columns that have configured names stand in it as
 * placeholders, {user} or {user.email}: a name of lower-case letters, digits,
 * _ . and : in braces, which nothing in SQL looks like. What they stand for
 * is given as data when the database is opened; nothing else is ever put into
 * a statement.
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

struct db;

enum db_type { DB_NULL, DB_TEXT, DB_INT, DB_BOOL, DB_TIME, DB_REAL };

/* A parameter or a column of a row. `text` is NUL-terminated. */
struct db_value {
	enum db_type type;
	const char *text;
	int64_t number; /* DB_INT, DB_BOOL (0 or 1), DB_TIME (seconds) */
	double real;    /* DB_REAL; finite */
};

struct db_value db_null(void);
struct db_value db_text(const char *text) NONNULL(1);
/* NULL becomes SQL's NULL. */
struct db_value db_text_or_null(const char *text);
struct db_value db_int(int64_t number);
struct db_value db_bool(bool truth);
/* Seconds since 1970, as a parameter for a column of timestamps: each driver
 * writes them as SQLAlchemy does. */
struct db_value db_time(int64_t seconds);
struct db_value db_real(double real);

/*
 * A statement: static const, so that its address is its identity and drivers
 * prepare it once a connection. `result` gives the type of each column as a
 * text of one letter a column: t text, i int, b bool, r real; "" for none. Both
 * may hold placeholders.
 */
struct db_statement {
	const char *name; /* unique, [a-z_]+ */
	const char *sql;
	const char *result;
	bool reads_only; /* may be sent again after a lost connection */
	bool plans_anew; /* what is best depends on the values: PostgreSQL must
			  * not settle on one plan for all of them */
};

/* All rows, copied to the arena: cells[row * columns + column]. */
struct db_rows {
	size_t count;
	size_t columns;
	const struct db_value *cells;
	int64_t changed; /* rows that an INSERT, UPDATE or DELETE touched */
};

/* What a placeholder stands for. */
struct db_name {
	const char *name;   /* "user.email" */
	const char *text;   /* put in its place: an identifier, quoted */
	const char *plain;  /* of a table or column: the identifier itself */
	const char *schema; /* of a table, or NULL */
	/* Where text is NULL: what says it, each time it is needed. */
	enum err (*find)(struct db *db, struct arena *mem, const char **out)
		NODISCARD;
};

struct db_names {
	const struct db_name *items;
	size_t count;
};

struct db_settings {
	const char *url;
	const struct db_names *names; /* borrowed; NULL for none */
	int64_t connect_limit;        /* seconds */
	int64_t statement_limit;      /* seconds */
	bool prepared;
	bool create; /* make a database file that is not there */
};

/*
 * Picks the driver by the address and connects lazily: at the first
 * statement. ERR_CONFIGURATION when no driver takes the address; *why then
 * says so in a static sentence. Call after the fork. Heap; db_close frees.
 */
enum err db_open(const struct db_settings *settings, struct db **out,
		 const char **why) NODISCARD NONNULL(1, 2, 3);
void db_close(struct db *db);

/* The driver's name: "postgresql" or "sqlite". */
const char *db_driver(const struct db *db) NONNULL(1);

/* The file that holds the database; NULL where a server does, or memory. */
const char *db_file(const struct db *db) NONNULL(1);

/*
 * Runs one statement. ERR_ALREADY_EXISTS for a violated unique constraint,
 * ERR_CONFLICT for a serialization failure or deadlock (at once within a
 * transaction, which db_transact runs again; else after as many retries),
 * ERR_DATABASE_DOWN when the database cannot be reached or is too late,
 * ERR_INTERNAL for anything else; each is logged here, without values. A lost
 * connection is made again; a statement that reads only and is outside a
 * transaction is sent again once.
 */
enum err db_query(struct db *db, struct arena *mem,
		  const struct db_statement *statement,
		  const struct db_value *values, size_t count,
		  struct db_rows *out) NODISCARD NONNULL(1, 2, 3, 6);

/*
 * The same for many rows of values at once, `count` of them a row: in the SQL
 * stands, between [ and ], what is there once a row, "VALUES [($1, $2)]" or
 * "IN ([$1])". They go in pieces of up to a few hundred rows, so where all or
 * nothing is meant, in a transaction. *out holds what all of them gave.
 */
enum err db_query_rows(struct db *db, struct arena *mem,
		       const struct db_statement *statement,
		       const struct db_value *values, size_t count, size_t rows,
		       struct db_rows *out) NODISCARD NONNULL(1, 2, 3, 4, 7);

/* The same with one of these texts a row, where nothing is given back. */
enum err db_run_texts(struct db *db, struct arena *mem,
		      const struct db_statement *statement,
		      const char *const *texts, size_t count)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Inserts many rows as fast as the database takes them, in a transaction.
 * `insert` is INSERT INTO table (columns) VALUES ($1, $2 …), its parameters in
 * order, and gives no rows; `count` of them make a row. After any failure the
 * transaction must not be committed.
 */
enum err db_load(struct db *db, struct arena *mem,
		 const struct db_statement *insert,
		 const struct db_value *values, size_t count, size_t rows)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * One statement that reads only, with `sets` rows of `count` values, one
 * behind the other: all are sent before the first answer is awaited, and
 * out[i] is what the i-th finds. False when that cannot be done just now, or
 * went wrong, or the driver never can: each may still be asked for alone.
 */
bool db_query_ahead(struct db *db, struct arena *mem,
		    const struct db_statement *statement,
		    const struct db_value *values, size_t count, size_t sets,
		    struct db_rows *out) NODISCARD NONNULL(1, 2, 3, 4, 7);
/* Whether the driver ever can. */
bool db_can_query_ahead(const struct db *db) NONNULL(1);

/* As db_query, where no rows are wanted; *changed may be NULL. */
enum err db_run(struct db *db, struct arena *mem,
		const struct db_statement *statement,
		const struct db_value *values, size_t count, int64_t *changed)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Runs `body` in a transaction: commits when it returns OK, else rolls back
 * and hands its result on. ERR_CONFLICT is retried up to 5 times with a
 * pause; so `body` must be able to run again. Not nested.
 */
enum err db_transact(struct db *db, enum err (*body)(struct db *db, void *arg),
		     void *arg) NODISCARD NONNULL(1, 2);

/*
 * The same, but alone: other processes that ask for it wait. For migrations.
 */
enum err db_transact_alone(struct db *db,
			   enum err (*body)(struct db *db, void *arg),
			   void *arg) NODISCARD NONNULL(1, 2);

/* Several statements without parameters or rows, such as a migration, with
 * placeholders. */
enum err db_script(struct db *db, const char *sql) NODISCARD NONNULL(1, 2);

/* SQL as it is sent, on the arena: its placeholders replaced. ERR_INTERNAL
 * when one of them stands for nothing. */
enum err db_expand(struct db *db, struct arena *mem, const char *sql,
		   const char **out) NODISCARD NONNULL(1, 2, 3, 4);

/* The names that db_open was given; NULL for none. */
const struct db_names *db_names(const struct db *db) NONNULL(1);

/* What time it is for a server, in seconds since 1970. ERR_NOT_FOUND where the
 * clock is this machine's. */
enum err db_clock(struct db *db, struct arena *mem, int64_t *out)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Whether the database has the table, seen from within a transaction too.
 * `table` and `column` here and below are those of a placeholder ("user",
 * "user.email"), or stand for themselves.
 */
enum err db_has_table(struct db *db, struct arena *mem, const char *table,
		      bool *out) NODISCARD NONNULL(1, 2, 3, 4);

/* What a column keeps, in whatever words its table was made. */
enum db_kind {
	DB_KIND_OTHER,
	DB_KIND_UUID,
	DB_KIND_INT,
	DB_KIND_REAL,
	DB_KIND_TEXT,
	DB_KIND_BOOL,
	DB_KIND_DATE,
	DB_KIND_TIME
};

struct db_column {
	const char *name;
	const char *declared; /* its type in the database's words */
	enum db_kind kind;
	int bits;       /* DB_KIND_INT: 16, 32 or 64 */
	bool has_zone;  /* DB_KIND_TIME */
	int64_t length; /* what the declaration says in parentheses, or -1 */
	bool is_nullable;
	bool has_default; /* or numbers itself */
};

/* The table's columns; none when there is no table. */
enum err db_columns(struct db *db, struct arena *mem, const char *table,
		    const struct db_column **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* The one of that name, or NULL. */
const struct db_column *db_column_named(const struct db *db,
					const struct db_column *columns,
					size_t count, const char *name)
	NONNULL(1, 2, 4);

/* One round trip that proves the database answers. */
enum err db_ping(struct db *db) NODISCARD NONNULL(1);

/* The last failure in the driver's words, for commands. Never NULL. */
const char *db_complaint(const struct db *db) RETURNS_NONNULL NONNULL(1);

#endif
