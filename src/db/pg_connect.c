/* SPDX-License-Identifier: MIT */
#include "db/pg_connect.h"

#ifdef HAVE_LIBPQ

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "db/pg_words.h"

#define OPTIONS_LIMIT 128

/* Stand before the user's address, which therefore wins. */
static const struct {
	const char *key;
	const char *value;
} defaults[] = {
	{"fallback_application_name", "fastcgi-users"},
	{"target_session_attrs", "read-write"},
	{"gssencmode", "disable"},
	{"keepalives_idle", "10"},
	{"keepalives_interval", "5"},
	{"keepalives_count", "3"},
};

static void
notice_ignore(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

/* As we read and send them, whatever the database or its user is set to. libpq
 * takes it from the environment alone; unlike `options`, it passes proxies. */
static bool
dates_are_iso(void)
{
	return setenv("PGDATESTYLE", "ISO", 1) == 0;
}

static PGconn *
conn_start(const struct db *db, const char *url, size_t host, bool any)
{
	PQconninfoOption *options =
		dates_are_iso() ? PQconninfoParse(url, NULL) : NULL;
	const char *keys[OPTIONS_LIMIT + 1] = {0};
	const char *values[OPTIONS_LIMIT + 1] = {0};
	char patience[24];
	size_t n = 0;
	PGconn *conn;

	if (options == NULL)
		return NULL;
	(void)snprintf(patience, sizeof(patience), "%" PRId64,
		       (db->statement_limit + 1) * 1000);
	keys[n] = "tcp_user_timeout";
	values[n++] = patience;
	for (size_t i = 0; i < countof(defaults); i++) {
		keys[n] = defaults[i].key;
		values[n++] = defaults[i].value;
	}
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (o->val == NULL || n + 2 >= OPTIONS_LIMIT)
			continue;
		if (pg_is_host_list(o->keyword))
			pg_list_cut(o->val, host);
		keys[n] = o->keyword;
		values[n++] = o->val;
	}
	keys[n] = "client_encoding";
	values[n++] = "UTF8";
	if (any) {
		keys[n] = "target_session_attrs";
		values[n] = "any";
	}
	conn = PQconnectStartParams(keys, values, 0);
	PQconninfoFree(options);
	return conn;
}

/* False with the reason in db_complaint. */
static bool
conn_finish(struct db *db, PGconn *conn, int64_t deadline)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	const char *words = NULL;

	if (conn == NULL || PQstatus(conn) == CONNECTION_BAD)
		state = PGRES_POLLING_FAILED;
	else
		(void)PQsetNoticeReceiver(conn, notice_ignore, NULL);
	while (state == PGRES_POLLING_READING ||
	       state == PGRES_POLLING_WRITING) {
		short events =
			state == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		if (!pg_wait(PQsocket(conn), events, deadline)) {
			words = "no connection within the limit";
			break;
		}
		state = PQconnectPoll(conn);
	}
	if (state == PGRES_POLLING_OK && PQsetnonblocking(conn, 1) == 0)
		return true;
	if (words == NULL)
		words = conn != NULL ? PQerrorMessage(conn) : "out of memory";
	db_failed(db, ERR_DATABASE_DOWN, "connect", "", words);
	return false;
}

static size_t
hosts_count(const PQconninfoOption *options)
{
	size_t most = 1;

	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		size_t items = 1;

		if (o->val == NULL || !pg_is_host_list(o->keyword))
			continue;
		for (const char *c = o->val; *c != '\0'; c++)
			items += *c == ',';
		most = items > most ? items : most;
	}
	return most;
}

/* Whether the address leaves it at the default, or means the same. */
static bool
wants_writes(const PQconninfoOption *options)
{
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
		if (strcmp(o->keyword, "target_session_attrs") == 0 &&
		    o->val != NULL)
			return strcmp(o->val, "read-write") == 0 ||
			       strcmp(o->val, "primary") == 0;
	return true;
}

bool
pg_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline - clock_monotonic();
		int n;

		if (fd < 0 || left <= 0)
			return false;
		n = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

size_t
pg_hosts(const char *url, bool *writes)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	size_t count = 0;

	*writes = true;
	if (options != NULL) {
		count = hosts_count(options);
		*writes = wants_writes(options);
	}
	PQconninfoFree(options);
	return count;
}

struct pg_conn *
pg_connect(struct db *db, const char *url, size_t host, bool any,
	   int64_t deadline)
{
	PGconn *conn = conn_start(db, url, host, any);

	if (conn_finish(db, conn, deadline))
		return conn;
	PQfinish(conn);
	return NULL;
}

#endif
