/* SPDX-License-Identifier: MIT */
#include "core/mail_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define SUBJECT "Subject: "
#define USER "user."
#define NAME_LETTERS                                                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"                 \
	"0123456789_."

static const char *const names[MAIL__COUNT] = {
	[MAIL_WELCOME] = "welcome",
	[MAIL_VERIFY] = "verify",
	[MAIL_RESET] = "reset",
	[MAIL_PASSWORD_CHANGED] = "password_changed",
	[MAIL_EMAIL_CHANGED] = "email_changed",
	[MAIL_API_KEY_CREATED] = "api_key_created",
};

#define IN(kind) (1U << (kind))
#define IN_ALL (IN(MAIL__COUNT) - 1)
#define IN_LINKED (IN(MAIL_VERIFY) | IN(MAIL_RESET))

/* What may stand in braces, and in which mails. */
struct placeholder {
	const char *name;
	unsigned kinds;
};

static const struct placeholder placeholders[] = {
	{"site", IN_ALL},       {"base_url", IN_ALL},
	{"email", IN_ALL},      {"old_email", IN(MAIL_EMAIL_CHANGED)},
	{"link", IN_LINKED},    {"token", IN_LINKED},
	{"minutes", IN_LINKED},
};

const char *
mail_kind_name(enum mail_kind kind)
{
	return names[kind];
}

static bool
is_known(enum mail_kind kind, const char *name, size_t len)
{
	if (len > strlen(USER) && memcmp(name, USER, strlen(USER)) == 0)
		return memchr(name + strlen(USER), '.', len - strlen(USER)) ==
		       NULL;
	for (size_t i = 0; i < countof(placeholders); i++)
		if (strlen(placeholders[i].name) == len &&
		    memcmp(placeholders[i].name, name, len) == 0)
			return (placeholders[i].kinds & IN(kind)) != 0;
	return false;
}

/* At a brace: why it is wrong, or NULL and how long the whole is. */
static const char *
brace_fault(struct arena *mem, enum mail_kind kind, const char *at,
	    size_t *length)
{
	size_t len;

	*length = 2;
	if (at[1] == at[0])
		return NULL;
	if (*at == '}')
		return "a } that closes nothing: the character itself is "
		       "written }}";
	len = strspn(at + 1, NAME_LETTERS);
	if (len == 0 || at[1 + len] != '}')
		return "a { that opens nothing: the character itself is "
		       "written {{";
	*length = len + 2;
	if (is_known(kind, at + 1, len))
		return NULL;
	return arena_printf(mem,
			    "there is no placeholder {%.*s} in the mail "
			    "\"%s\"",
			    (int)len, at + 1, names[kind]);
}

static const char *
braces_fault(struct arena *mem, enum mail_kind kind, const char *text,
	     int *line)
{
	while (*text != '\0') {
		size_t len = 1;

		if (*text == '\n')
			(*line)++;
		if (*text == '{' || *text == '}') {
			const char *why = brace_fault(mem, kind, text, &len);

			if (why != NULL)
				return why;
		}
		text += len;
	}
	return NULL;
}

static const char *
letters_fault(const char *bytes, size_t len, int *line)
{
	*line = 1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\n')
			(*line)++;
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			return "there is a control character in this line";
	}
	*line = 0;
	return text_is_utf8(bytes, len) ? NULL : "this is not UTF-8";
}

/* Without the CR of CR LF, and with an LF at the end. */
static char *
lines_normalise(struct arena *mem, const char *bytes, size_t len)
{
	struct buf b;

	buf_init(&b, mem, len + 2);
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != '\r' || i + 1 == len || bytes[i + 1] != '\n')
			buf_char(&b, bytes[i]);
	if (b.len > 0 && b.data[b.len - 1] != '\n')
		buf_char(&b, '\n');
	return b.data;
}

static const char *
parts_take(struct arena *mem, char *text, struct mail_text *out, int *line)
{
	size_t len = strcspn(text, "\n");

	*line = 1;
	if (!text_starts(text, SUBJECT) || len == strlen(SUBJECT))
		return "the first line must be \"Subject: \" and a subject";
	*line = 2;
	if (text[len] == '\0' || text[len + 1] != '\n')
		return "there must be an empty line after the subject";
	out->subject =
		arena_copy(mem, text + strlen(SUBJECT), len - strlen(SUBJECT));
	out->body = text + len + 2;
	return NULL;
}

const struct mail_fault *
mail_text_read(struct arena *mem, enum mail_kind kind, const char *bytes,
	       size_t len, struct mail_text *out)
{
	struct mail_fault *fault = arena_new(mem, struct mail_fault);
	char *text = lines_normalise(mem, bytes, len);

	fault->why = letters_fault(text, strlen(text), &fault->line);
	if (fault->why == NULL && strlen(bytes) < len)
		fault->why = "there is a NUL byte in it";
	if (fault->why == NULL)
		fault->why = parts_take(mem, text, out, &fault->line);
	if (fault->why == NULL) {
		fault->line = 1;
		fault->why = braces_fault(mem, kind, text, &fault->line);
	}
	return fault->why != NULL ? fault : NULL;
}

static const char *
value_of(const char *name, const struct mail_value *values, size_t count,
	 mail_user_value *user, const void *from)
{
	if (text_starts(name, USER))
		return user(from, name + strlen(USER));
	for (size_t i = 0; i < count; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].text;
	return NULL;
}

const char *
mail_text_fill(struct arena *mem, const char *text,
	       const struct mail_value *values, size_t count,
	       mail_user_value *user, const void *from)
{
	struct buf b;

	buf_init(&b, mem, strlen(text) + 256);
	while (*text != '\0') {
		size_t len = strcspn(text, "{}");
		const char *value;

		buf_add(&b, text, len);
		text += len;
		if (*text == '\0')
			break;
		if (text[1] == text[0]) {
			buf_char(&b, *text);
			text += 2;
			continue;
		}
		len = strcspn(text, "}");
		value = value_of(arena_copy(mem, text + 1, len - 1), values,
				 count, user, from);
		if (value != NULL)
			buf_text(&b, value);
		text += len + 1;
	}
	return b.data;
}
