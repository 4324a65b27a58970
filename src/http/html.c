/* SPDX-License-Identifier: MIT */
#include "http/html.h"

#include <string.h>

#include "base/text.h"

static void
write_escaped(struct buf *out, const char *text)
{
	static const char *const entities[256] = {
		['&'] = "&amp;",  ['<'] = "&lt;",    ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;",
	};

	for (; *text != '\0'; text++) {
		const char *entity = entities[(unsigned char)*text];

		if (entity != NULL)
			buf_text(out, entity);
		else
			buf_char(out, *text);
	}
}

/* The value whose mark stands here, NULL: none. */
static const struct html_value *
value_at(const char *page, const struct html_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_starts(page, values[i].mark))
			return &values[i];
	return NULL;
}

void
html_write(struct buf *out, const char *page, const struct html_value *values,
	   size_t count)
{
	while (*page != '\0') {
		const struct html_value *v = value_at(page, values, count);

		if (v == NULL) {
			buf_char(out, *page++);
			continue;
		}
		write_escaped(out, v->text);
		page += strlen(v->mark);
	}
}
