/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include <sys/wait.h>

#include "db/migrate.h"

#define PROCESSES 4
#define NOW 1700000000

/* What the reference creates, by driver, with users of its own. */
static const char *const adopted[] = {
	"CREATE TABLE \"user\" (id CHAR(36) NOT NULL,"
	" email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,"
	" is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL,"
	" is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));"
	"CREATE UNIQUE INDEX ix_user_email ON \"user\" (email);"
	"INSERT INTO \"user\" VALUES ('00000000-0000-4000-8000-00000000000a',"
	" 'a@example.org', 'h', 1, 0, 1)",
	"CREATE TABLE \"user\" (id UUID NOT NULL,"
	" email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,"
	" is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL,"
	" is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));"
	"CREATE UNIQUE INDEX ix_user_email ON \"user\" (email);"
	"INSERT INTO \"user\" VALUES ('00000000-0000-4000-8000-00000000000a',"
	" 'a@example.org', 'h', true, false, true)",
};

static const struct db_statement count_users = {
	.name = "count_users",
	.sql = "SELECT count(*) FROM \"user\" WHERE email = $1",
	.result = "i",
	.reads_only = true,
};

/* How often `check` and `applied` were called. */
struct witness {
	int64_t refuse; /* this version; 0 for none */
	int checked;
	int applied;
	int64_t last;
};

static enum err
witness_check(void *arg, struct db *db, struct arena *mem,
	      const struct migration *next, const char **why)
{
	struct witness *w = arg;

	(void)db;
	(void)mem;
	w->checked++;
	if (next->version != w->refuse)
		return OK;
	*why = "refused";
	return ERR_CONFIGURATION;
}

static void
witness_applied(void *arg, const struct migration *done)
{
	struct witness *w = arg;

	w->applied++;
	w->last = done->version;
}

static enum err
apply(struct db *db, struct arena *mem, struct witness *w, const char **why)
{
	const struct migrate_watch watch = {
		.check = witness_check, .applied = witness_applied, .arg = w};

	return migrate_apply(db, mem, NOW, &watch, why);
}

static struct migrate_state
state_of(struct fixture *f)
{
	struct migrate_state s;
	const char *why;

	assert_int_equal(migrate_state(f->db, f->mem, &s, &why), OK);
	return s;
}

static int64_t
users_with(struct fixture *f, const char *email)
{
	const struct db_value value = db_text(email);
	struct db_rows rows;

	assert_int_equal(
		db_query(f->db, f->mem, &count_users, &value, 1, &rows), OK);
	return rows.cells[0].number;
}

static void
adopt(struct fixture *f)
{
	assert_int_equal(db_script(f->db, adopted[f->server != NULL]), OK);
}

static void
asking_for_the_state_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct migrate_state s = state_of(f);

	s = state_of(f);

	assert_int_equal(s.version, 0);
	assert_true(s.newest >= 3);
	assert_int_equal(s.done_count, 0);
	assert_int_equal(s.pending_count, s.newest);
	assert_int_equal(s.pending[0].version, 1);
	assert_string_equal(s.pending[1].name, "unique_email");
	assert_string_equal(s.pending[2].driver, db_driver(f->db));
	assert_int_equal(db_script(f->db, "CREATE TABLE fcu_schema_version"
					  " (x INTEGER)"),
			 OK);
}

static void
a_new_database_gets_everything_once(void **state)
{
	struct fixture *f = *state;
	struct witness w = {0};
	struct migrate_state s;
	const char *why;

	assert_int_equal(apply(f->db, f->mem, &w, &why), OK);
	assert_int_equal(apply(f->other, f->mem, &w, &why), OK);

	assert_int_equal(w.checked, state_of(f).newest);
	assert_int_equal(w.applied, state_of(f).newest);
	assert_int_equal(w.last, state_of(f).newest);
	s = state_of(f);
	assert_int_equal(s.version, s.newest);
	assert_int_equal(s.pending_count, 0);
	assert_int_equal(s.done_count, s.newest);
	assert_string_equal(s.done[0].name, "reference_tables");
	assert_int_equal(s.done[2].applied_at, NOW);
	assert_int_equal(users_with(f, "x"), 0);
}

static void
an_adopted_database_keeps_its_users(void **state)
{
	struct fixture *f = *state;
	struct witness w = {0};
	const char *why;

	adopt(f);

	assert_int_equal(apply(f->db, f->mem, &w, &why), OK);

	assert_int_equal(users_with(f, "a@example.org"), 1);
	assert_int_equal(state_of(f).version, state_of(f).newest);
}

static void
a_refused_migration_leaves_what_was_before_it(void **state)
{
	struct fixture *f = *state;
	struct witness w = {.refuse = 2};
	const char *why = NULL;

	assert_int_equal(apply(f->db, f->mem, &w, &why), ERR_CONFIGURATION);
	assert_string_equal(why, "refused");
	assert_int_equal(w.applied, 1);
	assert_int_equal(state_of(f).version, 1);

	w.refuse = 0;
	assert_int_equal(apply(f->db, f->mem, &w, &why), OK);
	assert_int_equal(state_of(f).version, state_of(f).newest);
}

static void
a_failed_migration_leaves_no_trace(void **state)
{
	struct fixture *f = *state;
	struct witness w = {0};
	const char *why = NULL;

	adopt(f);
	/* Stands in the way of the second statement of the third. */
	assert_int_equal(db_script(f->db, "CREATE TABLE fcu_revoked_token"
					  " (x INTEGER)"),
			 OK);

	assert_int_equal(apply(f->db, f->mem, &w, &why), ERR_INTERNAL);

	assert_non_null(strstr(why, "migration 3 (ended_sessions)"));
	assert_int_equal(state_of(f).version, 2);
	assert_int_equal(w.applied, 2);
	assert_int_equal(users_with(f, "a@example.org"), 1);
	assert_int_equal(db_script(f->db, "CREATE TABLE fcu_session_floor"
					  " (x INTEGER)"),
			 OK);
}

