/* SPDX-License-Identifier: MIT */
#include "db/driver.h"

#ifdef HAVE_SQLITE3

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/text.h"

#define CACHE_SIZE 64
#define PROGRESS_STEPS 10000
#define WAL_PAUSE 20000000L /* nanoseconds */
/* What a migration waits for others, and may take. */
#define ALONE_LIMIT ((int64_t)3600 * 1000)

struct cached {
	const struct db_statement *statement;
	sqlite3_stmt *stmt;
};

struct sqlite {
	struct db db;
	char *path;
	int64_t busy_limit; /* milliseconds */
	bool create;        /* the file, when it is not there */
	sqlite3 *conn;
	bool doomed;      /* to be opened anew: the file failed or moved */
	int64_t deadline; /* of the running statement; clock_monotonic */
	struct cached cache[CACHE_SIZE];
	size_t cache_next; /* the entry to be replaced */
};

/* By the extended or the primary result code. */
static const struct meaning {
	int code;
	enum err e;
	bool doomed;
} meanings[] = {
	{SQLITE_CONSTRAINT_UNIQUE, ERR_ALREADY_EXISTS, false},
	{SQLITE_CONSTRAINT_PRIMARYKEY, ERR_ALREADY_EXISTS, false},
	{SQLITE_BUSY, ERR_CONFLICT, false},
	{SQLITE_LOCKED, ERR_CONFLICT, false},
	{SQLITE_PROTOCOL, ERR_CONFLICT, false},
	{SQLITE_INTERRUPT, ERR_DATABASE_DOWN, false},
	{SQLITE_FULL, ERR_DATABASE_DOWN, false},
	{SQLITE_NOMEM, ERR_DATABASE_DOWN, false},
	{SQLITE_CANTOPEN, ERR_DATABASE_DOWN, true},
	{SQLITE_IOERR, ERR_DATABASE_DOWN, true},
	{SQLITE_READONLY, ERR_DATABASE_DOWN, true},
	{SQLITE_PERM, ERR_DATABASE_DOWN, true},
	{SQLITE_NOTADB, ERR_DATABASE_DOWN, true},
	{SQLITE_CORRUPT, ERR_INTERNAL, true},
};

static const struct meaning other = {0, ERR_INTERNAL, false};

/* Switches, each with its value. */
static const struct {
	int option;
	int value;
} switches[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},
	{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	/* "name" is never a text: a missing column is an error. */
	{SQLITE_DBCONFIG_DQS_DML, 0},
};

static const struct db_statement has_table = {
	.name = "has_table",
	.sql = "SELECT count(*) FROM sqlite_schema"
	       " WHERE type = 'table' AND lower(name) = lower($1)"
	       " AND $2 IS NULL",
	.result = "b",
	.reads_only = true,
};

/* What is exactly INTEGER and the whole primary key numbers itself. */
static const struct db_statement table_columns = {
	.name = "columns",
	.sql = "SELECT name, type, \"notnull\" = 0, dflt_value IS NOT NULL"
	       " OR (pk = 1 AND upper(type) = 'INTEGER' AND"
	       " (SELECT max(pk) FROM pragma_table_info($1)) = 1)"
	       " FROM pragma_table_info($1) WHERE $2 IS NULL ORDER BY cid",
	.result = "ttbb",
	.reads_only = true,
};

static struct sqlite *
sqlite_of(struct db *db)
{
	return (struct sqlite *)db;
}

static void
sqlite_disconnect(struct sqlite *s)
{
	for (size_t i = 0; i < CACHE_SIZE; i++)
		(void)sqlite3_finalize(s->cache[i].stmt);
	memset(s->cache, 0, sizeof(s->cache));
	(void)sqlite3_close_v2(s->conn);
	s->conn = NULL;
	s->doomed = false;
}

static const struct meaning *
meaning_of(int code)
{
	for (size_t i = 0; i < countof(meanings); i++) {
		if (meanings[i].code == code ||
		    meanings[i].code == (code & 0xff))
			return &meanings[i];
	}
	return &other;
}

