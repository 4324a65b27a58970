/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "base/attr.h"
#include "db/migrate.h"
#include "store/user.h"
#include "store/user_columns.h"
#include "store/user_table.h"

static const char one_of_each[] =
	"field \"nick\" {\nmax = 20\n}\n"
	"field \"age\" {\ntype = integer\n}\n"
	"field \"height\" {\ntype = number\ninitial = 1.5\n}\n"
	"field \"fan\" {\ntype = boolean\ninitial = true\n}\n"
	"field \"born\" {\ntype = date\n}\n"
	"field \"seen\" {\ntype = datetime\n}\n"
	"field \"device\" {\ntype = uuid\n}\n"
	"field \"color\" {\ntype = choice\nchoices = {red, blue}\n"
	"column = \"Col\"\n}\n";
#define FIELDS 8

static void
keep(void *to, const char *sentence)
{
	(void)snprintf(to, 512, "%s", sentence);
}

static void
a_field_that_makes_no_sense_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{"field \"email\" {\n}\n", "what all users have"},
		{"field \"is_active\" {\n}\n", "what all users have"},
		{"field \"form_tag\" {\n}\n", "what forms are told apart by"},
		{"field \"a-b\" {\n}\n", "letters, digits and _ only"},
		{"field \"a\" {\ncolumn = \"b\\\"c\"\n}\n",
		 "letters, digits and _ only"},
		{"field \"a\" {\ncolumn = Email\n}\n",
		 "another column of users already"},
		{"field \"a\" {\n}\nfield \"b\" {\ncolumn = A\n}\n",
		 "the column of another field already"},
		{"field \"a\" {\ntype = colour\n}\n", "is not one of"},
		{"field \"a\" {\nrequired = true\nwrite = admin\n}\n",
		 "nobody could register"},
		{"field \"a\" {\nrequired = true\ninitial = x\n}\n",
		 "never absent"},
		{"field \"a\" {\ntype = choice\n}\n", "needs some"},
		{"field \"a\" {\nchoices = {x}\n}\n", "is for choice only"},
		{"field \"a\" {\ntype = date\nmin = 1\n}\n",
		 "text, integer and number only"},
		{"field \"a\" {\nmin = 1.5\n}\n", "not a whole number"},
		{"field \"a\" {\nmin = -1\n}\n", "not from 0 to 65535"},
		{"field \"a\" {\nmin = 3\nmax = 2\n}\n", "is below min"},
		{"field \"a\" {\ntype = number\nmax = nan\n}\n",
		 "is not a number"},
		{"field \"a\" {\ntype = number\nmin = 2\nmax = 1.5\n}\n",
		 "is below min"},
		{"field \"a\" {\ntype = integer\ninitial = x\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = integer\nmax = 3\ninitial = 4\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\nmax = 3\ninitial = four\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = boolean\ninitial = yes\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = date\ninitial = \"2020-02-30\"\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = datetime\ninitial = today\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = uuid\ninitial = x\n}\n",
		 "is no value of this field"},
		{"field \"a\" {\ntype = choice\nchoices = {x}\n"
		 "initial = y\n}\n",
		 "is no value of this field"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char said[512] = "";
		struct config_source from = {.complain = keep, .to = said};
		struct config *conf;

		assert_int_equal(fixture_load(cases[i][0], &from, &conf),
				 ERR_CONFIGURATION);
		if (strstr(said, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], said);
	}
}

static struct db *
open_with_fields(struct fixture *f)
{
	struct config *conf = fixture_configuration(one_of_each);
	const struct db_names *names =
		schema_names(schema_make(conf->mem, conf));
	const struct migrate_watch watch = {0};
	struct db *db = fixture_open_as(names, f->url, 10, true);
	struct user_columns done;
	const char *why = "";

	assert_int_equal(migrate_apply(db, f->mem, 1, &watch, &why), OK);
	assert_int_equal(user_columns_add(db, f->mem, &done, &why), OK);
	assert_int_equal(done.count, FIELDS);
	assert_int_equal(user_columns_add(db, f->mem, &done, &why), OK);
	assert_int_equal(done.count, 0);
	assert_int_equal(user_table_check(db, f->mem, &why), OK);
	return db;
}

