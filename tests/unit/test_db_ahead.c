/* SPDX-License-Identifier: MIT */
/* Several questions in one go: db_query_ahead. */
#include "db_fixture.h"

#include <signal.h>

static const struct db_statement by_id = {
	.name = "thing_by_id",
	.sql = "SELECT name, number FROM thing WHERE id = $1",
	.result = "ti",
	.reads_only = true,
};

static void
thing_table(struct fixture *f)
{
	assert_int_equal(db_script(f->db,
				   "CREATE TABLE thing (id INTEGER PRIMARY KEY,"
				   " name VARCHAR(40), number BIGINT)"),
			 OK);
}

static void
thing_insert(struct fixture *f, int64_t id, const char *name, int64_t number)
{
	static const struct db_statement insert = {
		.name = "insert_thing",
		.sql = "INSERT INTO thing (id, name, number)"
		       " VALUES ($1, $2, $3)",
		.result = "",
	};
	const struct db_value values[] = {db_int(id), db_text_or_null(name),
					  db_int(number)};

	assert_int_equal(
		db_run(f->db, f->mem, &insert, values, countof(values), NULL),
		OK);
}

/* One question by itself: it is there. */
static void
thing_ask(struct fixture *f, int64_t id)
{
	const struct db_value value = db_int(id);
	struct db_rows rows;

	assert_int_equal(db_query(f->db, f->mem, &by_id, &value, 1, &rows), OK);
	assert_int_equal(rows.count, 1);
}

static int64_t
connection_pid(struct fixture *f, struct db *db)
{
	static const struct db_statement my_pid = {
		"my_pid", "SELECT pg_backend_pid()", "i", true, false};
	struct db_rows rows;

	assert_int_equal(db_query(db, f->mem, &my_pid, NULL, 0, &rows), OK);
	return rows.cells[0].number;
}

/* Ends the connection as a restarting server does. */
static void
connection_kill(struct fixture *f, struct db *db)
{
	static const struct db_statement kill_pid = {
		"kill_pid", "SELECT pg_terminate_backend($1, 5000)", "b", false,
		false};
	const struct db_value pid = db_int(connection_pid(f, db));
	struct db_rows rows;

	assert_int_equal(db_query(f->other, f->mem, &kill_pid, &pid, 1, &rows),
			 OK);
	assert_int_equal(rows.cells[0].number, 1);
	(void)usleep(20000);
}

/* Three questions at once; the second finds nothing. */
static bool
things_ahead(struct fixture *f, struct db_rows rows[3])
{
	const struct db_value ids[] = {db_int(1), db_int(9), db_int(2)};

	return db_query_ahead(f->db, f->mem, &by_id, ids, 1, countof(ids),
			      rows);
}

static void
assert_things_ahead(struct fixture *f)
{
	struct db_rows rows[3];

	assert_true(things_ahead(f, rows));
	assert_int_equal(rows[0].count, 1);
	assert_string_equal(rows[0].cells[0].text, "one");
	assert_int_equal(rows[1].count, 0);
	assert_int_equal(rows[2].count, 1);
	assert_null(rows[2].cells[0].text);
	assert_int_equal(rows[2].cells[1].number, -5);
}

static enum err
ahead_do(struct db *db, void *arg)
{
	struct fixture *f = arg;
	struct db_rows rows[3];

	(void)db;
	assert_false(things_ahead(f, rows));
	return OK;
}

static void
several_questions_are_asked_at_once(void **state)
{
	struct fixture *f = *state;
	struct db_rows rows[3];

	thing_table(f);
	thing_insert(f, 1, "one", 0);
	thing_insert(f, 2, NULL, -5);
	/* Only what the server knows by name. */
	assert_false(things_ahead(f, rows));
	thing_ask(f, 1);
	assert_false(things_ahead(f, rows));
	thing_ask(f, 1);

	assert_things_ahead(f);
	assert_things_ahead(f);
	assert_int_equal(db_transact(f->db, ahead_do, f), OK);
	thing_ask(f, 2);
	assert_things_ahead(f);
}

static void
questions_that_fail_leave_a_connection_that_works(void **state)
{
	struct fixture *f = *state;
	const struct db_value bad[] = {db_int(1), db_text("x"), db_int(2)};
	struct db_rows rows[3];

	thing_table(f);
	thing_insert(f, 1, "one", 0);
	thing_insert(f, 2, NULL, -5);
	for (int i = 0; i < 2; i++)
		thing_ask(f, 1);

	assert_false(db_query_ahead(f->db, f->mem, &by_id, bad, 1, countof(bad),
				    rows));
	thing_ask(f, 1);
	assert_things_ahead(f);
	connection_kill(f, f->db);
	assert_false(things_ahead(f, rows));
	for (int i = 0; i < 2; i++)
		thing_ask(f, 1);
	assert_things_ahead(f);
	/* The server has forgotten the statement: a new connection knows it. */
	assert_int_equal(db_script(f->db, "DEALLOCATE ALL"), OK);
	assert_false(things_ahead(f, rows));
	for (int i = 0; i < 2; i++)
		thing_ask(f, 1);
	assert_things_ahead(f);
}

static void
server_that_is_silent_is_complained_of(void **state)
{
	struct fixture *f = *state;
	struct db_rows rows[3];
	pid_t server;

	thing_table(f);
	thing_insert(f, 1, "one", 0);
	for (int i = 0; i < 2; i++)
		thing_ask(f, 1);
	server = (pid_t)connection_pid(f, f->db);
	assert_int_equal(kill(server, SIGSTOP), 0);
	assert_false(things_ahead(f, rows));
	(void)kill(server, SIGCONT);
	assert_string_equal(db_complaint(f->db), "no answer within the limit");

	/* What comes after it is asked on another connection. */
	thing_ask(f, 1);
	assert_int_not_equal(connection_pid(f, f->db), server);
}

static void
a_file_is_never_asked_ahead(void **state)
{
	struct fixture *f = *state;
	struct db_rows rows[3];

	thing_table(f);
	thing_insert(f, 1, "one", 0);
	for (int i = 0; i < 3; i++) {
		thing_ask(f, 1);
		assert_false(things_ahead(f, rows));
	}
	assert_false(db_can_query_ahead(f->db));
}

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {
		ON_SQLITE(a_file_is_never_asked_ahead),
	};
	static const struct CMUnitTest on_postgresql[] = {
		ON_POSTGRESQL(several_questions_are_asked_at_once),
		ON_POSTGRESQL(
			questions_that_fail_leave_a_connection_that_works),
		ON_POSTGRESQL(server_that_is_silent_is_complained_of),
	};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("ahead on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"ahead on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
