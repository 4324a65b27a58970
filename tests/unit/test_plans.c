/* SPDX-License-Identifier: MIT */
/*
 * How the databases would run each statement of the store, in tables with many
 * rows: by an index, but for those that are named here with a reason.
 */
#include "db_fixture.h"

#include <ctype.h>

#include "base/attr.h"
#include "db/migrate.h"
#include "db/names.h"

#define ROWS "20000"

/* All of the store's: made by statements.py from the sources. */
static const struct db_statement statements[] = {
#include "tests/unit/statements.def"
};

/* What may read a whole table. What PostgreSQL does for a foreign key, it does
 * not tell of. */
struct exception {
	const char *statement;
	const char *table;  /* as the plan calls it */
	const char *driver; /* NULL: both */
	const char *why;
};

#define BY_USER "the reference's table has no such index, and gets none of ours"
#define COUNTS_ALL "it judges all rows, for migrate, check and adopt"
#define FIRST_PAGE "it takes the first rows of the index, and stops"
#define BROKEN_KEY "it does so only where a foreign key is broken already"
#define BY_HAND "somebody runs it by hand, and may say or leave out any filter"

#define COUNTS_SOME "it counts, up to a limit"
#define FILTERED                                                               \
	"whoever fits the filter is looked for, in an order that has an index"

static const struct exception exceptions[] = {
	{"access_token_delete_others", "accesstoken", NULL, BY_USER},
	{"access_token_delete_of_many", "accesstoken", NULL, BY_USER},
	{"oauth_account_list", "a", NULL, BY_USER},
	{"oauth_account_delete_of", "oauth_account", NULL, BY_USER},
	{"oauth_account_delete_of_many", "oauth_account", NULL, BY_USER},
	{"survey_users", "user", NULL, COUNTS_ALL},
	{"user_count_all", "user", NULL, "it counts all, for a terminal"},
	{"user_count_unfit", "u", NULL, COUNTS_ALL},
	{"user_count_unfit_uuids", "u", NULL, COUNTS_ALL},
	{"user_duplicates", "user", NULL, COUNTS_ALL},
	{"user_list_first", "u", NULL, FIRST_PAGE},
	{"user_any_superuser", "u", NULL, "it is asked while there is none"},
	{"user_other_superuser", "u", NULL, "it is asked when one goes"},
	{"user_page_id_first", "u", "sqlite", FILTERED},
	{"user_page_id_last", "u", "sqlite", FILTERED},
	{"user_page_email_first", "u", "sqlite", FILTERED},
	{"user_page_email_last", "u", "sqlite", FILTERED},
	{"user_count", "u", "sqlite", COUNTS_SOME},
	{"user_count", "c", "sqlite", COUNTS_SOME},
	{"user_columns_any", "user", NULL, "it looks for one row"},
	{"user_columns_any", "u", "sqlite", "it looks for one row"},
	{"user_delete", "accesstoken", "sqlite", BY_USER},
	{"user_delete", "oauth_account", "sqlite", BY_USER},
	{"user_insert_numbered", "accesstoken", "sqlite", BROKEN_KEY},
	{"user_insert_numbered", "oauth_account", "sqlite", BROKEN_KEY},
	{"user_insert_many", "accesstoken", "sqlite", BROKEN_KEY},
	{"user_insert_many", "oauth_account", "sqlite", BROKEN_KEY},
	{"user_insert_many_numbered", "accesstoken", "sqlite", BROKEN_KEY},
	{"user_insert_many_numbered", "oauth_account", "sqlite", BROKEN_KEY},
	{"user_check_columns", "u", "sqlite", "its condition is false"},
	{"outbox_retry", "fcu_outbox", "sqlite", BY_HAND},
	{"outbox_drop", "fcu_outbox", "sqlite", BY_HAND},
	{"limit_clear", "fcu_limit", "sqlite", BY_HAND},
};

