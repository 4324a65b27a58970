/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/attr.h"
#include "base/clock.h"

#define CHILDREN 3
#define ROUNDS 20
#define MANY 100

static const struct db_statement echo_row = {
	.name = "echo_row",
	.sql = "SELECT name, number, truth FROM thing WHERE id = $1",
	.result = "tib",
	.reads_only = true,
};

static const struct db_statement insert_thing = {
	.name = "insert_thing",
	.sql = "INSERT INTO thing (truth, number, name, id)"
	       " VALUES ($4, $3, $2, $1)",
	.result = "",
};

static const struct db_statement all_things = {
	.name = "all_things",
	.sql = "SELECT id FROM thing ORDER BY id",
	.result = "i",
	.reads_only = true,
};

static const struct db_statement grow_things = {
	.name = "grow_things",
	.sql = "UPDATE thing SET number = number + $1 WHERE id >= $2"
	       " RETURNING number",
	.result = "i",
};

static const struct db_statement endless = {
	.name = "endless",
	.sql = "WITH RECURSIVE n(i) AS"
	       " (SELECT 1 UNION ALL SELECT 1 FROM n)"
	       " SELECT count(*) FROM n",
	.result = "i",
	.reads_only = true,
};

static void
thing_table(struct fixture *f)
{
	assert_int_equal(db_script(f->db,
				   "CREATE TABLE thing (id INTEGER PRIMARY KEY,"
				   " name VARCHAR(40), number BIGINT,"
				   " truth BOOLEAN);"
				   "CREATE UNIQUE INDEX thing_name"
				   " ON thing (name)"),
			 OK);
}

static enum err
thing_insert(struct db *db, struct arena *mem, int64_t id, const char *name,
	     int64_t number)
{
	const struct db_value values[] = {db_int(id), db_text_or_null(name),
					  db_int(number), db_bool(true)};

	return db_run(db, mem, &insert_thing, values, countof(values), NULL);
}

static size_t
thing_count(struct fixture *f)
{
	struct db_rows rows;

	assert_int_equal(
		db_query(f->other, f->mem, &all_things, NULL, 0, &rows), OK);
	return rows.count;
}

static struct db_rows
thing_read(struct fixture *f, struct db *db, int64_t id)
{
	const struct db_value value = db_int(id);
	struct db_rows rows;

	assert_int_equal(db_query(db, f->mem, &echo_row, &value, 1, &rows), OK);
	return rows;
}

static void
values_come_back_as_they_went_in(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "ü' \"; -- \\ $1 \x7f";
	struct db_rows rows;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 7, text, INT64_MIN), OK);

	rows = thing_read(f, f->db, 7);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.columns, 3);
	assert_int_equal(rows.cells[0].type, DB_TEXT);
	assert_string_equal(rows.cells[0].text, text);
	assert_int_equal(rows.cells[1].type, DB_INT);
	assert_true(rows.cells[1].number == INT64_MIN);
	assert_int_equal(rows.cells[2].type, DB_BOOL);
	assert_int_equal(rows.cells[2].number, 1);
}

static void
null_comes_back_as_null(void **state)
{
	struct fixture *f = *state;
	const struct db_value values[] = {db_int(1), db_null(), db_null(),
					  db_null()};
	struct db_rows rows;

	thing_table(f);
	assert_int_equal(db_run(f->db, f->mem, &insert_thing, values, 4, NULL),
			 OK);

	rows = thing_read(f, f->db, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rows.cells[i].type, DB_NULL);
		assert_null(rows.cells[i].text);
	}
}

static void
an_empty_text_is_not_null(void **state)
{
	struct fixture *f = *state;
	struct db_rows rows;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 1, "", 0), OK);

	rows = thing_read(f, f->db, 1);
	assert_int_equal(rows.cells[0].type, DB_TEXT);
	assert_string_equal(rows.cells[0].text, "");
}

