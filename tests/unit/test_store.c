/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "db/migrate.h"
#include "store/session.h"
#include "store/user.h"
#include "store/user_table.h"

#define ANNA "00000000-0000-4000-8000-00000000000a"
#define BERT "00000000-0000-4000-8000-00000000000b"
#define NOBODY "ffffffff-ffff-4fff-bfff-ffffffffffff"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
tables_make(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
}

static enum err
insert(struct fixture *f, const char *id, const char *email)
{
	struct user u = {
		.id = id,
		.email = email,
		.hashed_password = "$argon2id$old",
		.is_active = true,
		.is_verified = false,
		.is_superuser = true,
	};

	return user_insert(f->db, f->mem, &u, 5);
}

static void
two_users(struct fixture *f)
{
	tables_make(f);
	assert_int_equal(insert(f, ANNA, "Anna@Example.org"), OK);
	assert_int_equal(insert(f, BERT, "bert@example.org"), OK);
}

static void
an_inserted_user_is_found_by_id(void **state)
{
	struct fixture *f = *state;
	struct user u;

	two_users(f);

	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	assert_string_equal(u.id, ANNA);
	assert_string_equal(u.email, "Anna@Example.org");
	assert_string_equal(u.hashed_password, "$argon2id$old");
	assert_true(u.is_active);
	assert_true(u.is_superuser);
	assert_false(u.is_verified);
}

static void
a_stranger_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct user_session session;
	struct user u;
	const struct user_change change = {0};

	two_users(f);

	assert_int_equal(user_by_id(f->db, f->mem, NOBODY, &u), ERR_NOT_FOUND);
	assert_int_equal(user_by_email(f->db, f->mem, "x@example.org", &u),
			 ERR_NOT_FOUND);
	assert_int_equal(user_by_session(f->db, f->mem, NOBODY, HASH, &session),
			 ERR_NOT_FOUND);
	assert_int_equal(user_update(f->db, f->mem, NOBODY, &change, &u),
			 ERR_NOT_FOUND);
	assert_int_equal(user_delete(f->db, f->mem, NOBODY, 0), ERR_NOT_FOUND);
}

static void
an_address_is_found_without_regard_to_case(void **state)
{
	struct fixture *f = *state;
	struct user u;

	two_users(f);

	assert_int_equal(user_by_email(f->db, f->mem, "aNNa@eXample.ORG", &u),
			 OK);
	assert_string_equal(u.id, ANNA);
	assert_string_equal(u.email, "Anna@Example.org");
	assert_int_equal(u.generation, 0);
}

static void
sql_in_an_address_is_only_text(void **state)
{
	struct fixture *f = *state;
	struct user u;

	two_users(f);

	assert_int_equal(user_by_email(f->db, f->mem, "' OR 1=1 --", &u),
			 ERR_NOT_FOUND);
	assert_int_equal(user_by_email(f->db, f->mem, "%@example.org", &u),
			 ERR_NOT_FOUND);
}