static const char *
shown(struct fixture *f, const struct user *u)
{
	struct buf b;

	buf_init(&b, f->mem, 256);
	for (size_t i = 0; i < u->shape->count; i++) {
		buf_text(&b, i > 0 ? " " : "");
		user_field_write(&b, &u->shape->items[i], &u->fields[i]);
	}
	return b.data;
}

static void
values_of_all_kinds_come_back(void **state)
{
	const struct db_value values[FIELDS] = {
		db_text("O'Hara \"x\""),
		db_int(INT64_MIN),
		db_real(0.1 + 0.2),
		db_bool(false),
		db_text("1815-12-10"),
		db_text("2020-01-01 10:20:30.000001"),
		db_text("0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"),
		db_text("blue"),
	};
	struct user u = {
		.email = "a@example.org",
		.hashed_password = "x",
		.fields = values,
	};
	struct fixture *f = *state;
	struct db *db = open_with_fields(f);
	struct user_session session;
	struct user out;

	assert_int_equal(user_insert(db, f->mem, &u, 5), OK);
	assert_int_equal(user_by_id(db, f->mem, u.id, &out), OK);
	assert_string_equal(
		shown(f, &out),
		"\"O'Hara \\\"x\\\"\" -9223372036854775808 0.30000000000000004"
		" false \"1815-12-10\" \"2020-01-01T10:20:30.000001Z\""
		" \"0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a\" \"blue\"");
	assert_int_equal(user_by_session(db, f->mem, u.id, "", &session), OK);
	assert_string_equal(shown(f, &session.user), shown(f, &out));
	assert_false(session.revoked);
	assert_int_equal(session.not_before, -1);
	db_close(db);
}

static void
a_change_touches_what_was_given(void **state)
{
	struct user u = {.email = "a@example.org", .hashed_password = "x"};
	struct user_value values[FIELDS] = {
		[0] = {true, db_text("Al")},
		[1] = {true, db_int(7)},
		[4] = {true, db_text("1815-12-10")},
		[5] = {true, db_text("2020-01-01 10:20:30.000000")},
	};
	const struct user_change change = {.fields = values};
	const struct user_change nothing = {0};
	struct fixture *f = *state;
	struct db *db = open_with_fields(f);
	struct user out;

	assert_int_equal(user_insert(db, f->mem, &u, 5), OK);
	assert_int_equal(user_by_id(db, f->mem, u.id, &out), OK);
	assert_string_equal(shown(f, &out),
			    "null null 1.5 true null null null null");

	assert_int_equal(user_update(db, f->mem, u.id, &change, &out), OK);
	assert_string_equal(shown(f, &out),
			    "\"Al\" 7 1.5 true \"1815-12-10\""
			    " \"2020-01-01T10:20:30Z\" null null");
	values[1] = (struct user_value){true, db_null()};
	values[0].is_given = false;
	assert_int_equal(user_update(db, f->mem, u.id, &change, &out), OK);
	assert_int_equal(user_update(db, f->mem, u.id, &nothing, &out), OK);
	assert_string_equal(shown(f, &out),
			    "\"Al\" null 1.5 true \"1815-12-10\""
			    " \"2020-01-01T10:20:30Z\" null null");
	db_close(db);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_that_makes_no_sense_is_refused),
	};
	static const struct CMUnitTest sqlite_tests[] = {
		ON_SQLITE(values_of_all_kinds_come_back),
		ON_SQLITE(a_change_touches_what_was_given),
	};
	static const struct CMUnitTest postgresql_tests[] = {
		ON_POSTGRESQL(values_of_all_kinds_come_back),
		ON_POSTGRESQL(a_change_touches_what_was_given),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests(sqlite_tests, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests(postgresql_tests, NULL, NULL);
	return failed;
}
