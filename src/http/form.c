/* SPDX-License-Identifier: MIT */
#include "http/form.h"

#include <string.h>

#include "base/text.h"
#include "http/body.h"

void
form_add(struct form *f, struct arena *mem, const char *name, const char *value,
	 bool is_file)
{
	struct form_entry *entry = arena_new(mem, struct form_entry);

	entry->before = f->last;
	entry->name = name;
	entry->value = value;
	entry->is_file = is_file;
	f->last = entry;
}

void
form_mark_unclean(char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = text_utf8_length((unsigned char)bytes[at]);

		if (n == 0 || n > len - at || bytes[at] == '\0' ||
		    !text_is_utf8(bytes + at, n)) {
			bytes[at] = '\xff';
			n = 1;
		}
		at += n;
	}
}

static const struct form_entry *
form_entry(const struct form *f, const char *name)
{
	for (const struct form_entry *e = f->last; e != NULL; e = e->before)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

const char *
form_value(const struct form *f, const char *name)
{
	const struct form_entry *e = form_entry(f, name);

	return e != NULL ? e->value : NULL;
}

bool
form_is_file(const struct form *f, const char *name)
{
	const struct form_entry *e = form_entry(f, name);

	return e != NULL && e->is_file;
}

size_t
form_values(const struct form *f, struct arena *mem, const char *name,
	    const char ***out)
{
	size_t count = 0;
	size_t at;

	for (const struct form_entry *e = f->last; e != NULL; e = e->before)
		count += strcmp(e->name, name) == 0;
	*out = arena_array(mem, count + 1, sizeof(**out));
	at = count;
	for (const struct form_entry *e = f->last; e != NULL; e = e->before)
		if (strcmp(e->name, name) == 0)
			(*out)[--at] = e->value;
	return count;
}