static void
a_taken_id_or_address_already_exists(void **state)
{
	struct fixture *f = *state;

	two_users(f);

	assert_int_equal(insert(f, ANNA, "new@example.org"),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(insert(f, NOBODY, "bert@example.org"),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(insert(f, NOBODY, "BERT@example.org"),
			 ERR_ALREADY_EXISTS);
}

static void
a_change_leaves_the_other_columns(void **state)
{
	struct fixture *f = *state;
	const bool no = false;
	const struct user_change change = {.email = "new@example.org",
					   .is_active = &no};
	const struct user_change nothing = {0};
	struct user u;

	two_users(f);

	assert_int_equal(user_update(f->db, f->mem, ANNA, &change, &u), OK);
	assert_string_equal(u.email, "new@example.org");
	assert_false(u.is_active);
	assert_int_equal(user_update(f->db, f->mem, ANNA, &nothing, &u), OK);
	assert_string_equal(u.id, ANNA);
	assert_string_equal(u.email, "new@example.org");
	assert_string_equal(u.hashed_password, "$argon2id$old");
	assert_false(u.is_active);
	assert_true(u.is_superuser);
	assert_false(u.is_verified);
	assert_int_equal(user_by_id(f->db, f->mem, BERT, &u), OK);
	assert_string_equal(u.email, "bert@example.org");
	assert_true(u.is_active);
}

static void
every_column_can_be_changed(void **state)
{
	struct fixture *f = *state;
	const bool no = false, yes = true;
	const struct user_change change = {
		.email = "é@example.org",
		.hashed_password = "new",
		.is_active = &no,
		.is_superuser = &no,
		.is_verified = &yes,
	};
	struct user u;

	two_users(f);

	assert_int_equal(user_update(f->db, f->mem, BERT, &change, &u), OK);
	assert_int_equal(user_by_id(f->db, f->mem, BERT, &u), OK);
	assert_string_equal(u.email, "é@example.org");
	assert_string_equal(u.hashed_password, "new");
	assert_false(u.is_active);
	assert_false(u.is_superuser);
	assert_true(u.is_verified);
}

static void
a_change_to_anothers_address_already_exists(void **state)
{
	struct fixture *f = *state;
	const struct user_change change = {.email = "BERT@example.org"};
	const struct user_change own = {.email = "ANNA@example.org"};
	struct user u;

	two_users(f);

	assert_int_equal(user_update(f->db, f->mem, ANNA, &change, &u),
			 ERR_ALREADY_EXISTS);
	assert_int_equal(user_update(f->db, f->mem, ANNA, &own, &u), OK);
	assert_string_equal(u.email, "ANNA@example.org");
}

static void
a_hash_is_replaced_only_while_it_is_the_old_one(void **state)
{
	struct fixture *f = *state;
	struct user u;

	two_users(f);

	assert_int_equal(user_rehash(f->db, f->mem, ANNA, "other", "new"), OK);
	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	assert_string_equal(u.hashed_password, "$argon2id$old");
	assert_int_equal(
		user_rehash(f->db, f->mem, ANNA, "$argon2id$old", "new"), OK);
	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	assert_string_equal(u.hashed_password, "new");
	assert_int_equal(user_by_id(f->db, f->mem, BERT, &u), OK);
	assert_string_equal(u.hashed_password, "$argon2id$old");
}

static void
a_deleted_user_takes_all_along(void **state)
{
	struct fixture *f = *state;
	static const struct db_statement left = {
		.name = "left",
		.sql = "SELECT (SELECT count(*) FROM accesstoken),"
		       " (SELECT count(*) FROM oauth_account)",
		.result = "ii",
		.reads_only = true,
	};
	struct db_rows rows;
	struct user u;

	two_users(f);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 5, NULL), OK);
	assert_int_equal(
		db_script(f->db,
			  "INSERT INTO accesstoken VALUES"
			  " ('" ANNA "', 'token', '2026-01-01 00:00:00');"
			  "INSERT INTO oauth_account VALUES ('" NOBODY "',"
			  " '" ANNA "', 'x', 'y', 1, NULL, 'z', 'a@b.c')"),
		OK);

	assert_int_equal(user_delete(f->db, f->mem, ANNA, 0), OK);

	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), ERR_NOT_FOUND);
	assert_int_equal(user_by_id(f->db, f->mem, BERT, &u), OK);
	assert_int_equal(db_query(f->db, f->mem, &left, NULL, 0, &rows), OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rows.cells[i].number, 0);
}

static void
who_has_a_deleted_users_id_has_none_of_his_sessions(void **state)
{
	struct fixture *f = *state;
	struct user u;
	int64_t before;

	two_users(f);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 5, NULL), OK);
	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	before = u.generation;

	assert_int_equal(user_delete(f->db, f->mem, ANNA, 9), OK);
	assert_int_equal(user_insert(f->db, f->mem, &u, 9), OK);

	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	assert_true(u.generation > before);
}