static void
a_key_or_a_unique_value_that_is_taken_already_exists(void **state)
{
	struct fixture *f = *state;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 1, "a", 0), OK);

	assert_int_equal(thing_insert(f->db, f->mem, 1, "b", 0),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(thing_insert(f->db, f->mem, 2, "a", 0),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(thing_insert(f->db, f->mem, 2, "b", 0), OK);
}

static void
many_rows_come_back_in_order_and_changes_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct db_value values[] = {db_int(5), db_int(11)};
	struct db_rows rows;
	int64_t changed = -1;

	thing_table(f);
	for (int64_t i = 1; i <= 1000; i++)
		assert_int_equal(thing_insert(f->db, f->mem, i, NULL, i), OK);

	assert_int_equal(db_query(f->db, f->mem, &all_things, NULL, 0, &rows),
			 OK);
	assert_int_equal(rows.count, 1000);
	assert_int_equal(rows.changed, 0);
	for (size_t i = 0; i < rows.count; i++)
		assert_int_equal(rows.cells[i].number, i + 1);
	assert_int_equal(
		db_query(f->db, f->mem, &grow_things, values, 2, &rows), OK);
	assert_int_equal(rows.changed, 990);
	assert_int_equal(rows.count, 990);
	assert_int_equal(
		db_run(f->db, f->mem, &grow_things,
		       (const struct db_value[]){db_int(0), db_int(5000)}, 2,
		       &changed),
		OK);
	assert_int_equal(changed, 0);
}

/* More than a driver keeps prepared, each several times. */
static void
many_statements_do_not_get_mixed_up(void **state)
{
	struct fixture *f = *state;
	struct db_statement *s = arena_array(f->mem, MANY, sizeof(*s));
	struct db_rows rows;

	for (int i = 0; i < MANY; i++) {
		s[i].name = arena_printf(f->mem, "many_%c%c", 'a' + i / 10,
					 'a' + i % 10);
		s[i].sql = arena_printf(f->mem, "SELECT %d", i);
		s[i].result = "i";
		s[i].reads_only = true;
	}
	for (int i = 0; i < 4 * MANY; i++) {
		assert_int_equal(
			db_query(f->db, f->mem, &s[i % MANY], NULL, 0, &rows),
			OK);
		assert_int_equal(rows.cells[0].number, i % MANY);
	}
}

static void
columns_of_other_types_are_an_internal_error(void **state)
{
	struct fixture *f = *state;
	static const struct db_statement wrong[] = {
		{"too_few", "SELECT 1, 2", "i", true, false},
		{"too_many", "SELECT 1", "ii", true, false},
		{"no_number", "SELECT 'x'", "i", true, false},
		{"no_truth", "SELECT 'x'", "b", true, false},
	};
	struct db_rows rows;

	log_set_level(LEVEL_ERROR);
	for (size_t i = 0; i < countof(wrong); i++) {
		assert_int_equal(
			db_query(f->db, f->mem, &wrong[i], NULL, 0, &rows),
			ERR_INTERNAL);
		assert_int_equal(rows.count, 0);
	}
	assert_int_equal(db_ping(f->db), OK);
}

static void
a_missing_value_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct db_value value = db_int(1);

	thing_table(f);

	assert_int_not_equal(
		db_run(f->db, f->mem, &insert_thing, &value, 1, NULL), OK);
	assert_int_equal(thing_count(f), 0);
}

static void
a_fault_is_told_in_the_drivers_words(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(db_complaint(f->db), "");
	assert_int_equal(db_script(f->db, "SELECT * FROM nowhere"),
			 ERR_INTERNAL);
	assert_non_null(strstr(db_complaint(f->db), "nowhere"));
}

/* What the bodies of transactions below do. */
struct deed {
	struct arena *mem;
	enum err result;
	int conflicts; /* to report before `result` */
	int runs;
	const char *script;
};

static enum err
deed_do(struct db *db, void *arg)
{
	struct deed *d = arg;

	d->runs++;
	TRY(thing_insert(db, d->mem, d->runs, NULL, 0));
	if (d->script != NULL)
		TRY(db_script(db, d->script));
	return d->runs <= d->conflicts ? ERR_CONFLICT : d->result;
}

static void
a_body_that_is_content_is_committed(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem};

	thing_table(f);

	assert_int_equal(db_transact(f->db, deed_do, &d), OK);
	assert_int_equal(d.runs, 1);
	assert_int_equal(thing_count(f), 1);
}

