/* SPDX-License-Identifier: MIT */
/* What a database says of a table's columns, in words of ours. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "db/driver.h"
#include "db/names.h"

/* What a declared type means. */
struct type_word {
	const char *word;
	enum db_kind kind;
	int bits;
	bool has_zone;
};

/* As format_type says them, from their start. */
static const struct type_word pg_types[] = {
	{"uuid", DB_KIND_UUID, 0, false},
	{"smallint", DB_KIND_INT, 16, false},
	{"integer", DB_KIND_INT, 32, false},
	{"bigint", DB_KIND_INT, 64, false},
	{"character varying", DB_KIND_TEXT, 0, false},
	{"text", DB_KIND_TEXT, 0, false},
	{"citext", DB_KIND_TEXT, 0, false},
	{"character(", DB_KIND_TEXT, 0, false},
	{"boolean", DB_KIND_BOOL, 0, false},
	{"double precision", DB_KIND_REAL, 0, false},
	{"real", DB_KIND_REAL, 0, false},
	{"numeric", DB_KIND_REAL, 0, false},
	{"date", DB_KIND_DATE, 0, false},
	{"timestamp with time zone", DB_KIND_TIME, 0, true},
	{"timestamp without", DB_KIND_TIME, 0, false},
};

/* Wherever they stand in a declaration, as SQLite itself reads it. */
static const struct type_word sqlite_types[] = {
	{"int", DB_KIND_INT, 64, false},
	{"uuid", DB_KIND_UUID, 0, false},
	{"char", DB_KIND_TEXT, 0, false},
	{"text", DB_KIND_TEXT, 0, false},
	{"clob", DB_KIND_TEXT, 0, false},
	{"bool", DB_KIND_BOOL, 0, false},
	{"datetime", DB_KIND_TIME, 0, false},
	{"timestamp", DB_KIND_TIME, 0, false},
	{"date", DB_KIND_DATE, 0, false},
	{"real", DB_KIND_REAL, 0, false},
	{"floa", DB_KIND_REAL, 0, false},
	{"doub", DB_KIND_REAL, 0, false},
	{"numeric", DB_KIND_REAL, 0, false},
	{"decimal", DB_KIND_REAL, 0, false},
};

static bool
holds_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; strlen(text) >= len; text++)
		if (text_same_n(text, word, len))
			return true;
	return false;
}

/* Of an array of something, PostgreSQL says "integer[]". */
static bool
is_meant(const struct db *db, const char *declared, const char *word)
{
	if (db->driver->types_hold_words)
		return holds_word(declared, word);
	return text_starts(declared, word) && strchr(declared, '[') == NULL;
}

static const struct type_word *
word_of(const struct db *db, const char *declared)
{
	static const struct type_word other = {"", DB_KIND_OTHER, 0, false};
	bool holds = db->driver->types_hold_words;
	const struct type_word *words = holds ? sqlite_types : pg_types;
	size_t count = holds ? countof(sqlite_types) : countof(pg_types);

	for (size_t i = 0; i < count; i++)
		if (is_meant(db, declared, words[i].word))
			return &words[i];
	return &other;
}

/* The first number in parentheses: "character varying(320)"; -1: none. */
static int64_t
length_of(struct arena *mem, const char *declared)
{
	const char *open = strchr(declared, '(');
	int64_t length;

	if (open == NULL ||
	    !text_number(
		    arena_copy(mem, open + 1, strspn(open + 1, "0123456789")),
		    0, INT64_MAX, &length))
		return -1;
	return length;
}

static struct db_column
column_of(const struct db *db, struct arena *mem, const struct db_value *row)
{
	const char *declared = row[1].text != NULL ? row[1].text : "";
	const struct type_word *word = word_of(db, declared);

	return (struct db_column){
		.name = row[0].text,
		.declared = declared,
		.kind = word->kind,
		.bits = word->bits,
		.has_zone = word->has_zone,
		.length = length_of(mem, declared),
		.is_nullable = row[2].number != 0,
		.has_default = row[3].number != 0,
	};
}

enum err
db_columns(struct db *db, struct arena *mem, const char *table,
	   const struct db_column **out, size_t *count)
{
	const struct db_name t = names_table(db->names, table);
	const struct db_value values[] = {
		db_text(t.plain),
		db_text_or_null(t.schema),
	};
	struct db_column *columns;
	struct db_rows rows;
	enum err e = db_query(db, mem, db->driver->columns, values,
			      countof(values), &rows);

	columns = arena_array(mem, rows.count + 1, sizeof(*columns));
	for (size_t i = 0; i < rows.count; i++)
		columns[i] = column_of(db, mem, &rows.cells[i * rows.columns]);
	*out = columns;
	*count = rows.count;
	return e;
}

const struct db_column *
db_column_named(const struct db *db, const struct db_column *columns,
		size_t count, const char *name)
{
	const char *plain = names_table(db->names, name).plain;

	for (size_t i = 0; i < count; i++) {
		/* SQLite's names know no case. */
		bool is_it = db->driver->types_hold_words
				     ? text_same(columns[i].name, plain)
				     : strcmp(columns[i].name, plain) == 0;

		if (is_it)
			return &columns[i];
	}
	return NULL;
}
