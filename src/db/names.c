/* SPDX-License-Identifier: MIT */
#include "db/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define MEMORY_LIMIT ((size_t)16 * 1024 * 1024)
#define ROOM_AT_FIRST 128
#define FIRST_LETTERS "abcdefghijklmnopqrstuvwxyz"
#define LETTERS FIRST_LETTERS "0123456789_.:"

struct expansion {
	const struct db_statement *of; /* NULL: an empty slot */
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

const char *
names_expand(const struct names *n, struct arena *mem, const char *text,
	     const char **unknown)
{
	struct buf out;

	buf_init(&out, mem, strlen(text) + 1);
	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		size_t len = placeholder_length(text + plain);
		const struct db_name *found;
		const char *name;

		if (len == 0)
			plain += text[plain] == '{';
		buf_add(&out, text, plain);
		text += plain;
		if (len == 0)
			continue;
		name = arena_copy(mem, text + 1, len - 2);
		found = names_find(n, name);
		if (found == NULL) {
			*unknown = name;
			return NULL;
		}
		buf_text(&out, found->text);
		text += len;
	}
	return out.data;
}

static struct expansion *
slot_of(const struct names *n, const struct db_statement *statement)
{
	size_t i = ((uintptr_t)statement / sizeof(void *)) & (n->room - 1);

	while (n->slots[i].of != NULL && n->slots[i].of != statement)
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
			*slot_of(n, old[i].of) = old[i];
	free(old);
}

const struct db_statement *
names_statement(struct names *n, const struct db_statement *statement,
		const char **unknown)
{
	struct expansion *slot = slot_of(n, statement);
	struct db_statement *made;

	if (slot->of != NULL)
		return slot->made;
	made = arena_new(n->mem, struct db_statement);
	*made = *statement;
	made->sql = names_expand(n, n->mem, statement->sql, unknown);
	if (made->sql == NULL)
		return NULL;
	made->result = names_expand(n, n->mem, statement->result, unknown);
	if (made->result == NULL)
		return NULL;
	*slot = (struct expansion){.of = statement, .made = made};
	if (++n->count * 2 > n->room)
		room_double(n);
	return made;
}
