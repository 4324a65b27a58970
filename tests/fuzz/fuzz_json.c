/* SPDX-License-Identifier: MIT */
/*
 * base/json.c: the first byte picks the rules, the rest is the document. What
 * was accepted must be written as a document that is accepted again and is
 * then written the same. V79.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define ARENA_LIMIT ((size_t)256 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_value(const struct json *v)
{
	int64_t whole;

	must(!json_number_int64(v, &whole) || json_type(v) == JSON_NUMBER);
	must((json_text(v) != NULL) == (json_type(v) == JSON_TEXT));
	must((json_number_text(v) != NULL) == (json_type(v) == JSON_NUMBER));
	(void)json_member(v, "email");
	for (const struct json *m = json_first(v); m != NULL; m = json_next(m))
		if (json_type(v) == JSON_OBJECT)
			must(json_member(v, json_name(m)) == m);
}

static void
check_written(struct arena *mem, const struct json *v)
{
	const struct json *again;
	struct json_fault fault;
	struct buf first;
	struct buf second;

	buf_init(&first, mem, 64);
	buf_init(&second, mem, 64);
	json_write(&first, v);
	must(text_is_utf8(first.data, first.len));
	must(json_parse(mem, first.data, first.len, JSON_BODY, &again,
			&fault) == OK);
	/* Names that differ in what cannot be written may become one. */
	if (strstr(first.data, "\xef\xbf\xbd") != NULL)
		return;
	json_write(&second, again);
	must(first.len == second.len &&
	     memcmp(first.data, second.data, first.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem;
	const struct json *v;
	struct json_fault fault;
	enum err e;

	if (size == 0)
		return 0;
	mem = arena_open(0, ARENA_LIMIT);
	e = json_parse(mem, (const char *)data + 1, size - 1,
		       data[0] % 2 == 0 ? JSON_BODY : JSON_TOKEN, &v, &fault);
	must(e == OK || e == ERR_UNPROCESSABLE || e == ERR_BODY_UNREADABLE);
	must((e == OK) == (v != NULL));
	must(fault.position <= size - 1 && fault.reason != NULL);
	if (v != NULL) {
		check_value(v);
		check_written(mem, v);
	}
	arena_close(mem);
	return 0;
}
