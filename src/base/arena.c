/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/log.h"

#define ALIGNMENT ((size_t)16)
#define CHUNK_SIZE ((size_t)64 * 1024)

/* Blocks are handed out from the newest chunk; older ones only wait. They are
 * zero: what has been handed out before was wiped, and what never was is
 * cleared first. Not all at once: pages that nobody wants cost nothing then. */
struct chunk {
	struct chunk *older;
	size_t size;
	size_t used;
	size_t cleared;
	_Alignas(16) unsigned char bytes[];
};

struct arena {
	struct chunk *newest;
	size_t limit;
	size_t used;
};

NORETURN static void
arena_exhausted(size_t size)
{
	log_event(LEVEL_ERROR, log_is("out_of_memory"),
		  log_number("bytes",
			     size > INT64_MAX ? INT64_MAX : (int64_t)size));
	_Exit(71);
}

static struct chunk *
chunk_new(size_t size, struct chunk *older)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c == NULL)
		arena_exhausted(size);
	c->older = older;
	c->size = size;
	c->used = 0;
	c->cleared = 0;
	return c;
}

static size_t
rounded(size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT)
		arena_exhausted(size);
	return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

struct arena *
arena_open(size_t keep, size_t limit)
{
	struct arena *a = malloc(sizeof(*a));

	if (a == NULL)
		arena_exhausted(sizeof(*a));
	a->newest = chunk_new(keep < CHUNK_SIZE ? CHUNK_SIZE : keep, NULL);
	a->limit = limit;
	a->used = 0;
	return a;
}

void
arena_reset(struct arena *a)
{
	struct chunk *c = a->newest;

	while (c->older != NULL) {
		struct chunk *older = c->older;

		explicit_bzero(c->bytes, c->used);
		free(c);
		c = older;
	}
	explicit_bzero(c->bytes, c->used);
	c->used = 0;
	a->newest = c;
	a->used = 0;
}

void
arena_close(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->newest);
	free(a);
}

/* The next bytes of the newest chunk, which has them. */
static void *
chunk_take(struct arena *a, size_t room)
{
	struct chunk *c = a->newest;
	void *block = c->bytes + c->used;

	c->used += room;
	a->used += room;
	if (c->used > c->cleared) {
		memset(c->bytes + c->cleared, 0, c->used - c->cleared);
		c->cleared = c->used;
	}
	return block;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->newest;
	size_t room = rounded(size > 0 ? size : 1);

	if (room > a->limit || a->used > a->limit - room)
		arena_exhausted(size);
	if (room > c->size - c->used)
		a->newest = chunk_new(room > CHUNK_SIZE ? room : CHUNK_SIZE, c);
	return chunk_take(a, room);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		arena_exhausted(SIZE_MAX);
	return arena_alloc(a, total);
}

char *
arena_copy(struct arena *a, const void *bytes, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		arena_exhausted(len);
	copy = arena_alloc(a, len + 1);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

char *
arena_text(struct arena *a, const char *text)
{
	return arena_copy(a, text, strlen(text));
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		arena_exhausted(0);
	text = arena_alloc(a, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

/* The newest block ends where its chunk is used up to. */
static int
is_newest(const struct arena *a, const unsigned char *block, size_t room)
{
	const struct chunk *c = a->newest;

	return c->used >= room && block == c->bytes + c->used - room;
}

void *
arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size)
{
	struct chunk *c = a->newest;
	size_t old_room = rounded(old_size > 0 ? old_size : 1);
	size_t more = rounded(new_size > 0 ? new_size : 1) - old_room;
	void *block;

	if (old == NULL)
		return arena_alloc(a, new_size);
	if (new_size <= old_size)
		return old;
	if (is_newest(a, old, old_room) && more <= c->size - c->used &&
	    a->used <= a->limit - more && more <= a->limit) {
		(void)chunk_take(a, more);
		return old;
	}
	block = arena_alloc(a, new_size);
	memcpy(block, old, old_size);
	explicit_bzero(old, old_size);
	return block;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
