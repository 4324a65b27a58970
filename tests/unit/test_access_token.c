/* SPDX-License-Identifier: MIT */
#include "store/access_token.h"

#include "db/migrate.h"
#include "db_fixture.h"
#include "store/user.h"

#define ANNA "00000000-0000-4000-8000-00000000000a"
#define BERT "00000000-0000-4000-8000-00000000000b"
#define ONE "1111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222"
#define THREE "3333333333333333333333333333333333333333333"
#define NOW INT64_C(1700000000)

static void
user_make(struct fixture *f, const char *id, const char *email)
{
	struct user u = {
		.id = id,
		.email = email,
		.hashed_password = "$argon2id$old",
		.is_active = true,
	};

	assert_int_equal(user_insert(f->db, f->mem, &u, 5), OK);
}

static void
three_tokens(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	user_make(f, ANNA, "anna@example.org");
	user_make(f, BERT, "bert@example.org");
	assert_int_equal(access_token_insert(f->db, f->mem, ONE, ANNA, NOW),
			 OK);
	assert_int_equal(access_token_insert(f->db, f->mem, TWO, ANNA, NOW),
			 OK);
	assert_int_equal(
		access_token_insert(f->db, f->mem, THREE, BERT, NOW - 60), OK);
}

static enum err
find(struct fixture *f, const char *token, int64_t since)
{
	struct user u = {0};

	return user_by_access_token(f->db, f->mem, token, since, &u);
}

static void
a_token_tells_its_user(void **state)
{
	struct fixture *f = *state;
	struct user u = {0};

	three_tokens(f);

	assert_int_equal(
		user_by_access_token(f->db, f->mem, THREE, NOW - 60, &u), OK);
	assert_string_equal(u.id, BERT);
	assert_string_equal(u.email, "bert@example.org");
	assert_true(u.is_active);
	assert_int_equal(u.generation, 0);
	assert_int_equal(find(f, "unknown", 0), ERR_NOT_FOUND);
}

static void
a_token_tells_when_it_was_made(void **state)
{
	struct fixture *f = *state;
	int64_t created;

	three_tokens(f);

	assert_int_equal(access_token_created(f->db, f->mem, THREE, &created),
			 OK);
	assert_int_equal(created, NOW - 60);
	assert_int_equal(
		access_token_created(f->db, f->mem, "unknown", &created),
		ERR_NOT_FOUND);
}

static void
a_token_is_good_to_the_second_of_its_lifetime(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(find(f, ONE, NOW), OK);
	assert_int_equal(find(f, ONE, NOW + 1), ERR_NOT_FOUND);
	assert_int_equal(find(f, ONE, INT64_MIN), OK);
	assert_int_equal(find(f, ONE, INT64_MAX), ERR_NOT_FOUND);
}

static void
a_token_is_there_once_and_belongs_to_somebody(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(access_token_insert(f->db, f->mem, ONE, BERT, NOW),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(access_token_insert(f->db, f->mem, "x",
					     "ffffffff-ffff-4fff-bfff-ffffffff"
					     "ffff",
					     NOW),
			 ERR_INTERNAL);
}

static void
deleted_tokens_are_gone_and_others_stay(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(access_token_delete(f->db, f->mem, ONE), OK);
	assert_int_equal(access_token_delete(f->db, f->mem, ONE), OK);
	assert_int_equal(find(f, ONE, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, TWO, 0), OK);
	assert_int_equal(find(f, THREE, 0), OK);
}

static void
the_users_others_go_but_the_kept_one(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(access_token_delete_others(f->db, f->mem, ANNA, TWO),
			 OK);
	assert_int_equal(find(f, ONE, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, TWO, 0), OK);
	assert_int_equal(find(f, THREE, 0), OK);
	assert_int_equal(access_token_delete_others(f->db, f->mem, ANNA, NULL),
			 OK);
	assert_int_equal(find(f, TWO, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, THREE, 0), OK);
}

static void
a_purge_takes_the_old_ones_only(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(access_token_purge(f->db, f->mem, NOW - 60), OK);
	assert_int_equal(find(f, THREE, 0), OK);
	assert_int_equal(access_token_purge(f->db, f->mem, NOW - 59), OK);
	assert_int_equal(find(f, THREE, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, ONE, 0), OK);
}

static void
a_user_takes_his_tokens_along(void **state)
{
	struct fixture *f = *state;

	three_tokens(f);

	assert_int_equal(user_delete(f->db, f->mem, ANNA, 0), OK);
	assert_int_equal(find(f, ONE, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, TWO, 0), ERR_NOT_FOUND);
	assert_int_equal(find(f, THREE, 0), OK);
}

/* As SQLAlchemy writes it: the reference reads it back. */
static void
a_time_is_stored_with_microseconds_in_utc(void **state)
{
	static const struct db_statement stored = {
		.name = "test_stored",
		.sql = "SELECT CAST(created_at AS VARCHAR(40)) FROM accesstoken"
		       " WHERE token = $1",
		.result = "t",
		.reads_only = true,
	};
	struct fixture *f = *state;
	const struct db_value token = db_text(ONE);
	struct db_rows rows;

	three_tokens(f);
	assert_int_equal(db_query(f->db, f->mem, &stored, &token, 1, &rows),
			 OK);

	if (f->server == NULL)
		assert_string_equal(rows.cells[0].text,
				    "2023-11-14 22:13:20.000000");
	else
		assert_non_null(strstr(rows.cells[0].text, ":13:20"));
}

#define TESTS(RUN)                                                             \
	RUN(a_token_tells_its_user), RUN(a_token_tells_when_it_was_made),      \
		RUN(a_token_is_good_to_the_second_of_its_lifetime),            \
		RUN(a_token_is_there_once_and_belongs_to_somebody),            \
		RUN(deleted_tokens_are_gone_and_others_stay),                  \
		RUN(the_users_others_go_but_the_kept_one),                     \
		RUN(a_purge_takes_the_old_ones_only),                          \
		RUN(a_user_takes_his_tokens_along),                            \
		RUN(a_time_is_stored_with_microseconds_in_utc)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("access_token on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"access_token on PostgreSQL", on_postgresql, NULL,
			NULL);
	return failed;
}
