/* SPDX-License-Identifier: MIT */
#include "db/driver.h"

#ifdef HAVE_LIBPQ

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/pg_connect.h"
#include "db/pg_copy.h"
#include "db/pg_words.h"

/* Statements beyond these are sent whole each time. */
#define KNOWN_LIMIT 64
/* Milliseconds between attempts to connect, while they fail. */
#define PAUSE_MIN 200
#define PAUSE_MAX 2000
/* What a migration may take at most, waiting included. */
#define ALONE_LIMIT ((int64_t)3600 * 1000)

struct known {
	const struct db_statement *statement;
	bool named; /* the server has it under its name */
};

struct pg {
	struct db db;
	char *url;
	size_t hosts; /* of the address */
	size_t host;  /* to begin with: the one that answered last */
	int64_t connect_limit;
	bool prepared;
	bool writes; /* only a server that takes writes will do */

	PGconn *conn;
	int64_t next_attempt; /* clock_monotonic */
	int64_t pause;        /* 0 while all is well */
	struct known known[KNOWN_LIMIT];
	size_t known_count;
};

/* One thing to send. */
struct order {
	const struct db_statement *statement;
	const char *const *values;
	int count;
	bool simple;            /* perhaps several statements, without values */
	const struct buf *rows; /* of COPY; NULL: of no such statement */
	int64_t deadline;
};

static struct pg *
pg_of(struct db *db)
{
	return (struct pg *)db;
}

static void
pg_disconnect(struct pg *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->known_count = 0;
}

static int64_t
statement_deadline(const struct pg *pg)
{
	/* The server stops a slow statement itself; the second more is for
	 * its word to arrive. */
	return clock_monotonic() +
	       (pg->db.alone ? ALONE_LIMIT
			     : (pg->db.statement_limit + 1) * 1000);
}

/* Sends what is left and reads until a result can be had at once. */
static enum fate
result_await(PGconn *conn, int64_t deadline)
{
	for (;;) {
		int unsent = PQflush(conn);
		short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

		if (unsent < 0)
			return FATE_LOST;
		if (unsent == 0 && PQisBusy(conn) == 0)
			return FATE_KEEP;
		if (!pg_wait(PQsocket(conn), events, deadline))
			return FATE_LATE;
		if (PQconsumeInput(conn) == 0)
			return FATE_LOST;
	}
}

