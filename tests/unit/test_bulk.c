/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "base/attr.h"
#include "db/migrate.h"
#include "store/user_many.h"

#define MANY 1300

static const struct db_statement make_table = {
	.name = "make_table",
	.sql = "CREATE TABLE things (n BIGINT PRIMARY KEY, word TEXT,"
	       " truth BOOLEAN, real DOUBLE PRECISION)",
	.result = "",
};

static const struct db_statement insert_one = {
	.name = "insert_one",
	.sql = "INSERT INTO things (n, word, truth, real)"
	       " VALUES ($1, $2, $3, $4)",
	.result = "",
};

static const struct db_statement insert_many = {
	.name = "insert_many",
	.sql = "INSERT INTO things (n, word) VALUES [($1, $2)]"
	       " ON CONFLICT DO NOTHING RETURNING n, word",
	.result = "it",
};

static const struct db_statement delete_many = {
	.name = "delete_many",
	.sql = "DELETE FROM things WHERE n IN ([$1])",
	.result = "",
};

static const struct db_statement all = {
	.name = "all",
	.sql = "SELECT n, word, truth, real FROM things ORDER BY n",
	.result = "itbr",
	.reads_only = true,
};

static void
table_make(struct fixture *f)
{
	assert_int_equal(db_run(f->db, f->mem, &make_table, NULL, 0, NULL), OK);
}

static struct db_rows
all_rows(struct fixture *f)
{
	struct db_rows rows;

	assert_int_equal(db_query(f->db, f->mem, &all, NULL, 0, &rows), OK);
	return rows;
}

/* n and a word, for each number up to `count`. */
static struct db_value *
numbered(struct fixture *f, size_t count)
{
	struct db_value *values =
		arena_array(f->mem, count * 2, sizeof(*values));

	for (size_t i = 0; i < count; i++) {
		values[i * 2] = db_int((int64_t)i + 1);
		values[i * 2 + 1] =
			db_text(arena_printf(f->mem, "$%zu [%zu]", i, i + 1));
	}
	return values;
}

static void
any_number_of_rows_goes_in_and_comes_back_in_order(void **state)
{
	static const size_t counts[] = {1, 2, 15, 16, 17, 511, 513, MANY};
	struct fixture *f = *state;

	table_make(f);

	for (size_t i = 0; i < countof(counts); i++) {
		size_t count = counts[i];
		const struct db_value *values = numbered(f, count);
		struct db_rows rows;

		assert_int_equal(db_query_rows(f->db, f->mem, &insert_many,
					       values, 2, count, &rows),
				 OK);
		assert_int_equal(rows.count, count);
		assert_int_equal(rows.changed, count);
		for (size_t j = 0; j < count; j++) {
			assert_int_equal(rows.cells[j * 2].number, j + 1);
			assert_string_equal(rows.cells[j * 2 + 1].text,
					    values[j * 2 + 1].text);
		}
		for (size_t j = 0; j < count; j++)
			((struct db_value *)(uintptr_t)values)[j] =
				db_int((int64_t)j + 1);
		assert_int_equal(db_query_rows(f->db, f->mem, &delete_many,
					       values, 1, count, &rows),
				 OK);
		assert_int_equal(rows.changed, count);
		assert_int_equal(all_rows(f).count, 0);
	}
}

static void
no_rows_are_none(void **state)
{
	struct fixture *f = *state;
	const struct db_value none = db_null();
	struct db_rows rows;

	table_make(f);

	assert_int_equal(
		db_query_rows(f->db, f->mem, &insert_many, &none, 2, 0, &rows),
		OK);
	assert_int_equal(rows.count, 0);
}