static void
users_are_listed_in_pages(void **state)
{
	struct fixture *f = *state;
	struct user *users;
	size_t count;

	two_users(f);

	assert_int_equal(user_list(f->db, f->mem, NULL, 1, &users, &count), OK);
	assert_int_equal(count, 1);
	assert_string_equal(users[0].id, ANNA);
	assert_int_equal(user_list(f->db, f->mem, ANNA, 9, &users, &count), OK);
	assert_int_equal(count, 1);
	assert_string_equal(users[0].email, "bert@example.org");
	assert_int_equal(user_list(f->db, f->mem, BERT, 9, &users, &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(user_list(f->db, f->mem, NULL, 9, &users, &count), OK);
	assert_int_equal(count, 2);
}

static void
shared_addresses_are_told(void **state)
{
	struct fixture *f = *state;
	const char **emails;
	size_t count;

	two_users(f);
	assert_int_equal(user_duplicates(f->db, f->mem, 5, &emails, &count),
			 OK);
	assert_int_equal(count, 0);

	assert_int_equal(db_script(f->db, "DROP INDEX fcu_user_email_lower"),
			 OK);
	assert_int_equal(insert(f, NOBODY, "ANNA@example.org"), OK);

	assert_int_equal(user_duplicates(f->db, f->mem, 5, &emails, &count),
			 OK);
	assert_int_equal(count, 1);
	assert_string_equal(emails[0], "anna@example.org");
}

static void
no_table_and_one_of_ours_can_be_kept(void **state)
{
	struct fixture *f = *state;
	const char *why;

	assert_int_equal(user_table_check(f->db, f->mem, &why), OK);
	two_users(f);
	assert_int_equal(user_table_check(f->db, f->mem, &why), OK);
}

/* What refuses the table; the transaction ends as a migration's would. */
static void
assert_unfit(struct fixture *f, const char *part)
{
	const char *why = NULL;

	assert_int_equal(user_table_check(f->other, f->mem, &why), ERR_INVALID);
	assert_non_null(strstr(why, part));
}

/* A table as others make it, with this type of id, and some rows. */
static void
table_of_others(struct fixture *f, const char *id_type, const char *values)
{
	const char *sql = arena_printf(
		f->mem,
		"DROP TABLE IF EXISTS \"user\";"
		"CREATE TABLE \"user\" (id %s, email VARCHAR(320),"
		" hashed_password VARCHAR(1024), is_active BOOLEAN,"
		" is_superuser BOOLEAN, is_verified BOOLEAN);%s",
		id_type, values);

	assert_int_equal(db_script(f->db, sql), OK);
}

static void
a_missing_column_is_noticed(void **state)
{
	struct fixture *f = *state;

	tables_make(f);
	assert_int_equal(db_script(f->other,
				   "ALTER TABLE \"user\" RENAME COLUMN"
				   " is_verified TO other"),
			 OK);

	assert_unfit(f, "is_verified");
}

static void
ids_that_are_no_ids_are_noticed(void **state)
{
	static const char *const types[][2] = {
		{"FLOAT", "neither UUIDs nor whole numbers"},
		{"DATE", "neither UUIDs nor whole numbers"},
		{"BIGINT", "does not number its rows: its column id needs"},
		{"SMALLINT PRIMARY KEY", "does not number its rows"},
		{"CHAR(36)", "neither UUIDs nor whole numbers"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(types) - (f->server == NULL); i++) {
		table_of_others(f, types[i][0], "");
		assert_unfit(f, types[i][1]);
	}
}

static void
whole_numbers_can_be_kept(void **state)
{
	static const char *const types[] = {"INTEGER PRIMARY KEY",
					    "SERIAL PRIMARY KEY", "BIGSERIAL"};
	struct fixture *f = *state;
	const char *why = "";

	for (size_t i = f->server != NULL; i < countof(types); i++) {
		if (f->server == NULL && i > 0)
			break;
		table_of_others(f, types[i],
				"INSERT INTO \"user\" (email, hashed_password,"
				" is_active, is_superuser, is_verified) VALUES"
				" ('a@x', 'h', true, false, false)");
		if (user_table_check(f->db, f->mem, &why) != OK)
			fail_msg("%s", why);
	}
}

/* Where ids are texts by type, or of any type. */
static void
texts_that_are_no_uuids_are_noticed(void **state)
{
	static const char *const ids[] = {
		"'1'", "'0000000000004000800000000000000a'",
		"'00000000-0000-4000-8000-00000000000A'", "x'00112233'"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(ids); i++) {
		table_of_others(f, "CHAR(36)",
				arena_printf(f->mem,
					     "INSERT INTO \"user\" VALUES (%s,"
					     " 'a@x', 'h', 1, 0, 0)",
					     ids[i]));
		assert_unfit(f, "neither UUIDs nor whole numbers");
	}
}

static void
nulls_are_noticed(void **state)
{
	static const char *const columns[] = {
		"id",        "email",        "hashed_password",
		"is_active", "is_superuser", "is_verified"};
	struct fixture *f = *state;
	const char *why;

	table_of_others(f, f->server != NULL ? "UUID" : "CHAR(36)",
			"INSERT INTO \"user\" VALUES ('" ANNA "', 'a@x', 'h',"
			" true, false, false)");
	assert_int_equal(user_table_check(f->db, f->mem, &why), OK);
	for (size_t i = 0; i < countof(columns); i++) {
		const char *sql = arena_printf(
			f->mem,
			"DELETE FROM \"user\";"
			"INSERT INTO \"user\" VALUES ('" ANNA "', 'a@x', 'h',"
			" true, false, false);UPDATE \"user\" SET %s = NULL",
			columns[i]);

		assert_int_equal(db_script(f->db, sql), OK);
		assert_unfit(f, "1 rows of the table \"user\" have NULL");
	}
}

static void
a_fresh_session_has_nothing_against_it(void **state)
{
	struct fixture *f = *state;
	struct user_session s;

	two_users(f);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s), OK);
	assert_string_equal(s.user.id, ANNA);
	assert_int_equal(s.not_before, -1);
	assert_null(s.exempt_hash);
	assert_false(s.revoked);
}

static void
ended_sessions_are_seen_with_their_exemption(void **state)
{
	struct fixture *f = *state;
	struct user_session s;
	struct user u;

	two_users(f);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 1000, HASH),
			 OK);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, "x", &s), OK);
	assert_int_equal(s.not_before, 1000);
	assert_string_equal(s.exempt_hash, HASH);
	assert_false(s.revoked);
	assert_int_equal(user_by_email(f->db, f->mem, "anna@example.org", &u),
			 OK);
	assert_int_equal(u.generation, 1);
	assert_int_equal(user_by_session(f->db, f->mem, BERT, HASH, &s), OK);
	assert_int_equal(s.not_before, -1);
}

