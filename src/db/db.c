/* SPDX-License-Identifier: MIT */
#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/tally.h"
#include "base/text.h"
#include "db/driver.h"
#include "db/names.h"

/* Of what the database asks to run again. */
#define RETRIES 5
#define PAUSE_MIN 5 /* milliseconds; doubled for each retry */
/* Of one statement: SQLite takes 32766, PostgreSQL 65535. */
#define PARAMETERS_LIMIT 32766
/* Of a script, its names filled in, in bytes. */
#define SCRIPT_LIMIT ((size_t)1024 * 1024)

static const struct {
	const char *prefix;
	const struct db_driver *driver;
} drivers[] = {
#define DRIVER(name, start, operations)                                        \
	{.prefix = (start), .driver = &(operations)},
#include "db/drivers.def"
#undef DRIVER
	/* Never matches; without any library the table would be empty. */
	{.prefix = NULL, .driver = NULL},
};

struct db_value
db_null(void)
{
	return (struct db_value){.type = DB_NULL};
}

struct db_value
db_text(const char *text)
{
	return (struct db_value){.type = DB_TEXT, .text = text};
}

struct db_value
db_text_or_null(const char *text)
{
	return text != NULL ? db_text(text) : db_null();
}

struct db_value
db_int(int64_t number)
{
	return (struct db_value){.type = DB_INT, .number = number};
}

struct db_value
db_bool(bool truth)
{
	return (struct db_value){.type = DB_BOOL, .number = truth ? 1 : 0};
}

struct db_value
db_time(int64_t seconds)
{
	return (struct db_value){.type = DB_TIME, .number = seconds};
}

void
db_time_spell(int64_t seconds, char out[DB_TIME_SIZE])
{
	static const int64_t first = INT64_C(-62135596800); /* year 1 */
	static const int64_t last = INT64_C(253402300799);  /* year 9999 */
	time_t when = (time_t)(seconds < first  ? first
			       : seconds > last ? last
						: seconds);
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		abort();
	(void)snprintf(out, DB_TIME_SIZE,
		       "%04d-%02d-%02d %02d:%02d:%02d.000000",
		       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		       tm.tm_min, tm.tm_sec);
}

struct db_value
db_real(double real)
{
	return (struct db_value){.type = DB_REAL, .real = real};
}

/* libpq also takes "host=… dbname=…". */
static bool
is_keyword_string(const char *url)
{
	size_t word = strspn(url, "abcdefghijklmnopqrstuvwxyz_");

	return word > 0 && url[word + strspn(url + word, " ")] == '=';
}

static const struct db_driver *
driver_find(const char *url)
{
	const char *address = is_keyword_string(url) ? "postgresql:" : url;

	for (size_t i = 0; drivers[i].prefix != NULL; i++) {
		if (text_starts(address, drivers[i].prefix))
			return drivers[i].driver;
	}
	return NULL;
}

enum err
db_open(const struct db_settings *settings, struct db **out, const char **why)
{
	const struct db_driver *driver = driver_find(settings->url);
	enum err e;

	*out = NULL;
	*why = "the address of the database begins with no scheme that this "
	       "program was built for (sqlite:, postgresql:)";
	if (driver == NULL)
		return ERR_CONFIGURATION;
	e = driver->open(settings, out, why);
	if (e != OK)
		return e;
	(*out)->driver = driver;
	(*out)->given = settings->names;
	(*out)->names = names_open(settings->names);
	(*out)->statement_limit = settings->statement_limit;
	*why = NULL;
	return OK;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	names_close(db->names);
	db->driver->close(db);
}

const char *
db_file(const struct db *db)
{
	return db->driver->file != NULL ? db->driver->file(db) : NULL;
}

const char *
db_driver(const struct db *db)
{
	return db->driver->name;
}

const char *
db_complaint(const struct db *db)
{
	return db->complaint;
}

static enum log_level
failure_level(enum err e)
{
	if (e == ERR_ALREADY_EXISTS)
		return LEVEL_DEBUG;
	return e == ERR_CONFLICT ? LEVEL_INFO : LEVEL_ERROR;
}

void
db_failed(struct db *db, enum err e, const char *statement, const char *code,
	  const char *words)
{
	if (failure_level(e) == LEVEL_ERROR)
		tally_add(TALLY_DATABASE_FAILED, 1);
	(void)snprintf(db->complaint, sizeof(db->complaint), "%.*s",
		       (int)strcspn(words, "\n"), words);
	log_event(failure_level(e), log_is("database_failed"),
		  log_text("driver", db->driver->name),
		  log_text("statement", statement), log_text("code", code),
		  log_text("outcome", err_name(e)),
		  log_text("message", db->complaint));
}