static void
what_is_in_the_way_is_left_out(void **state)
{
	struct fixture *f = *state;
	const struct db_value *values = numbered(f, MANY);
	struct db_rows rows;

	table_make(f);
	assert_int_equal(db_query_rows(f->db, f->mem, &insert_many,
				       values + 2 * 700, 2, 1, &rows),
			 OK);

	assert_int_equal(db_query_rows(f->db, f->mem, &insert_many, values, 2,
				       MANY, &rows),
			 OK);
	assert_int_equal(rows.count, MANY - 1);
	assert_int_equal(all_rows(f).count, MANY);
}

/* Rows that hold whatever a text may. */
static const struct db_value *
awkward(void)
{
	static struct db_value values[5 * 4];
	static const char *const words[] = {"\\", "\t\n\r\\N\\.", "\\N", "",
					    "\xc3\xa4\x01\x7f'\"$1"};

	for (size_t i = 0; i < countof(words); i++) {
		values[i * 4] = db_int((int64_t)i - 2);
		values[i * 4 + 1] = db_text(words[i]);
		values[i * 4 + 2] = i % 2 == 0 ? db_bool(i == 2) : db_null();
		values[i * 4 + 3] = i % 2 == 1 ? db_real(-0.1) : db_null();
	}
	return values;
}

static enum err
load_awkward(struct db *db, void *arg)
{
	struct fixture *f = arg;

	return db_load(db, f->mem, &insert_one, awkward(), 4, 5);
}

static void
loaded_rows_are_what_they_were(void **state)
{
	struct fixture *f = *state;
	const struct db_value *values = awkward();
	struct db_rows rows;

	table_make(f);

	assert_int_equal(db_transact(f->db, load_awkward, f), OK);

	rows = all_rows(f);
	assert_int_equal(rows.count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct db_value *row = &rows.cells[i * 4];

		assert_int_equal(row[0].number, values[i * 4].number);
		assert_string_equal(row[1].text, values[i * 4 + 1].text);
		assert_int_equal(row[2].type, values[i * 4 + 2].type);
		assert_int_equal(row[2].number, values[i * 4 + 2].number);
		assert_true(row[3].real == values[i * 4 + 3].real);
	}
}

static void
of_a_load_that_fails_nothing_is_left(void **state)
{
	struct fixture *f = *state;

	table_make(f);
	assert_int_equal(
		db_run(f->db, f->mem, &insert_one, awkward() + 16, 4, NULL),
		OK);

	assert_int_equal(db_transact(f->db, load_awkward, f),
			 ERR_ALREADY_EXISTS);

	assert_int_equal(all_rows(f).count, 1);
	assert_int_equal(db_run(f->db, f->mem, &insert_one, awkward(), 4, NULL),
			 OK);
}

static void
a_load_without_its_table_fails(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(db_transact(f->db, load_awkward, f), ERR_INTERNAL);
	assert_int_equal(db_ping(f->db), OK);
}

/* Users. */

static void
tables_make(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
}

static struct user *
crowd(struct fixture *f, size_t count)
{
	struct user *users = arena_array(f->mem, count, sizeof(*users));

	for (size_t i = 0; i < count; i++) {
		users[i].email = arena_printf(f->mem, "User%zu@example.org", i);
		users[i].hashed_password = arena_printf(f->mem, "hash%zu", i);
		users[i].is_active = i % 2 == 0;
		users[i].is_verified = i % 3 == 0;
	}
	return users;
}

/* What the bodies of transactions are given. */
struct arrival {
	struct fixture *f;
	struct user *users;
	size_t count;
	bool *inserted;
};

static enum err
insert_body(struct db *db, void *arg)
{
	const struct arrival *a = arg;

	return user_insert_many(db, a->f->mem, a->users, a->count, 7,
				a->inserted);
}

static enum err
load_body(struct db *db, void *arg)
{
	const struct arrival *a = arg;

	return user_load(db, a->f->mem, a->users, a->count, 7);
}

