/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static const struct {
	const char *mark;
	size_t offset; /* in struct route_parts */
} placeholders[] = {
	{"{id}", offsetof(struct route_parts, id)},
	{"{key}", offsetof(struct route_parts, key)},
};

/* Which of them the pattern begins with; countof for none. */
static size_t
placeholder_at(const char *pattern)
{
	size_t i = 0;

	while (i < countof(placeholders) &&
	       !text_starts(pattern, placeholders[i].mark))
		i++;
	return i;
}

bool
route_matches(struct arena *mem, const char *prefix, const char *pattern,
	      const char *path, struct route_parts *out)
{
	*out = (struct route_parts){0};
	if (!text_starts(path, prefix))
		return false;
	path += strlen(prefix);
	while (*pattern != '\0') {
		size_t i = placeholder_at(pattern);
		size_t segment = strcspn(path, "/");
		const char *text;

		if (i == countof(placeholders)) {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		if (segment == 0)
			return false;
		text = arena_copy(mem, path, segment);
		memcpy((char *)out + placeholders[i].offset, &text,
		       sizeof(text));
		pattern += strlen(placeholders[i].mark);
		path += segment;
	}
	return *path == '\0';
}

const char *
route_without_slash(struct arena *mem, const char *path)
{
	size_t len = strlen(path);
	size_t end = len;

	while (end > 0 && path[end - 1] == '/')
		end--;
	if (end == len || end == 0)
		return NULL;
	return arena_copy(mem, path, end);
}

/* What the reference leaves as it is, but for %, ? and #. */
static bool
is_path_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       strchr("-._~/:=@[]!$&'()*+,;", c) != NULL;
}

static bool
is_query_character(char c)
{
	return c > ' ' && c < 0x7f;
}

static const char *
encode(struct arena *mem, const char *text, bool (*is_kept)(char c))
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf b;

	buf_init(&b, mem, 128);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_kept(*text)) {
			buf_char(&b, *text);
			continue;
		}
		buf_char(&b, '%');
		buf_char(&b, hex[c >> 4]);
		buf_char(&b, hex[c & 15]);
	}
	return b.data;
}

const char *
route_encode_path(struct arena *mem, const char *path)
{
	return encode(mem, path, is_path_character);
}

const char *
route_encode_query(struct arena *mem, const char *query)
{
	return encode(mem, query, is_query_character);
}