const struct db_names *
db_names(const struct db *db)
{
	return db->given;
}

enum err
db_expand(struct db *db, struct arena *mem, const char *sql, const char **out)
{
	return names_expand(db, mem, "script", sql, out);
}

/* Two that collided must not wake at the same moment. */
static void
pause_before(int retry)
{
	int64_t longest = (int64_t)PAUSE_MIN << retry;
	uint32_t dice;
	int64_t pause;

	crypto_random(&dice, sizeof(dice));
	pause = longest / 2 + (int64_t)dice % (longest / 2 + 1);
	(void)nanosleep(&(struct timespec){.tv_nsec = pause * 1000000}, NULL);
}

/* What a conflict has cost so far. */
struct retries {
	int count;
	int64_t deadline; /* clock_monotonic */
};

static struct retries
retries_begin(const struct db *db)
{
	return (struct retries){
		.deadline = clock_monotonic() + db->statement_limit * 1000,
	};
}

/* Whether to try once more, after a pause. Who had to wait for his first
 * failure is late already: after the limit of one statement nothing is begun
 * again. */
static bool
retry_after(struct retries *r, enum err e)
{
	if (e != ERR_CONFLICT || r->count == RETRIES ||
	    clock_monotonic() >= r->deadline)
		return false;
	pause_before(r->count++);
	return true;
}

static void
count_time(int64_t since)
{
	tally_add(TALLY_DATABASE_TIME, (uint64_t)(clock_micros() - since));
	tally_add(TALLY_DATABASE_ASKED, 1);
}

static enum err
query(struct db *db, struct arena *mem, const struct db_statement *made,
      const struct db_value *values, size_t count, struct db_rows *out)
{
	int64_t since = clock_micros();
	enum err e = db->driver->query(db, mem, made, values, count, out);

	count_time(since);
	return e;
}

enum err
db_query(struct db *db, struct arena *mem, const struct db_statement *statement,
	 const struct db_value *values, size_t count, struct db_rows *out)
{
	const struct db_statement *made;
	enum err e = names_statement(db, statement, &made);
	struct retries r = retries_begin(db);

	*out = (struct db_rows){0};
	if (e != OK)
		return e;
	log_event(LEVEL_DEBUG, log_is("statement"),
		  log_text("name", statement->name));
	/* A statement alone is a transaction too; within one, it is begun
	 * again as a whole. */
	do
		e = query(db, mem, made, values, count, out);
	while (!db->in_transaction && retry_after(&r, e));
	return e;
}

/* Of so many rows, those of the next statement: a power of two, so that a few
 * statements serve for all. */
static size_t
rows_next(const struct db *db, size_t left, size_t count)
{
	size_t rows = db->driver->rows;

	while (rows > 1 && (rows > left || rows * count > PARAMETERS_LIMIT))
		rows /= 2;
	return rows;
}

/* Puts what one piece gave behind what the others did. */
static void
rows_append(struct arena *mem, struct db_rows *all, const struct db_rows *more)
{
	size_t size = more->columns * sizeof(*more->cells);
	struct db_value *cells;

	all->columns = more->columns;
	all->changed += more->changed;
	if (more->count == 0)
		return;
	cells = arena_array(mem, all->count + more->count, size);
	if (all->count > 0)
		memcpy(cells, all->cells, all->count * size);
	memcpy(cells + all->count * all->columns, more->cells,
	       more->count * size);
	all->cells = cells;
	all->count += more->count;
}

enum err
db_query_rows(struct db *db, struct arena *mem,
	      const struct db_statement *statement,
	      const struct db_value *values, size_t count, size_t rows,
	      struct db_rows *out)
{
	*out = (struct db_rows){0};
	log_event(LEVEL_DEBUG, log_is("statement"),
		  log_text("name", statement->name));
	while (rows > 0) {
		size_t piece = rows_next(db, rows, count);
		const struct db_statement *made;
		struct db_rows more = {0};
		enum err e = names_statement_rows(db, statement, piece, count,
						  &made);

		if (e == OK)
			e = query(db, mem, made, values, piece * count, &more);
		if (e != OK)
			return e;
		rows_append(mem, out, &more);
		values += piece * count;
		rows -= piece;
	}
	return OK;
}

enum err
db_run_texts(struct db *db, struct arena *mem,
	     const struct db_statement *statement, const char *const *texts,
	     size_t count)
{
	struct db_value *values = arena_array(mem, count, sizeof(*values));
	struct db_rows none;

	for (size_t i = 0; i < count; i++)
		values[i] = db_text(texts[i]);
	return db_query_rows(db, mem, statement, values, 1, count, &none);
}