static void
expect_user(struct fixture *f, const struct user *wanted)
{
	struct user u;

	assert_int_equal(user_by_email(f->db, f->mem, wanted->email, &u), OK);
	assert_string_equal(u.id, wanted->id);
	assert_string_equal(u.email, wanted->email);
	assert_string_equal(u.hashed_password, wanted->hashed_password);
	assert_int_equal(u.is_active, wanted->is_active);
	assert_int_equal(u.is_superuser, wanted->is_superuser);
	assert_int_equal(u.is_verified, wanted->is_verified);
}

static void
a_crowd_is_inserted_each_with_what_is_his(void **state)
{
	struct fixture *f = *state;
	struct arrival a = {f, crowd(f, MANY), MANY, NULL};

	tables_make(f);
	a.inserted = arena_array(f->mem, MANY, sizeof(*a.inserted));

	assert_int_equal(db_transact(f->db, insert_body, &a), OK);

	for (size_t i = 0; i < MANY; i++)
		assert_true(a.inserted[i]);
	for (size_t i = 0; i < MANY; i += 99)
		expect_user(f, &a.users[i]);
}

static void
a_loaded_crowd_is_the_same(void **state)
{
	struct fixture *f = *state;
	struct arrival a = {f, crowd(f, MANY), MANY, NULL};

	tables_make(f);

	assert_int_equal(db_transact(f->db, load_body, &a), OK);

	for (size_t i = 0; i < MANY; i += 99)
		expect_user(f, &a.users[i]);
	assert_int_equal(db_transact(f->db, load_body, &a), ERR_ALREADY_EXISTS);
}

static void
who_is_in_the_way_is_told_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct arrival a = {f, crowd(f, 8), 8, NULL};
	enum user_taken taken[8];
	const char *ids[8];

	tables_make(f);
	a.inserted = arena_array(f->mem, 8, sizeof(*a.inserted));
	a.count = 3;
	assert_int_equal(db_transact(f->db, insert_body, &a), OK);
	for (size_t i = 0; i < 3; i++)
		ids[i] = a.users[i].id;
	a.count = 8;
	a.users[0].id = NULL;                   /* he is there */
	a.users[1].email = "USER1@example.org"; /* the same, with his id */
	a.users[2].id = ids[1];                 /* somebody else's id */
	a.users[4].id = ids[0];                 /* that, and a free address */
	a.users[6].email = "uSER5@example.org"; /* of the one before */

	assert_int_equal(db_transact(f->db, insert_body, &a), OK);

	for (size_t i = 0; i < 8; i++)
		assert_int_equal(a.inserted[i], i == 3 || i == 5 || i == 7);
	a.users[0].id = NULL;
	a.users[6].id = NULL;
	assert_int_equal(user_find_taken(f->db, f->mem, a.users, 8, taken), OK);
	assert_int_equal(taken[0], USER_THERE);
	assert_int_equal(taken[1], USER_THERE);
	assert_int_equal(taken[2], USER_HAS_EMAIL);
	assert_int_equal(taken[3], USER_THERE);
	assert_int_equal(taken[4], USER_HAS_ID);
	assert_int_equal(taken[6], USER_THERE);
	a.users[7].id = NULL;
	a.users[7].email = "free@example.org";
	assert_int_equal(user_find_taken(f->db, f->mem, a.users, 8, taken), OK);
	assert_int_equal(taken[7], USER_FREE);
}

int
main(void)
{
#define TESTS(on)                                                              \
	on(any_number_of_rows_goes_in_and_comes_back_in_order),                \
		on(no_rows_are_none), on(what_is_in_the_way_is_left_out),      \
		on(loaded_rows_are_what_they_were),                            \
		on(of_a_load_that_fails_nothing_is_left),                      \
		on(a_load_without_its_table_fails),                            \
		on(a_crowd_is_inserted_each_with_what_is_his),                 \
		on(a_loaded_crowd_is_the_same),                                \
		on(who_is_in_the_way_is_told_one_by_one)
	static const struct CMUnitTest sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("bulk on SQLite", sqlite,
						      NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name("bulk on PostgreSQL",
						      postgresql, NULL, NULL);
	return failed;
}
