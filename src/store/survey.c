/* SPDX-License-Identifier: MIT */
#include "store/survey.h"

#include <string.h>
#include <strings.h>

#include "db/catalog.h"
#include "store/schema.h"
#include "store/user.h"

/* Ours, on their table. */
#define UNIQUE_EMAIL "fcu_user_email_lower"

static const char *const tables[SURVEY_TABLES] = {
	"user",
	"accesstoken",
	"oauth_account",
};

/* In the order of survey_hashes' columns; what is none of these is unknown. */
static const char *const schemes[SURVEY_HASHES - 1] = {
	"argon2id",
	"argon2i",
	"argon2d",
	"bcrypt",
};

#define COUNT_HASHES(condition)                                                \
	", count(CASE WHEN {user.hashed_password} LIKE " condition             \
	" THEN 1 END)"

static const struct db_statement count_users = {
	.name = "survey_users",
	.sql = "SELECT count(*)" COUNT_HASHES("'$argon2id$%'")
		COUNT_HASHES("'$argon2i$%'") COUNT_HASHES("'$argon2d$%'")
			COUNT_HASHES("'$2_$%'") " FROM {user}",
	.result = "iiiii",
	.reads_only = true,
};

/* "user.email" is a column of "user", "user.email:index" is not. */
static bool
is_column_of(const char *placeholder, const char *table)
{
	size_t len = strlen(table);

	return strncmp(placeholder, table, len) == 0 &&
	       placeholder[len] == '.' && strchr(placeholder, ':') == NULL;
}

/* The identifier between the quotes. */
static const char *
index_name(struct arena *mem, const struct db_name *n)
{
	return arena_copy(mem, n->text + 1, strlen(n->text) - 2);
}

static struct survey_column *
column_find(struct survey_table *t, const char *name)
{
	for (size_t i = 0; i < t->column_count; i++)
		if (strcasecmp(t->columns[i].is.name, name) == 0)
			return &t->columns[i];
	return NULL;
}

/* Which of the columns are ours, and which of ours are not there. */
static void
columns_judge(struct db *db, struct arena *mem, const char *table,
	      struct survey_table *out)
{
	const struct db_names *names = db_names(db);

	out->missing = arena_array(mem, names->count + 1, sizeof(char *));
	for (size_t i = 0; i < names->count; i++) {
		const struct db_name *n = &names->items[i];
		struct survey_column *found;

		if (!is_column_of(n->name, table))
			continue;
		found = column_find(out, n->plain);
		if (found != NULL)
			found->is_known = true;
		else
			out->missing[out->missing_count++] = n->plain;
	}
}

/* Those of the configured fields; what is missing of them is added. */
static void
fields_judge(struct db *db, struct survey_table *out)
{
	const struct user_fields *fields = schema_fields(db);

	for (size_t i = 0; i < fields->count; i++) {
		struct survey_column *found =
			column_find(out, fields->items[i].column);

		if (found != NULL)
			found->is_known = true;
	}
}

static enum err
indexes_judge(struct db *db, struct arena *mem, const char *table,
	      struct survey_table *out)
{
	const struct db_names *names = db_names(db);

	out->indexes = arena_array(mem, names->count + 1, sizeof(char *));
	for (size_t i = 0; i < names->count; i++) {
		const struct db_name *n = &names->items[i];
		const char *suffix = strchr(n->name, ':');
		const char *name;
		bool is_there;

		if (suffix == NULL || strcmp(suffix, ":index") != 0 ||
		    strncmp(n->name, table, strlen(table)) != 0 ||
		    n->name[strlen(table)] != '.')
			continue;
		name = index_name(mem, n);
		TRY(catalog_has_index(db, mem, table, name, &is_there));
		if (!is_there)
			out->indexes[out->index_count++] = name;
	}
	return OK;
}

static enum err
table_take(struct db *db, struct arena *mem, const char *table,
	   struct survey_table *out)
{
	const struct db_column *columns = NULL;
	size_t count = 0;