static void
a_body_that_fails_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem, .result = ERR_FORBIDDEN};

	thing_table(f);

	assert_int_equal(db_transact(f->db, deed_do, &d), ERR_FORBIDDEN);
	assert_int_equal(d.runs, 1);
	assert_int_equal(thing_count(f), 0);
	d.script = "syntax error";
	assert_int_equal(db_transact(f->db, deed_do, &d), ERR_INTERNAL);
	assert_int_equal(thing_count(f), 0);
	d = (struct deed){.mem = f->mem};
	assert_int_equal(db_transact(f->db, deed_do, &d), OK);
	assert_int_equal(thing_count(f), 1);
}

static void
a_conflict_is_run_again(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem, .conflicts = 2};

	thing_table(f);

	assert_int_equal(db_transact(f->db, deed_do, &d), OK);
	assert_int_equal(d.runs, 3);
	assert_int_equal(thing_count(f), 1);
}

static void
a_conflict_without_end_is_handed_on(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem, .conflicts = 1000};

	thing_table(f);

	assert_int_equal(db_transact(f->db, deed_do, &d), ERR_CONFLICT);
	assert_int_equal(d.runs, 6);
	assert_int_equal(thing_count(f), 0);
}

static enum err
stumble_do(struct db *db, void *arg)
{
	static const struct db_statement stumble = {
		"stumble", "SELECT stumble()", "i", false, false};
	struct fixture *f = arg;

	return db_run(db, f->mem, &stumble, NULL, 0, NULL);
}

/* As every statement may be, in a database of several machines. */
static void
a_statement_alone_is_run_again_after_a_conflict(void **state)
{
	static const struct db_statement count = {
		"tries", "SELECT last_value FROM tries", "i", true, false};
	struct fixture *f = *state;
	struct db_rows rows;

	assert_int_equal(
		db_script(f->db,
			  "CREATE SEQUENCE tries;"
			  "CREATE FUNCTION stumble() RETURNS BIGINT LANGUAGE"
			  " plpgsql AS $$ BEGIN IF nextval('tries') % 3 > 0"
			  " THEN RAISE SQLSTATE '40001'; END IF;"
			  " RETURN 7; END $$"),
		OK);

	assert_int_equal(stumble_do(f->db, f), OK);
	assert_int_equal(db_query(f->db, f->mem, &count, NULL, 0, &rows), OK);
	assert_int_equal(rows.cells[0].number, 3);
	/* Within a transaction that begins again, not the statement. */
	assert_int_equal(db_transact(f->db, stumble_do, f), OK);
	assert_int_equal(db_query(f->db, f->mem, &count, NULL, 0, &rows), OK);
	assert_int_equal(rows.cells[0].number, 6);
}

static enum err
nested_do(struct db *db, void *arg)
{
	return db_transact(db, deed_do, arg);
}

static void
a_transaction_within_another_is_refused(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem};

	thing_table(f);

	assert_int_equal(db_transact(f->db, nested_do, &d), ERR_INTERNAL);
	assert_int_equal(d.runs, 0);
	assert_int_equal(db_transact(f->db, deed_do, &d), OK);
}

/* Reads, dawdles, writes: only right when nobody else is at it. */
static enum err
read_then_write(struct db *db, void *arg)
{
	struct arena *mem = arg;
	const struct db_value id = db_int(1);
	struct db_rows rows;
	int64_t number;

	TRY(db_query(db, mem, &echo_row, &id, 1, &rows));
	number = rows.cells[1].number + 1;
	(void)usleep(500);
	return db_script(db, arena_printf(mem, "UPDATE thing SET number = %d",
					  (int)number));
}

static int
children_run(struct fixture *f,
	     enum err (*one)(struct db *db, struct arena *mem))
{
	int failed = 0;

	for (int i = 0; i < CHILDREN; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child > 0)
			continue;
		struct arena *mem = arena_open(1 << 16, (size_t)16 << 20);
		struct db *db = fixture_open(f->url, 10, true);

		for (int j = 0; j < ROUNDS; j++)
			failed += one(db, mem) != OK;
		db_close(db);
		arena_close(mem);
		_exit(failed);
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status = 0;

