/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "base/attr.h"
#include "core/limiter.h"
#include "db/migrate.h"

#define NOW INT64_C(1700000000)
#define EMAIL "king@example.org"
#define HOME "192.0.2.1"
#define AWAY "198.51.100.1"
#define DAY 86400

struct limits {
	struct fixture *f;
	struct ctx cx;
};

static struct limits
limits_open(struct fixture *f, const char *settings)
{
	const struct migrate_watch watch = {0};
	struct limits l = {.f = f};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	l.cx = (struct ctx){
		.mem = f->mem,
		.conf = fixture_configuration(settings),
		.db = f->db,
		.client = HOME,
		.now = NOW,
	};
	limiter_open(l.cx.conf, &l.cx.limiter);
	return l;
}

/* One sign-in that ends so. */
static enum err
sign_in(struct limits *l, const char *client, enum err outcome)
{
	struct limit_pass pass;
	enum err e;

	l->cx.client = client;
	e = limit_sign_in(&l->cx, EMAIL, &pass);
	if (e != OK)
		return e;
	limit_settle(&l->cx, &pass, outcome);
	return outcome;
}

static enum err
guess_at(struct limits *l, const char *client, const char *email)
{
	struct limit_pass pass;
	enum err e;

	l->cx.client = client;
	e = limit_sign_in(&l->cx, email, &pass);
	return e != OK ? e : ERR_LOGIN_BAD_CREDENTIALS;
}

static enum err
guess(struct limits *l, const char *client)
{
	return sign_in(l, client, ERR_LOGIN_BAD_CREDENTIALS);
}

static void
guess_often(struct limits *l, const char *client, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(guess(l, client), ERR_LOGIN_BAD_CREDENTIALS);
}

static int64_t
number(struct fixture *f, const struct db_statement *question)
{
	struct db_rows rows;

	assert_int_equal(db_query(f->db, f->mem, question, NULL, 0, &rows), OK);
	return rows.cells[0].number;
}

static const struct db_statement rows_there = {
	.name = "test_rows",
	.sql = "SELECT count(*) FROM fcu_limit",
	.result = "i",
};

static void
a_window_ends_at_its_very_second(void **state)
{
	struct limits l = limits_open(*state, NULL);

	guess_often(&l, HOME, 10);
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(l.cx.retry_after, 900);
	l.cx.now = NOW + 899;
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(l.cx.retry_after, 1);
	l.cx.now = NOW + 900;
	guess_often(&l, HOME, 10);
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(l.cx.retry_after, 900);
	limiter_close(l.cx.limiter);
}

static void
a_clock_that_is_set_back_neither_frees_nor_locks_for_long(void **state)
{
	struct limits l = limits_open(*state, NULL);

	guess_often(&l, HOME, 10);
	l.cx.now = NOW - 30 * DAY;
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(l.cx.retry_after, 900);
	l.cx.now += 900;
	assert_int_equal(guess(&l, HOME), ERR_LOGIN_BAD_CREDENTIALS);
	limiter_close(l.cx.limiter);
}

static void
a_clock_that_is_set_forward_ends_a_window(void **state)
{
	struct limits l = limits_open(*state, NULL);

	guess_often(&l, HOME, 10);
	l.cx.now = NOW + 366 * DAY;
	assert_int_equal(guess(&l, HOME), ERR_LOGIN_BAD_CREDENTIALS);
	limiter_close(l.cx.limiter);
}

