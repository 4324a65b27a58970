/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include "base/attr.h"
#include "db/migrate.h"
#include "store/session.h"
#include "store/user.h"
#include "store/user_table.h"

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
	{"cat", "\"felis\"", "felis", NULL, NULL},
	{"cat.tail_2", "\"t\"", "t", NULL, NULL},
	{"cat:all", "\"a\", \"b\"", NULL, NULL, NULL},
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
	struct fixture *f = *state;
	struct db *db = fixture_open_as(&zoo, f->url, 10, true);
	const char *out;

	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(db_expand(db, f->mem, cases[i][0], &out), OK);
		assert_string_equal(out, cases[i][1]);
	}
	db_close(db);
}

static void
a_placeholder_that_stands_for_nothing_is_an_error(void **state)
{
	static const struct db_statement dog = {
		.name = "dog",
		.sql = "SELECT {cat}, {dog.tail}",
		.result = "t",
	};
	struct fixture *f = *state;
	struct db *db = fixture_open_as(&zoo, f->url, 10, true);
	const char *out;

	assert_int_equal(db_expand(db, f->mem, "{cat} {dog}", &out),
			 ERR_INTERNAL);
	assert_non_null(strstr(db_complaint(db), "{dog}"));
	assert_int_equal(db_run(db, f->mem, &dog, NULL, 0, NULL), ERR_INTERNAL);
	assert_non_null(strstr(db_complaint(db), "{dog.tail}"));
	db_close(db);
}

/* More than the table of statements has room for at first. */
static void
a_statement_is_expanded_once(void **state)
{
	struct fixture *f = *state;
	struct db_statement *s = arena_array(f->mem, MANY, sizeof(*s));
	struct db *db = fixture_open_as(&zoo, f->url, 10, true);
	struct db_rows rows;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MANY; i++) {
			/* What was expanded at first stays as it was. */
			s[i] = (struct db_statement){
				.name = arena_printf(f->mem, "cat_%zu", i),
				.sql = arena_printf(f->mem,
						    "SELECT %zu AS {cat}",
						    round == 0 ? i : 0),
				.result = "i",
				.reads_only = true};
			assert_int_equal(
				db_query(db, f->mem, &s[i], NULL, 0, &rows),
				OK);
			assert_int_equal(rows.cells[0].number, i);
		}
	}
	db_close(db);
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

/* There is no such database, so that a look fails. */
static void
only_ids_that_are_said_to_be_uuids_are_not_looked_for(void **state)
{
	static const struct {
		const char *text;
		bool trusted;
	} rows[] = {
		{"users {\nid = auto\n}\n", false},
		{"users {\nid = uuid\n}\n", true},
		{"users {\nid = integer\n}\n", false},
	};
	struct arena *mem = arena_open(0, 65536);

	(void)state;
	log_set_level(LEVEL_ERROR);
	for (size_t i = 0; i < countof(rows); i++) {
		const struct schema_ids *ids;
		struct db *db = fixture_open_as(names_of(rows[i].text),
						"sqlite:/dev/null/no", 1, true);

		schema_trust_ids(db);
		assert_int_equal(schema_has_found_ids(db), rows[i].trusted);
		assert_int_equal(schema_find_ids(db, mem, &ids) == OK,
				 rows[i].trusted);
		if (rows[i].trusted)
			assert_int_equal(ids->kind, USER_ID_UUID);
		schema_forget_ids(db);
		assert_int_not_equal(schema_find_ids(db, mem, &ids), OK);
		db_close(db);
	}
	arena_close(mem);
}

/* Tables with names as long as they may be, and columns that only the end
 * tells apart. */
#define LONG_START "a12345678901234567890123456789012345678901234567890123"
static const char long_names[] = "tables {\n"
				 "user = \"" LONG_START "4567users\"\n"
				 "accesstoken = \"" LONG_START "4567token\"\n"
				 "oauth_account = \"" LONG_START "4567oauth\"\n"
				 "}\n";
