/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives as long as one request. Nothing is freed by itself;
 * arena_reset wipes all of it. Running out ends the process: a worker is
 * replaced by its supervisor.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena;

/*
 * limit: bytes that may be in use at once; going over it ends the process.
 * The first `keep` bytes stay allocated between requests. Caller frees.
 */
struct arena *arena_open(size_t keep, size_t limit) RETURNS_NONNULL NODISCARD;

/* Wipes and returns the memory. NULL is allowed. */
void arena_close(struct arena *a);

/* Wipes everything handed out since the last reset, and forgets it. */
void arena_reset(struct arena *a) NONNULL(1);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size)
	RETURNS_NONNULL NODISCARD NONNULL(1)
		__attribute__((malloc, alloc_size(2), assume_aligned(16)));

/* An array of `count` zeroed members; an overflowing size ends the process. */
void *arena_array(struct arena *a, size_t count, size_t size)
	RETURNS_NONNULL NODISCARD NONNULL(1)
		__attribute__((malloc, alloc_size(2, 3)));

/* A copy of `len` bytes and a NUL behind them. */
char *arena_copy(struct arena *a, const void *bytes, size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(1);

/* A copy of a text. */
char *arena_text(struct arena *a, const char *text)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2);

/* A formatted text. */
char *arena_printf(struct arena *a, const char *format, ...)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2) PRINTF(2, 3);

/*
 * Grows the block at `old` (of old_size bytes, NULL for none) to new_size,
 * in place when it is the newest one. The old block's content is kept and
 * its old place, if left, is wiped.
 */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size)
	RETURNS_NONNULL NODISCARD NONNULL(1);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a) NONNULL(1);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
