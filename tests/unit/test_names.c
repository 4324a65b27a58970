/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "base/attr.h"
#include "db/migrate.h"
#include "db/names.h"
#include "store/session.h"
#include "store/user.h"

#define ANNA "00000000-0000-4000-8000-00000000000a"
#define MANY 300

static const char renamed[] = "tables {\n"
			      "user = \"Members\"\n"
			      "user_id = \"select\"\n"
			      "user_email = \"Mail\"\n"
			      "user_hashed_password = \"user\"\n"
			      "user_is_active = \"1st\"\n"
			      "user_is_superuser = \"is_boss\"\n"
			      "user_is_verified = \"order\"\n"
			      "accesstoken = \"table\"\n"
			      "accesstoken_token = \"from\"\n"
			      "accesstoken_created_at = \"where\"\n"
			      "accesstoken_user_id = \"group\"\n"
			      "oauth_account = \"grant\"\n"
			      "oauth_account_id = \"key\"\n"
			      "oauth_account_user_id = \"owner\"\n"
			      "}\n";

static const struct db_name animals[] = {
	{"cat", "\"felis\"", "felis", NULL},
	{"cat.tail_2", "\"t\"", "t", NULL},
	{"cat:all", "\"a\", \"b\"", NULL, NULL},
};

static const struct db_names zoo = {animals, countof(animals)};

static void
placeholders_are_replaced_and_nothing_else(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"SELECT 1", "SELECT 1"},
		{"{cat}", "\"felis\""},
		{"SELECT c.{cat.tail_2} FROM {cat} c",
		 "SELECT c.\"t\" FROM \"felis\" c"},
		{"({cat:all})", "(\"a\", \"b\")"},
		{"{cat}{cat}", "\"felis\"\"felis\""},
		{"'{}' '{\"a\":1}' '{ cat}' '{Cat}' '{1}'",
		 "'{}' '{\"a\":1}' '{ cat}' '{Cat}' '{1}'"},
		{"{cat", "{cat"},
		{"{{cat}}", "{\"felis\"}"},
		{"{", "{"},
	};
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct names *n = names_open(&zoo);
	const char *unknown = NULL;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(names_expand(n, mem, cases[i][0], &unknown),
				    cases[i][1]);
	assert_null(unknown);
	names_close(n);
	arena_close(mem);
}

static void
a_placeholder_that_stands_for_nothing_is_named(void **state)
{
	static const struct db_statement dog = {
		.name = "dog",
		.sql = "SELECT {cat}, {dog.tail}",
		.result = "t",
	};
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct names *n = names_open(&zoo);
	const char *unknown = NULL;

	(void)state;
	assert_null(names_expand(n, mem, "{cat} {dog}", &unknown));
	assert_string_equal(unknown, "dog");
	assert_null(names_statement(n, &dog, &unknown));
	assert_string_equal(unknown, "dog.tail");
	names_close(n);
	arena_close(mem);
}

static void
a_statement_is_expanded_once(void **state)
{
	struct db_statement *s = calloc(MANY, sizeof(*s));
	const struct db_statement *made[MANY];
	struct names *n = names_open(&zoo);
	const char *unknown;

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < MANY; i++) {
		s[i] = (struct db_statement){.name = "cat",
					     .sql = "SELECT {cat}",
					     .result = "t",
					     .reads_only = i % 2 == 0};
		made[i] = names_statement(n, &s[i], &unknown);
		assert_non_null(made[i]);
		assert_string_equal(made[i]->sql, "SELECT \"felis\"");
		assert_string_equal(made[i]->result, "t");
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_ptr_equal(names_statement(n, &s[i], &unknown), made[i]);
		assert_int_equal(made[i]->reads_only, i % 2 == 0);
	}
	names_close(n);
	free(s);
}

static const char *
text_of(const struct db_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i].name, name) == 0)
			return names->items[i].text;
	return "";
}