/* By themselves, both would be ix_a_b_c. */
static const char alike[] = "tables {\n"
			    "user = \"a\"\n"
			    "user_email = \"b_c\"\n"
			    "accesstoken = \"a_b\"\n"
			    "accesstoken_created_at = \"c\"\n"
			    "}\n";

static void
indexes_are_made(struct fixture *f, const char *text, const char *driver)
{
	static const struct db_statement count = {
		.name = "count_indexes",
		.sql = "SELECT count(*) FROM sqlite_master WHERE type ="
		       " 'index' AND name LIKE 'ix_%'",
		.result = "i",
		.reads_only = true,
	};
	static const struct db_statement pg_count = {
		.name = "count_indexes",
		.sql = "SELECT count(*) FROM pg_indexes WHERE indexname"
		       " LIKE 'ix_%' AND schemaname = current_schema()",
		.result = "i",
		.reads_only = true,
	};
	const struct migrate_watch watch = {0};
	struct db *db = fixture_open_as(names_of(text), f->url, 10, true);
	struct db_rows rows;
	const char *why = "";

	assert_int_equal(migrate_apply(db, f->mem, 1, &watch, &why), OK);
	assert_int_equal(
		db_query(db, f->mem,
			 strcmp(driver, "sqlite") == 0 ? &count : &pg_count,
			 NULL, 0, &rows),
		OK);
	assert_int_equal(rows.cells[0].number, 4);
	db_close(db);
}

static void
each_index_is_made_whatever_tables_are_called(void **state)
{
	struct fixture *f = *state;

	indexes_are_made(f, long_names, db_driver(f->db));
}

static void
names_that_amount_to_the_same_are_kept_apart(void **state)
{
	struct fixture *f = *state;

	indexes_are_made(f, alike, db_driver(f->db));
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
	struct user u = anna();
	const struct user_change change = {.hashed_password = "new"};
	struct fixture *f = *state;
	struct db *db = fixture_open_as(names_of(renamed), f->url, 10, true);
	struct user_session session;
	struct user *list;
	const char *why = "";
	struct user out;
	size_t count;

	assert_int_equal(migrate_apply(db, f->mem, 1, &watch, &why), OK);
	assert_int_equal(user_table_check(db, f->mem, &why), OK);
	assert_int_equal(user_insert(db, f->mem, &u, 5), OK);
	assert_int_equal(user_insert(db, f->mem, &u, 5), ERR_ALREADY_EXISTS);
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
	assert_int_equal(user_delete(db, f->mem, ANNA, 0), OK);
	assert_int_equal(user_table_check(f->db, f->mem, &why), OK);
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

	assert_int_equal(user_table_check(db, f->mem, &why), ERR_INVALID);
	assert_non_null(strstr(why, "\"Members\""));
	db_close(db);
}

