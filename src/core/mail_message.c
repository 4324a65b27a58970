/* SPDX-License-Identifier: MIT */
#include "core/mail_message.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define LINE_MAX_SIZE 76 /* RFC 2045, without CR LF */
#define WORD_MAX 75      /* RFC 2047, of an encoded word */
#define WORD_BEGIN "=?UTF-8?Q?"
#define WORD_END "?="

static const char hex[] = "0123456789ABCDEF";

static bool
is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static void
byte_quote(struct buf *out, unsigned char c)
{
	buf_char(out, '=');
	buf_char(out, hex[c >> 4]);
	buf_char(out, hex[c & 15]);
}

/* What stands for itself in an encoded word, even in a phrase. */
static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '!' || c == '*' || c == '+' ||
	       c == '-' || c == '/';
}

/* A text as encoded words, which part between characters. */
static void
words_write(struct buf *out, const char *text)
{
	const size_t room = WORD_MAX - strlen(WORD_BEGIN) - strlen(WORD_END);
	size_t used = 0;

	buf_text(out, WORD_BEGIN);
	while (*text != '\0') {
		size_t len = text_utf8_length((unsigned char)*text);
		size_t need;

		/* The text was judged before; this is for our own mistakes. */
		if (len == 0)
			len = 1;
		need = len == 1 && (is_plain((unsigned char)*text) ||
				    *text == ' ')
			       ? 1
			       : 3 * len;
		if (used + need > room) {
			buf_text(out, WORD_END "\r\n " WORD_BEGIN);
			used = 0;
		}
		used += need;
		for (; len > 0 && *text != '\0'; len--, text++) {
			if (*text == ' ')
				buf_char(out, '_');
			else if (is_plain((unsigned char)*text))
				buf_char(out, *text);
			else
				byte_quote(out, (unsigned char)*text);
		}
	}
	buf_text(out, WORD_END);
}

static void
subject_write(struct buf *out, const char *text)
{
	buf_text(out, "Subject: ");
	/* What looks like an encoded word must not be taken for one. */
	if (is_ascii(text) && strstr(text, "=?") == NULL &&
	    strlen(text) <= LINE_MAX_SIZE - strlen("Subject: "))
		buf_text(out, text);
	else
		words_write(out, text);
	buf_text(out, "\r\n");
}

static void
from_write(struct buf *out, const struct mail_message *m)
{
	buf_text(out, "From: ");
	if (*m->from_name == '\0') {
		buf_text(out, m->from);
	} else {
		words_write(out, m->from_name);
		buf_text(out, "\r\n <");
		buf_text(out, m->from);
		buf_char(out, '>');
	}
	buf_text(out, "\r\n");
}

static void
date_write(struct buf *out, int64_t seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)seconds;
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n",
		   days + 3 * (size_t)tm.tm_wday, tm.tm_mday,
		   months + 3 * (size_t)tm.tm_mon, 1900 + tm.tm_year,
		   tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Blanks at the end of a line would be lost; a full stop at the start of one,
 * or "From", is more than a text for some on the way. */
static bool
needs_quoting(const char *rest, size_t len, bool first)
{
	unsigned char c = (unsigned char)*rest;

	if (c == ' ' || c == '\t')
		return len == 1;
	if (c < '!' || c > '~' || c == '=')
		return true;
	return first &&
	       (c == '.' || (len > 4 && memcmp(rest, "From ", 5) == 0));
}

static void
line_write(struct buf *out, const char *line, size_t len)
{
	size_t column = 0;

	for (; len > 0; line++, len--) {
		size_t need = needs_quoting(line, len, column == 0) ? 3 : 1;

		/* One column is left for the soft break. */
		if (column + need > LINE_MAX_SIZE - (len > 1 ? 1 : 0)) {
			buf_text(out, "=\r\n");
			column = 0;
			need = needs_quoting(line, len, true) ? 3 : 1;
		}
		if (need == 3)
			byte_quote(out, (unsigned char)*line);
		else
			buf_char(out, *line);
		column += need;
	}
	buf_text(out, "\r\n");
}

static void
body_write(struct buf *out, const char *body)
{
	while (*body != '\0') {
		size_t len = strcspn(body, "\n");

		line_write(out, body, len);
		body += len;
		if (*body == '\n')
			body++;
	}
}

enum err
mail_message_write(const struct mail_message *m, struct buf *out)
{
	const char *domain = strrchr(m->from, '@');
	const char *const headers[] = {m->from,    m->from_name, m->to,
				       m->subject, m->language,  m->id};

	for (size_t i = 0; i < countof(headers); i++)
		if (!is_one_line(headers[i]))
			return ERR_INVALID;
	if (domain == NULL)
		return ERR_INVALID;
	date_write(out, m->date);
	from_write(out, m);
	buf_printf(out, "To: %s\r\n", m->to);
	subject_write(out, m->subject);
	buf_printf(out, "Message-ID: <%s%s>\r\n", m->id, domain);
	buf_text(out, "Auto-Submitted: auto-generated\r\n"
		      "MIME-Version: 1.0\r\n"
		      "Content-Type: text/plain; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\n");
	buf_printf(out, "Content-Language: %s\r\n\r\n", m->language);
	body_write(out, m->body);
	return OK;
}
