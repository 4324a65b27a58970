/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, struct arena *mem, size_t room)
{
	b->mem = mem;
	b->room = room < 16 ? 16 : room;
	b->data = arena_alloc(mem, b->room);
	b->len = 0;
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->data[0] = '\0';
}

/* Makes sure that `more` bytes and the NUL fit. */
static void
buf_reserve(struct buf *b, size_t more)
{
	size_t room = b->room;

	if (more < room - b->len)
		return;
	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		abort();
	while (more >= room - b->len)
		room *= 2;
	b->data = arena_grow(b->mem, b->data, b->room, room);
	b->room = room;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(b, len);
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void
buf_number(struct buf *b, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		digits[--at] = '-';
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		abort();
	buf_reserve(b, (size_t)len);
	(void)vsnprintf(b->data + b->len, b->room - b->len, format, args);
	b->len += (size_t)len;
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}
