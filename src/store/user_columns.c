/* SPDX-License-Identifier: MIT */
#include "store/user_columns.h"

#include <string.h>

#include "store/schema.h"

/* How each database declares a field; VARCHAR where a text has a limit. */
static const struct declaration {
	enum db_kind kind;
	const char *pg;
	const char *sqlite;
	const char *words; /* in a sentence */
} declarations[] = {
	[USER_FIELD_TEXT] = {DB_KIND_TEXT, "TEXT", "TEXT", "texts"},
	[USER_FIELD_INTEGER] = {DB_KIND_INT, "BIGINT", "BIGINT",
				"whole numbers"},
	[USER_FIELD_NUMBER] = {DB_KIND_REAL, "DOUBLE PRECISION", "FLOAT",
			       "numbers with a fraction"},
	[USER_FIELD_BOOLEAN] = {DB_KIND_BOOL, "BOOLEAN", "BOOLEAN",
				"truth values"},
	[USER_FIELD_DATE] = {DB_KIND_DATE, "DATE", "DATE", "dates"},
	[USER_FIELD_DATETIME] = {DB_KIND_TIME, "TIMESTAMP WITH TIME ZONE",
				 "TIMESTAMP", "dates with a time"},
	[USER_FIELD_UUID] = {DB_KIND_UUID, "UUID", "CHAR(36)", "UUIDs"},
	[USER_FIELD_CHOICE] = {DB_KIND_TEXT, "TEXT", "TEXT", "texts"},
};

static const struct db_statement any_user = {
	.name = "user_columns_any",
	.sql = "SELECT count(*) FROM (SELECT 1 FROM {user} LIMIT 1) AS u",
	.result = "i",
	.reads_only = true,
};

/* One look at the table. */
struct look {
	struct db *db;
	struct arena *mem;
	const struct db_column *columns;
	size_t count;
	bool has_users;
	const char **why;
};

static enum err
unfit(const struct look *l, const struct user_field *f,
      const struct db_column *c, const char *what)
{
	*l->why = arena_printf(
		l->mem,
		"the column \"%s\" of the table \"%s\" is declared as %s, and "
		"the field \"%s\" %s",
		c->name, schema_plain(l->db, "user"), c->declared, f->name,
		what);
	return ERR_INVALID;
}

static bool
is_kind(const struct look *l, const struct user_field *f,
	const struct db_column *c)
{
	if (declarations[f->type].kind == c->kind)
		return true;
	/* Where there is no type for UUIDs, texts hold them. */
	return f->type == USER_FIELD_UUID && c->kind == DB_KIND_TEXT &&
	       !schema_has_uuids(l->db);
}

static int64_t
longest(const struct user_field *f)
{
	int64_t most = 0;

	if (f->type == USER_FIELD_TEXT)
		return f->has_max ? f->max : INT64_MAX;
	for (size_t i = 0; i < f->choices.count; i++) {
		int64_t len = (int64_t)strlen(f->choices.items[i]);

		if (f->type == USER_FIELD_CHOICE && len > most)
			most = len;
	}
	return most;
}

/* What a narrow column holds of whole numbers. */
static enum err
range_check(const struct look *l, const struct user_field *f,
	    const struct db_column *c)
{
	int64_t max = c->bits == 16 ? INT16_MAX : INT32_MAX;

	if (f->type != USER_FIELD_INTEGER || c->bits == 64 ||
	    (f->max <= max && f->min >= -max - 1))
		return OK;
	return unfit(l, f, c,
		     arena_printf(l->mem,
				  "may be larger: say min and max between "
				  "%lld and %lld",
				  (long long)-max - 1, (long long)max));
}

