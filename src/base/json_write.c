/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void
write_character(struct buf *out, const char *at, size_t len)
{
	static const char named[] = "\"\"\\\\\nn\rr\tt\bb\ff";
	unsigned char c = (unsigned char)*at;

	for (size_t i = 0; len == 1 && i + 1 < sizeof(named); i += 2)
		if (named[i] == (char)c) {
			buf_char(out, '\\');
			buf_char(out, named[i + 1]);
			return;
		}
	if (c < 0x20)
		buf_printf(out, "\\u%04x", c);
	else
		buf_add(out, at, len);
}

/* How much of the text, from its start, is written as it is. */
static size_t
plain_length(const char *text)
{
	const char *at = text;

	while (*at >= ' ' && (unsigned char)*at < 0x80 && *at != '"' &&
	       *at != '\\')
		at++;
	return (size_t)(at - text);
}

void
json_write_text(struct buf *out, const char *text)
{
	const char *end = text + strlen(text);

	buf_char(out, '"');
	while (text < end) {
		size_t plain = plain_length(text);
		size_t len;

		buf_add(out, text, plain);
		text += plain;
		if (text == end)
			break;
		len = text_utf8_length((unsigned char)*text);
		if (len == 0 || len > (size_t)(end - text) ||
		    !text_is_utf8(text, len)) {
			buf_text(out, "\xef\xbf\xbd");
			text++;
			continue;
		}
		write_character(out, text, len);
		text += len;
	}
	buf_char(out, '"');
}

/*
 * The shortest digits that read back as d, as "1.5e+01". Fifteen always
 * suffice for what was written with fifteen, but not so near zero, where
 * doubles have fewer.
 */
static void
double_shortest(double d, char *out, size_t size)
{
	int first = d < 1e-290 && d > -1e-290 ? 1 : 15;

	for (int digits = first; digits <= 17; digits++) {
		(void)snprintf(out, size, "%.*e", digits - 1, d);
		if (strtod(out, NULL) == d)
			return;
	}
}

/* `point` digits stand before the point. */
static void
write_positional(struct buf *out, const char *digits, long count, long point)
{
	if (point <= 0)
		buf_text(out, "0.");
	for (long i = point; i < 0; i++)
		buf_char(out, '0');
	for (long i = 0; i < count; i++) {
		if (i > 0 && i == point)
			buf_char(out, '.');
		buf_char(out, digits[i]);
	}
	for (long i = count; i < point; i++)
		buf_char(out, '0');
	if (count <= point)
		buf_text(out, ".0");
}

/* As Python's repr: positional from 1e-4 to below 1e16. */
void
json_write_real(struct buf *out, double d)
{
	char text[40];
	char digits[24] = "";
	long count = 0;
	long point;
	const char *exponent;

	double_shortest(d, text, sizeof(text));
	exponent = strchr(text, 'e');
	if (exponent == NULL) {
		/* Infinity or not a number. */
		buf_text(out, "null");
		return;
	}
	for (const char *p = text; p < exponent; p++)
		if (*p >= '0' && *p <= '9')
			digits[count++] = *p;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	if (*text == '-')
		buf_char(out, '-');
	point = strtol(exponent + 1, NULL, 10) + 1;
	if (point >= -3 && point <= 16) {
		write_positional(out, digits, count, point);
		return;
	}
	buf_char(out, digits[0]);
	if (count > 1)
		buf_char(out, '.');
	buf_add(out, digits + 1, (size_t)(count - 1));
	buf_text(out, exponent);
}

static void
write_number(struct buf *out, const struct json *v)
{
	const char *text = json_number_text(v);

	if (!json_number_is_int(v))
		json_write_real(out, json_number(v));
	else if (strcmp(text, "-0") == 0)
		buf_char(out, '0');
	else
		buf_text(out, text);
}

/* A scalar or an empty array or object; of others the opening. */
static void
write_beginning(struct buf *out, const struct json *v)
{
	bool is_empty = json_first(v) == NULL;

	switch (json_type(v)) {
	case JSON_NULL:
		buf_text(out, "null");
		return;
	case JSON_FALSE:
		buf_text(out, "false");
		return;
	case JSON_TRUE:
		buf_text(out, "true");
		return;
	case JSON_NUMBER:
		write_number(out, v);
		return;
	case JSON_TEXT:
		json_write_text(out, json_text(v));
		return;
	case JSON_ARRAY:
		buf_text(out, is_empty ? "[]" : "[");
		return;
	case JSON_OBJECT:
		buf_text(out, is_empty ? "{}" : "{");
		return;
	}
}

void
json_write(struct buf *out, const struct json *v)
{
	const struct json *path[JSON_DEPTH_LIMIT] = {NULL};
	size_t depth = 0;

	for (;;) {
		if (depth > 0 && json_type(path[depth - 1]) == JSON_OBJECT) {
			json_write_text(out, json_name(v));
			buf_char(out, ':');
		}
		write_beginning(out, v);
		if (json_first(v) != NULL) {
			path[depth++] = v;
			v = json_first(v);
			continue;
		}
		while (depth > 0 && json_next(v) == NULL) {
			v = path[--depth];
			buf_char(out, json_type(v) == JSON_OBJECT ? '}' : ']');
		}
		if (depth == 0)
			return;
		buf_char(out, ',');
		v = json_next(v);
	}
}

/* No value ends in an opening bracket, so the last byte tells what is due. */
static void
write_name(struct buf *out, const char *name)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '[';

	if (last != '{' && last != '[')
		buf_char(out, ',');
	if (name == NULL)
		return;
	json_write_text(out, name);
	buf_char(out, ':');
}

void
json_begin(struct buf *out, const char *name, char bracket)
{
	write_name(out, name);
	buf_char(out, bracket);
}

void
json_end(struct buf *out, char bracket)
{
	buf_char(out, bracket);
}

void
json_add_text(struct buf *out, const char *name, const char *text)
{
	write_name(out, name);
	json_write_text(out, text);
}

void
json_add_raw(struct buf *out, const char *name, const char *json)
{
	write_name(out, name);
	buf_text(out, json);
}
