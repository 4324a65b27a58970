/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"

#include <string.h>

#include "base/text.h"

/* Python refuses to read longer whole numbers. */
#define INT_DIGITS_LIMIT 4300

/* An object or array that is not closed yet. */
struct level {
	int close;
	size_t members;
};

struct scan {
	const char *start;
	const char *at;
	const char *end;
	enum json_rules rules;
	struct json_fault *fault;
	struct json_cleaned *out;
	size_t values;
	size_t depth;
	struct level path[JSON_DEPTH_LIMIT];
};

static const struct {
	const char *word;
	bool is_number;
} words[] = {
	{"null", false}, {"true", false},    {"false", false},
	{"NaN", true},   {"Infinity", true}, {"-Infinity", true},
};

static enum err
scan_fault(struct scan *s, const char *reason, const char *at)
{
	s->fault->reason = reason;
	s->fault->position = text_utf8_count(s->start, (size_t)(at - s->start));
	return ERR_UNPROCESSABLE;
}

static int
scan_peek(const struct scan *s)
{
	return s->at < s->end ? (unsigned char)*s->at : -1;
}

static void
scan_take(struct scan *s)
{
	buf_char(&s->out->clean, *s->at++);
}

static void
scan_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
				  *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

/* Python wants another character behind the four digits. */
static int
unit_read(const struct scan *s, const char *digits)
{
	int unit = 0;

	if (s->end - digits < 5)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int value = text_hex_value(digits[i]);

		if (value < 0)
			return -1;
		unit = unit * 16 + value;
	}
	return unit;
}

static bool
low_surrogate_follows(const struct scan *s)
{
	int unit;

	if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
		return false;
	unit = unit_read(s, s->at + 2);
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static enum err
scan_unicode_escape(struct scan *s)
{
	const char *slash = s->at;
	int unit = unit_read(s, slash + 2);

	if (unit < 0)
		return scan_fault(s, "Invalid \\uXXXX escape", slash + 1);
	s->at += 6;
	if (unit >= 0xd800 && unit <= 0xdbff && low_surrogate_follows(s)) {
		s->at += 6;
		buf_add(&s->out->clean, slash, 12);
	} else if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff)) {
		buf_char(&s->out->clean, JSON_UNCLEAN);
	} else {
		buf_add(&s->out->clean, slash, 6);
	}
	return OK;
}

static enum err
scan_escape(struct scan *s, const char *opening)
{
	static const char letters[] = "\"\\/bfnrt";

	if (s->end - s->at < 2)
		return scan_fault(s, "Unterminated string starting at",
				  opening);
	if (s->at[1] == 'u')
		return scan_unicode_escape(s);
	if (memchr(letters, s->at[1], sizeof(letters) - 1) == NULL)
		return scan_fault(s, "Invalid \\escape", s->at);
	scan_take(s);
	scan_take(s);
	return OK;
}

static enum err
scan_text(struct scan *s)
{
	const char *opening = s->at;
	const char *run;

	scan_take(s);
	for (;;) {
		run = s->at;
		while (s->at < s->end && *s->at != '"' && *s->at != '\\' &&
		       (unsigned char)*s->at >= 0x20)
			s->at++;
		buf_add(&s->out->clean, run, (size_t)(s->at - run));
		if (s->at == s->end)
			return scan_fault(s, "Unterminated string starting at",
					  opening);
		if (*s->at == '"')
			break;
		if (*s->at != '\\')
			return scan_fault(s, "Invalid control character at",
					  s->at);
		TRY(scan_escape(s, opening));
	}
	scan_take(s);
	return OK;
}

