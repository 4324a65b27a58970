/* SPDX-License-Identifier: MIT */
/* http/body.c: the first line is the content type, the rest is the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/body.h"
#include "http/form.h"

#define ARENA_LIMIT ((size_t)256 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* UTF-8 but for the byte 0xff. */
static void
check_text(struct arena *mem, const char *text)
{
	char *copy = arena_text(mem, text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\xff')
			*p = '?';
	must(text_is_utf8(copy, strlen(copy)));
}

static void
check_form(struct arena *mem, const struct form *f)
{
	size_t count = 0;

	for (const struct form_entry *e = f->last; e != NULL; e = e->before) {
		check_text(mem, e->name);
		check_text(mem, e->value);
		count++;
	}
	must(count <= (size_t)2 * FORM_FIELDS_LIMIT);
	if (f->last != NULL)
		must(form_value(f, f->last->name) == f->last->value &&
		     form_is_file(f, f->last->name) == f->last->is_file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct arena *mem;
	struct req rq = {0};
	struct resp rs;
	const struct form *f = NULL;
	enum err e;

	if (line == NULL)
		return 0;
	mem = arena_open(0, ARENA_LIMIT);
	resp_init(&rs, mem);
	rq.mem = mem;
	rq.content_type = arena_copy(mem, text, (size_t)(line - text));
	rq.body_len = size - (size_t)(line + 1 - text);
	rq.body = arena_copy(mem, line + 1, rq.body_len);
	(void)body_is_json(rq.content_type);
	e = form_parse(&rq, &rs, &f);
	must(e == OK || e == ERR_BODY_UNREADABLE ||
	     e == ERR_MULTIPART_BOUNDARY);
	must((rs.detail != NULL) == (e == ERR_BODY_UNREADABLE));
	if (e == OK && f != NULL)
		check_form(mem, f);
	arena_close(mem);
	return 0;
}