static void
a_schema_is_kept_apart(void **state)
{
	static const struct db_name elsewhere[] = {
		{"user", "\"fcu_elsewhere\".\"user\"", "user", "fcu_elsewhere",
		 NULL},
		{"user.id", "\"id\"", "id", NULL, NULL},
	};
	static const struct db_names names = {elsewhere, countof(elsewhere)};
	struct fixture *f = *state;
	struct db *db = fixture_open_as(&names, f->url, 10, true);
	const struct db_column *columns;
	bool found = true;
	size_t count;

	assert_int_equal(db_script(f->db, "CREATE TABLE \"user\" (id UUID)"),
			 OK);

	assert_int_equal(db_has_table(db, f->mem, "user", &found), OK);
	assert_false(found);
	assert_int_equal(db_columns(db, f->mem, "user", &columns, &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(db_has_table(f->db, f->mem, "user", &found), OK);
	assert_true(found);
	db_close(db);
}

static const struct db_column *
column(struct fixture *f, const char *name)
{
	const struct db_column *columns;
	size_t count;

	assert_int_equal(db_columns(f->db, f->mem, "kinds", &columns, &count),
			 OK);
	return db_column_named(f->db, columns, count, name);
}

static void
tables_and_their_columns_are_known(void **state)
{
	static const struct {
		const char *column;
		enum db_kind kind;
		int64_t length;
	} cases[] = {
		{"a", DB_KIND_UUID, -1},  {"b", DB_KIND_INT, -1},
		{"c", DB_KIND_TEXT, 320}, {"d", DB_KIND_TEXT, 36},
		{"e", DB_KIND_TEXT, -1},  {"f", DB_KIND_BOOL, -1},
		{"g", DB_KIND_REAL, -1},  {"h", DB_KIND_REAL, 10},
		{"i", DB_KIND_DATE, -1},  {"j", DB_KIND_TIME, -1},
		{"k", DB_KIND_TIME, -1},  {"l", DB_KIND_OTHER, -1},
	};
	struct fixture *f = *state;
	bool found = true;

	assert_int_equal(db_has_table(f->db, f->mem, "kinds", &found), OK);
	assert_false(found);
	assert_null(column(f, "a"));
	assert_int_equal(
		db_script(f->other,
			  "CREATE TABLE kinds (a UUID, b INTEGER NOT NULL,"
			  " c VARCHAR(320), d CHAR(36), e TEXT DEFAULT 'x',"
			  " f BOOLEAN, g DOUBLE PRECISION, h NUMERIC(10, 2),"
			  " i DATE, j TIMESTAMP, k TIMESTAMP WITH TIME ZONE,"
			  " l JSON, PRIMARY KEY (b))"),
		OK);

	assert_int_equal(db_has_table(f->db, f->mem, "kinds", &found), OK);
	assert_true(found);
	for (size_t i = 0; i < countof(cases); i++) {
		const struct db_column *c = column(f, cases[i].column);

		assert_non_null(c);
		if (c->kind != cases[i].kind || c->length != cases[i].length)
			fail_msg("%s %s", c->name, c->declared);
		assert_int_equal(c->is_nullable, c->name[0] != 'b');
		assert_int_equal(c->has_default,
				 c->name[0] == 'e' || (f->server == NULL &&
						       c->name[0] == 'b'));
	}
	assert_null(column(f, "m"));
	assert_int_equal(column(f, "k")->has_zone, f->server != NULL);
	assert_int_equal(column(f, "b")->bits, f->server != NULL ? 32 : 64);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(by_default_the_names_are_those_of_the_reference),
	cmocka_unit_test(a_table_may_be_in_a_schema),
	cmocka_unit_test(what_is_no_identifier_is_refused),
};

static const struct CMUnitTest sqlite_tests[] = {
	cmocka_unit_test(only_ids_that_are_said_to_be_uuids_are_not_looked_for),
	ON_SQLITE(placeholders_are_replaced_and_nothing_else),
	ON_SQLITE(a_placeholder_that_stands_for_nothing_is_an_error),
	ON_SQLITE(a_statement_is_expanded_once),
	ON_SQLITE(everything_works_with_other_names),
	ON_SQLITE(each_index_is_made_whatever_tables_are_called),
	ON_SQLITE(names_that_amount_to_the_same_are_kept_apart),
	ON_SQLITE(a_complaint_uses_the_configured_name),
	ON_SQLITE(a_schema_is_kept_apart),
	ON_SQLITE(tables_and_their_columns_are_known),
};

static const struct CMUnitTest postgresql_tests[] = {
	ON_POSTGRESQL(placeholders_are_replaced_and_nothing_else),
	ON_POSTGRESQL(a_placeholder_that_stands_for_nothing_is_an_error),
	ON_POSTGRESQL(a_statement_is_expanded_once),
	ON_POSTGRESQL(everything_works_with_other_names),
	ON_POSTGRESQL(each_index_is_made_whatever_tables_are_called),
	ON_POSTGRESQL(names_that_amount_to_the_same_are_kept_apart),
	ON_POSTGRESQL(a_complaint_uses_the_configured_name),
	ON_POSTGRESQL(a_schema_is_kept_apart),
	ON_POSTGRESQL(tables_and_their_columns_are_known),
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
