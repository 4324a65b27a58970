/* SPDX-License-Identifier: MIT */
#include "http/option.h"

#include <string.h>

#include "base/text.h"

struct span
span_trim(struct span s)
{
	while (s.len > 0 && (*s.bytes == ' ' || *s.bytes == '\t')) {
		s.bytes++;
		s.len--;
	}
	while (s.len > 0 &&
	       (s.bytes[s.len - 1] == ' ' || s.bytes[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool
span_is(struct span s, const char *lower)
{
	return s.len == strlen(lower) && text_same_n(s.bytes, lower, s.len);
}

/* Up to a semicolon outside of quotes, and what is behind it. */
static struct span
segment_cut(struct span *rest)
{
	struct span segment = *rest;
	bool is_quoted = false;
	size_t at;

	for (at = 0; at < rest->len; at++) {
		if (rest->bytes[at] == ';' && !is_quoted)
			break;
		if (rest->bytes[at] == '"' &&
		    (at == 0 || rest->bytes[at - 1] != '\\'))
			is_quoted = !is_quoted;
	}
	/* A quote that never ends leaves nothing to cut. */
	segment.len = at;
	if (at < rest->len)
		at++;
	rest->bytes += at;
	rest->len -= at;
	return segment;
}

/* Replaces each `\` that stands before a `what` by that alone. */
static size_t
drop_escapes(char *text, size_t len, char what)
{
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		if (text[from] == '\\' && from + 1 < len &&
		    text[from + 1] == what)
			from++;
		text[to++] = text[from];
	}
	return to;
}

/* In two rounds, as the reference: `\\"` ends as a mere quote. */
static struct span
option_unquote(struct arena *mem, struct span value)
{
	char *text;

	if (value.len < 2 || value.bytes[0] != '"' ||
	    value.bytes[value.len - 1] != '"')
		return value;
	value.bytes++;
	value.len -= 2;
	if (memchr(value.bytes, '\\', value.len) == NULL)
		return value;
	text = arena_copy(mem, value.bytes, value.len);
	value.len = drop_escapes(text, value.len, '\\');
	value.len = drop_escapes(text, value.len, '"');
	value.bytes = text;
	return value;
}

bool
option_find(struct arena *mem, struct span header, const char *name,
	    struct span *out)
{
	struct span rest = header;
	bool is_found = false;

	(void)segment_cut(&rest);
	while (rest.len > 0) {
		struct span segment = span_trim(segment_cut(&rest));
		const char *equals = memchr(segment.bytes, '=', segment.len);
		struct span key = segment;
		struct span value = {"", 0};

		if (equals != NULL) {
			key.len = (size_t)(equals - segment.bytes);
			value.bytes = equals + 1;
			value.len = segment.len - key.len - 1;
		}
		if (!span_is(span_trim(key), name) ||
		    (equals == NULL && memcmp(key.bytes, name, key.len) != 0))
			continue;
		*out = option_unquote(mem, span_trim(value));
		is_found = true;
	}
	return is_found;
}