/* Whether the system has the reason: a full disk, a lack of permission. */
static bool
is_of_system(int code)
{
	return (code & 0xff) == SQLITE_IOERR ||
	       (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_FULL;
}

static enum err
sqlite_failed(struct sqlite *s, const char *statement, int code)
{
	const struct meaning *m = meaning_of(code);
	/* Faults found outside of SQLite are none of the connection's. */
	bool known =
		s->conn != NULL && sqlite3_extended_errcode(s->conn) == code;
	const char *words =
		known ? sqlite3_errmsg(s->conn) : sqlite3_errstr(code);
	char number[16];
	char both[256];

	if (known && is_of_system(code) && sqlite3_system_errno(s->conn) != 0) {
		(void)snprintf(both, sizeof(both), "%s: %s", words,
			       strerror(sqlite3_system_errno(s->conn)));
		words = both;
	}
	(void)snprintf(number, sizeof(number), "%d", code);
	s->doomed = s->doomed || m->doomed;
	db_failed(&s->db, m->e, statement, number, words);
	return m->e;
}

/* Stops a statement that takes too long. */
static int
progress_check(void *arg)
{
	const struct sqlite *s = arg;

	return clock_monotonic() > s->deadline;
}

/* A new file is for its owner alone, whatever the umask; SQLite gives the
 * files beside it the same mode. */
static void
file_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
}

static const char in_memory[] = ":memory:";

/* A mistyped path must not become an empty database. */
static bool
file_prepare(struct sqlite *s)
{
	char words[512];

	if (strcmp(s->path, in_memory) == 0)
		return true;
	if (s->create)
		file_create(s->path);
	else if (access(s->path, F_OK) != 0 && errno == ENOENT) {
		(void)snprintf(words, sizeof(words),
			       "there is no file %s; fastcgi-users migrate "
			       "makes it",
			       s->path);
		db_failed(&s->db, ERR_DATABASE_DOWN, "connect", "", words);
		return false;
	}
	return true;
}

/*
 * WAL stays on in the file. Two that turn it on at once can fail without
 * having waited.
 */
static int
wal_turn_on(struct sqlite *s)
{
	int64_t deadline = clock_monotonic() + s->busy_limit;

	for (;;) {
		int code = sqlite3_exec(s->conn, "PRAGMA journal_mode = WAL",
					NULL, NULL, NULL);

		if ((code & 0xff) != SQLITE_BUSY ||
		    clock_monotonic() > deadline)
			return code;
		(void)nanosleep(&(struct timespec){.tv_nsec = WAL_PAUSE}, NULL);
	}
}

static int
conn_open(struct sqlite *s)
{
	int code = sqlite3_open_v2(s->path, &s->conn,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
					   SQLITE_OPEN_PRIVATECACHE |
					   SQLITE_OPEN_EXRESCODE,
				   NULL);

	for (size_t i = 0; code == SQLITE_OK && i < countof(switches); i++)
		code = sqlite3_db_config(s->conn, switches[i].option,
					 switches[i].value, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(s->conn, (int)s->busy_limit);
	if (code == SQLITE_OK)
		code = wal_turn_on(s);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->conn,
				    "PRAGMA synchronous = FULL;"
				    "PRAGMA temp_store = MEMORY",
				    NULL, NULL, NULL);
	return code;
}

static enum err
sqlite_ready(struct sqlite *s)
{
	int code;

	s->deadline = clock_monotonic() +
		      (s->db.alone ? ALONE_LIMIT : s->busy_limit + 1000);
	if (s->db.in_transaction)
		return s->conn != NULL ? OK : ERR_DATABASE_DOWN;
	if (s->conn != NULL && !s->doomed)
		return OK;
	sqlite_disconnect(s);
	if (!file_prepare(s))
		return ERR_DATABASE_DOWN;
	code = conn_open(s);
	if (code == SQLITE_OK) {
		sqlite3_progress_handler(s->conn, PROGRESS_STEPS,
					 progress_check, s);
		return OK;
	}
	(void)sqlite_failed(s, "connect", code);
	sqlite_disconnect(s);
	return ERR_DATABASE_DOWN;
}

static enum err
statement_find(struct sqlite *s, const struct db_statement *statement,
	       sqlite3_stmt **out)
{
	struct cached *entry = &s->cache[s->cache_next];
	int code;

	for (size_t i = 0; i < CACHE_SIZE; i++) {
		if (s->cache[i].statement == statement) {
			*out = s->cache[i].stmt;
			return OK;
		}
	}
	(void)sqlite3_finalize(entry->stmt);
	*entry = (struct cached){0};
	code = sqlite3_prepare_v3(s->conn, statement->sql, -1,
				  SQLITE_PREPARE_PERSISTENT, out, NULL);
	if (code != SQLITE_OK)
		return sqlite_failed(s, statement->name, code);
	*entry = (struct cached){statement, *out};
	s->cache_next = (s->cache_next + 1) % CACHE_SIZE;
	return OK;
}

