/* SPDX-License-Identifier: MIT */
/*
 * A growing heap buffer for what outlives a request on a connection: input
 * that has not arrived whole and output that has not left. All of it is wiped
 * before it is given back or used again.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* Buffers up to this size stay with their owner between requests. */
#define BYTES_KEPT ((size_t)16384)

struct bytes {
	unsigned char *data; /* NULL while room is 0 */
	size_t len;
	size_t room;
};

/* Appends, and keeps a NUL behind. False when memory is out. */
bool bytes_add(struct bytes *b, const void *more, size_t len)
	NODISCARD NONNULL(1);

/* Wipes and empties; keeps the memory unless there are more than `keep`. */
void bytes_clear(struct bytes *b, size_t keep) NONNULL(1);

/* Wipes and frees. */
void bytes_free(struct bytes *b) NONNULL(1);

#endif
