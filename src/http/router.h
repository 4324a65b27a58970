/* SPDX-License-Identifier: MIT */
/* Paths against patterns. */
#ifndef ROUTER_H
#define ROUTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"

/* What stands for the placeholders of a pattern; NULL where it has none. */
struct route_parts {
	const char *id;
	const char *key;
};

/*
 * Whether `path` is `prefix` followed by `pattern`, in which "{id}" and "{key}"
 * stand for one segment each that is not empty: copies on the arena.
 */
bool route_matches(struct arena *mem, const char *prefix, const char *pattern,
		   const char *path, struct route_parts *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* The path without the slashes at its end, NULL when it has none there or
 * nothing but slashes. */
const char *route_without_slash(struct arena *mem, const char *path)
	NONNULL(1, 2);

/* A path as a Location header may carry it: everything that is neither
 * unreserved nor a slash is percent-encoded (RFC 3986). */
const char *route_encode_path(struct arena *mem, const char *path)
	RETURNS_NONNULL NONNULL(1, 2);

/* The same for a query as it was sent: only what no header may hold, blanks,
 * control and 8-bit characters, is encoded. */
const char *route_encode_query(struct arena *mem, const char *query)
	RETURNS_NONNULL NONNULL(1, 2);

#endif
