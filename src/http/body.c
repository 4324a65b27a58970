/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/multipart.h"
#include "http/option.h"

/* The media type of a header without its parameters and outer blanks. */
static struct span
media_type(const char *header)
{
	return span_trim((struct span){header, strcspn(header, ";")});
}

static bool
span_ends(struct span s, const char *lower)
{
	size_t len = strlen(lower);

	return s.len >= len && text_same_n(s.bytes + s.len - len, lower, len);
}

bool
body_is_json(const char *content_type)
{
	static const char main_type[] = "application/";
	size_t len = sizeof(main_type) - 1;
	struct span type;

	if (content_type == NULL)
		return false;
	type = media_type(content_type);
	if (type.len < len || !text_same_n(type.bytes, main_type, len))
		return false;
	type.bytes += len;
	type.len -= len;
	if (memchr(type.bytes, '/', type.len) != NULL)
		return false;
	return span_is(type, "json") || span_ends(type, "+json");
}

/*
 * The reference takes bytes beyond ASCII for Latin-1, and what was written
 * with percent signs for UTF-8, each run between such bytes by itself.
 */
static const char *
percent_decode(struct arena *mem, struct span s)
{
	char *text = arena_array(mem, s.len + 1, 2);
	size_t to = 0;
	size_t run = 0;

	for (size_t at = 0; at < s.len; at++) {
		unsigned char c = (unsigned char)s.bytes[at];
		int high = -1;
		int low = -1;

		if (c == '%' && s.len - at > 2) {
			high = text_hex_value(s.bytes[at + 1]);
			low = text_hex_value(s.bytes[at + 2]);
		}
		if (high >= 0 && low >= 0) {
			text[to++] = (char)(high << 4 | low);
			at += 2;
		} else if (c < 0x80) {
			text[to++] = (char)(c == '+' ? ' ' : c);
		} else {
			form_mark_unclean(text + run, to - run);
			text[to++] = (char)(0xc0 | c >> 6);
			text[to++] = (char)(0x80 | (c & 0x3f));
			run = to;
		}
	}
	form_mark_unclean(text + run, to - run);
	return text;
}

static enum err
urlencoded_read(struct arena *mem, struct span body, struct form *out,
		const char **reason)
{
	const char *end = body.bytes + body.len;
	const char *stop;
	size_t count = 0;

	for (const char *at = body.bytes; at < end; at = stop + 1) {
		struct span name;
		struct span value = {"", 0};
		const char *equals;

		stop = memchr(at, '&', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		if (stop == at)
			continue;
		name = (struct span){at, (size_t)(stop - at)};
		equals = memchr(at, '=', name.len);
		if (equals != NULL) {
			name.len = (size_t)(equals - at);
			value.bytes = equals + 1;
			value.len = (size_t)(stop - equals - 1);
		}
		if (name.len + value.len > FORM_FIELD_SIZE_LIMIT)
			*reason = "Field exceeded maximum size of 1024KB.";
		else if (++count > FORM_FIELDS_LIMIT)
			*reason = "Too many fields. Maximum number of fields "
				  "is 1000.";
		if (*reason != NULL)
			return ERR_BODY_UNREADABLE;
		form_add(out, mem, percent_decode(mem, name),
			 percent_decode(mem, value), false);
	}
	return OK;
}

static void
detail_text(struct resp *rs, const char *text)
{
	struct buf json;

	buf_init(&json, rs->mem, strlen(text) + 16);
	json_write_text(&json, text);
	resp_detail(rs, json.data);
}

enum err
form_parse(const struct req *rq, struct resp *rs, const struct form **out)
{
	struct form *form = arena_new(rq->mem, struct form);
	struct span body = {rq->body, rq->body_len};
	struct span type;
	const char *reason = NULL;
	enum err e = OK;

	*out = form;
	if (rq->content_type == NULL)
		return OK;
	type = media_type(rq->content_type);
	if (span_is(type, "application/x-www-form-urlencoded"))
		e = urlencoded_read(rq->mem, body, form, &reason);
	else if (span_is(type, "multipart/form-data"))
		e = multipart_read(rq->mem, rq->content_type, body, form,
				   &reason);
	if (reason != NULL)
		detail_text(rs, reason);
	return e;
}

enum err
form_parse_query(const struct req *rq, const struct form **out)
{
	struct form *form = arena_new(rq->mem, struct form);
	const char *reason = NULL;

	*out = form;
	return urlencoded_read(rq->mem,
			       (struct span){rq->query, strlen(rq->query)},
			       form, &reason);
}
