/* SPDX-License-Identifier: MIT */
/* http/cookie.c: the first line is a cookie's name, the rest the header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/cookie.h"

#define ARENA_LIMIT ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What was read and can be written comes back the same. */
static void
check_round_trip(struct arena *mem, const char *value)
{
	struct cookie c = {.name = "name", .domain = "", .path = "/"};
	const char *again;
	struct resp rs;

	/* With its attributes it could be beyond the limit. */
	if (strlen(value) > COOKIE_SIZE_LIMIT / 2)
		return;
	for (const char *p = value; *p != '\0'; p++)
		if (strchr(" \",;\\", *p) != NULL)
			return;
	c.value = value;
	c.samesite = "lax";
	c.max_age = -1;
	resp_init(&rs, mem);
	cookie_set(&rs, &c);
	again = cookie_value(mem, rs.headers.data + strlen("Set-Cookie: "),
			     "name");
	must(again != NULL && strcmp(again, value) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct arena *mem;
	const char *value;

	if (line == NULL)
		return 0;
	mem = arena_open(0, ARENA_LIMIT);
	value = cookie_value(
		mem,
		arena_copy(mem, line + 1, size - (size_t)(line + 1 - text)),
		arena_copy(mem, text, (size_t)(line - text)));
	if (value != NULL) {
		must(*value != '\0');
		check_round_trip(mem, value);
	}
	arena_close(mem);
	return 0;
}
