/* SPDX-License-Identifier: MIT */
#include "http/html.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* Those that HTML has no place for. */
static bool
is_out_of_place(unsigned char c)
{
	return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f ||
	       c == 0xff;
}

void
html_text(struct buf *out, const char *text)
{
	static const char *const entities[256] = {
		['&'] = "&amp;",  ['<'] = "&lt;",    ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;",
	};

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (entities[c] != NULL)
			buf_text(out, entities[c]);
		else if (is_out_of_place(c))
			buf_text(out, "\xef\xbf\xbd");
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
		html_text(out, v->text);
		page += strlen(v->mark);
	}
}