static int
time_bind(sqlite3_stmt *stmt, int place, int64_t seconds)
{
	char spelled[DB_TIME_SIZE];

	db_time_spell(seconds, spelled);
	return sqlite3_bind_text(stmt, place, spelled, -1, SQLITE_TRANSIENT);
}

static int
value_bind(sqlite3_stmt *stmt, int place, const struct db_value *v)
{
	switch (v->type) {
	case DB_NULL:
		return sqlite3_bind_null(stmt, place);
	case DB_TEXT:
		return sqlite3_bind_text(stmt, place, v->text, -1,
					 SQLITE_STATIC);
	case DB_INT:
	case DB_BOOL:
		return sqlite3_bind_int64(stmt, place, v->number);
	case DB_TIME:
		return time_bind(stmt, place, v->number);
	case DB_REAL:
		return sqlite3_bind_double(stmt, place, v->real);
	}
	return SQLITE_MISUSE;
}

/* To SQLite "$2" is a name, and names are numbered as they appear. */
static int
values_bind(sqlite3_stmt *stmt, const struct db_value *values, size_t count)
{
	int places = sqlite3_bind_parameter_count(stmt);
	int code = SQLITE_OK;

	for (int i = 1; code == SQLITE_OK && i <= places; i++) {
		const char *name = sqlite3_bind_parameter_name(stmt, i);
		int64_t number;

		if (name == NULL || name[0] != '$' ||
		    !text_number(name + 1, 1, (int64_t)count, &number))
			return SQLITE_MISUSE;
		code = value_bind(stmt, i, &values[number - 1]);
	}
	return code;
}

/* A text with a NUL inside is none that we could hand on whole. */
static bool
text_read(sqlite3_stmt *stmt, int column, struct arena *mem,
	  struct db_value *out)
{
	const unsigned char *bytes = sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (bytes == NULL || memchr(bytes, '\0', len) != NULL)
		return false;
	*out = db_text(arena_copy(mem, bytes, len));
	return true;
}

static bool
cell_read(sqlite3_stmt *stmt, int column, char type, struct arena *mem,
	  struct db_value *out)
{
	int stored = sqlite3_column_type(stmt, column);

	if (stored == SQLITE_NULL) {
		*out = db_null();
		return true;
	}
	if (type == 't')
		return text_read(stmt, column, mem, out);
	if (type == 'r' &&
	    (stored == SQLITE_FLOAT || stored == SQLITE_INTEGER)) {
		*out = db_real(sqlite3_column_double(stmt, column));
		return true;
	}
	if (stored != SQLITE_INTEGER || type == 'r')
		return false;
	if (type == 'b')
		*out = db_bool(sqlite3_column_int64(stmt, column) != 0);
	else
		*out = db_int(sqlite3_column_int64(stmt, column));
	return true;
}

struct row_list {
	struct arena *mem;
	struct db_value *cells;
	size_t room; /* rows */
	size_t count;
};

static bool
row_add(struct row_list *list, sqlite3_stmt *stmt, const char *types)
{
	size_t columns = strlen(types);
	size_t size = columns * sizeof(*list->cells);
	struct db_value *row;

	if (list->count == list->room) {
		size_t room = list->room > 0 ? list->room * 2 : 1;

		list->cells = arena_grow(list->mem, list->cells,
					 list->room * size, room * size);
		list->room = room;
	}
	row = list->cells + list->count * columns;
	list->count++;
	for (size_t i = 0; i < columns; i++) {
		if (!cell_read(stmt, (int)i, types[i], list->mem, &row[i]))
			return false;
	}
	return true;
}

static enum err
rows_read(struct sqlite *s, struct arena *mem,
	  const struct db_statement *statement, sqlite3_stmt *stmt,
	  struct db_rows *out)
{
	struct row_list list = {.mem = mem};
	int code = SQLITE_ROW;