static void
a_count_never_overflows(void **state)
{
	static const struct db_statement most = {
		.name = "test_most",
		.sql = "SELECT max(used) FROM fcu_limit",
		.result = "i",
	};
	struct limits l = limits_open(*state, NULL);

	guess_often(&l, HOME, 1);
	assert_int_equal(
		db_script(l.f->db, "UPDATE fcu_limit SET used = 1000000000"),
		OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(number(l.f, &most), 1000000000);
	limiter_close(l.cx.limiter);
}

static void
a_try_is_given_back_once_and_never_below_nothing(void **state)
{
	struct limits l = limits_open(*state, NULL);
	struct limit_pass pass;

	assert_int_equal(limit_sign_in(&l.cx, EMAIL, &pass), OK);
	assert_int_equal(pass.count, 3);
	for (int i = 0; i < 5; i++)
		limit_settle(&l.cx, &pass, OK);
	guess_often(&l, HOME, 10);
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	limiter_close(l.cx.limiter);
}

/* V27: lockout as a weapon, as Keycloak's documentation calls it. */
static void
past_the_cap_known_networks_have_all_tries_and_others_a_few(void **state)
{
	struct limits l = limits_open(*state, "limits { account = 20 }");

	assert_int_equal(sign_in(&l, HOME, OK), OK);
	for (int i = 0; i < 4; i++)
		guess_often(&l, arena_printf(l.f->mem, "203.0.113.%d", i),
			    i < 2 ? 10 : 3);
	assert_int_equal(guess(&l, "203.0.113.3"), ERR_TOO_MANY_REQUESTS);
	assert_int_equal(guess(&l, AWAY), ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(sign_in(&l, AWAY, OK), OK);
	guess_often(&l, HOME, 10);
	guess_often(&l, AWAY, 9);
	limiter_close(l.cx.limiter);
}

static void
a_network_is_known_for_so_long_and_no_longer(void **state)
{
	struct limits l = limits_open(
		*state,
		"limits { account = 10 sign_in_window = 60 known_age = 864000 }");

	assert_int_equal(sign_in(&l, HOME, OK), OK);
	l.cx.now = NOW + 10 * DAY;
	guess_often(&l, AWAY, 10);
	guess_often(&l, HOME, 10);
	l.cx.now = NOW + 11 * DAY;
	guess_often(&l, AWAY, 10);
	guess_often(&l, HOME, 3);
	assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	limiter_close(l.cx.limiter);
}

static void
refused_tries_do_not_count_to_the_account(void **state)
{
	struct limits l = limits_open(*state, "limits { account = 20 }");

	guess_often(&l, HOME, 10);
	for (int i = 0; i < 100; i++)
		assert_int_equal(guess(&l, HOME), ERR_TOO_MANY_REQUESTS);
	guess_often(&l, AWAY, 10);
	limiter_close(l.cx.limiter);
}

static void
a_network_that_tries_everybody_keeps_out_but_whom_it_has(void **state)
{
	struct limits l = limits_open(*state, "limits { network = 20 }");

	assert_int_equal(sign_in(&l, HOME, OK), OK);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
			guess_at(&l, HOME,
				 arena_printf(l.f->mem, "%d@example.org", i)),
			ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(guess_at(&l, HOME, "0@example.org"),
			 ERR_TOO_MANY_REQUESTS);
	assert_int_equal(l.cx.retry_after, 900);
	assert_int_equal(sign_in(&l, HOME, OK), OK);
	assert_int_equal(guess_at(&l, AWAY, "0@example.org"),
			 ERR_LOGIN_BAD_CREDENTIALS);
	l.cx.now = NOW + 900;
	assert_int_equal(guess_at(&l, HOME, "0@example.org"),
			 ERR_LOGIN_BAD_CREDENTIALS);
	limiter_close(l.cx.limiter);
}

static void
what_the_network_has_used_up_costs_nobody_his_own_tries(void **state)
{
	struct limits l = limits_open(*state, "limits { network = 20 }");

	for (int i = 0; i < 20; i++)
		assert_int_equal(
			guess_at(&l, HOME,
				 arena_printf(l.f->mem, "%d@example.org", i)),
			ERR_LOGIN_BAD_CREDENTIALS);
	l.cx.now = NOW + 890;
	for (int i = 0; i < 15; i++) {
		assert_int_equal(sign_in(&l, HOME, OK), ERR_TOO_MANY_REQUESTS);
		assert_int_equal(l.cx.retry_after, 10);
	}
	l.cx.now = NOW + 900;
	assert_int_equal(sign_in(&l, HOME, OK), OK);
	limiter_close(l.cx.limiter);
}

static void
a_sign_in_that_could_not_be_judged_makes_no_network_known(void **state)
{
	static const struct db_statement known = {
		.name = "test_known",
		.sql = "SELECT max(known_until) + max(used) FROM fcu_limit",
		.result = "i",
	};
	struct limits l = limits_open(*state, NULL);

	assert_int_equal(sign_in(&l, HOME, ERR_BUSY), ERR_BUSY);
	assert_int_equal(number(l.f, &known), 0);
	limiter_close(l.cx.limiter);
}

static void
networks_without_an_address_are_one(void **state)
{
	static const char *const nowhere[] = {NULL, "", "-", "nowhere",
					      "unixx"};
	struct limits l = limits_open(*state, NULL);

	for (int i = 0; i < 10; i++)
		assert_int_equal(guess(&l, nowhere[i % 5]),
				 ERR_LOGIN_BAD_CREDENTIALS);
	for (int i = 0; i < 5; i++)
		assert_int_equal(guess(&l, nowhere[i]), ERR_TOO_MANY_REQUESTS);
	limiter_close(l.cx.limiter);
}

static void
thousands_of_networks_leave_no_table_that_grows(void **state)
{
	struct limits l = limits_open(*state, "limits { sign_up_window = 1 }");

	for (int i = 0; i < 5000; i++) {
		l.cx.client = arena_printf(l.f->mem, "2001:db8:%x::1", i);
		l.cx.now += 2;
		assert_int_equal(limit_take(&l.cx, LIMIT_SIGN_UP), OK);
	}
	/* 1800 of them are not an hour old; the rest is a matter of chance. */
	assert_in_range(number(l.f, &rows_there), 1800, 2600);
	limiter_close(l.cx.limiter);
}

static void
no_address_stands_in_the_table(void **state)
{
	static const struct db_statement longest = {
		.name = "test_keys",
		.sql = "SELECT count(*) FROM fcu_limit WHERE"
		       " account_key LIKE '%king%'"
		       " OR network_key LIKE '%192%'"
		       " OR length(account_key) NOT IN (0, 24)"
		       " OR length(network_key) NOT IN (0, 24)",
		.result = "i",
	};
	struct limits l = limits_open(*state, NULL);

	guess_often(&l, HOME, 1);
	assert_int_equal(number(l.f, &rows_there), 3);
	assert_int_equal(number(l.f, &longest), 0);
	limiter_close(l.cx.limiter);
}

static void
nobody_passes_uncounted(void **state)
{
	struct limits l = limits_open(*state, NULL);

	assert_int_equal(db_script(l.f->db, "DROP TABLE fcu_limit"), OK);
	assert_int_equal(guess(&l, HOME), ERR_DATABASE_DOWN);
	assert_int_equal(limit_take(&l.cx, LIMIT_SIGN_UP), ERR_DATABASE_DOWN);
	limiter_close(l.cx.limiter);
}

static void
what_is_switched_off_is_not_counted(void **state)
{
	struct limits l = limits_open(
		*state, "limits { sign_in = 0 sign_up = 0 account = 0 }");

	for (int i = 0; i < 30; i++) {
		assert_int_equal(guess(&l, HOME), ERR_LOGIN_BAD_CREDENTIALS);
		assert_int_equal(limit_take(&l.cx, LIMIT_SIGN_UP), OK);
		assert_int_equal(limit_take(&l.cx, LIMIT_NONE), OK);
	}
	assert_int_equal(number(l.f, &rows_there), 0);
	limiter_close(l.cx.limiter);
}

#define TESTS(RUN)                                                                \
	RUN(a_window_ends_at_its_very_second),                                    \
		RUN(a_clock_that_is_set_back_neither_frees_nor_locks_for_long),   \
		RUN(a_clock_that_is_set_forward_ends_a_window),                   \
		RUN(a_count_never_overflows),                                     \
		RUN(a_try_is_given_back_once_and_never_below_nothing),            \
		RUN(past_the_cap_known_networks_have_all_tries_and_others_a_few), \
		RUN(a_network_is_known_for_so_long_and_no_longer),                \
		RUN(refused_tries_do_not_count_to_the_account),                   \
		RUN(a_network_that_tries_everybody_keeps_out_but_whom_it_has),    \
		RUN(what_the_network_has_used_up_costs_nobody_his_own_tries),     \
		RUN(a_sign_in_that_could_not_be_judged_makes_no_network_known),   \
		RUN(networks_without_an_address_are_one),                         \
		RUN(thousands_of_networks_leave_no_table_that_grows),             \
		RUN(no_address_stands_in_the_table),                              \
		RUN(nobody_passes_uncounted),                                     \
		RUN(what_is_switched_off_is_not_counted)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("limits on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"limits on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
