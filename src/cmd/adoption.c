/* SPDX-License-Identifier: MIT */
#include "cmd/adoption.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "store/schema.h"
#include "store/user.h"
#include "store/user_columns.h"
#include "store/user_table.h"

/* One of each kind a table, and some more. */
#define LIST_ROOM 64

static const char *
joined(struct arena *mem, const char *const *items, size_t count)
{
	struct buf b;

	buf_init(&b, mem, 256);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", items[i]);
	return b.data;
}

static const char *
clashes_told(struct arena *mem, const char *const *emails, size_t count)
{
	return arena_printf(mem,
			    "these addresses belong to several users without "
			    "regard to case; change or delete all but one of "
			    "each, then try again: %s%s",
			    joined(mem, emails, count),
			    count == SURVEY_CLASHES ? ", and perhaps more"
						    : "");
}

/* Both of the first migrations make an index that wants each address once;
 * before the very first one there may be no table. */
static enum err
meets_addresses(struct db *db, struct arena *mem, const struct migration *next,
		bool *out)
{
	*out = strcmp(next->name, "unique_email") == 0;
	if (strcmp(next->name, "reference_tables") == 0)
		return db_has_table(db, mem, "user", out);
	return OK;
}

enum err
adoption_check(void *arg, struct db *db, struct arena *mem,
	       const struct migration *next, const char **why)
{
	const char **emails = NULL;
	size_t count = 0;
	bool meets;

	(void)arg;
	TRY(user_table_check(db, mem, why));
	TRY(meets_addresses(db, mem, next, &meets));
	if (!meets)
		return OK;
	TRY(user_duplicates(db, mem, SURVEY_CLASHES, &emails, &count));
	if (count == 0)
		return OK;
	*why = clashes_told(mem, emails, count);
	return ERR_INVALID;
}

static void
list_add(struct arena *mem, struct adoption_list *list, const char *text)
{
	if (list->items == NULL)
		list->items = arena_array(mem, LIST_ROOM, sizeof(char *));
	if (list->count < LIST_ROOM)
		list->items[list->count++] = text;
}

static void
obstacle(struct arena *mem, struct adoption *a, enum err e, const char *text)
{
	list_add(mem, &a->obstacles, text);
	if (a->outcome == OK)
		a->outcome = e;
}

static void
table_missing(struct arena *mem, struct adoption *a)
{
	const struct survey *s = &a->survey;
	const char *name = s->tables[0].name;

	obstacle(mem, a, ERR_CONFIGURATION,
		 s->candidate_count == 0
			 ? arena_printf(
				   mem,
				   "there is no table \"%s\", and none with "
				   "hashed passwords: there is nothing to "
				   "adopt, and migrate makes all tables",
				   name)
			 : arena_printf(mem,
					"there is no table \"%s\"; with hashed "
					"passwords there are: %s; say in the "
					"configuration which holds the users: "
					"tables { user = \"…\" }",
					name,
					joined(mem, s->candidates,
					       s->candidate_count)));
}

static void
columns_missing(struct arena *mem, struct adoption *a,
		const struct survey_table *t)
{
	obstacle(mem, a, ERR_CONFIGURATION,
		 arena_printf(mem,
			      "the table \"%s\" lacks the columns %s: say in "
			      "the section tables of the configuration what "
			      "they are called, or add them",
			      t->name,
			      joined(mem, t->missing, t->missing_count)));
}

/* What a field is called that keeps what a column does; NULL: there is none. */
static const char *const field_types[] = {
	[DB_KIND_OTHER] = NULL,    [DB_KIND_UUID] = "uuid",
	[DB_KIND_INT] = "integer", [DB_KIND_REAL] = "number",
	[DB_KIND_TEXT] = "text",   [DB_KIND_BOOL] = "boolean",
	[DB_KIND_DATE] = "date",   [DB_KIND_TIME] = "datetime",
};

