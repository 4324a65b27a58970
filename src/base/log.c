/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/moment.h"
#include "base/text.h"

/* A longer line is cut; PIPE_BUF keeps lines of several workers whole. */
#define LINE_SIZE 4096
/* Milliseconds that a log which is not read may hold us up, once. */
#define PATIENCE_MS 100
/* Bytes of one value as it is written: a long one must not push the fields
 * behind it out of the line. */
#define VALUE_SIZE 256

static const char *const level_names[] = {
	[LEVEL_ERROR] = "error",
	[LEVEL_WARNING] = "warning",
	[LEVEL_INFO] = "info",
	[LEVEL_DEBUG] = "debug",
};

static const int syslog_priorities[] = {
	[LEVEL_ERROR] = LOG_ERR,
	[LEVEL_WARNING] = LOG_WARNING,
	[LEVEL_INFO] = LOG_INFO,
	[LEVEL_DEBUG] = LOG_DEBUG,
};

/* The named exceptions to "no mutable globals": see doc/design.md. */
static enum log_level level_limit = LEVEL_INFO;
static const char *request_id;
static bool use_syslog;
static bool use_json;
static bool is_file;    /* standard error is one */
static int64_t dropped; /* lines since the last that was written */

struct line {
	char bytes[LINE_SIZE];
	size_t len;
};

struct log_field
log_is(const char *event)
{
	return log_text("event", event);
}

struct log_field
log_text(const char *key, const char *text)
{
	return (struct log_field){.key = key, .text = text != NULL ? text : ""};
}

struct log_field
log_number(const char *key, int64_t number)
{
	return (struct log_field){.key = key, .number = number};
}

static void
line_char(struct line *l, char c)
{
	if (l->len < sizeof(l->bytes) - 1)
		l->bytes[l->len++] = c;
}

static void
line_add(struct line *l, const char *text, size_t len)
{
	size_t room = sizeof(l->bytes) - 1 - l->len;

	if (len > room)
		len = room;
	memcpy(l->bytes + l->len, text, len);
	l->len += len;
}

static void
line_text(struct line *l, const char *text)
{
	line_add(l, text, strlen(text));
}

/* With zeros in front, if need be. */
static void
line_digits(struct line *l, uint64_t number, size_t least)
{
	char digits[24];
	size_t at = sizeof(digits);

	while (number > 0 || sizeof(digits) - at < least) {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	line_add(l, digits + at, sizeof(digits) - at);
}

static void
line_number(struct line *l, int64_t number)
{
	if (number < 0)
		line_char(l, '-');
	line_digits(l, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 1);
}

/* The length of a value that is written as it is; else 0. */
static size_t
plain_length(const char *text)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++) {
		unsigned char c = (unsigned char)text[len];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' ||
		    c == '=' || len == VALUE_SIZE)
			return 0;
	}
	return len;
}

