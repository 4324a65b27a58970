/* SPDX-License-Identifier: MIT */
#include "base/json_path.h"

#include <string.h>

#include "base/text.h"

#define INDEX_LIMIT 9999
#define INDEX_DIGITS 4
/* What ends a name that is not quoted. */
#define MARKS ".[]=|\""

struct piece {
	const char *text;
	size_t len;
};

enum step_kind { STEP_NAME, STEP_INDEX, STEP_FILTER };

struct step {
	enum step_kind kind;
	struct piece name;  /* STEP_NAME */
	size_t index;       /* STEP_INDEX */
	struct piece key;   /* STEP_FILTER: names with dots between them */
	struct piece value; /* STEP_FILTER */
};

/* A name, quoted or not. */
static bool
read_name(const char **at, struct piece *out)
{
	bool quoted = **at == '"';

	if (quoted)
		(*at)++;
	out->text = *at;
	out->len = strcspn(*at, quoted ? "\"" : MARKS);
	*at += out->len;
	if (quoted) {
		if (**at != '"')
			return false;
		(*at)++;
	}
	return out->len > 0;
}

static bool
read_index(const char **at, size_t *out)
{
	size_t digits = strspn(*at, "0123456789");

	if (digits == 0 || digits > INDEX_DIGITS || (*at)[digits] != ']')
		return false;
	*out = 0;
	for (; digits > 0; digits--)
		*out = *out * 10 + (size_t)(*(*at)++ - '0');
	return *out <= INDEX_LIMIT;
}

static bool
read_filter(const char **at, struct step *s)
{
	struct piece name;

	s->key.text = *at;
	while (read_name(at, &name) && **at == '.')
		(*at)++;
	s->key.len = (size_t)(*at - s->key.text);
	if (name.len == 0 || **at != '=')
		return false;
	(*at)++;
	return read_name(at, &s->value);
}

/* What stands between brackets. */
static const char *
read_brackets(const char **at, struct step *s)
{
	if (**at >= '0' && **at <= '9') {
		s->kind = STEP_INDEX;
		if (!read_index(at, &s->index))
			return "has no number from 0 to 9999 in brackets";
	} else {
		s->kind = STEP_FILTER;
		if (!read_filter(at, s))
			return "has no NAME=VALUE in brackets";
	}
	if (**at != ']')
		return "has brackets that do not end";
	(*at)++;
	return NULL;
}

/* One step; `first`: no dot stands before a name. */
static const char *
read_step(const char **at, bool first, struct step *s)
{
	*s = (struct step){.kind = STEP_NAME};
	if (**at == '[') {
		(*at)++;
		return read_brackets(at, s);
	}
	if (!first) {
		if (**at != '.')
			return "has no dot before a name";
		(*at)++;
	}
	return read_name(at, &s->name)
		       ? NULL
		       : "has an empty name, or a quote that does not end";
}

static bool
is_end(char c)
{
	return c == '\0' || c == '|';
}

const char *
json_path_fault(const char *path)
{
	struct step s;

	for (;; path++) {
		const char *start = path;

		do {
			const char *why = read_step(&path, path == start, &s);

			if (why != NULL)
				return why;
		} while (!is_end(*path));
		if (*path == '\0')
			return NULL;
	}
}

static const struct json *
member(const struct json *v, const struct piece *name)
{
	if (json_type(v) != JSON_OBJECT)
		return NULL;
	for (v = json_first(v); v != NULL; v = json_next(v))
		if (strlen(json_name(v)) == name->len &&
		    memcmp(json_name(v), name->text, name->len) == 0)
			return v;
	return NULL;
}

static const char *
spelling(const struct json *v)
{
	switch (json_type(v)) {
	case JSON_TEXT:
		return json_text(v);
	case JSON_NUMBER:
		return json_number_text(v);
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return NULL;
}

static bool
fits(const struct json *v, const struct step *s)
{
	const char *at = s->key.text;
	const char *end = at + s->key.len;
	struct piece name;
	const char *text;

	while (v != NULL && at < end) {
		if (!read_name(&at, &name))
			return false;
		v = member(v, &name);
		at++;
	}
	text = v == NULL ? NULL : spelling(v);
	return text != NULL && strlen(text) == s->value.len &&
	       memcmp(text, s->value.text, s->value.len) == 0;
}

static const struct json *
filter(const struct json *v, const struct step *s)
{
	if (json_type(v) == JSON_OBJECT)
		return fits(v, s) ? v : NULL;
	if (json_type(v) != JSON_ARRAY)
		return NULL;
	for (v = json_first(v); v != NULL; v = json_next(v))
		if (fits(v, s))
			return v;
	return NULL;
}

static const struct json *
element(const struct json *v, size_t index)
{
	if (json_type(v) != JSON_ARRAY)
		return NULL;
	for (v = json_first(v); v != NULL && index > 0; index--)
		v = json_next(v);
	return v;
}

static const struct json *
take(const struct json *v, const struct step *s)
{
	switch (s->kind) {
	case STEP_NAME:
		return member(v, &s->name);
	case STEP_INDEX:
		return element(v, s->index);
	case STEP_FILTER:
		return filter(v, s);
	}
	return NULL;
}

const struct json *
json_path_find(const struct json *root, const char *path)
{
	struct step s;

	for (;; path++) {
		const struct json *v = root;
		const char *start = path;

		do {
			if (read_step(&path, path == start, &s) != NULL)
				return NULL;
			if (v != NULL)
				v = take(v, &s);
		} while (!is_end(*path));
		if (v != NULL && json_type(v) != JSON_NULL)
			return v;
		if (*path == '\0')
			return NULL;
	}
}
