/* SPDX-License-Identifier: MIT */
#include "db/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "db/driver.h"

#define MEMORY_LIMIT ((size_t)16 * 1024 * 1024)
#define ROOM_AT_FIRST 128
#define FIRST_LETTERS "abcdefghijklmnopqrstuvwxyz"
#define LETTERS FIRST_LETTERS "0123456789_.:"

struct expansion {
	const struct db_statement *of; /* NULL: an empty slot */
	size_t rows;                   /* 0: no part of it is repeated */
	const struct db_statement *made;
};

struct names {
	const struct db_names *given;
	struct arena *mem;       /* what was expanded */
	struct expansion *slots; /* by the address, probed one by one */
	size_t room;             /* a power of two */
	size_t count;
};

struct names *
names_open(const struct db_names *given)
{
	static const struct db_names none = {0};
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		abort();
	n->given = given != NULL ? given : &none;
	n->mem = arena_open(0, MEMORY_LIMIT);
	n->room = ROOM_AT_FIRST;
	n->slots = calloc(n->room, sizeof(*n->slots));
	if (n->slots == NULL)
		abort();
	return n;
}

void
names_close(struct names *n)
{
	if (n == NULL)
		return;
	arena_close(n->mem);
	free(n->slots);
	free(n);
}

const struct db_name *
names_find(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->given->count; i++)
		if (strcmp(n->given->items[i].name, name) == 0)
			return &n->given->items[i];
	return NULL;
}

struct db_name
names_table(const struct names *n, const char *name)
{
	const struct db_name *found = names_find(n, name);

	return found != NULL ? *found : (struct db_name){.plain = name};
}

/* The length of the placeholder that starts here, braces and all; 0 when
 * none does. */
static size_t
placeholder_length(const char *at)
{
	size_t len;

	if (at[0] != '{' || at[1] == '\0' ||
	    strchr(FIRST_LETTERS, at[1]) == NULL)
		return 0;
	len = strspn(at + 1, LETTERS);
	return at[1 + len] == '}' ? len + 2 : 0;
}

static enum err
name_text(struct db *db, struct arena *mem, const char *statement,
	  const char *name, const char **out)
{
	const struct db_name *found = names_find(db->names, name);
	char words[128];

	if (found != NULL && found->text != NULL) {
		*out = found->text;
		return OK;
	}
	if (found != NULL)
		return found->find(db, mem, out);
	(void)snprintf(words, sizeof(words), "nothing stands for {%s}", name);
	db_failed(db, ERR_INTERNAL, statement, "", words);
	return ERR_INTERNAL;
}

enum err
names_expand(struct db *db, struct arena *mem, const char *statement,
	     const char *text, const char **result)
{
	struct buf out;

	buf_init(&out, mem, strlen(text) + 1);
	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		size_t len = placeholder_length(text + plain);
		const char *put;
		enum err e;

		if (len == 0)
			plain += text[plain] == '{';
		buf_add(&out, text, plain);
		text += plain;
		if (len == 0)
			continue;
		e = name_text(db, mem, statement,
			      arena_copy(mem, text + 1, len - 2), &put);
		if (e != OK)
			return e;
		buf_text(&out, put);
		text += len;
	}
	*result = out.data;
	return OK;
}

static struct expansion *
slot_of(const struct names *n, const struct db_statement *statement,
	size_t rows)
{
	size_t i = ((uintptr_t)statement / sizeof(void *)) & (n->room - 1);

	while (n->slots[i].of != NULL &&
	       (n->slots[i].of != statement || n->slots[i].rows != rows))
		i = (i + 1) & (n->room - 1);
	return &n->slots[i];
}

static void
room_double(struct names *n)
{
	struct expansion *old = n->slots;
	size_t old_room = n->room;

	n->room *= 2;
	n->slots = calloc(n->room, sizeof(*n->slots));
	if (n->slots == NULL)
		abort();
	for (size_t i = 0; i < old_room; i++)
		if (old[i].of != NULL)
			*slot_of(n, old[i].of, old[i].rows) = old[i];
	free(old);
}

/* One repetition: parameters of the first row become those of row `row`. */
static void
row_add(struct buf *out, const char *part, size_t len, size_t row, size_t count)
{
	const char *end = part + len;
	int64_t number;

	while (part < end) {
		size_t plain = strcspn(part, "$");
		size_t digits;

		if (plain >= (size_t)(end - part)) {
			buf_add(out, part, (size_t)(end - part));
			return;
		}
		buf_add(out, part, plain + 1);
		part += plain + 1;
		digits = strspn(part, "0123456789");
		if (text_number(arena_copy(out->mem, part, digits), 1,
				(int64_t)count, &number))
			buf_number(out, number + (int64_t)(row * count));
		part += digits;
	}
}

/* What stands between [ and ], once for each row. */
static const char *
rows_repeat(struct arena *mem, const char *sql, size_t rows, size_t count)
{
	size_t before = strcspn(sql, "[");
	const char *part = sql + before + 1;
	size_t len;
	struct buf out;

	if (sql[before] == '\0')
		return sql;
	len = strcspn(part, "]");
	buf_init(&out, mem, before + rows * (len + count * 4));
	buf_add(&out, sql, before);
	for (size_t row = 0; row < rows; row++) {
		buf_text(&out, row > 0 ? ", " : "");
		row_add(&out, part, len, row, count);
	}
	buf_text(&out, part + len + 1);
	return out.data;
}

/* rows 0: as it is. */
static enum err
statement_make(struct db *db, const struct db_statement *statement, size_t rows,
	       size_t count, struct db_statement *made)
{
	struct names *n = db->names;
	enum err e;

	*made = *statement;
	e = names_expand(db, n->mem, statement->name, statement->sql,
			 &made->sql);
	if (e == OK)
		e = names_expand(db, n->mem, statement->name, statement->result,
				 &made->result);
	if (e != OK || rows == 0)
		return e;
	made->name = arena_printf(n->mem, "%s_%zu", statement->name, rows);
	made->sql = rows_repeat(n->mem, made->sql, rows, count);
	return OK;
}

enum err
names_statement_rows(struct db *db, const struct db_statement *statement,
		     size_t rows, size_t count, const struct db_statement **out)
{
	struct names *n = db->names;
	const struct expansion *slot = slot_of(n, statement, rows);
	struct db_statement *made;
	enum err e;

	if (slot->of != NULL) {
		*out = slot->made;
		return OK;
	}
	made = arena_new(n->mem, struct db_statement);
	e = statement_make(db, statement, rows, count, made);
	if (e != OK)
		return e;
	/* Finding a name may have run other statements. */
	*slot_of(n, statement, rows) =
		(struct expansion){.of = statement, .rows = rows, .made = made};
	if (++n->count * 2 > n->room)
		room_double(n);
	*out = made;
	return OK;
}

enum err
names_statement(struct db *db, const struct db_statement *statement,
		const struct db_statement **out)
{
	return names_statement_rows(db, statement, 0, 0, out);
}
