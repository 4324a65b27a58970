/* SPDX-License-Identifier: MIT */
#include "gate/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM ((size_t)2048)

/* Not realloc: that would leave an unwiped copy behind. */
static bool
bytes_grow(struct bytes *b, size_t need)
{
	size_t room = b->room > 0 ? b->room : FIRST_ROOM;
	unsigned char *data;

	while (room < need)
		room *= 2;
	data = malloc(room);
	if (data == NULL)
		return false;
	if (b->len > 0) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->len);
	}
	free(b->data);
	b->data = data;
	b->room = room;
	return true;
}

bool
bytes_add(struct bytes *b, const void *more, size_t len)
{
	if (len > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		return false;
	if (b->len + len + 1 > b->room && !bytes_grow(b, b->len + len + 1))
		return false;
	if (len > 0)
		memcpy(b->data + b->len, more, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

void
bytes_clear(struct bytes *b, size_t keep)
{
	if (b->len > 0)
		explicit_bzero(b->data, b->len);
	b->len = 0;
	if (b->room <= keep)
		return;
	free(b->data);
	b->data = NULL;
	b->room = 0;
}

void
bytes_free(struct bytes *b)
{
	bytes_clear(b, 0);
}