static bool
is_field_name(const char *name)
{
	size_t len = strlen(name);

	return len <= 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static const char *
field_section(struct arena *mem, const struct db_column *c)
{
	struct buf b;

	buf_init(&b, mem, 128);
	buf_printf(&b, "field \"%s\" { type = \"%s\"", c->name,
		   field_types[c->kind]);
	if (c->kind == DB_KIND_TEXT && c->length > 0)
		buf_printf(&b, " max = %lld", (long long)c->length);
	if (!c->is_nullable && !c->has_default)
		buf_text(&b, " required = true");
	buf_text(&b, " }");
	return b.data;
}

/* Columns that an application has added, as fields that could be had. */
static void
fields_propose(struct arena *mem, struct adoption *a)
{
	const struct survey_table *t = &a->survey.tables[0];

	for (size_t i = 0; i < t->column_count; i++) {
		const struct survey_column *c = &t->columns[i];

		if (!c->is_known && field_types[c->is.kind] != NULL &&
		    is_field_name(c->is.name))
			list_add(mem, &a->fields, field_section(mem, &c->is));
	}
}

/* A column that must be filled in, and that we do not know of. */
static void
columns_noted(struct arena *mem, struct adoption *a,
	      const struct survey_table *t)
{
	for (size_t i = 0; i < t->column_count; i++) {
		const struct survey_column *c = &t->columns[i];

		if (c->is_known || c->is.is_nullable || c->is.has_default)
			continue;
		list_add(mem, &a->notes,
			 arena_printf(
				 mem,
				 "the column \"%s\" of the table \"%s\" must "
				 "not be NULL and has no default: give it one, "
				 "or make it a required field, or no row can "
				 "be added",
				 c->is.name, t->name));
	}
}

static void
hashes_noted(struct arena *mem, struct adoption *a)
{
	const struct survey_hash *unknown =
		&a->survey.hashes[SURVEY_HASHES - 1];

	if (unknown->count > 0)
		list_add(mem, &a->notes,
			 arena_printf(mem,
				      "%lld users have a hash that is neither "
				      "argon2 nor bcrypt: they cannot sign in "
				      "until they get a new password",
				      (long long)unknown->count));
}

static void
additions_of(struct arena *mem, struct adoption *a,
	     const struct survey_table *t)
{
	if (!t->is_there)
		list_add(mem, &a->additions,
			 arena_printf(mem, "the table %s", t->name));
	for (size_t i = 0; i < t->index_count; i++)
		list_add(mem, &a->additions,
			 arena_printf(mem, "the index %s on the table %s",
				      t->indexes[i], t->name));
}

/* The first two migrations are about the reference's tables. */
static void
additions_find(struct arena *mem, struct adoption *a)
{
	const struct survey *s = &a->survey;

	for (size_t i = 0; i < SURVEY_TABLES; i++)
		additions_of(mem, a, &s->tables[i]);
	if (!s->has_unique_email)
		list_add(mem, &a->additions,
			 arena_printf(mem,
				      "a unique index on the address without "
				      "regard to case, on the table %s",
				      s->tables[0].name));
	for (size_t i = 0; i < a->state.pending_count; i++)
		if (a->state.pending[i].version > 2)
			list_add(mem, &a->additions,
				 arena_printf(mem, "tables of our own: %s",
					      a->state.pending[i].name));
}

static void
table_judge(struct arena *mem, struct adoption *a, const struct survey_table *t)
{
	if (t->is_there && t->missing_count > 0)
		columns_missing(mem, a, t);
	columns_noted(mem, a, t);
}

/* What only rows tell, where they can be read. */
static enum err
rows_judge(struct db *db, struct arena *mem, struct adoption *a,
	   const char **why)
{
	const struct survey *s = &a->survey;
	struct user_columns columns = {0};
	enum err e = user_table_check(db, mem, why);

	if (e == ERR_INVALID)
		obstacle(mem, a, e, *why);
	else if (e != OK)
		return e;
	e = user_columns_find(db, mem, &columns, why);
	if (e != OK && e != ERR_INVALID)
		return e;
	for (size_t i = 0; e == OK && i < columns.count; i++) {
		const struct user_column *c = &columns.missing[i];

		list_add(mem, &a->additions,
			 arena_printf(mem, "the column %s on the table %s",
				      c->name, s->tables[0].name));
		if (c->note != NULL)
			list_add(mem, &a->notes, c->note);
	}
	if (s->clash_count > 0)
		obstacle(mem, a, ERR_INVALID,
			 clashes_told(mem, s->clashes, s->clash_count));
	hashes_noted(mem, a);
	return OK;
}

enum err
adoption_examine(struct db *db, struct arena *mem, struct adoption *out,
		 const char **why)
{
	const struct survey_table *users = &out->survey.tables[0];
	enum err e;

	*out = (struct adoption){0};
	e = migrate_state(db, mem, &out->state, why);
	if (e != OK)
		return e;
	e = survey_take(db, mem, &out->survey);
	if (e != OK) {
		*why = arena_printf(mem, "%s: %s", err_sentence(e),
				    db_complaint(db));
		return e;
	}
	if (!users->is_there)
		table_missing(mem, out);
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		table_judge(mem, out, &out->survey.tables[i]);
	additions_find(mem, out);
	fields_propose(mem, out);
	if (!users->is_there || users->missing_count > 0)
		return OK;
	return rows_judge(db, mem, out, why);
}
