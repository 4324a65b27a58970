/* SPDX-License-Identifier: MIT */
#include "cmd/adopt_print.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "cmd/command.h"

static const char *const id_kinds[] = {
	[USER_ID_UUID] = "uuid",
	[USER_ID_INTEGER] = "integer",
};

static const char *
shown(struct arena *mem, const char *text)
{
	return command_printable(arena_text(mem, text));
}

static void
print_table(struct arena *mem, const struct survey_table *t)
{
	if (!t->is_there) {
		(void)printf("table %s: is not there\n", shown(mem, t->name));
		return;
	}
	(void)printf("table %s:\n", shown(mem, t->name));
	for (size_t i = 0; i < t->column_count; i++) {
		const struct survey_column *c = &t->columns[i];

		(void)printf("  %s %s%s\n", shown(mem, c->is.name),
			     shown(mem, c->is.declared),
			     c->is_known ? "" : " (not ours)");
	}
}

static void
print_users(const struct survey *s)
{
	if (!s->tables[0].is_there || s->tables[0].missing_count > 0)
		return;
	(void)printf("users: %lld, with ids of the kind %s\n",
		     (long long)s->users, id_kinds[s->ids]);
	for (size_t i = 0; i < SURVEY_HASHES; i++)
		if (s->hashes[i].count > 0)
			(void)printf("  hashed by %s: %lld\n",
				     s->hashes[i].scheme,
				     (long long)s->hashes[i].count);
}

static void
print_list(struct arena *mem, const char *title,
	   const struct adoption_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		(void)printf("%s: %s\n", title, shown(mem, list->items[i]));
}

void
adopt_print_lines(struct db *db, struct arena *mem, const struct adoption *a)
{
	(void)printf("database: %s\n", db_driver(db));
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		print_table(mem, &a->survey.tables[i]);
	print_users(&a->survey);
	print_list(mem, "could be shown by", &a->fields);
	print_list(mem, "note", &a->notes);
	print_list(mem, "in the way", &a->obstacles);
	print_list(mem, "will be added", &a->additions);
}

static void
add_name(struct buf *b, const char *name)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_char(b, ',');
	json_write_text(b, name);
	buf_char(b, ':');
}

static void
add_text(struct buf *b, const char *name, const char *value)
{
	add_name(b, name);
	json_write_text(b, value);
}

static void
add_bool(struct buf *b, const char *name, bool value)
{
	add_name(b, name);
	buf_text(b, value ? "true" : "false");
}

static void
add_number(struct buf *b, const char *name, int64_t value)
{
	add_name(b, name);
	buf_number(b, value);
}

static void
add_texts(struct buf *b, const char *name, const char *const *items,
	  size_t count)
{
	add_name(b, name);
	buf_char(b, '[');
	for (size_t i = 0; i < count; i++) {
		buf_text(b, i > 0 ? "," : "");
		json_write_text(b, items[i]);
	}
	buf_char(b, ']');
}

static void
add_columns(struct buf *b, const struct survey_table *t)
{
	add_name(b, "columns");
	buf_char(b, '[');
	for (size_t i = 0; i < t->column_count; i++) {
		const struct survey_column *c = &t->columns[i];

		buf_text(b, i > 0 ? ",{" : "{");
		add_text(b, "name", c->is.name);
		add_text(b, "type", c->is.declared);
		add_bool(b, "required",
			 !c->is.is_nullable && !c->is.has_default);
		add_bool(b, "known", c->is_known);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
add_tables(struct buf *b, const struct survey *s)
{
	add_name(b, "tables");
	buf_char(b, '[');
	for (size_t i = 0; i < SURVEY_TABLES; i++) {
		const struct survey_table *t = &s->tables[i];

		buf_text(b, i > 0 ? ",{" : "{");
		add_text(b, "name", t->name);
		add_bool(b, "is_there", t->is_there);
		add_columns(b, t);
		add_texts(b, "missing_columns", t->missing, t->missing_count);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void
add_hashes(struct buf *b, const struct survey *s)
{
	add_name(b, "hashes");
	buf_char(b, '{');
	for (size_t i = 0; i < SURVEY_HASHES; i++)
		if (s->hashes[i].scheme != NULL)
			add_number(b, s->hashes[i].scheme, s->hashes[i].count);
	buf_char(b, '}');
}

void
adopt_print_json(struct db *db, struct arena *mem, const struct adoption *a,
		 bool applied)
{
	const struct survey *s = &a->survey;
	struct buf b;

	buf_init(&b, mem, 4096);
	buf_char(&b, '{');
	add_text(&b, "database", db_driver(db));
	add_tables(&b, s);
	if (s->tables[0].is_there && s->tables[0].missing_count == 0)
		add_text(&b, "ids", id_kinds[s->ids]);
	add_number(&b, "users", s->users);
	add_hashes(&b, s);
	add_texts(&b, "clashes", s->clashes, s->clash_count);
	add_texts(&b, "fields", a->fields.items, a->fields.count);
	add_texts(&b, "notes", a->notes.items, a->notes.count);
	add_texts(&b, "obstacles", a->obstacles.items, a->obstacles.count);
	add_texts(&b, "additions", a->additions.items, a->additions.count);
	add_bool(&b, "applied", applied);
	buf_char(&b, '}');
	(void)puts(b.data);
}
