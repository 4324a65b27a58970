/* SPDX-License-Identifier: MIT */
/*
 * A growing text on an arena. `data` is never NULL and always NUL-terminated
 * behind `len` bytes; the bytes themselves may hold anything.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

struct buf {
	struct arena *mem;
	char *data;
	size_t len;
	size_t room;
};

/* Starts empty with room for `room` bytes; lives as long as the arena. */
void buf_init(struct buf *b, struct arena *mem, size_t room) NONNULL(1, 2);

/* Forgets the content, keeps the room. */
void buf_reset(struct buf *b) NONNULL(1);

/* Appends; `bytes` may be NULL when len is 0. */
void buf_add(struct buf *b, const void *bytes, size_t len) NONNULL(1);
void buf_text(struct buf *b, const char *text) NONNULL(1, 2);
void buf_char(struct buf *b, char c) NONNULL(1);
void buf_number(struct buf *b, int64_t number) NONNULL(1);
void buf_printf(struct buf *b, const char *format, ...) NONNULL(1, 2)
	PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) NONNULL(1, 2)
	PRINTF(2, 0);

#endif