static void
by_default_the_names_are_those_of_the_reference(void **state)
{
	static const char *const rows[][2] = {
		{"user", "\"user\""},
		{"user.id", "\"id\""},
		{"user.hashed_password", "\"hashed_password\""},
		{"user.email:index", "\"ix_user_email\""},
		{"accesstoken", "\"accesstoken\""},
		{"accesstoken.user_id", "\"user_id\""},
		{"accesstoken.created_at:index",
		 "\"ix_accesstoken_created_at\""},
		{"oauth_account", "\"oauth_account\""},
		{"oauth_account.account_email", "\"account_email\""},
		{"oauth_account.oauth_name:index",
		 "\"ix_oauth_account_oauth_name\""},
	};
	const struct db_names *names = fixture_names();

	(void)state;
	for (size_t i = 0; i < countof(rows); i++)
		assert_string_equal(text_of(names, rows[i][0]), rows[i][1]);
}

static const struct db_names *
names_of(const char *text)
{
	struct config *conf = fixture_configuration(text);

	return schema_names(schema_make(conf->mem, conf));
}

static void
a_table_may_be_in_a_schema(void **state)
{
	const struct db_names *names =
		names_of("tables {\nuser = \"club.members\"\n}\n");

	(void)state;
	assert_string_equal(text_of(names, "user"), "\"club\".\"members\"");
	assert_string_equal(text_of(names, "user.email:index"),
			    "\"ix_members_email\"");
}

static void
keep(void *to, const char *sentence)
{
	(void)snprintf(to, 512, "%s", sentence);
}