/* Values that each database writes in its own way. */
struct dialect {
	const char *driver;
	const char *id; /* of i */
	const char *time;
};

static const struct dialect dialects[] = {
	{"postgresql",
	 "CAST('00000000-0000-4000-8000-' || lpad(CAST(i AS TEXT), 12, '0')"
	 " AS UUID)",
	 "TIMESTAMP WITH TIME ZONE '2020-01-01 00:00:00+00'"
	 " + i * INTERVAL '1 minute'"},
	{"sqlite", "'00000000-0000-4000-8000-' || printf('%012d', i)",
	 "datetime('2020-01-01', i || ' minutes')"},
};

/* A table, and what a row of it is; %I and %T as in the dialect. */
static const struct {
	const char *table;
	const char *row;
} tables[] = {
	{"{user} ({user.id}, {user.email}, {user.hashed_password},"
	 " {user.is_active}, {user.is_superuser}, {user.is_verified})",
	 "%I, 'user' || i || '@example.org', 'hash', true, false, true"},
	{"{accesstoken} ({accesstoken.user_id}, {accesstoken.token},"
	 " {accesstoken.created_at})",
	 "%I, 'token' || i, %T"},
	{"{oauth_account} ({oauth_account.id}, {oauth_account.user_id},"
	 " {oauth_account.oauth_name}, {oauth_account.access_token},"
	 " {oauth_account.account_id}, {oauth_account.account_email})",
	 "%I, %I, 'name' || (i % 3), 'token', 'account' || i, 'e'"},
	{"fcu_oauth_token (account, access_token)", "%I, 'long' || i"},
	{"fcu_oauth_claim (oauth_name, account_id)", "'name', 'account' || i"},
	{"fcu_session_floor (user_id, generation, not_before)", "%I, 1, i"},
	{"fcu_revoked_token (token_hash, expires_at)",
	 "'hash' || i, 1700000000 + i"},
	{"fcu_api_key (id, user_id, name, key_hash, scope, generation,"
	 " created_at)",
	 "'key' || i, %I, 'name', 'hash', 'check', 0, 1700000000 + i"},
	{"fcu_idempotency (key_hash, request_hash, claimed_until, expires_at)",
	 "'hash' || i, 'hash', 1700000000, 1700000000 + i"},
	{"fcu_outbox (message_id, event, target, user_key, payload, state,"
	 " attempts, created_at, due_at, claimed_until, expires_at)",
	 "'m' || i, 'event', CASE WHEN i % 10 = 0 THEN '' ELSE 'hook:' ||"
	 " (i % 4) END, 'user' || i, '{}', CASE WHEN i % 2 = 0 THEN 'waiting'"
	 " ELSE 'dead' END, 0, 1700000000, 1700000000 + i, 0, 1700000000 + i"},
	{"fcu_limit (account_key, network_key, kind, used, ends_at,"
	 " known_until, expires_at)",
	 "'account' || i, 'network' || i, 'sign_in', 1, 1700000000 + i, 0,"
	 " 1700000000 + i"},
};

static const struct dialect *
dialect_of(const struct fixture *f)
{
	size_t i = 0;

	while (strcmp(dialects[i].driver, db_driver(f->db)) != 0)
		i++;
	return &dialects[i];
}

static void
table_fill(struct fixture *f, const char *table, const char *row)
{
	const struct dialect *d = dialect_of(f);
	struct buf b;

	buf_init(&b, f->mem, 1024);
	buf_printf(&b,
		   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
		   " FROM n WHERE i < " ROWS ") INSERT INTO %s SELECT ",
		   table);
	for (; *row != '\0'; row++) {
		if (row[0] == '%' && (row[1] == 'I' || row[1] == 'T'))
			buf_text(&b, *++row == 'I' ? d->id : d->time);
		else
			buf_char(&b, *row);
	}
	buf_text(&b, " FROM n");
	assert_int_equal(db_script(f->db, b.data), OK);
}

