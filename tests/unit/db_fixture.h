/* SPDX-License-Identifier: MIT */
/*
 * A database of its own for each test: a file in a temporary folder, or a
 * schema in the server that FCU_TEST_POSTGRES (a libpq string) names.
 */
#ifndef DB_FIXTURE_H
#define DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/log.h"
#include "db/db.h"
#include "store/schema.h"

struct fixture {
	struct arena *mem;
	const char *server; /* NULL for SQLite */
	char folder[32];
	const char *url;
	struct db *db;
	struct db *other; /* a second connection */
};

static inline const char *
fixture_environment(const char *name)
{
	if (strcmp(name, "FASTCGI_USERS_DATABASE_URL") == 0)
		return "postgresql:///nowhere";
	if (strcmp(name, "FASTCGI_USERS_JWT_SECRET") == 0)
		return "0123456789abcdef0123456789abcdef";
	return NULL;
}

static inline void
fixture_complain(void *to, const char *sentence)
{
	(void)to;
	print_message("%s\n", sentence);
}

/* Loads a file's text, or NULL for the defaults. */
static inline enum err
fixture_load(const char *text, struct config_source *from, struct config **out)
{
	char path[] = "/tmp/fcu-test-conf-XXXXXX";
	enum err e;
	int fd;

	from->environment = fixture_environment;
	if (text == NULL)
		return config_load(from, out);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	from->path = path;
	e = config_load(from, out);
	(void)unlink(path);
	return e;
}

/* The configuration of a test, which lasts as long as the program. */
static inline struct config *
fixture_configuration(const char *text)
{
	static struct config *kept[64];
	static size_t count;
	struct config_source from = {.complain = fixture_complain};

	assert_true(count < sizeof(kept) / sizeof(kept[0]));
	assert_int_equal(fixture_load(text, &from, &kept[count]), OK);
	return kept[count++];
}

/* What tables and columns are called by default. */
static inline const struct db_names *
fixture_names(void)
{
	static struct config *conf;

	if (conf == NULL)
		conf = fixture_configuration(NULL);
	return schema_names(schema_make(conf->mem, conf));
}

static inline struct db *
fixture_open_as(const struct db_names *names, const char *url, int64_t limit,
		bool prepared)
{
	const struct db_settings settings = {
		.url = url,
		.names = names,
		.connect_limit = limit,
		.statement_limit = limit,
		.prepared = prepared,
		.create = true,
	};
	const char *why;
	struct db *db;

	assert_int_equal(db_open(&settings, &db, &why), OK);
	return db;
}

static inline struct db *
fixture_open(const char *url, int64_t limit, bool prepared)
{
	return fixture_open_as(fixture_names(), url, limit, prepared);
}

static inline void
fixture_script(const char *url, const char *sql)
{
	struct db *db = fixture_open(url, 10, true);

	assert_int_equal(db_script(db, sql), OK);
	db_close(db);
}

static inline const char *
fixture_schema(struct fixture *f)
{
	const char *sign = strchr(f->server, '?') != NULL ? "&" : "?";

	if (strstr(f->server, "://") != NULL)
		return arena_printf(f->mem,
				    "%s%soptions=-csearch_path%%3Dfcu_test_%d",
				    f->server, sign, (int)getpid());
	return arena_printf(f->mem, "%s options='-csearch_path=fcu_test_%d'",
			    f->server, (int)getpid());
}

static inline int
fixture_set_up(void **state, const char *server)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	f->mem = arena_open(1 << 16, (size_t)64 << 20);
	f->server = server;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/fcu-test-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	if (server != NULL) {
		fixture_script(server,
			       arena_printf(f->mem, "CREATE SCHEMA fcu_test_%d",
					    (int)getpid()));
		f->url = fixture_schema(f);
	} else {
		f->url = arena_printf(f->mem, "sqlite:%s/db", f->folder);
	}
	f->db = fixture_open(f->url, 10, true);
	f->other = fixture_open(f->url, 10, true);
	*state = f;
	return 0;
}

/* Whether the program was built with a driver for such an address. */
static inline bool
fixture_takes(const char *url)
{
	const struct db_settings settings = {.url = url, .statement_limit = 1};
	const char *why;
	struct db *db = NULL;
	bool taken = db_open(&settings, &db, &why) == OK;

	db_close(db);
	return taken;
}

static inline bool
fixture_has_sqlite(void)
{
	return fixture_takes("sqlite:x");
}

static inline bool
fixture_has_postgresql(void)
{
	return getenv("FCU_TEST_POSTGRES") != NULL && fixture_takes("host=x");
}

static inline int
sqlite_set_up(void **state)
{
	return fixture_set_up(state, NULL);
}

static inline int
postgresql_set_up(void **state)
{
	return fixture_set_up(state, getenv("FCU_TEST_POSTGRES"));
}

static inline int
fixture_tear_down(void **state)
{
	static const char *const endings[] = {"db", "db-wal", "db-shm"};
	struct fixture *f = *state;

	db_close(f->db);
	db_close(f->other);
	if (f->server != NULL)
		fixture_script(f->server,
			       arena_printf(f->mem,
					    "DROP SCHEMA fcu_test_%d CASCADE",
					    (int)getpid()));
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		(void)unlink(
			arena_printf(f->mem, "%s/%s", f->folder, endings[i]));
	(void)rmdir(f->folder);
	arena_close(f->mem);
	free(f);
	return 0;
}

/* A test on SQLite, and the same one on PostgreSQL. */
#define ON_SQLITE(test)                                                        \
	cmocka_unit_test_setup_teardown(test, sqlite_set_up, fixture_tear_down)
#define ON_POSTGRESQL(test)                                                    \
	cmocka_unit_test_setup_teardown(test, postgresql_set_up,               \
					fixture_tear_down)

#endif