/* Its length. */
static size_t
escape(unsigned char c, char out[4])
{
	static const char hex[] = "0123456789abcdef";
	const bool is_special = c == '"' || c == '\\';

	if (c < ' ' || c >= 0x7f) {
		memcpy(out, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
		return 4;
	}
	out[0] = is_special ? '\\' : (char)c;
	out[1] = (char)c;
	return is_special ? 2 : 1;
}

static void
line_escaped(struct line *l, const char *text)
{
	size_t left = VALUE_SIZE;

	for (; *text != '\0'; text++) {
		char out[4];
		size_t n = escape((unsigned char)*text, out);

		if (n > left) {
			line_text(l, "...");
			return;
		}
		for (size_t i = 0; i < n; i++)
			line_char(l, out[i]);
		left -= n;
	}
}

/* \uXXXX */
static size_t
json_unit(uint32_t unit, char *out)
{
	static const char hex[] = "0123456789abcdef";

	memcpy(out,
	       (char[]){'\\', 'u', hex[unit >> 12], hex[unit >> 8 & 15],
			hex[unit >> 4 & 15], hex[unit & 15]},
	       6);
	return 6;
}

/* The next character as JSON spells it in ASCII, and past it; a byte that is
 * none of UTF-8's becomes U+FFFD. Its length. */
static size_t
json_escape(const char **text, char out[12])
{
	const unsigned char *c = (const unsigned char *)*text;
	size_t n = text_utf8_length(*c);
	uint32_t code = *c;

	if (n == 0 || strnlen(*text, n) < n || !text_is_utf8(*text, n)) {
		n = 1;
		code = 0xfffd;
	} else if (n > 1) {
		code &= 0xffU >> (n + 1);
		for (size_t i = 1; i < n; i++)
			code = code << 6 | (c[i] & 0x3fU);
	}
	*text += n;
	if (code >= ' ' && code < 0x7f) {
		out[0] = '\\';
		out[code == '"' || code == '\\' ? 1 : 0] = (char)code;
		return code == '"' || code == '\\' ? 2 : 1;
	}
	if (code < 0x10000)
		return json_unit(code, out);
	code -= 0x10000;
	return json_unit(0xd800 | code >> 10, out) +
	       json_unit(0xdc00 | (code & 0x3ff), out + 6);
}

static void
line_json_text(struct line *l, const char *text)
{
	size_t left = VALUE_SIZE;

	line_char(l, '"');
	while (*text != '\0') {
		char out[12];
		size_t n = json_escape(&text, out);

		if (n > left) {
			line_text(l, "...");
			break;
		}
		line_add(l, out, n);
		left -= n;
	}
	line_char(l, '"');
}

static void
line_value(struct line *l, const char *text)
{
	size_t plain = plain_length(text);

	if (plain > 0) {
		line_add(l, text, plain);
		return;
	}
	line_char(l, '"');
	line_escaped(l, text);
	line_char(l, '"');
}

/* One that does not fit whole is left out, or the object would not end. */
static void
line_json_field(struct line *l, const struct log_field *f)
{
	const size_t before = l->len;

	line_text(l, ",\"");
	line_text(l, f->key);
	line_text(l, "\":");
	if (f->text != NULL)
		line_json_text(l, f->text);
	else
		line_number(l, f->number);
	/* The bracket takes one more. */
	if (l->len >= sizeof(l->bytes) - 2)
		l->len = before;
}

static void
line_field(struct line *l, const struct log_field *f)
{
	if (use_json) {
		line_json_field(l, f);
		return;
	}
	line_char(l, ' ');
	line_text(l, f->key);
	line_char(l, '=');
	if (f->text != NULL)
		line_value(l, f->text);
	else
		line_number(l, f->number);
}

/* Of a date or a time. */
static void
line_part(struct line *l, long number, size_t digits, char end)
{
	line_digits(l, (uint64_t)number, digits);
	line_char(l, end);
}

static void
line_time(struct line *l)
{
	struct timespec now;
	struct moment m = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	moment_from_seconds(&m, now.tv_sec);
	line_part(l, m.year, 4, '-');
	line_part(l, m.month, 2, '-');
	line_part(l, m.day, 2, 'T');
	line_part(l, m.hour, 2, ':');
	line_part(l, m.minute, 2, ':');
	line_part(l, m.second, 2, '.');
	line_part(l, now.tv_nsec / 1000000, 3, 'Z');
}

/* syslog has a time of its own; an object tells it in any case. */
static void
line_begin(struct line *l, enum log_level level)
{
	l->len = 0;
	if (use_json || !use_syslog) {
		line_text(l, use_json ? "{\"time\":\"" : "ts=");
		line_time(l);
		line_text(l, use_json ? "\"," : " ");
	}
	line_text(l, use_json ? "\"level\":\"" : "level=");
	line_text(l, level_names[level]);
	if (use_json)
		line_char(l, '"');
}

/*
 * A log that nobody reads must not stop the service: a full pipe is waited
 * for once, and then only looked at. A pipe that is writable takes a line. A
 * file always does.
 */
static bool
is_read(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return is_file || poll(&p, 1, dropped > 0 ? 0 : PATIENCE_MS) != 0;
}

static void
line_send(struct line *l, enum log_level level)
{
	if (use_syslog) {
		l->bytes[l->len] = '\0';
		syslog(syslog_priorities[level], "%s", l->bytes);
		return;
	}
	l->bytes[l->len++] = '\n';
	if (!is_read() || write(STDERR_FILENO, l->bytes, l->len) < 0)
		dropped++;
	else
		dropped = 0;
}

void
log_write(enum log_level level, const struct log_field *fields)
{
	struct line l;

	if (!log_wants(level))
		return;
	line_begin(&l, level);
	for (; fields->key != NULL; fields++)
		line_field(&l, fields);
	if (request_id != NULL) {
		struct log_field id = log_text("request", request_id);

		line_field(&l, &id);
	}
	if (dropped > 0) {
		struct log_field lost = log_number("dropped", dropped);

		line_field(&l, &lost);
	}
	if (use_json)
		line_char(&l, '}');
	line_send(&l, level);
}

void
log_set_level(enum log_level level)
{
	level_limit = level;
}

bool
log_wants(enum log_level level)
{
	return level <= level_limit;
}

void
log_to_syslog(bool wanted)
{
	struct stat st;

	is_file = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	if (wanted && !use_syslog)
		openlog("fastcgi-users", LOG_PID, LOG_DAEMON);
	if (!wanted && use_syslog)
		closelog();
	use_syslog = wanted;
}

void
log_set_request(const char *id)
{
	request_id = id;
}

void
log_as_json(bool wanted)
{
	use_json = wanted;
}