static const char *
digits_skip(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* Where the number at `at` ends; `at` itself when there is none. */
static const char *
number_end(const char *at, const char *end, bool *is_int)
{
	const char *p = at < end && *at == '-' ? at + 1 : at;
	const char *digits;
	const char *stop;

	stop = digits_skip(p, end);
	if (stop == p)
		return at;
	p = *p == '0' ? p + 1 : stop;
	*is_int = true;
	if (p < end && *p == '.') {
		stop = digits_skip(p + 1, end);
		if (stop > p + 1) {
			*is_int = false;
			p = stop;
		}
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		digits = p + 1;
		if (digits < end && (*digits == '+' || *digits == '-'))
			digits++;
		stop = digits_skip(digits, end);
		if (stop > digits) {
			*is_int = false;
			p = stop;
		}
	}
	return p;
}

static void
scan_keep_number(struct scan *s, size_t len)
{
	buf_add(&s->out->numbers, s->at, len);
	buf_char(&s->out->numbers, '\0');
	buf_char(&s->out->clean, '0');
	s->at += len;
}

static enum err
scan_number(struct scan *s)
{
	bool is_int = false;
	const char *end = number_end(s->at, s->end, &is_int);
	size_t len = (size_t)(end - s->at);

	if (len == 0)
		return scan_fault(s, "Expecting value", s->at);
	if (is_int && len - (*s->at == '-') > INT_DIGITS_LIMIT)
		return ERR_BODY_UNREADABLE;
	scan_keep_number(s, len);
	return OK;
}

static bool
scan_word(struct scan *s)
{
	for (size_t i = 0; i < countof(words); i++) {
		size_t len = strlen(words[i].word);

		if ((size_t)(s->end - s->at) < len ||
		    memcmp(s->at, words[i].word, len) != 0)
			continue;
		if (words[i].is_number && s->rules == JSON_TOKEN)
			return false;
		if (words[i].is_number) {
			scan_keep_number(s, len);
		} else {
			buf_add(&s->out->clean, s->at, len);
			s->at += len;
		}
		return true;
	}
	return false;
}

/* A member's name and the colon behind it. */
static enum err
scan_name(struct scan *s)
{
	scan_blanks(s);
	if (scan_peek(s) != '"')
		return scan_fault(
			s, "Expecting property name enclosed in double quotes",
			s->at);
	if (++s->path[s->depth - 1].members > JSON_MEMBERS_LIMIT)
		return ERR_BODY_UNREADABLE;
	TRY(scan_text(s));
	scan_blanks(s);
	if (scan_peek(s) != ':')
		return scan_fault(s, "Expecting ':' delimiter", s->at);
	scan_take(s);
	return OK;
}

/* A value up to where it may be closed: of an array or object that is not
 * empty, the beginning up to its first scalar. */
static enum err
scan_value(struct scan *s)
{
	for (;;) {
		int c;

		scan_blanks(s);
		c = scan_peek(s);
		if (++s->values > JSON_VALUES_LIMIT)
			return ERR_BODY_UNREADABLE;
		if (c == '"')
			return scan_text(s);
		if (c != '{' && c != '[')
			return scan_word(s) ? OK : scan_number(s);
		if (s->depth == JSON_DEPTH_LIMIT)
			return ERR_BODY_UNREADABLE;
		s->path[s->depth++] =
			(struct level){.close = c == '{' ? '}' : ']'};
		scan_take(s);
		scan_blanks(s);
		if (scan_peek(s) == s->path[s->depth - 1].close)
			return OK;
		if (c == '{')
			TRY(scan_name(s));
	}
}

/* What may come behind a value, up to the start of the next one. */
static enum err
scan_behind_value(struct scan *s)
{
	while (s->depth > 0) {
		int close = s->path[s->depth - 1].close;

		scan_blanks(s);
		if (scan_peek(s) == close) {
			scan_take(s);
			s->depth--;
			continue;
		}
		if (scan_peek(s) != ',')
			return scan_fault(s, "Expecting ',' delimiter", s->at);
		scan_take(s);
		return close == '}' ? scan_name(s) : OK;
	}
	return OK;
}

static enum err
scan_document(struct scan *s)
{
	do {
		TRY(scan_value(s));
		TRY(scan_behind_value(s));
	} while (s->depth > 0);
	scan_blanks(s);
	if (s->at < s->end)
		return scan_fault(s, "Extra data", s->at);
	return OK;
}

static enum err
scan_encoding(struct scan *s)
{
	const char *p = s->start;

	if (text_is_utf8(p, (size_t)(s->end - p)))
		return OK;
	for (;;) {
		size_t len = text_utf8_length((unsigned char)*p);

		if (len == 0 || len > (size_t)(s->end - p) ||
		    !text_is_utf8(p, len))
			return scan_fault(s, "Invalid UTF-8", p);
		p += len;
	}
}

enum err
json_scan(struct arena *mem, const char *bytes, size_t len,
	  enum json_rules rules, struct json_cleaned *out,
	  struct json_fault *fault)
{
	struct scan s = {.rules = rules, .fault = fault, .out = out};

	*fault = (struct json_fault){"", 0};
	s.start = len > 0 ? bytes : "";
	s.end = s.start + len;
	if (rules == JSON_BODY && len >= 3 &&
	    memcmp(s.start, "\xef\xbb\xbf", 3) == 0)
		s.start += 3;
	s.at = s.start;
	TRY(scan_encoding(&s));
	buf_init(&out->clean, mem, len + 1);
	buf_init(&out->numbers, mem, 0);
	return scan_document(&s);
}