		assert_true(wait(&status) > 0);
		failed += status != 0;
	}
	return failed;
}

static enum err
one_alone(struct db *db, struct arena *mem)
{
	return db_transact_alone(db, read_then_write, mem);
}

static enum err
one_insert(struct db *db, struct arena *mem)
{
	static int64_t next;

	return thing_insert(db, mem, (int64_t)getpid() * ROUNDS + next++, NULL,
			    0);
}

static void
who_is_alone_is_alone(void **state)
{
	struct fixture *f = *state;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 1, "n", 0), OK);

	assert_int_equal(children_run(f, one_alone), 0);

	assert_int_equal(thing_read(f, f->db, 1).cells[1].number,
			 CHILDREN * ROUNDS);
}

static void
several_processes_write_at_once(void **state)
{
	struct fixture *f = *state;

	thing_table(f);

	assert_int_equal(children_run(f, one_insert), 0);

	assert_int_equal(thing_count(f), CHILDREN * ROUNDS);
}

static void
a_statement_without_end_is_stopped_in_time(void **state)
{
	struct fixture *f = *state;
	struct db *db = fixture_open(f->url, 1, true);
	int64_t start = clock_monotonic();
	struct db_rows rows;

	assert_int_equal(db_query(db, f->mem, &endless, NULL, 0, &rows),
			 ERR_DATABASE_DOWN);
	assert_in_range(clock_monotonic() - start, 900, 2900);
	assert_int_equal(db_ping(db), OK);
	db_close(db);
}

static void
a_changed_table_does_not_stop_known_statements(void **state)
{
	struct fixture *f = *state;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 1, "n", 5), OK);
	for (int i = 0; i < 3; i++)
		(void)thing_read(f, f->db, 1);

	assert_int_equal(
		db_script(f->other,
			  "DROP TABLE thing; CREATE TABLE thing (id BIGINT,"
			  " truth BOOLEAN, number INTEGER, name TEXT);"
			  "INSERT INTO thing VALUES (1, NULL, 6, 'm')"),
		OK);

	assert_int_equal(thing_read(f, f->db, 1).cells[1].number, 6);
}

static void
an_address_finds_its_driver(void **state)
{
	static const struct {
		const char *url;
		const char *driver; /* NULL: none takes it */
	} cases[] = {
		{"sqlite:x", "sqlite"},
		{"sqlite:/abs/x", "sqlite"},
		{"sqlite:///x", "sqlite"},
		{"sqlite:////abs/x", "sqlite"},
		{"sqlite:", NULL},
		{"sqlite://", NULL},
		{"sqlite:///", NULL},
		{"sqlite://host/x", NULL},
		{"postgresql://u:p@h:1,h2:2/d?sslmode=require", "postgresql"},
		{"postgres:///d", "postgresql"},
		{"host=/x dbname=y", "postgresql"},
		{"dbname = y", "postgresql"},
		{"postgresql://[", NULL},
		{"host=", "postgresql"},
		{"colour=blue", NULL},
		{"mysql://x", NULL},
		{"", NULL},
		{"x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct db_settings settings = {.url = cases[i].url,
						     .statement_limit = 1};
		const char *why = NULL;
		struct db *db = NULL;
		enum err e = db_open(&settings, &db, &why);

		if (cases[i].driver == NULL) {
			assert_int_equal(e, ERR_CONFIGURATION);
			assert_non_null(why);
			assert_null(db);
			continue;
		}
		assert_int_equal(e, OK);
		assert_string_equal(db_driver(db), cases[i].driver);
		db_close(db);
	}
	db_close(NULL);
}

static void
a_file_that_is_not_there_is_made_only_on_demand(void **state)
{
	struct fixture *f = *state;
	const struct db_settings settings = {.url = f->url,
					     .statement_limit = 1};
	const char *why;
	struct stat st;
	struct db *db;

	assert_int_equal(db_open(&settings, &db, &why), OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_ping(db), ERR_DATABASE_DOWN);
		assert_non_null(strstr(db_complaint(db), "there is no file"));
		assert_non_null(strstr(db_complaint(db), f->folder));
		assert_int_equal(stat(f->url + strlen("sqlite:"), &st), -1);
	}

	thing_table(f);
	assert_int_equal(db_ping(db), OK);
	db_close(db);
}

