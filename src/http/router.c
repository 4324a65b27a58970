/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static const char placeholder[] = "{id}";

bool
route_matches(struct arena *mem, const char *prefix, const char *pattern,
	      const char *path, const char **id)
{
	const char *open = strstr(pattern, placeholder);
	size_t before;
	size_t segment;

	*id = NULL;
	if (!text_starts(path, prefix))
		return false;
	path += strlen(prefix);
	if (open == NULL)
		return strcmp(pattern, path) == 0;
	before = (size_t)(open - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	segment = strcspn(path + before, "/");
	if (segment == 0 ||
	    strcmp(open + strlen(placeholder), path + before + segment) != 0)
		return false;
	*id = arena_copy(mem, path + before, segment);
	return true;
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
