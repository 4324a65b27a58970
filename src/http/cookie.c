/* SPDX-License-Identifier: MIT */
#include "http/cookie.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* What the reference's library writes without quotes. */
static const char plain_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	"!#$%&'*+-.^_`|~:";

/* A part of the header, without outer blanks. */
struct piece {
	const char *start;
	const char *end;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static struct piece
piece_of(const char *start, const char *end)
{
	while (start < end && is_blank(*start))
		start++;
	while (start < end && is_blank(end[-1]))
		end--;
	return (struct piece){start, end};
}

static bool
piece_is(struct piece p, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(p.end - p.start) == len &&
	       memcmp(p.start, text, len) == 0;
}

/* The last value of that name; false when there is none, or too many. */
static bool
find_last(const char *header, const char *name, struct piece *out)
{
	bool is_found = false;
	size_t pairs = 0;
	const char *stop;

	for (const char *at = header;; at = stop + 1) {
		const char *equals;
		struct piece key;

		stop = at + strcspn(at, ";");
		if (++pairs > COOKIE_PAIRS_LIMIT)
			return false;
		equals = memchr(at, '=', (size_t)(stop - at));
		key = equals != NULL ? piece_of(at, equals) : piece_of(at, at);
		if (piece_is(key, name)) {
			*out = piece_of(equals != NULL ? equals + 1 : at, stop);
			is_found = true;
		}
		if (*stop == '\0')
			return is_found;
	}
}

static bool
is_octal(const char *at, const char *end)
{
	return end - at >= 3 && at[0] >= '0' && at[0] <= '3' && at[1] >= '0' &&
	       at[1] <= '7' && at[2] >= '0' && at[2] <= '7';
}

/* `\101` is A and `\"` a quote; a backslash at the end stays one. */
static const char *
unquote(struct arena *mem, struct piece p)
{
	struct buf text;

	buf_init(&text, mem, (size_t)(p.end - p.start) + 1);
	for (const char *at = p.start; at < p.end; at++) {
		if (*at == '\\' && is_octal(at + 1, p.end)) {
			buf_char(&text,
				 (char)((at[1] - '0') << 6 |
					(at[2] - '0') << 3 | (at[3] - '0')));
			at += 3;
			continue;
		}
		if (*at == '\\' && p.end - at > 1)
			at++;
		buf_char(&text, *at);
	}
	/* Only an octal spelling can have brought one. */
	return memchr(text.data, '\0', text.len) == NULL ? text.data : "";
}

static bool
is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

const char *
cookie_value(struct arena *mem, const char *header, const char *name)
{
	struct piece p;
	const char *value;

	if (strnlen(header, COOKIE_SIZE_LIMIT + 1) > COOKIE_SIZE_LIMIT ||
	    !find_last(header, name, &p))
		return NULL;
	if (p.end - p.start >= 2 && p.start[0] == '"' && p.end[-1] == '"')
		value = unquote(mem, (struct piece){p.start + 1, p.end - 1});
	else
		value = arena_copy(mem, p.start, (size_t)(p.end - p.start));
	return *value != '\0' && is_visible(value) ? value : NULL;
}

/* RFC 6265, section 4.1.1: cookie-octet. */
static bool
is_cookie_octets(const char *value)
{
	for (; *value != '\0'; value++)
		if (*value <= ' ' || *value >= 0x7f ||
		    strchr("\",;\\", *value) != NULL)
			return false;
	return true;
}

void
cookie_set(struct resp *rs, const struct cookie *c)
{
	size_t plain = strspn(c->value, plain_characters);
	const char *quote =
		*c->value == '\0' || c->value[plain] != '\0' ? "\"" : "";
	struct buf b;

	if (!is_cookie_octets(c->value))
		abort();
	buf_init(&b, rs->mem, strlen(c->value) + 128);
	buf_printf(&b, "%s=%s%s%s", c->name, quote, c->value, quote);
	if (*c->domain != '\0')
		buf_printf(&b, "; Domain=%s", c->domain);
	if (c->httponly)
		buf_text(&b, "; HttpOnly");
	if (c->max_age >= 0) {
		buf_text(&b, "; Max-Age=");
		buf_number(&b, c->max_age);
	}
	if (*c->path != '\0')
		buf_printf(&b, "; Path=%s", c->path);
	if (*c->samesite != '\0')
		buf_printf(&b, "; SameSite=%s", c->samesite);
	if (c->secure)
		buf_text(&b, "; Secure");
	resp_header(rs, "Set-Cookie", b.data);
}
