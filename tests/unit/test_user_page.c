/* SPDX-License-Identifier: MIT */
#include "store/user_page.h"

#include "db/migrate.h"
#include "db_fixture.h"

#define PEOPLE 10

/* 0 to 9, by id in this order and by address in the other one. */
static const char *const ids[PEOPLE] = {
	"00000000-0000-4000-8000-000000000000",
	"00000000-0000-4000-8000-000000000001",
	"00000000-0000-4000-8000-000000000002",
	"00000000-0000-4000-8000-000000000003",
	"00000000-0000-4000-8000-000000000004",
	"00000000-0000-4000-8000-000000000005",
	"00000000-0000-4000-8000-000000000006",
	"00000000-0000-4000-8000-000000000007",
	"00000000-0000-4000-8000-000000000008",
	"00000000-0000-4000-8000-000000000009",
};
static const char letters[PEOPLE + 1] = "jIhGfEdCbA";

static void
people(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	for (int i = 0; i < PEOPLE; i++) {
		struct user u = {
			.id = ids[i],
			.email = arena_printf(f->mem, "%c_%d@example.org",
					      letters[i], i % 2),
			.hashed_password = "$argon2id$old",
			.is_active = i % 2 == 0,
			.is_superuser = i == 3,
			.is_verified = i > 4,
		};

		assert_int_equal(user_insert(f->db, f->mem, &u, 5), OK);
	}
}

/* The last digits of the ids of all pages of three, in their order. */
static const char *
walk(struct fixture *f, const struct user_filter *filter, enum user_order order)
{
	const char *after = NULL;
	struct user *users;
	struct buf seen;
	size_t count;

	buf_init(&seen, f->mem, 16);
	do {
		assert_int_equal(user_page(f->db, f->mem, filter, order, after,
					   3, &users, &count),
				 OK);
		for (size_t i = 0; i < count; i++)
			buf_char(&seen, users[i].id[35]);
		if (count > 0)
			after = user_order_key(order, &users[count - 1]);
	} while (count > 0);
	return seen.data;
}

static void
pages_follow_each_other_in_every_order(void **state)
{
	static const struct user_filter all = {0};
	struct fixture *f = *state;

	people(f);

	assert_string_equal(walk(f, &all, USER_BY_ID), "0123456789");
	assert_string_equal(walk(f, &all, USER_BY_ID_DOWN), "9876543210");
	assert_string_equal(walk(f, &all, USER_BY_EMAIL), "9876543210");
	assert_string_equal(walk(f, &all, USER_BY_EMAIL_DOWN), "0123456789");
}

static void
a_filter_holds_on_every_page(void **state)
{
	static const bool yes = true;
	static const bool no = false;
	static const struct {
		struct user_filter filter;
		const char *found;
	} cases[] = {
		{{.is_active = &yes}, "02468"},
		{{.is_active = &no, .is_verified = &yes}, "579"},
		{{.is_superuser = &yes}, "3"},
		{{.search = "_1@EXAMPLE"}, "13579"},
		{{.search = "_1@EXAMPLE", .is_verified = &no}, "13"},
		{{.search = "i_1@example.org"}, "1"},
		{{.search = "1_@"}, ""},
		{{.search = "%"}, ""},
		{{.search = "!"}, ""},
		{{.email = "i_1@EXAMPLE.org"}, "1"},
		{{.email = "i_1@example.org", .is_active = &yes}, ""},
		{{.email = "i_1"}, ""},
	};
	struct fixture *f = *state;

	people(f);

	for (size_t i = 0; i < countof(cases); i++) {
		int64_t count;

		assert_string_equal(walk(f, &cases[i].filter, USER_BY_ID),
				    cases[i].found);
		assert_int_equal(user_count(f->db, f->mem, &cases[i].filter,
					    100, &count),
				 OK);
		assert_int_equal(count, strlen(cases[i].found));
	}
}

static void
counting_ends_at_its_limit(void **state)
{
	static const struct user_filter all = {0};
	struct fixture *f = *state;
	int64_t count;

	people(f);

	assert_int_equal(user_count(f->db, f->mem, &all, 4, &count), OK);
	assert_int_equal(count, 4);
	assert_int_equal(user_count(f->db, f->mem, &all, 11, &count), OK);
	assert_int_equal(count, PEOPLE);
}

static void
a_key_that_nobody_has_is_a_place_all_the_same(void **state)
{
	static const struct user_filter all = {0};
	struct fixture *f = *state;
	struct user *users;
	size_t count;

	people(f);

	assert_int_equal(user_page(f->db, f->mem, &all, USER_BY_EMAIL,
				   "H_5' OR 1=1", 100, &users, &count),
			 OK);
	assert_int_equal(count, 2);
}

static void
an_order_is_called_by_its_name_only(void **state)
{
	enum user_order order;

	(void)state;
	for (size_t i = 0; i < USER_ORDERS; i++) {
		assert_true(user_order_read(user_order_names[i], &order));
		assert_int_equal(order, i);
	}
	assert_false(user_order_read("", &order));
	assert_false(user_order_read("ID", &order));
	assert_false(user_order_read("email ", &order));
}

#define TESTS(RUN)                                                             \
	RUN(pages_follow_each_other_in_every_order),                           \
		RUN(a_filter_holds_on_every_page),                             \
		RUN(counting_ends_at_its_limit),                               \
		RUN(a_key_that_nobody_has_is_a_place_all_the_same),            \
		RUN(an_order_is_called_by_its_name_only)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("user_page on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"user_page on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