static enum err
column_check(const struct look *l, const struct user_field *f,
	     const struct db_column *c)
{
	if (!is_kind(l, f, c))
		return unfit(l, f, c,
			     arena_printf(l->mem, "holds %s",
					  declarations[f->type].words));
	if (c->kind == DB_KIND_TEXT && c->length >= 0 && longest(f) > c->length)
		return unfit(l, f, c,
			     arena_printf(l->mem,
					  "may be longer: say max = %lld",
					  (long long)c->length));
	if (f->is_nullable && !c->is_nullable)
		return unfit(l, f, c,
			     "may be null, which the column may not: say "
			     "required = true or an initial value");
	return range_check(l, f, c);
}

/* Identifiers are judged by the configuration, and there is nothing else in
 * it that is not ours: an initial value never becomes part of SQL. */
static const char *
sql_of(const struct look *l, const struct user_field *f)
{
	const struct declaration *d = &declarations[f->type];
	const char *type = schema_has_uuids(l->db) ? d->pg : d->sqlite;

	if (f->type == USER_FIELD_TEXT && f->has_max && f->max > 0)
		type = arena_printf(l->mem, "VARCHAR(%lld)", (long long)f->max);
	return arena_printf(l->mem, "ALTER TABLE {user} ADD COLUMN \"%s\" %s",
			    f->column, type);
}

static struct user_column
column_of(const struct look *l, const struct user_field *f)
{
	struct user_column c = {.name = f->column, .sql = sql_of(l, f)};

	if (f->is_required && l->has_users)
		c.note = arena_printf(
			l->mem,
			"users who are there already have null for \"%s\" "
			"until it is set",
			f->name);
	return c;
}

static enum err
look_take(struct look *l)
{
	struct db_rows rows;

	TRY(db_columns(l->db, l->mem, "user", &l->columns, &l->count));
	if (l->count == 0)
		return OK;
	TRY(db_query(l->db, l->mem, &any_user, NULL, 0, &rows));
	l->has_users = rows.cells[0].number > 0;
	return OK;
}

static enum err
columns_find(struct db *db, struct arena *mem, struct user_columns *out,
	     const char **why)
{
	const struct user_fields *fields = schema_fields(db);
	struct look l = {.db = db, .mem = mem, .why = why};
	struct user_column *missing =
		arena_array(mem, fields->count + 1, sizeof(*missing));

	*out = (struct user_columns){.missing = missing};
	if (fields->count == 0)
		return OK;
	TRY(look_take(&l));
	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];
		const struct db_column *c =
			db_column_named(db, l.columns, l.count, f->column);

		if (c != NULL)
			TRY(column_check(&l, f, c));
		else
			missing[out->count++] = column_of(&l, f);
	}
	return OK;
}

enum err
user_columns_find(struct db *db, struct arena *mem, struct user_columns *out,
		  const char **why)
{
	enum err e = columns_find(db, mem, out, why);

	if (e != OK && e != ERR_INVALID)
		*why = arena_printf(mem, "%s: %s", err_sentence(e),
				    db_complaint(db));
	return e;
}

/* One transaction that adds. */
struct addition {
	struct arena *mem;
	struct user_columns *done;
	const char **why;
};

static enum err
add_body(struct db *db, void *arg)
{
	const struct addition *a = arg;
	struct user_columns *done = a->done;

	TRY(user_columns_find(db, a->mem, done, a->why));
	for (size_t i = 0; i < done->count; i++) {
		enum err e = db_script(db, done->missing[i].sql);

		if (e == OK)
			continue;
		*a->why = arena_printf(a->mem, "the column \"%s\": %s",
				       done->missing[i].name, db_complaint(db));
		return e;
	}
	return OK;
}

enum err
user_columns_add(struct db *db, struct arena *mem, struct user_columns *done,
		 const char **why)
{
	struct addition a = {mem, done, why};
	enum err e;

	/* Nobody waits for others where there is nothing to do. */
	TRY(user_columns_find(db, mem, done, why));
	if (done->count == 0)
		return OK;
	*why = NULL;
	e = db_transact_alone(db, add_body, &a);
	if (e != OK && *why == NULL)
		*why = arena_printf(mem, "%s: %s", err_sentence(e),
				    db_complaint(db));
	return e;
}