static void
the_floor_never_moves_back_but_the_newest_exemption_holds(void **state)
{
	struct fixture *f = *state;
	struct user_session s;

	two_users(f);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 1000, HASH),
			 OK);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 900, NULL),
			 OK);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, "x", &s), OK);
	assert_int_equal(s.not_before, 1000);
	assert_null(s.exempt_hash);

	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 2000, "e"),
			 OK);
	assert_int_equal(user_by_session(f->db, f->mem, ANNA, "x", &s), OK);
	assert_int_equal(s.not_before, 2000);
	assert_string_equal(s.exempt_hash, "e");
}

static void
an_id_that_comes_back_begins_another_generation(void **state)
{
	struct fixture *f = *state;
	struct user_session s;
	int64_t generation = -1;

	two_users(f);
	assert_int_equal(session_begin(f->db, f->mem, ANNA, 5, &generation),
			 OK);
	assert_int_equal(generation, 1);
	assert_int_equal(session_end_others(f->db, f->mem, ANNA, 1000, HASH),
			 OK);
	assert_int_equal(session_begin(f->db, f->mem, ANNA, 7, &generation),
			 OK);
	assert_int_equal(generation, 3);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s), OK);
	assert_int_equal(s.user.generation, 3);
	assert_int_equal(s.not_before, 1000);
	assert_null(s.exempt_hash);
}

static void
each_end_of_sessions_begins_another_generation(void **state)
{
	struct fixture *f = *state;
	struct user_session s;
	struct user u;

	two_users(f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			session_end_others(f->db, f->mem, ANNA, 1000, NULL),
			OK);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, "x", &s), OK);
	assert_int_equal(s.user.generation, 3);
	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &u), OK);
	assert_int_equal(u.generation, 3);
	assert_int_equal(user_by_id(f->db, f->mem, BERT, &u), OK);
	assert_int_equal(u.generation, 0);
}

