/* SPDX-License-Identifier: MIT */
/* Header values with parameters: `form-data; name="x"`. */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"

/* A run of bytes; any of them may be NUL, and none need follow. */
struct span {
	const char *bytes;
	size_t len;
};

/* Without outer blanks and tabs. */
struct span span_trim(struct span s);

/* Equal to a text in lower case without regard to the case of A-Z. */
bool span_is(struct span s, const char *lower) NONNULL(2);

/*
 * The last parameter of this name (in lower case), its quotes resolved.
 * False when there is none. One without "=" is there and empty, but only when
 * it is itself spelled in lower case.
 */
bool option_find(struct arena *mem, struct span header, const char *name,
		 struct span *out) NODISCARD NONNULL(1, 3, 4);

#endif
