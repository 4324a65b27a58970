/* SPDX-License-Identifier: MIT */
/* Cookies (RFC 6265), read and written as the reference does. */
#ifndef COOKIE_H
#define COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "http/response.h"

struct cookie {
	const char *name;   /* a token; checked when configured */
	const char *value;  /* cookie octets; "" is spelled as two quotes */
	const char *domain; /* "" : none */
	const char *path;
	const char *samesite; /* "lax", "strict", "none" */
	int64_t max_age;      /* seconds; -1: none */
	bool secure;
	bool httponly;
};

/* Longer headers, and such with more pairs, hold nothing for us. */
#define COOKIE_SIZE_LIMIT ((size_t)16 * 1024)
#define COOKIE_PAIRS_LIMIT 180

/*
 * The value of the last cookie of this name in a Cookie header, unquoted, on
 * the arena. NULL when there is none, when it is empty or holds anything but
 * visible ASCII and blanks, or when the header is beyond the limits.
 */
const char *cookie_value(struct arena *mem, const char *header,
			 const char *name) NONNULL(1, 2, 3);

/* Adds a Set-Cookie header. */
void cookie_set(struct resp *rs, const struct cookie *c) NONNULL(1, 2);

#endif