static void
a_new_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(0);
	struct stat st;

	thing_table(f);
	(void)umask(old);

	assert_int_equal(stat(f->url + strlen("sqlite:"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(
		stat(arena_printf(f->mem, "%s/db-wal", f->folder), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
sqlalchemys_spelling_names_the_same_file(void **state)
{
	struct fixture *f = *state;
	struct db *db;

	thing_table(f);
	assert_int_equal(thing_insert(f->db, f->mem, 1, "n", 5), OK);

	db = fixture_open(arena_printf(f->mem, "sqlite:///%s/db", f->folder), 1,
			  true);
	assert_int_equal(thing_read(f, db, 1).count, 1);
	db_close(db);
}

static void
a_file_that_is_no_database_is_down(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->url + strlen("sqlite:"), "w");
	int64_t start = clock_monotonic();

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);

	assert_int_equal(db_ping(f->db), ERR_DATABASE_DOWN);
	assert_int_equal(db_ping(f->db), ERR_DATABASE_DOWN);
	assert_in_range(clock_monotonic() - start, 0, 5000);
}

static void
a_locked_file_is_a_conflict_after_the_limit(void **state)
{
	struct fixture *f = *state;
	struct db *db = fixture_open(f->url, 1, true);
	struct deed d = {.mem = f->mem};
	int64_t start = clock_monotonic();

	thing_table(f);
	assert_int_equal(db_script(f->db, "BEGIN IMMEDIATE"), OK);

	assert_int_equal(thing_insert(db, f->mem, 1, NULL, 0), ERR_CONFLICT);
	assert_int_equal(db_transact(db, deed_do, &d), ERR_CONFLICT);
	assert_in_range(clock_monotonic() - start, 1800, 4000);
	assert_int_equal(d.runs, 0);
	assert_int_equal(thing_read(f, db, 1).count, 0);
	assert_int_equal(db_script(f->db, "COMMIT"), OK);
	assert_int_equal(db_transact(db, deed_do, &d), OK);
	db_close(db);
}

static void
a_text_with_a_nul_inside_is_not_cut(void **state)
{
	struct fixture *f = *state;
	const struct db_value id = db_int(1);
	struct db_rows rows;

	thing_table(f);
	assert_int_equal(db_script(f->db, "INSERT INTO thing VALUES"
					  " (1, 'a' || char(0) || 'b', 1, 1)"),
			 OK);

	assert_int_equal(db_query(f->db, f->mem, &echo_row, &id, 1, &rows),
			 ERR_INTERNAL);
}

static void
a_double_quoted_name_is_never_a_text(void **state)
{
	struct fixture *f = *state;

	thing_table(f);

	assert_int_equal(db_script(f->db, "SELECT \"missing\" FROM thing"),
			 ERR_INTERNAL);
}

/* The connection's process in the server. */
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

static void
a_connection_closed_while_idle_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct deed d = {.mem = f->mem};

	thing_table(f);
	for (int64_t i = 11; i < 15; i++) {
		connection_kill(f, f->db);
		assert_int_equal(thing_insert(f->db, f->mem, i, NULL, 0), OK);
	}
	connection_kill(f, f->db);
	assert_int_equal(thing_read(f, f->db, 14).count, 1);
	connection_kill(f, f->db);
	assert_int_equal(db_transact(f->db, deed_do, &d), OK);

	assert_int_equal(thing_count(f), 5);
}

static enum err
killed_do(struct db *db, void *arg)
{
	struct fixture *f = arg;

	TRY(thing_insert(db, f->mem, 1, NULL, 0));
	connection_kill(f, db);
	assert_int_equal(thing_insert(db, f->mem, 2, NULL, 0),
			 ERR_DATABASE_DOWN);
	/* Not on a new connection, outside the transaction. */
	return thing_insert(db, f->mem, 3, NULL, 0);
}

static void
a_connection_lost_in_a_transaction_loses_the_transaction(void **state)
{
	struct fixture *f = *state;

	thing_table(f);

	assert_int_equal(db_transact(f->db, killed_do, f), ERR_DATABASE_DOWN);
	assert_int_equal(thing_count(f), 0);
	assert_int_equal(thing_insert(f->db, f->mem, 1, NULL, 0), OK);
}

static enum err
swallow_do(struct db *db, void *arg)
{
	struct fixture *f = arg;

	TRY(thing_insert(db, f->mem, 2, NULL, 0));
	assert_int_equal(thing_insert(db, f->mem, 2, NULL, 0),
			 ERR_ALREADY_EXISTS);
	return OK;
}

static void
a_commit_that_became_a_rollback_is_no_success(void **state)
{
	struct fixture *f = *state;

	thing_table(f);

	assert_int_equal(db_transact(f->db, swallow_do, f), ERR_INTERNAL);
	assert_int_equal(thing_count(f), 0);
}

static enum err
forgetful_do(struct db *db, void *arg)
{
	struct fixture *f = arg;
	static int runs;

	if (runs++ == 0)
		TRY(db_script(db, "DEALLOCATE ALL"));
	return thing_insert(db, f->mem, 100, NULL, 0);
}

static void
statements_that_the_server_forgot_are_prepared_again(void **state)
{
	struct fixture *f = *state;
	int64_t pid;

	thing_table(f);
	for (int64_t i = 1; i < 4; i++)
		assert_int_equal(thing_insert(f->db, f->mem, i, NULL, 0), OK);

	assert_int_equal(db_script(f->db, "DEALLOCATE ALL"), OK);
	assert_int_equal(thing_insert(f->db, f->mem, 4, NULL, 0), OK);
	pid = connection_pid(f, f->db);
	for (int64_t i = 5; i < 7; i++)
		assert_int_equal(thing_insert(f->db, f->mem, i, NULL, 0), OK);
	assert_int_equal(connection_pid(f, f->db), pid);
	assert_int_equal(db_transact(f->db, forgetful_do, f), OK);

	assert_int_equal(thing_count(f), 7);
}

static void
without_named_statements_all_is_the_same(void **state)
{
	struct fixture *f = *state;
	static const struct db_statement named = {
		"named", "SELECT count(*) FROM pg_prepared_statements", "i",
		true, false};
	struct db *db = fixture_open(f->url, 1, false);
	int64_t start = clock_monotonic();
	struct db_rows rows;

	thing_table(f);
	for (int64_t i = 1; i < 4; i++)
		assert_int_equal(thing_insert(db, f->mem, i, NULL, 0), OK);
	assert_int_equal(db_query(db, f->mem, &named, NULL, 0, &rows), OK);
	assert_int_equal(rows.cells[0].number, 0);
	/* No limit in the server: ours alone. */
	assert_int_equal(db_script(db, "SELECT pg_sleep(5)"),
			 ERR_DATABASE_DOWN);
	assert_in_range(clock_monotonic() - start, 1900, 2900);
	assert_int_equal(db_ping(db), OK);
	db_close(db);
}

static void
a_wrong_value_is_not_repeated_in_the_log(void **state)
{
	struct fixture *f = *state;
	static const struct db_statement cast = {
		"cast_uuid", "SELECT CAST(CAST($1 AS text) AS uuid)", "t", true,
		false};
	const struct db_value value = db_text("hunter2");
	struct db_rows rows;

	assert_int_equal(db_query(f->db, f->mem, &cast, &value, 1, &rows),
			 ERR_INTERNAL);
	assert_null(strstr(db_complaint(f->db), "hunter2"));
}

/* A server that takes connections and never says a word. */
static int
silent_listen(uint16_t *port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
a_silent_server_is_down_in_time_and_then_at_once(void **state)
{
	char url[80];
	uint16_t port;
	int fd = silent_listen(&port);
	int64_t start = clock_monotonic();
	struct db *db;

	(void)state;
	(void)snprintf(url, sizeof(url), "host=127.0.0.1 port=%u dbname=x",
		       (unsigned)port);
	db = fixture_open(url, 1, true);

	assert_int_equal(db_ping(db), ERR_DATABASE_DOWN);
	assert_in_range(clock_monotonic() - start, 900, 1500);
	assert_non_null(strstr(db_complaint(db), "limit"));
	start = clock_monotonic();
	assert_int_equal(db_ping(db), ERR_DATABASE_DOWN);
	assert_in_range(clock_monotonic() - start, 0, 100);
	db_close(db);
	(void)close(fd);
}

/* FCU_TEST_POSTGRES in the form "host=… port=… …". */
static void
the_next_host_is_tried_when_the_first_is_silent(void **state)
{
	struct fixture *f = *state;
	char host[100];
	char port[8];
	uint16_t silent;
	int fd;
	struct db *db;

	if (sscanf(f->server, "host=%99s port=%7s", host, port) != 2)
		skip();
	fd = silent_listen(&silent);
	db = fixture_open(arena_printf(f->mem,
				       "%s host=127.0.0.1,%s port=%u,%s",
				       f->url, host, (unsigned)silent, port),
			  2, true);

	assert_int_equal(db_ping(db), OK);
	connection_kill(f, db);
	int64_t start = clock_monotonic();
	assert_int_equal(db_ping(db), OK);
	assert_in_range(clock_monotonic() - start, 0, 500);
	db_close(db);
	(void)close(fd);
}

#define TESTS(RUN)                                                             \
	RUN(values_come_back_as_they_went_in), RUN(null_comes_back_as_null),   \
		RUN(an_empty_text_is_not_null),                                \
		RUN(a_key_or_a_unique_value_that_is_taken_already_exists),     \
		RUN(many_rows_come_back_in_order_and_changes_are_counted),     \
		RUN(many_statements_do_not_get_mixed_up),                      \
		RUN(columns_of_other_types_are_an_internal_error),             \
		RUN(a_missing_value_is_refused),                               \
		RUN(a_fault_is_told_in_the_drivers_words),                     \
		RUN(a_body_that_is_content_is_committed),                      \
		RUN(a_body_that_fails_leaves_nothing_behind),                  \
		RUN(a_conflict_is_run_again),                                  \
		RUN(a_conflict_without_end_is_handed_on),                      \
		RUN(a_transaction_within_another_is_refused),                  \
		RUN(who_is_alone_is_alone),                                    \
		RUN(several_processes_write_at_once),                          \
		RUN(a_statement_without_end_is_stopped_in_time),               \
		RUN(a_changed_table_does_not_stop_known_statements)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {
		TESTS(ON_SQLITE),
		ON_SQLITE(a_file_that_is_not_there_is_made_only_on_demand),
		ON_SQLITE(a_new_file_is_for_its_owner_alone),
		ON_SQLITE(sqlalchemys_spelling_names_the_same_file),
		ON_SQLITE(a_file_that_is_no_database_is_down),
		ON_SQLITE(a_locked_file_is_a_conflict_after_the_limit),
		ON_SQLITE(a_text_with_a_nul_inside_is_not_cut),
		ON_SQLITE(a_double_quoted_name_is_never_a_text),
	};
	static const struct CMUnitTest on_postgresql[] = {
		TESTS(ON_POSTGRESQL),
		ON_POSTGRESQL(a_statement_alone_is_run_again_after_a_conflict),
		ON_POSTGRESQL(a_connection_closed_while_idle_is_made_again),
		ON_POSTGRESQL(
			a_connection_lost_in_a_transaction_loses_the_transaction),
		ON_POSTGRESQL(a_commit_that_became_a_rollback_is_no_success),
		ON_POSTGRESQL(
			statements_that_the_server_forgot_are_prepared_again),
		ON_POSTGRESQL(without_named_statements_all_is_the_same),
		ON_POSTGRESQL(a_wrong_value_is_not_repeated_in_the_log),
		ON_POSTGRESQL(the_next_host_is_tried_when_the_first_is_silent),
	};
	static const struct CMUnitTest on_none[] = {
		cmocka_unit_test(an_address_finds_its_driver),
		cmocka_unit_test(
			a_silent_server_is_down_in_time_and_then_at_once),
	};
	int failed = 0;

	if (fixture_takes("sqlite:x") && fixture_takes("host=x"))
		failed +=
			cmocka_run_group_tests_name("db", on_none, NULL, NULL);
	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("db on SQLite", on_sqlite,
						      NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"db on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