static bool
result_is_good(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Reads to the end of the answer. *out is the first failure, else the last
 * result; the caller clears it. */
static enum fate
result_collect(PGconn *conn, int64_t deadline, PGresult **out)
{
	for (;;) {
		enum fate fate = result_await(conn, deadline);
		PGresult *next;

		if (fate != FATE_KEEP)
			return fate;
		next = PQgetResult(conn);
		if (next == NULL)
			return *out != NULL ? FATE_KEEP : FATE_LOST;
		if (*out != NULL && !result_is_good(*out)) {
			PQclear(next);
			continue;
		}
		PQclear(*out);
		*out = next;
	}
}

/*
 * The entry of a statement that this connection ran before; NULL at its first
 * time, which is sent whole: a CGI program runs each but once.
 */
static struct known *
known_find(struct pg *pg, const struct db_statement *statement)
{
	for (size_t i = 0; i < pg->known_count; i++) {
		if (pg->known[i].statement == statement)
			return &pg->known[i];
	}
	if (pg->known_count < KNOWN_LIMIT)
		pg->known[pg->known_count++] =
			(struct known){.statement = statement};
	return NULL;
}

static enum fate
order_prepare(struct pg *pg, struct known *known, int64_t deadline,
	      PGresult **out)
{
	const struct db_statement *s = known->statement;
	enum fate fate = FATE_LOST;

	if (known->named)
		return FATE_KEEP;
	if (PQsendPrepare(pg->conn, s->name, s->sql, 0, NULL) == 1)
		fate = result_collect(pg->conn, deadline, out);
	known->named = fate == FATE_KEEP && result_is_good(*out);
	return fate;
}

/* The rows follow when the server asks for them. *out as below. */
static enum fate
copy_send(struct pg *pg, const struct order *o, PGresult **out)
{
	enum fate fate = FATE_LOST;

	if (PQsendQuery(pg->conn, o->statement->sql) == 1)
		fate = result_await(pg->conn, o->deadline);
	if (fate != FATE_KEEP)
		return fate;
	*out = PQgetResult(pg->conn);
	if (PQresultStatus(*out) == PGRES_COPY_IN) {
		PQclear(*out);
		*out = NULL;
		if (o->rows->len > INT_MAX ||
		    PQputCopyData(pg->conn, o->rows->data, (int)o->rows->len) !=
			    1 ||
		    PQputCopyEnd(pg->conn, NULL) != 1)
			return FATE_LOST;
	}
	return result_collect(pg->conn, o->deadline, out);
}

/* Sends and collects; *out is the caller's to clear in any case. */
static enum fate
order_send(struct pg *pg, const struct order *o, PGresult **out)
{
	const struct db_statement *s = o->statement;
	int64_t deadline = o->deadline;
	struct known *known = NULL;
	int sent;

	if (o->rows != NULL)
		return copy_send(pg, o, out);
	if (pg->prepared && !o->simple && !s->plans_anew)
		known = known_find(pg, s);
	if (known != NULL) {
		enum fate fate = order_prepare(pg, known, deadline, out);
		if (fate != FATE_KEEP || !known->named)
			return fate;
		PQclear(*out);
		*out = NULL;
		sent = PQsendQueryPrepared(pg->conn, s->name, o->count,
					   o->values, NULL, NULL, 0);
	} else if (o->simple) {
		sent = PQsendQuery(pg->conn, s->sql);
	} else {
		sent = PQsendQueryParams(pg->conn, s->sql, o->count, NULL,
					 o->values, NULL, NULL, 0);
	}
	return sent == 1 ? result_collect(pg->conn, deadline, out) : FATE_LOST;
}

/* What a complete answer says. Messages of class 22 quote the value that was
 * wrong, so they are kept to ourselves. */
static enum err
result_judge(struct pg *pg, const struct order *o, const PGresult *res,
	     enum fate *fate)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const struct pg_meaning *m;

	if (result_is_good(res) || PQresultStatus(res) == PGRES_EMPTY_QUERY)
		return OK;
	if (state == NULL)
		state = "08006";
	if (words == NULL)
		words = "the connection was lost";
	if (strncmp(state, "22", 2) == 0)
		words = "a value does not fit its type";
	m = pg_meaning_of(state);
	*fate = m->fate;
	/* A script has no prepared statements: 0A000 is its own fault. */
	if (o->simple && m->e == ERR_INTERNAL)
		*fate = FATE_KEEP;
	db_failed(&pg->db, *fate == FATE_UNTOUCHED ? ERR_CONFLICT : m->e,
		  o->statement->name, state, words);
	return m->e;
}