static enum err
lock_anna(struct db *db, void *arg)
{
	struct fixture *f = arg;

	return user_lock(db, f->mem, ANNA);
}

static void
a_lock_changes_nothing_and_needs_a_user(void **state)
{
	struct fixture *f = *state;
	struct user before;
	struct user after;

	two_users(f);
	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &before), OK);

	assert_int_equal(db_transact(f->db, lock_anna, f), OK);

	assert_int_equal(user_by_id(f->db, f->mem, ANNA, &after), OK);
	assert_string_equal(after.hashed_password, before.hashed_password);
	assert_int_equal(after.is_active, before.is_active);
	assert_int_equal(user_lock(f->db, f->mem, NOBODY), ERR_NOT_FOUND);
}

static void
a_revoked_token_is_revoked_twice_and_purged_when_expired(void **state)
{
	struct fixture *f = *state;
	struct user_session s;

	two_users(f);
	assert_int_equal(session_revoke(f->db, f->mem, HASH, 100), OK);
	assert_int_equal(session_revoke(f->db, f->mem, HASH, 100), OK);
	assert_int_equal(session_revoke(f->db, f->mem, "ever", -1), OK);

	assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s), OK);
	assert_true(s.revoked);
	assert_int_equal(session_purge(f->db, f->mem, 100), OK);
	assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s), OK);
	assert_true(s.revoked);
	assert_int_equal(session_purge(f->db, f->mem, 101), OK);
	assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s), OK);
	assert_false(s.revoked);
	assert_int_equal(user_by_session(f->db, f->mem, ANNA, "ever", &s), OK);
	assert_true(s.revoked);
}

/* Beyond the first runs, which drivers treat differently. */
static void
statements_can_be_run_many_times(void **state)
{
	struct fixture *f = *state;
	const struct user_change change = {.hashed_password = "h"};
	struct user_session s;
	struct user u;

	two_users(f);

	for (int i = 0; i < 5; i++) {
		assert_int_equal(user_by_session(f->db, f->mem, ANNA, HASH, &s),
				 OK);
		assert_int_equal(user_update(f->db, f->mem, ANNA, &change, &u),
				 OK);
		assert_int_equal(
			session_end_others(f->db, f->mem, ANNA, i, NULL), OK);
	}
	assert_int_equal(s.not_before, 3);
	assert_string_equal(u.hashed_password, "h");
}

#define TESTS(RUN)                                                              \
	RUN(an_inserted_user_is_found_by_id), RUN(a_stranger_is_not_found),     \
		RUN(an_address_is_found_without_regard_to_case),                \
		RUN(sql_in_an_address_is_only_text),                            \
		RUN(a_taken_id_or_address_already_exists),                      \
		RUN(a_change_leaves_the_other_columns),                         \
		RUN(every_column_can_be_changed),                               \
		RUN(a_change_to_anothers_address_already_exists),               \
		RUN(a_hash_is_replaced_only_while_it_is_the_old_one),           \
		RUN(a_deleted_user_takes_all_along),                            \
		RUN(who_has_a_deleted_users_id_has_none_of_his_sessions),       \
		RUN(users_are_listed_in_pages),                                 \
		RUN(shared_addresses_are_told),                                 \
		RUN(no_table_and_one_of_ours_can_be_kept),                      \
		RUN(a_missing_column_is_noticed),                               \
		RUN(ids_that_are_no_ids_are_noticed),                           \
		RUN(whole_numbers_can_be_kept), RUN(nulls_are_noticed),         \
		RUN(a_fresh_session_has_nothing_against_it),                    \
		RUN(ended_sessions_are_seen_with_their_exemption),              \
		RUN(the_floor_never_moves_back_but_the_newest_exemption_holds), \
		RUN(an_id_that_comes_back_begins_another_generation),           \
		RUN(each_end_of_sessions_begins_another_generation),            \
		RUN(a_lock_changes_nothing_and_needs_a_user),                   \
		RUN(a_revoked_token_is_revoked_twice_and_purged_when_expired),  \
		RUN(statements_can_be_run_many_times)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {
		TESTS(ON_SQLITE),
		ON_SQLITE(texts_that_are_no_uuids_are_noticed),
	};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("store on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"store on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