/* Only such text may ever stand between quotes in SQL. */
static void
what_is_no_identifier_is_refused(void **state)
{
	static const char long_name[] =
		"a123456789012345678901234567890123456789012345678901234567890"
		"123";
	const struct {
		const char *setting;
		const char *value;
		const char *why;
	} cases[] = {
		{"user", "", "must not be empty"},
		{"user", "users; DROP TABLE x", "letters, digits and _ only"},
		{"user", "us\\\"er", "letters, digits and _ only"},
		{"user", "us-er", "letters, digits and _ only"},
		{"user", "a.b.c", "letters, digits and _ only"},
		{"user", ".b", "must not be empty"},
		{"user", "a.", "must not be empty"},
		{"user", "fcu_user", "starts as our own tables do"},
		{"user", "a.FCU_user", "starts as our own tables do"},
		{"user", "Accesstoken", "another table already"},
		{"user_id", "", "must not be empty"},
		{"user_id", "a.b", "letters, digits and _ only"},
		{"user_id", "\xc3\xa4", "letters, digits and _ only"},
		{"user_is_active", "EMAIL", "another column already"},
		{"oauth_account_id", "user_id", "another column already"},
		{"accesstoken_token", long_name, "longer than the 63 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char text[256];
		char said[512] = "";
		struct config_source from = {.complain = keep, .to = said};
		struct config *conf;

		(void)snprintf(text, sizeof(text), "tables {\n%s = \"%s\"\n}\n",
			       cases[i].setting, cases[i].value);
		assert_int_equal(fixture_load(text, &from, &conf),
				 ERR_CONFIGURATION);
		if (strstr(said, cases[i].why) == NULL)
			fail_msg("%s: %s", text, said);
	}
}

static struct user
anna(void)
{
	return (struct user){
		.id = ANNA,
		.email = "Anna@Example.org",
		.hashed_password = "old",
		.is_active = true,
	};
}

/* Words of SQL, capitals, a digit in front: quoted, all are names. */
static void
everything_works_with_other_names(void **state)
{
	const struct migrate_watch watch = {0};
	const struct user u = anna();
	const struct user_change change = {.hashed_password = "new"};
	struct fixture *f = *state;
	struct db *db = fixture_open_as(names_of(renamed), f->url, 10, true);
	struct user_session session;
	struct user *list;
	const char *why = "";
	struct user out;
	size_t count;

	assert_int_equal(migrate_apply(db, f->mem, 1, &watch, &why), OK);
	assert_int_equal(user_check_table(db, f->mem, &why), OK);
	assert_int_equal(user_insert(db, f->mem, &u), OK);
	assert_int_equal(user_insert(db, f->mem, &u), ERR_ALREADY_EXISTS);
	assert_int_equal(user_by_id(db, f->mem, ANNA, &out), OK);
	assert_int_equal(user_by_email(db, f->mem, "anna@example.ORG", &out),
			 OK);
	assert_string_equal(out.email, "Anna@Example.org");
	assert_int_equal(user_by_session(db, f->mem, ANNA, "", &session), OK);
	assert_int_equal(user_update(db, f->mem, ANNA, &change, &out), OK);
	assert_string_equal(out.hashed_password, "new");
	assert_int_equal(user_rehash(db, f->mem, ANNA, "new", "newer"), OK);
	assert_int_equal(user_lock(db, f->mem, ANNA), OK);
	assert_int_equal(user_list(db, f->mem, NULL, 9, &list, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(session_end_others(db, f->mem, ANNA, 1, NULL), OK);
	assert_int_equal(user_delete(db, f->mem, ANNA), OK);
	assert_int_equal(user_check_table(f->db, f->mem, &why), OK);
	assert_int_equal(db_script(f->db, "SELECT \"Mail\", \"1st\", \"select\""
					  " FROM \"Members\""),
			 OK);
	db_close(db);
}

static void
a_complaint_uses_the_configured_name(void **state)
{
	struct fixture *f = *state;
	struct db *db = fixture_open_as(names_of(renamed), f->url, 10, true);
	const char *why = "";

	assert_int_equal(
		db_script(f->db, "CREATE TABLE \"Members\" (\"select\" FLOAT)"),
		OK);

	assert_int_equal(user_check_table(db, f->mem, &why), ERR_INVALID);
	assert_non_null(strstr(why, "\"Members\""));
	db_close(db);
}

static void
a_schema_is_kept_apart(void **state)
{
	static const struct db_name elsewhere[] = {
		{"user", "\"fcu_elsewhere\".\"user\"", "user", "fcu_elsewhere"},
		{"user.id", "\"id\"", "id", NULL},
	};
	static const struct db_names names = {elsewhere, countof(elsewhere)};
	struct fixture *f = *state;
	struct db *db = fixture_open_as(&names, f->url, 10, true);
	bool found = true;

	assert_int_equal(db_script(f->db, "CREATE TABLE \"user\" (id UUID)"),
			 OK);

	assert_int_equal(db_has_table(db, f->mem, "user", &found), OK);
	assert_false(found);
	assert_int_equal(db_has_uuid(db, f->mem, "user", "user.id", &found),
			 OK);
	assert_false(found);
	assert_int_equal(db_has_table(f->db, f->mem, "user", &found), OK);
	assert_true(found);
	db_close(db);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(placeholders_are_replaced_and_nothing_else),
	cmocka_unit_test(a_placeholder_that_stands_for_nothing_is_named),
	cmocka_unit_test(a_statement_is_expanded_once),
	cmocka_unit_test(by_default_the_names_are_those_of_the_reference),
	cmocka_unit_test(a_table_may_be_in_a_schema),
	cmocka_unit_test(what_is_no_identifier_is_refused),
};

static const struct CMUnitTest sqlite_tests[] = {
	ON_SQLITE(everything_works_with_other_names),
	ON_SQLITE(a_complaint_uses_the_configured_name),
	ON_SQLITE(a_schema_is_kept_apart),
};

static const struct CMUnitTest postgresql_tests[] = {
	ON_POSTGRESQL(everything_works_with_other_names),
	ON_POSTGRESQL(a_complaint_uses_the_configured_name),
	ON_POSTGRESQL(a_schema_is_kept_apart),
};

int
main(void)
{
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests(sqlite_tests, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests(postgresql_tests, NULL, NULL);
	return failed;
}