/* The last words of the server or of a pooler, if they say why it went. */
static void
conn_mourn(struct pg *pg, const struct order *o, const PGresult *last)
{
	const char *state = PQresultErrorField(last, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(last, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL || words == NULL ||
	    pg_meaning_of(state)->fate != FATE_LOST) {
		state = "08006";
		words = "the connection was lost";
	}
	db_failed(&pg->db, ERR_DATABASE_DOWN, o->statement->name, state, words);
}

/* Says why a connection without an answer is dropped. */
static void
fate_tell(struct pg *pg, const struct order *o, enum fate fate,
	  const PGresult *last)
{
	switch (fate) {
	case FATE_KEEP:
		break;
	case FATE_LATE:
		db_failed(&pg->db, ERR_DATABASE_DOWN, o->statement->name, "",
			  "no answer within the limit");
		break;
	case FATE_LOST:
	case FATE_UNTOUCHED:
		conn_mourn(pg, o, last);
		break;
	}
}

/* Sends once, on the connection there is. */
static enum err
order_try(struct pg *pg, const struct order *o, PGresult **out, enum fate *fate)
{
	*fate = order_send(pg, o, out);
	if (*fate == FATE_KEEP)
		return result_judge(pg, o, *out, fate);
	fate_tell(pg, o, *fate, *out);
	return ERR_DATABASE_DOWN;
}

/* One of our own statements on a new connection. */
static enum err
conn_tell(struct pg *pg, const char *name, const char *sql, int64_t deadline,
	  PGresult **out)
{
	struct db_statement s = {.name = name, .sql = sql, .result = ""};
	struct order o = {
		.statement = &s, .simple = true, .deadline = deadline};
	enum fate fate;

	*out = NULL;
	return order_try(pg, &o, out, &fate);
}

/* Limits in the server, so that it does not work on, or hold locks, for
 * somebody who left. Not behind a pooler, where they would stick to
 * connections of others. */
static enum err
conn_limit(struct pg *pg, int64_t deadline)
{
	int64_t limit = pg->db.statement_limit * 1000;
	char sql[160];
	PGresult *res;
	enum err e;

	(void)snprintf(sql, sizeof(sql),
		       "SET statement_timeout = %" PRId64
		       "; SET idle_in_transaction_session_timeout = %" PRId64,
		       limit, limit + 10000);
	e = conn_tell(pg, "limits", sql, deadline, &res);
	PQclear(res);
	return e;
}

/* A pooler welcomes everybody, with what a server once said of itself: ask
 * the server that is there now, if there is one. */
static enum err
conn_look_through(struct pg *pg, int64_t deadline)
{
	PGresult *res;
	enum err e = conn_tell(pg, "look_through", "SHOW transaction_read_only",
			       deadline, &res);

	if (e == OK && pg->writes &&
	    (PQntuples(res) != 1 ||
	     strcmp(PQgetvalue(res, 0, 0), "off") != 0)) {
		e = ERR_DATABASE_DOWN;
		db_failed(&pg->db, e, "look_through", "",
			  "the server behind the pooler takes no writes");
	}
	PQclear(res);
	return e;
}

/* The host that is to begin with, up to a connection that is of use. */
static enum err
host_try(struct pg *pg, int64_t deadline)
{
	/* libpq would believe a pooler: conn_look_through. */
	bool any = !pg->prepared && pg->writes;
	enum err e;

	pg->conn = pg_connect(&pg->db, pg->url, pg->host, any, deadline);
	if (pg->conn == NULL)
		return ERR_DATABASE_DOWN;
	e = pg->prepared ? conn_limit(pg, deadline)
			 : conn_look_through(pg, deadline);
	if (e != OK)
		pg_disconnect(pg);
	return e;
}

/* The one that is to begin with was of no use: it is the last to be asked. */
static void
host_pass(struct pg *pg)
{
	pg->host = (pg->host + 1) % pg->hosts;
}

/* Tries each host, the last good one first, all within the limit. */
static enum err
hosts_try(struct pg *pg)
{
	int64_t deadline = clock_monotonic() + pg->connect_limit * 1000;

	for (size_t left = pg->hosts; left > 0; left--) {
		int64_t now = clock_monotonic();
		int64_t share = (deadline - now) / (int64_t)left;

		if (host_try(pg, now + share) == OK)
			return OK;
		host_pass(pg);
	}
	return ERR_DATABASE_DOWN;
}

/* After a failure the next attempts fail at once for a while, so that an
 * outage does not cost every request the time limit. */
static enum err
pg_reconnect(struct pg *pg)
{
	if (pg->pause > 0 && clock_monotonic() < pg->next_attempt)
		return ERR_DATABASE_DOWN;
	if (hosts_try(pg) == OK) {
		log_event(pg->pause > 0 ? LEVEL_INFO : LEVEL_DEBUG,
			  log_is("database_connected"),
			  log_number("server", PQserverVersion(pg->conn)));
		pg->pause = 0;
		return OK;
	}
	pg->pause = pg->pause > 0 ? pg->pause * 2 : PAUSE_MIN;
	if (pg->pause > PAUSE_MAX)
		pg->pause = PAUSE_MAX;
	pg->next_attempt = clock_monotonic() + pg->pause;
	return ERR_DATABASE_DOWN;
}

/* Something to read while nothing was asked: the server said goodbye. */
static bool
conn_is_stale(const struct pg *pg)
{
	struct pollfd p = {.fd = PQsocket(pg->conn), .events = POLLIN};

	return p.fd < 0 || poll(&p, 1, 0) != 0;
}

static enum err
pg_ready(struct pg *pg)
{
	if (pg->db.in_transaction)
		return pg->conn != NULL ? OK : ERR_DATABASE_DOWN;
	if (pg->conn != NULL && !conn_is_stale(pg))
		return OK;
	pg_disconnect(pg);
	return pg_reconnect(pg);
}

/*
 * Sends, and once more on a new connection where that does no harm. *out is
 * the caller's to clear in any case.
 */
static enum err
order_run(struct pg *pg, struct order *o, PGresult **out)
{
	bool harmless = o->statement->reads_only;

	*out = NULL;
	for (int attempt = 0;; attempt++) {
		enum fate fate;
		enum err e = pg_ready(pg);

		if (e != OK)
			return e;
		o->deadline = statement_deadline(pg);
		e = order_try(pg, o, out, &fate);
		if (fate == FATE_KEEP)
			return e;
		pg_disconnect(pg);
		/* A server that lives ends a slow statement itself. */
		if (fate == FATE_LATE)
			host_pass(pg);
		if (pg->db.in_transaction)
			return fate == FATE_UNTOUCHED ? ERR_CONFLICT : e;
		if (attempt > 0 || fate == FATE_LATE ||
		    (fate == FATE_LOST && !harmless))
			return e;
		PQclear(*out);
		*out = NULL;
	}
}

/* A statement without values or rows; `tag` (or NULL) is what the server must
 * say that it did. */
static enum err
simple_run(struct pg *pg, const char *name, const char *sql, bool harmless,
	   const char *tag)
{
	struct db_statement s = {
		.name = name,
		.sql = sql,
		.result = "",
		.reads_only = harmless,
	};
	struct order o = {.statement = &s, .simple = true};
	PGresult *res;
	enum err e = order_run(pg, &o, &res);

	if (e == OK && tag != NULL && strcmp(PQcmdStatus(res), tag) != 0) {
		e = ERR_INTERNAL;
		db_failed(&pg->db, e, name, "",
			  "the server did something else");
	}
	PQclear(res);
	return e;
}

static enum err
rows_read(const PGresult *res, const struct db_statement *s, struct arena *mem,
	  struct db_rows *out)
{
	size_t columns = (size_t)PQnfields(res);
	size_t count = (size_t)PQntuples(res);
	struct db_value *cells =
		arena_array(mem, columns * count + 1, sizeof(*cells));

	if (columns != strlen(s->result))
		return ERR_INTERNAL;
	for (size_t i = 0; i < columns * count; i++) {
		int row = (int)(i / columns);
		int column = (int)(i % columns);

		if (PQgetisnull(res, row, column) == 0 &&
		    !pg_cell_read(PQgetvalue(res, row, column),
				  s->result[column], mem, &cells[i]))
			return ERR_INTERNAL;
	}
	*out = (struct db_rows){
		.count = count, .columns = columns, .cells = cells};
	return OK;
}

static const char *const *
values_texts(struct arena *mem, const struct db_value *values, size_t count)
{
	const char **texts = arena_array(mem, count + 1, sizeof(*texts));

	for (size_t i = 0; i < count; i++)
		texts[i] = pg_value_text(mem, &values[i]);
	return texts;
}

/* Whether the server is ready to take the statement by its name. */
static bool
statement_is_ready(const struct pg *pg, const struct db_statement *statement)
{
	for (size_t i = 0; i < pg->known_count; i++)
		if (pg->known[i].statement == statement)
			return pg->known[i].named && !conn_is_stale(pg);
	return false;
}

/* The statement with one row of values after the other; one end for all. */
static bool
ahead_send(PGconn *conn, const struct order *o, size_t sets)
{
	if (PQenterPipelineMode(conn) != 1)
		return false;
	for (size_t i = 0; i < sets; i++)
		if (PQsendQueryPrepared(conn, o->statement->name, o->count,
					o->values + i * (size_t)o->count, NULL,
					NULL, 0) != 1)
			return false;
	return PQpipelineSync(conn) == 1;
}

/* The answer to one of them; *good becomes false when it is none. */
static enum fate
ahead_read(struct pg *pg, const struct order *o, struct arena *mem,
	   struct db_rows *out, bool *good)
{
	PGresult *res = NULL;
	enum fate fate = result_collect(pg->conn, o->deadline, &res);

	/* Behind a failure come those that were not tried. */
	if (fate == FATE_KEEP && *good)
		*good = result_judge(pg, o, res, &fate) == OK &&
			rows_read(res, o->statement, mem, out) == OK;
	PQclear(res);
	return fate;
}

static enum fate
ahead_end(PGconn *conn, int64_t deadline)
{
	enum fate fate = result_await(conn, deadline);
	PGresult *res = NULL;
	bool ended;

	if (fate != FATE_KEEP)
		return fate;
	res = PQgetResult(conn);
	ended = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
	PQclear(res);
	return ended && PQexitPipelineMode(conn) == 1 ? FATE_KEEP : FATE_LOST;
}

/* A connection on which anything is left over is not used again. */
static bool
pg_query_ahead(struct db *db, struct arena *mem,
	       const struct db_statement *statement,
	       const struct db_value *values, size_t count, size_t sets,
	       struct db_rows *out)
{
	struct pg *pg = pg_of(db);
	struct order o = {.statement = statement, .count = (int)count};
	enum fate fate = FATE_KEEP;
	bool good = true;

	if (!statement_is_ready(pg, statement))
		return false;
	o.values = values_texts(mem, values, count * sets);
	o.deadline = statement_deadline(pg);
	if (!ahead_send(pg->conn, &o, sets))
		fate = FATE_LOST;
	for (size_t i = 0; i < sets && fate == FATE_KEEP; i++)
		fate = ahead_read(pg, &o, mem, &out[i], &good);
	if (fate == FATE_KEEP)
		fate = ahead_end(pg->conn, o.deadline);
	/* What an answer said was told when it was judged. */
	if (good)
		fate_tell(pg, &o, fate, NULL);
	if (fate == FATE_LATE)
		host_pass(pg);
	if (fate != FATE_KEEP)
		pg_disconnect(pg);
	return good && fate == FATE_KEEP;
}

static enum err
pg_query(struct db *db, struct arena *mem, const struct db_statement *statement,
	 const struct db_value *values, size_t count, struct db_rows *out)
{
	struct order o = {.statement = statement,
			  .values = values_texts(mem, values, count),
			  .count = (int)count};
	PGresult *res = NULL;
	enum err e;

	e = order_run(pg_of(db), &o, &res);
	if (e != OK)
		goto out;
	e = rows_read(res, statement, mem, out);
	if (e != OK)
		db_failed(db, e, statement->name, "",
			  "the columns are not of the expected types");
	/* "" for what changes nothing, which leaves 0. */
	if (!statement->reads_only &&
	    !text_number(PQcmdTuples(res), 0, INT64_MAX, &out->changed))
		out->changed = 0;
out:
	PQclear(res);
	return e;
}

static enum err
pg_load(struct db *db, struct arena *mem, const struct db_statement *insert,
	const struct db_value *values, size_t count, size_t rows)
{
	struct db_statement copy = *insert;
	struct buf data;
	struct order o = {.statement = &copy, .rows = &data};
	PGresult *res;
	enum err e;

	copy.sql = pg_copy_of(mem, insert->sql);
	pg_copy_rows(mem, values, count, rows, &data);
	e = order_run(pg_of(db), &o, &res);
	PQclear(res);
	return e;
}

static enum err
pg_script(struct db *db, const char *sql, bool harmless)
{
	return simple_run(pg_of(db), "script", sql, harmless, NULL);
}

static enum err
pg_begin(struct db *db, bool alone)
{
	/* The number is ours: "FCU" and a version in ASCII. */
	static const char alone_sql[] =
		"BEGIN; SET LOCAL statement_timeout = 0; "
		"SELECT pg_advisory_xact_lock(1178817841)";
	struct pg *pg = pg_of(db);
	enum err e = simple_run(pg, "begin", alone ? alone_sql : "BEGIN", true,
				NULL);

	if (e != OK)
		pg_disconnect(pg);
	return e;
}

/* A transaction with a failed statement "commits" as ROLLBACK. */
static enum err
pg_commit(struct db *db)
{
	return simple_run(pg_of(db), "commit", "COMMIT", false, "COMMIT");
}

static void
pg_rollback(struct db *db)
{
	struct pg *pg = pg_of(db);

	if (pg->conn == NULL || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		return;
	if (simple_run(pg, "rollback", "ROLLBACK", false, NULL) != OK)
		pg_disconnect(pg);
}

static enum err
pg_open(const struct db_settings *settings, struct db **out, const char **why)
{
	bool writes;
	size_t hosts = pg_hosts(settings->url, &writes);
	struct pg *pg;

	if (hosts == 0) {
		*why = "libpq does not understand the address of the database";
		return ERR_CONFIGURATION;
	}
	pg = calloc(1, sizeof(*pg));
	if (pg == NULL)
		abort();
	pg->url = strdup(settings->url);
	if (pg->url == NULL)
		abort();
	pg->hosts = hosts;
	pg->writes = writes;
	pg->connect_limit = settings->connect_limit;
	pg->prepared = settings->prepared;
	*out = &pg->db;
	return OK;
}

static void
pg_close(struct db *db)
{
	struct pg *pg = pg_of(db);

	pg_disconnect(pg);
	explicit_bzero(pg->url, strlen(pg->url));
	free(pg->url);
	free(pg);
}

static const struct db_statement pg_clock = {
	.name = "pg_clock",
	.sql = "SELECT CAST(extract(epoch FROM now()) AS BIGINT)",
	.result = "i",
	.reads_only = true,
};

const struct db_driver pg_driver = {
	.name = "postgresql",
	.has_table = &pg_has_table,
	.columns = &pg_table_columns,
	.ping = "SELECT 1",
	.clock = &pg_clock,
	.open = pg_open,
	.close = pg_close,
	.query = pg_query,
	.query_ahead = pg_query_ahead,
	.rows = 512,
	.load = pg_load,
	.script = pg_script,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
};

#endif
