/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "db/migrate.h"
#include "store/oauth_account.h"
#include "store/session.h"
#include "store/user.h"

#define ANNA "00000000-0000-4000-8000-00000000000a"
#define BERT "00000000-0000-4000-8000-00000000000b"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
add_user(struct fixture *f, const char *id, const char *email)
{
	struct user u = {.id = id,
			 .email = email,
			 .hashed_password = "x",
			 .is_active = true};

	assert_int_equal(user_insert(f->db, f->mem, &u, 5), OK);
}

static void
two_users(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	add_user(f, ANNA, "anna@example.org");
	add_user(f, BERT, "bert@example.org");
}

static struct oauth_account
account(const char *user_id, const char *account_id)
{
	return (struct oauth_account){
		.user_id = user_id,
		.oauth_name = "hub",
		.access_token = "access",
		.expires_at = 1700000000,
		.refresh_token = "refresh",
		.account_id = account_id,
		.account_email = "at.hub@example.org",
	};
}

static void
a_stored_account_is_found_by_provider_and_id(void **state)
{
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");
	struct oauth_account found;

	two_users(f);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &a), OK);

	assert_int_equal(oauth_account_find(f->db, f->mem, "hub", "1", &found),
			 OK);
	assert_string_equal(found.id, a.id);
	assert_string_equal(found.user_id, ANNA);
	assert_string_equal(found.oauth_name, "hub");
	assert_string_equal(found.access_token, "access");
	assert_int_equal(found.expires_at, 1700000000);
	assert_string_equal(found.refresh_token, "refresh");
	assert_string_equal(found.account_id, "1");
	assert_string_equal(found.account_email, "at.hub@example.org");
	assert_int_equal(oauth_account_find(f->db, f->mem, "hub", "2", &found),
			 ERR_NOT_FOUND);
	assert_int_equal(oauth_account_find(f->db, f->mem, "Hub", "1", &found),
			 ERR_NOT_FOUND);
}

static void
what_is_not_known_is_null(void **state)
{
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");
	struct oauth_account found;

	two_users(f);
	a.expires_at = -1;
	a.refresh_token = NULL;
	assert_int_equal(oauth_account_insert(f->db, f->mem, &a), OK);

	assert_int_equal(oauth_account_find(f->db, f->mem, "hub", "1", &found),
			 OK);
	assert_int_equal(found.expires_at, -1);
	assert_null(found.refresh_token);
}

static void
a_time_beyond_the_column_is_its_greatest(void **state)
{
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");
	struct oauth_account found;

	two_users(f);
	a.expires_at = INT64_C(99999999999);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &a), OK);

	assert_int_equal(oauth_account_find(f->db, f->mem, "hub", "1", &found),
			 OK);
	assert_int_equal(found.expires_at, INT32_MAX);
}

static char *
long_text(struct fixture *f, size_t len)
{
	char *text = arena_alloc(f->mem, len + 1);

	memset(text, 'x', len);
	return text;
}

static void
tokens_of_any_length_come_back_whole(void **state)
{
	static const size_t lengths[] = {1, 1023, 1024, 1025, 16384};
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");
	struct oauth_account found;

	two_users(f);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &a), OK);
	for (size_t i = 0; i < countof(lengths); i++) {
		for (int which = 0; which < 3; which++) {
			const char *text = long_text(f, lengths[i]);

			a.access_token = which == 1 ? "short" : text;
			a.refresh_token = which == 2 ? NULL : text;
			assert_int_equal(
				oauth_account_update(f->db, f->mem, &a), OK);
			assert_int_equal(oauth_account_find(f->db, f->mem,
							    "hub", "1", &found),
					 OK);
			assert_string_equal(found.access_token, a.access_token);
			if (which == 2)
				assert_null(found.refresh_token);
			else
				assert_string_equal(found.refresh_token, text);
		}
	}
}

static void
an_update_needs_a_row(void **state)
{
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");

	two_users(f);
	a.id = BERT;
	assert_int_equal(oauth_account_update(f->db, f->mem, &a),
			 ERR_NOT_FOUND);
}

static void
accounts_are_listed_and_deleted_by_user(void **state)
{
	struct fixture *f = *state;
	struct oauth_account one = account(ANNA, "1");
	struct oauth_account two = account(ANNA, "2");
	struct oauth_account other = account(BERT, "3");
	struct oauth_account *list;
	size_t count;

	two_users(f);
	two.access_token = long_text(f, 2000);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &one), OK);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &two), OK);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &other), OK);

	assert_int_equal(oauth_account_list(f->db, f->mem, ANNA, &list, &count),
			 OK);
	assert_int_equal(count, 2);
	assert_true(strcmp(list[0].id, list[1].id) < 0);
	assert_int_equal(oauth_account_delete_of(f->db, f->mem, ANNA), OK);
	assert_int_equal(oauth_account_list(f->db, f->mem, ANNA, &list, &count),
			 OK);
	assert_int_equal(count, 0);
	assert_int_equal(oauth_account_list(f->db, f->mem, BERT, &list, &count),
			 OK);
	assert_int_equal(count, 1);
}

static void
a_deleted_user_takes_his_accounts_along(void **state)
{
	struct fixture *f = *state;
	struct oauth_account a = account(ANNA, "1");
	struct oauth_account found;

	two_users(f);
	a.access_token = long_text(f, 2000);
	assert_int_equal(oauth_account_insert(f->db, f->mem, &a), OK);
	assert_int_equal(user_delete(f->db, f->mem, ANNA, 0), OK);

	assert_int_equal(oauth_account_find(f->db, f->mem, "hub", "1", &found),
			 ERR_NOT_FOUND);
}

static void
a_claim_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;

	two_users(f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(oauth_account_claim(f->db, f->mem, "hub", "1"),
				 OK);
	assert_int_equal(db_script(f->db, "INSERT INTO fcu_oauth_claim "
					  "VALUES ('hub', '1')"),
			 OK);
}

static void
a_token_is_spent_once(void **state)
{
	struct fixture *f = *state;
	bool first;

	two_users(f);
	assert_int_equal(session_spend(f->db, f->mem, HASH, 2000, &first), OK);
	assert_true(first);
	assert_int_equal(session_spend(f->db, f->mem, HASH, 2000, &first), OK);
	assert_false(first);
	assert_int_equal(session_purge(f->db, f->mem, 3000), OK);
	assert_int_equal(session_spend(f->db, f->mem, HASH, 2000, &first), OK);
	assert_true(first);
}

#define TESTS(RUN)                                                             \
	RUN(a_stored_account_is_found_by_provider_and_id),                     \
		RUN(what_is_not_known_is_null),                                \
		RUN(a_time_beyond_the_column_is_its_greatest),                 \
		RUN(tokens_of_any_length_come_back_whole),                     \
		RUN(an_update_needs_a_row),                                    \
		RUN(accounts_are_listed_and_deleted_by_user),                  \
		RUN(a_deleted_user_takes_his_accounts_along),                  \
		RUN(a_claim_leaves_nothing_behind), RUN(a_token_is_spent_once)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("accounts on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"accounts on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