	out->name = schema_plain(db, table);
	TRY(db_has_table(db, mem, table, &out->is_there));
	if (!out->is_there)
		return OK;
	TRY(db_columns(db, mem, table, &columns, &count));
	out->columns = arena_array(mem, count + 1, sizeof(*out->columns));
	out->column_count = count;
	for (size_t i = 0; i < count; i++)
		out->columns[i] = (struct survey_column){.is = columns[i]};
	columns_judge(db, mem, table, out);
	if (strcmp(table, "user") == 0)
		fields_judge(db, out);
	return indexes_judge(db, mem, table, out);
}

static enum err
users_count(struct db *db, struct arena *mem, struct survey *out)
{
	struct db_rows rows;
	int64_t unknown;

	TRY(db_query(db, mem, &count_users, NULL, 0, &rows));
	out->users = rows.cells[0].number;
	unknown = out->users;
	for (size_t i = 0; i < countof(schemes); i++) {
		out->hashes[i] = (struct survey_hash){
			schemes[i],
			rows.cells[i + 1].number,
		};
		unknown -= out->hashes[i].count;
	}
	out->hashes[countof(schemes)] =
		(struct survey_hash){"unknown", unknown};
	return OK;
}

enum err
survey_take(struct db *db, struct arena *mem, struct survey *out)
{
	*out = (struct survey){0};
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		TRY(table_take(db, mem, tables[i], &out->tables[i]));
	if (!out->tables[0].is_there)
		return catalog_tables_with(
			db, mem, schema_plain(db, "user.hashed_password"),
			&out->candidates, &out->candidate_count);
	if (out->tables[0].missing_count > 0)
		return OK;
	TRY(user_id_find_kind(db, mem, &out->ids));
	TRY(users_count(db, mem, out));
	TRY(catalog_has_index(db, mem, "user", UNIQUE_EMAIL,
			      &out->has_unique_email));
	return user_duplicates(db, mem, SURVEY_CLASHES, &out->clashes,
			       &out->clash_count);
}

/* As the first two migrations make them. */
static const struct {
	const char *table;
	const char *name;
	const char *sql;
} indexes[SURVEY_INDEXES] = {
	{"user", "\"" UNIQUE_EMAIL "\"",
	 "CREATE UNIQUE INDEX " UNIQUE_EMAIL
	 " ON {user} (lower({user.email}))"},
	{"user", "{user.email:index}",
	 "CREATE UNIQUE INDEX {user.email:index} ON {user} ({user.email})"},
	{"accesstoken", "{accesstoken.created_at:index}",
	 "CREATE INDEX {accesstoken.created_at:index}"
	 " ON {accesstoken} ({accesstoken.created_at})"},
	{"oauth_account", "{oauth_account.account_id:index}",
	 "CREATE INDEX {oauth_account.account_id:index}"
	 " ON {oauth_account} ({oauth_account.account_id})"},
	{"oauth_account", "{oauth_account.oauth_name:index}",
	 "CREATE INDEX {oauth_account.oauth_name:index}"
	 " ON {oauth_account} ({oauth_account.oauth_name})"},
};

enum err
survey_indexes(struct db *db, struct arena *mem,
	       const char *out[SURVEY_INDEXES], size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < SURVEY_INDEXES; i++) {
		bool is_there = false;
		const char *quoted;

		TRY(db_has_table(db, mem, indexes[i].table, &is_there));
		if (!is_there)
			continue;
		TRY(db_expand(db, mem, indexes[i].name, &quoted));
		TRY(catalog_has_index(
			db, mem, indexes[i].table,
			arena_copy(mem, quoted + 1, strlen(quoted) - 2),
			&is_there));
		if (!is_there)
			TRY(db_expand(db, mem, indexes[i].sql,
				      &out[(*count)++]));
	}
	return OK;
}