static void
tables_fill(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	for (size_t i = 0; i < countof(tables); i++)
		table_fill(f, tables[i].table, tables[i].row);
}

/* How many parameters it has; what is quoted is none. */
static size_t
parameters(const char *sql)
{
	bool quoted = false;
	size_t most = 0;

	for (; *sql != '\0'; sql++) {
		size_t number = 0;

		quoted = quoted != (*sql == '\'');
		if (*sql == '$' && !quoted)
			number = (size_t)strtoul(sql + 1, NULL, 10);
		most = number > most ? number : most;
	}
	return most;
}

/* As it is sent: names filled in, one row where many may be. */
static const char *
sql_of(struct fixture *f, const struct db_statement *s)
{
	const struct db_statement *made;
	const char *sql;

	assert_int_equal(db_expand(f->db, f->mem, s->sql, &sql), OK);
	if (strchr(sql, '[') == NULL)
		return sql;
	assert_int_equal(
		names_statement_rows(f->db, s, 1, parameters(sql), &made), OK);
	return made->sql;
}

/* Values that a prepared statement of PostgreSQL would take: few rows have
 * them, as few rows are due, expired or somebody's. */
static const char *
values_of(struct fixture *f)
{
	static const struct db_statement types = {
		.name = "types",
		.sql = "SELECT string_agg(CASE"
		       " WHEN t = 'uuid' THEN '''00000000-0000-4000-8000-"
		       "000000000100'''"
		       " WHEN t LIKE 'timestamp%' THEN '''2020-01-01'''"
		       " WHEN t = 'boolean' THEN 'true'"
		       " WHEN t IN ('bigint', 'integer') THEN '100'"
		       " ELSE '''x''' END, ', ') FROM pg_prepared_statements,"
		       " unnest(CAST(parameter_types AS TEXT[])) t"
		       " WHERE name = 'explained'",
		.result = "t",
	};
	struct db_rows rows;

	assert_int_equal(db_query(f->db, f->mem, &types, NULL, 0, &rows), OK);
	return rows.cells[0].text;
}

static struct db_rows
explain(struct fixture *f, const struct db_statement *s)
{
	bool prepared = strcmp(db_driver(f->db), "postgresql") == 0;
	const char *sql = sql_of(f, s);
	size_t count = parameters(sql);
	struct db_value *nulls = arena_array(f->mem, count + 1, sizeof(*nulls));
	struct db_statement *e = arena_new(f->mem, struct db_statement);
	struct db_rows rows;

	*e = (struct db_statement){.name = s->name, .result = "iiit"};
	e->sql = arena_printf(f->mem, "EXPLAIN QUERY PLAN %s", sql);
	if (prepared) {
		assert_int_equal(
			db_script(f->db,
				  arena_printf(f->mem,
					       "PREPARE explained AS %s", sql)),
			OK);
		e->result = "t";
		e->sql = count == 0 ? "EXPLAIN EXECUTE explained"
				    : arena_printf(f->mem,
						   "EXPLAIN EXECUTE "
						   "explained(%s)",
						   values_of(f));
	}
	assert_int_equal(
		db_query(f->db, f->mem, e, nulls, prepared ? 0 : count, &rows),
		OK);
	/* SQLite has nothing to say of an insert of values. */
	assert_true(rows.count > 0 || !prepared);
	if (prepared)
		assert_int_equal(db_script(f->db, "DEALLOCATE explained"), OK);
	return rows;
}

/* The name that begins here, without its quotes; the last one where another
 * name of the table follows. */
static const char *
name_at(struct fixture *f, const char *text)
{
	size_t len = strcspn(text, " ");
	const char *more = text[len] == ' ' ? text + len + 1 : "";

	if (islower((unsigned char)more[0]) && strcspn(more, " ") <= 2) {
		text = more;
		len = strcspn(text, " ");
	}
	if (*text == '"')
		return arena_copy(f->mem, text + 1, len - 2);
	return arena_copy(f->mem, text, len);
}

