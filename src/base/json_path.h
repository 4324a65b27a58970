/* SPDX-License-Identifier: MIT */
/*
 * Where a value is found in a JSON document, as the configuration says it:
 *
 *	a.b		the member b of the member a
 *	a[0].b		b of the first element of a
 *	a[k.l=v].b	b of the first element of a whose k.l is v; of a itself
 *			where that is an object, if its k.l is v
 *	a."odd.name"	a member whose name holds . [ ] = or |
 *	a.b|c		a.b, or c where there is none
 */
#ifndef JSON_PATH_H
#define JSON_PATH_H

#include "base/attr.h"
#include "base/json.h"

/* NULL when the text is such a path, else why not: a static sentence. */
const char *json_path_fault(const char *path) NONNULL(1);

/* The value; NULL when there is none, or when it is null. The text must be a
 * path. */
const struct json *json_path_find(const struct json *root, const char *path)
	NONNULL(1, 2);

#endif