static void
addresses_that_differ_in_case_stop_the_unique_index(void **state)
{
	struct fixture *f = *state;
	struct witness w = {0};
	const char *why = NULL;

	adopt(f);
	assert_int_equal(
		db_script(f->db,
			  "INSERT INTO \"user\" SELECT"
			  " '00000000-0000-4000-8000-00000000000b',"
			  " 'A@example.org', 'h', is_active, is_superuser,"
			  " is_verified FROM \"user\""),
		OK);

	assert_int_equal(apply(f->db, f->mem, &w, &why), ERR_ALREADY_EXISTS);
	assert_non_null(strstr(why, "unique_email"));
	assert_null(strstr(why, "example.org"));
	assert_int_equal(state_of(f).version, 1);
	assert_int_equal(users_with(f, "A@example.org"), 1);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct witness w = {0};
	struct migrate_state s;
	int64_t newest;
	const char *why = NULL;

	assert_int_equal(apply(f->db, f->mem, &w, &why), OK);
	newest = state_of(f).newest;
	assert_int_equal(
		db_script(f->db, arena_printf(f->mem,
					      "INSERT INTO fcu_schema_version"
					      " VALUES (%lld, 'later', 1)",
					      (long long)newest + 1)),
		OK);

	assert_int_equal(apply(f->db, f->mem, &w, &why), ERR_CONFIGURATION);
	assert_string_equal(
		why, arena_printf(f->mem,
				  "the database's schema has version %lld, made"
				  " by a newer program; this one knows %lld",
				  (long long)newest + 1, (long long)newest));
	why = NULL;
	assert_int_equal(migrate_state(f->db, f->mem, &s, &why),
			 ERR_CONFIGURATION);
	assert_non_null(why);
}

static void
versions_with_gaps_are_refused(void **state)
{
	static const char *const damages[] = {
		"UPDATE fcu_schema_version SET version = -5 WHERE version = 1",
		"DELETE FROM fcu_schema_version WHERE version = 2",
		"DELETE FROM fcu_schema_version WHERE version = 1",
		"UPDATE fcu_schema_version SET version = 0 WHERE version = 1",
		"UPDATE fcu_schema_version SET version = version + 100",
		"DELETE FROM fcu_schema_version WHERE version > 1;"
		"UPDATE fcu_schema_version SET version = -5",
	};
	struct fixture *f = *state;
	struct witness w = {0};
	struct migrate_state s;

	for (size_t i = 0; i < countof(damages); i++) {
		const char *why = NULL;

		assert_int_equal(apply(f->db, f->mem, &w, &why), OK);
		assert_int_equal(db_script(f->db, damages[i]), OK);

		assert_int_equal(migrate_state(f->db, f->mem, &s, &why),
				 ERR_CONFIGURATION);
		assert_non_null(strstr(why, "without a gap"));
		assert_int_equal(apply(f->db, f->mem, &w, &why),
				 ERR_CONFIGURATION);
		assert_int_equal(db_script(f->db,
					   "DROP TABLE fcu_schema_version;"
					   "DROP TABLE fcu_api_key;"
					   "DROP TABLE fcu_limit;"
					   "DROP TABLE fcu_idempotency;"
					   "DROP TABLE fcu_outbox;"
					   "DROP TABLE fcu_oauth_token;"
					   "DROP TABLE fcu_oauth_claim;"
					   "DROP TABLE fcu_session_floor;"
					   "DROP TABLE fcu_revoked_token"),
				 OK);
	}
}

static void
a_database_that_is_down_is_told(void **state)
{
	struct fixture *f = *state;
	struct db *db = fixture_open("sqlite:/nowhere/at/all", 1, true);
	struct witness w = {0};
	const char *why = NULL;

	log_set_level(LEVEL_ERROR);

	assert_int_equal(apply(db, f->mem, &w, &why), ERR_DATABASE_DOWN);
	assert_non_null(strstr(why, "the database cannot be reached"));
	db_close(db);
}

static int
migrate_in_child(struct fixture *f)
{
	struct arena *mem = arena_open(1 << 16, (size_t)16 << 20);
	struct db *db = fixture_open(f->url, 10, true);
	struct witness w = {0};
	const char *why = "";
	enum err e = apply(db, mem, &w, &why);

	if (e != OK)
		fprintf(stderr, "%s: %s\n", err_name(e), why);
	db_close(db);
	arena_close(mem);
	return e == OK ? w.applied : 100;
}

static void
several_processes_share_the_work(void **state)
{
	struct fixture *f = *state;
	int applied = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(migrate_in_child(f));
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = 0;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		applied += WEXITSTATUS(status);
	}

	assert_int_equal(applied, state_of(f).newest);
	assert_int_equal(state_of(f).done_count, state_of(f).newest);
}

#define TESTS(RUN)                                                             \
	RUN(asking_for_the_state_changes_nothing),                             \
		RUN(a_new_database_gets_everything_once),                      \
		RUN(an_adopted_database_keeps_its_users),                      \
		RUN(a_refused_migration_leaves_what_was_before_it),            \
		RUN(a_failed_migration_leaves_no_trace),                       \
		RUN(addresses_that_differ_in_case_stop_the_unique_index),      \
		RUN(a_newer_schema_is_refused),                                \
		RUN(versions_with_gaps_are_refused),                           \
		RUN(several_processes_share_the_work)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {
		TESTS(ON_SQLITE),
		ON_SQLITE(a_database_that_is_down_is_told),
	};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("migrate on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"migrate on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