/* The table that this line of a plan reads as a whole, or NULL. */
static const char *
scanned_sqlite(struct fixture *f, const char *line)
{
	/* Rows that the statement brings along are no table. */
	if (strncmp(line, "SCAN ", 5) != 0 || strcmp(line, "SCAN v") == 0 ||
	    strcmp(line, "SCAN CONSTANT ROW") == 0)
		return NULL;
	return name_at(f, line + 5);
}

static const char *
scanned_postgresql(struct fixture *f, const char *line, const char *next)
{
	const char *at = strstr(line, "Seq Scan on ");

	if (at != NULL)
		return name_at(f, at + strlen("Seq Scan on "));
	/* Without a condition, all of an index. */
	at = strstr(line, "Index Scan ");
	if (at == NULL)
		at = strstr(line, "Index Only Scan ");
	if (at == NULL || (next != NULL && strstr(next, "Index Cond") != NULL))
		return NULL;
	at = strstr(at, " on ");
	return name_at(f, at + strlen(" on "));
}

static bool
is_excepted(const struct fixture *f, const char *statement, const char *table,
	    bool *used)
{
	for (size_t i = 0; i < countof(exceptions); i++) {
		const struct exception *x = &exceptions[i];

		if (strcmp(x->statement, statement) != 0 ||
		    strcmp(x->table, table) != 0 ||
		    (x->driver != NULL &&
		     strcmp(x->driver, db_driver(f->db)) != 0))
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

static int
plan_judge(struct fixture *f, const struct db_statement *s, bool *used)
{
	const struct db_rows plan = explain(f, s);
	size_t last = plan.columns - 1;
	int faults = 0;

	for (size_t i = 0; i < plan.count; i++) {
		const char *line = plan.cells[i * plan.columns + last].text;
		const char *next =
			i + 1 < plan.count
				? plan.cells[(i + 1) * plan.columns + last].text
				: NULL;
		const char *table = last > 0
					    ? scanned_sqlite(f, line)
					    : scanned_postgresql(f, line, next);

		if (table == NULL || is_excepted(f, s->name, table, used))
			continue;
		print_error("%s reads all of \"%s\": %s\n", s->name, table,
			    line);
		faults++;
	}
	return faults;
}

/* What only the other database has. */
static bool
is_of_another(const struct fixture *f, const struct db_statement *s)
{
	return strcmp(s->name, "user_pass_number") == 0 &&
	       strcmp(db_driver(f->db), "postgresql") != 0;
}

static int
plans_judge(struct fixture *f, bool *used)
{
	int faults = 0;

	for (size_t i = 0; i < countof(statements); i++)
		if (!is_of_another(f, &statements[i]))
			faults += plan_judge(f, &statements[i], used);
	return faults;
}

static void
every_statement_is_run_by_an_index(void **state)
{
	struct fixture *f = *state;
	bool used[countof(exceptions)] = {false};
	int faults = 0;

	tables_fill(f);

	/* SQLite knows nothing of its tables until somebody tells it. */
	if (strcmp(db_driver(f->db), "sqlite") == 0)
		faults += plans_judge(f, used);
	assert_int_equal(db_script(f->db, "ANALYZE"), OK);
	faults += plans_judge(f, used);

	for (size_t i = 0; i < countof(exceptions); i++) {
		const char *driver = exceptions[i].driver;

		if (used[i] ||
		    (driver != NULL && strcmp(driver, db_driver(f->db)) != 0))
			continue;
		print_error("%s is excepted, and need not be\n",
			    exceptions[i].statement);
		faults++;
	}
	assert_int_equal(faults, 0);
}

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {
		ON_SQLITE(every_statement_is_run_by_an_index),
	};
	static const struct CMUnitTest on_postgresql[] = {
		ON_POSTGRESQL(every_statement_is_run_by_an_index),
	};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("plans on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"plans on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