enum err
db_load(struct db *db, struct arena *mem, const struct db_statement *insert,
	const struct db_value *values, size_t count, size_t rows)
{
	const struct db_statement *made;
	struct db_rows none;
	enum err e = names_statement(db, insert, &made);

	if (e != OK)
		return e;
	log_event(LEVEL_DEBUG, log_is("statement"),
		  log_text("name", insert->name));
	if (db->driver->load != NULL)
		return db->driver->load(db, mem, made, values, count, rows);
	for (size_t i = 0; e == OK && i < rows; i++)
		e = query(db, mem, made, values + i * count, count, &none);
	return e;
}

bool
db_query_ahead(struct db *db, struct arena *mem,
	       const struct db_statement *statement,
	       const struct db_value *values, size_t count, size_t sets,
	       struct db_rows *out)
{
	const struct db_statement *made;
	int64_t since;
	bool done;

	if (!db_can_query_ahead(db) || db->in_transaction ||
	    names_statement(db, statement, &made) != OK)
		return false;
	since = clock_micros();
	done = db->driver->query_ahead(db, mem, made, values, count, sets, out);
	count_time(since);
	if (!done)
		return false;
	log_event(LEVEL_DEBUG, log_is("statement"),
		  log_text("name", statement->name),
		  log_number("count", (int64_t)sets));
	return true;
}

bool
db_can_query_ahead(const struct db *db)
{
	return db->driver->query_ahead != NULL;
}

enum err
db_run(struct db *db, struct arena *mem, const struct db_statement *statement,
       const struct db_value *values, size_t count, int64_t *changed)
{
	struct db_rows rows;
	enum err e = db_query(db, mem, statement, values, count, &rows);

	if (changed != NULL)
		*changed = rows.changed;
	return e;
}

enum err
db_script(struct db *db, const char *sql)
{
	struct arena *mem = arena_open(0, SCRIPT_LIMIT);
	const char *made;
	enum err e = db_expand(db, mem, sql, &made);

	if (e == OK)
		e = db->driver->script(db, made, false);
	arena_close(mem);
	return e;
}

enum err
db_ping(struct db *db)
{
	return db->driver->script(db, db->driver->ping, true);
}

enum err
db_clock(struct db *db, struct arena *mem, int64_t *out)
{
	struct db_rows rows;

	if (db->driver->clock == NULL)
		return ERR_NOT_FOUND;
	TRY(db_query(db, mem, db->driver->clock, NULL, 0, &rows));
	*out = rows.count == 1 ? rows.cells[0].number : 0;
	return OK;
}

/* The answer to a question that has one. */
static enum err
ask(struct db *db, struct arena *mem, const struct db_statement *question,
    const struct db_value *values, size_t count, bool *out)
{
	struct db_rows rows;
	enum err e = db_query(db, mem, question, values, count, &rows);

	*out = e == OK && rows.count == 1 && rows.cells[0].number != 0;
	return e;
}

enum err
db_has_table(struct db *db, struct arena *mem, const char *table, bool *out)
{
	const struct db_name t = names_table(db->names, table);
	const struct db_value values[] = {
		db_text(t.plain),
		db_text_or_null(t.schema),
	};

	return ask(db, mem, db->driver->has_table, values, countof(values),
		   out);
}

static enum err
transact_once(struct db *db, enum err (*body)(struct db *db, void *arg),
	      void *arg)
{
	int64_t since = clock_micros();
	enum err e = db->driver->begin(db, db->alone);

	count_time(since);
	if (e != OK)
		return e;
	db->in_transaction = true;
	e = body(db, arg);
	since = clock_micros();
	if (e == OK)
		e = db->driver->commit(db);
	if (e != OK)
		db->driver->rollback(db);
	count_time(since);
	db->in_transaction = false;
	return e;
}

static enum err
transact(struct db *db, enum err (*body)(struct db *db, void *arg), void *arg)
{
	struct retries r = retries_begin(db);
	enum err e;

	do
		e = transact_once(db, body, arg);
	while (retry_after(&r, e));
	return e;
}

enum err
db_transact(struct db *db, enum err (*body)(struct db *db, void *arg),
	    void *arg)
{
	if (db->in_transaction) {
		db_failed(db, ERR_INTERNAL, "begin", "",
			  "a transaction within a transaction");
		return ERR_INTERNAL;
	}
	return transact(db, body, arg);
}

enum err
db_transact_alone(struct db *db, enum err (*body)(struct db *db, void *arg),
		  void *arg)
{
	enum err e;

	db->alone = true;
	e = db_transact(db, body, arg);
	db->alone = false;
	return e;
}