	if ((size_t)sqlite3_column_count(stmt) != strlen(statement->result))
		code = SQLITE_MISMATCH;
	while (code == SQLITE_ROW) {
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW &&
		    !row_add(&list, stmt, statement->result))
			code = SQLITE_MISMATCH;
	}
	if (code == SQLITE_MISMATCH) {
		db_failed(&s->db, ERR_INTERNAL, statement->name, "",
			  "the columns are not of the expected types");
		return ERR_INTERNAL;
	}
	if (code != SQLITE_DONE)
		return sqlite_failed(s, statement->name, code);
	*out = (struct db_rows){
		.count = list.count,
		.columns = strlen(statement->result),
		.cells = list.cells,
	};
	if (sqlite3_stmt_readonly(stmt) == 0)
		out->changed = sqlite3_changes64(s->conn);
	return OK;
}

static enum err
sqlite_query(struct db *db, struct arena *mem,
	     const struct db_statement *statement,
	     const struct db_value *values, size_t count, struct db_rows *out)
{
	struct sqlite *s = sqlite_of(db);
	sqlite3_stmt *stmt = NULL;
	enum err e = sqlite_ready(s);
	int code;

	if (e == OK)
		e = statement_find(s, statement, &stmt);
	if (e != OK)
		return e;
	code = values_bind(stmt, values, count);
	if (code == SQLITE_OK)
		e = rows_read(s, mem, statement, stmt, out);
	else
		e = sqlite_failed(s, statement->name, code);
	/* Bound texts are borrowed, and secret. */
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return e;
}

static enum err
sqlite_script(struct db *db, const char *sql, bool harmless)
{
	struct sqlite *s = sqlite_of(db);
	enum err e = sqlite_ready(s);
	int code;

	(void)harmless;
	if (e != OK)
		return e;
	code = sqlite3_exec(s->conn, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : sqlite_failed(s, "script", code);
}

/* IMMEDIATE, since a reader that turns writer cannot wait for another. */
static enum err
sqlite_begin(struct db *db, bool alone)
{
	struct sqlite *s = sqlite_of(db);
	enum err e = sqlite_ready(s);

	if (e != OK)
		return e;
	if (!alone)
		return sqlite_script(db, "BEGIN IMMEDIATE", true);
	(void)sqlite3_busy_timeout(s->conn, (int)ALONE_LIMIT);
	e = sqlite_script(db, "BEGIN EXCLUSIVE", true);
	(void)sqlite3_busy_timeout(s->conn, (int)s->busy_limit);
	return e;
}

static enum err
sqlite_commit(struct db *db)
{
	return sqlite_script(db, "COMMIT", false);
}

/* Some failures have rolled back already. */
static void
sqlite_rollback(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	if (s->conn == NULL || sqlite3_get_autocommit(s->conn) != 0)
		return;
	if (sqlite_script(db, "ROLLBACK", false) != OK)
		s->doomed = true;
}

/*
 * sqlite:PATH, or as SQLAlchemy spells it: sqlite:///PATH, where an absolute
 * path makes a fourth slash. NULL when no file is named.
 */
static const char *
url_path(const char *url)
{
	const char *path = url + strlen("sqlite:");

	if (strncmp(path, "///", 3) == 0)
		path += 3;
	else if (strncmp(path, "//", 2) == 0)
		return NULL;
	return path[0] != '\0' ? path : NULL;
}

static enum err
sqlite_open(const struct db_settings *settings, struct db **out,
	    const char **why)
{
	const char *path = url_path(settings->url);
	struct sqlite *s;

	if (path == NULL) {
		*why = "the address of the database names no file "
		       "(sqlite:PATH)";
		return ERR_CONFIGURATION;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->path = strdup(path);
	if (s->path == NULL)
		abort();
	s->busy_limit = settings->statement_limit * 1000;
	s->create = settings->create;
	*out = &s->db;
	return OK;
}

static void
sqlite_close(struct db *db)
{
	struct sqlite *s = sqlite_of(db);

	sqlite_disconnect(s);
	free(s->path);
	free(s);
}

static const char *
sqlite_file(const struct db *db)
{
	const struct sqlite *s = (const struct sqlite *)db;

	return strcmp(s->path, in_memory) != 0 ? s->path : NULL;
}

const struct db_driver sqlite_driver = {
	.name = "sqlite",
	.has_table = &has_table,
	.columns = &table_columns,
	.types_hold_words = true,
	.ping = "SELECT count(*) FROM sqlite_schema",
	.open = sqlite_open,
	.close = sqlite_close,
	.file = sqlite_file,
	.query = sqlite_query,
	/* Finding a parameter's name takes the longer the more there are. */
	.rows = 16,
	.script = sqlite_script,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
};

#endif
