/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <string.h>

static const struct email_dots dots = {
	.first_period = "An email address cannot start with a period.",
	.last_period = "An email address cannot have a period immediately "
		       "before the @-sign.",
};

/* RFC 2142: these names are the same in any case. */
static const char *const caseless_names[] = {
	"info", "marketing", "sales",      "support",    "abuse",
	"noc",  "security",  "postmaster", "hostmaster", "usenet",
	"news", "webmaster", "www",        "uucp",       "ftp",
};

/* RFC 5322, section 3.2.3, and the period. */
static bool
is_atext_ascii(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c > 0 && c < 0x80 &&
		strchr(".!#$%&'*+-/=?^_`{|}~", (int)c) != NULL);
}

static bool
is_atext(uint32_t c)
{
	return c >= 0x80 || is_atext_ascii(c);
}

static bool
is_name_character(uint32_t c)
{
	return c == ' ' || (c != '.' && is_atext_ascii(c));
}

static bool
is_quotable(uint32_t c)
{
	return c >= 0x20 && c != 0x7f;
}

static bool
is_printable_ascii(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/*
 * Finds the first of the two specials outside of quotes. A special that a
 * combining mark changes is none: "<" and U+0338 are one character to a
 * reader.
 */
static size_t
find_special(struct runes text, uint32_t one, uint32_t two)
{
	bool inside = false;
	bool escaped = false;
	size_t i = 0;

	for (; i < text.len; i++) {
		uint32_t c = text.at[i];
		bool matters = inside ? escaped || c == '\\' || c == '"'
				      : c == '"' || c == one || c == two;

		if (!matters || runes_melt(runes_from(text, i)))
			continue;
		if (inside) {
			inside = escaped || c != '"';
			escaped = !escaped && c == '\\';
		} else if (c == '"') {
			inside = true;
		} else {
			break;
		}
	}
	return i;
}

static enum err
split_at(struct email *m, struct runes text, uint32_t special, size_t *out)
{
	*out = find_special(text, '@', special);
	if (*out < text.len)
		return OK;
	if (runes_find(text, 0xff20) < text.len)
		return email_refuse(
			m, "The email address has the \"full-width\" at-sign "
			   "(@) character instead of a regular at-sign.");
	if (runes_find(text, 0xfe6b) < text.len)
		return email_refuse(
			m, "The email address has the \"small commercial at\" "
			   "character instead of a regular at-sign.");
	return email_refuse(m, "An email address must have an @-sign.");
}

/* Takes the quotes and the escapes off, if there are quotes. */
static enum err
unquote(struct email *m, struct runes text, struct runes *out, bool *quoted)
{
	uint32_t *plain;
	size_t len = 0;

	*quoted = text.len > 0 && text.at[0] == '"';
	*out = text;
	if (!*quoted)
		return OK;
	plain = arena_array(m->mem, text.len, sizeof(*plain));
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] == '"' && i + 1 < text.len)
			return email_refuse(
				m,
				"Extra character(s) found after close quote: "
				"%s",
				runes_shown(m->mem, runes_from(text, i + 1)));
		if (text.at[i] == '"')
			break;
		if (text.at[i] == '\\')
			i++;
		if (i < text.len)
			plain[len++] = text.at[i];
	}
	*out = (struct runes){plain, len};
	return OK;
}

/* The name is judged and forgotten; brackets are refused in the end anyway. */
static enum err
check_name(struct email *m, struct runes written)
{
	struct runes name;
	bool quoted;

	TRY(unquote(m, runes_trim_end(written), &name, &quoted));
	if (!quoted) {
		const char *unfit =
			runes_unfit(m->mem, name, is_name_character);

		if (unfit != NULL)
			return email_refuse(m,
					    "The display name contains invalid "
					    "characters when not quoted: %s.",
					    unfit);
	}
	return email_check_safe(m, name, true);
}

/* Takes the angle brackets off. */
static enum err
unwrap(struct email *m, struct runes text, struct runes *out)
{
	if (runes_find(text, '>') == text.len)
		return email_refuse(
			m, "An open angle bracket at the start of the email "
			   "address has to be followed by a close angle "
			   "bracket at the end.");
	while (text.at[text.len - 1] == ' ')
		text.len--;
	if (text.at[text.len - 1] != '>')
		return email_refuse(
			m, "There can't be anything after the email address.");
	while (text.len > 1 && text.at[text.len - 1] == '>')
		text.len--;
	*out = runes_from(text, 1);
	return OK;
}

enum err
email_split(struct email *m, struct runes text, struct email_halves *out)
{
	size_t at;

	TRY(split_at(m, text, '<', &at));
	out->named = text.at[at] == '<';
	if (out->named) {
		TRY(check_name(m, runes_upto(text, at)));
		TRY(unwrap(m, runes_from(text, at), &text));
		TRY(split_at(m, text, '@', &at));
	}
	TRY(unquote(m, runes_upto(text, at), &out->local, &out->quoted));
	out->domain = runes_from(text, at + 1);
	return OK;
}

static bool
is_dot_atom(struct runes s, bool (*fits)(uint32_t))
{
	return s.len > 0 && s.at[0] != '.' && s.at[s.len - 1] != '.' &&
	       !runes_pair(s, '.', '.') && runes_fit(s, fits);
}

static struct runes
requoted(struct arena *mem, struct runes s)
{
	uint32_t *text = arena_array(mem, s.len + 1, 2 * sizeof(*text));
	size_t len = 0;

	text[len++] = '"';
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"' || s.at[i] == '\\')
			text[len++] = '\\';
		text[len++] = s.at[i];
	}
	text[len++] = '"';
	return (struct runes){text, len};
}

static enum err
check_quoted(struct email *m, struct runes text, struct email_local *out)
{
	const char *unfit = runes_unfit(m->mem, text, is_quotable);

	if (unfit != NULL)
		return email_refuse(m,
				    "The email address contains invalid "
				    "characters in quotes before the @-sign: "
				    "%s.",
				    unfit);
	TRY(email_check_safe(m, text, true));
	out->text = requoted(m->mem, text);
	out->ascii = runes_fit(text, is_printable_ascii);
	return OK;
}

static enum err
refuse_local(struct email *m, struct runes text)
{
	const char *unfit = runes_unfit(m->mem, text, is_atext);

	if (unfit != NULL)
		return email_refuse(m,
				    "The email address contains invalid "
				    "characters before the @-sign: %s.",
				    unfit);
	TRY(email_check_dots(m, text, &dots));
	return email_refuse(m, "The email address contains invalid characters "
			       "before the @-sign.");
}

static enum err
check_once(struct email *m, struct runes text, bool quoted,
	   struct email_local *out)
{
	*out = (struct email_local){text, false};
	if (text.len == 0)
		return email_refuse(
			m, "There must be something before the @-sign.");
	if (is_dot_atom(text, is_atext_ascii)) {
		out->ascii = true;
		return OK;
	}
	if (is_dot_atom(text, is_atext))
		return email_check_safe(m, text, false);
	return quoted ? check_quoted(m, text, out) : refuse_local(m, text);
}

static bool
is_caseless(struct arena *mem, struct runes text)
{
	struct runes lower = runes_lower(mem, text);

	for (size_t i = 0; i < countof(caseless_names); i++)
		if (runes_are(lower, caseless_names[i]))
			return true;
	return false;
}

enum err
email_check_local(struct email *m, const struct email_halves *in,
		  struct email_local *out)
{
	struct runes normal;
	struct email_local again;

	TRY(check_once(m, in->local, in->quoted, out));
	normal = runes_nfc(m->mem, out->text);
	if (!runes_same(normal, out->text)) {
		if (check_once(m, normal, in->quoted, &again) != OK)
			return email_refuse(m,
					    "After Unicode normalization: %s",
					    m->reason);
		out->text = normal;
	}
	if (in->quoted)
		return email_refuse(m, "Quoting the part before the @-sign is "
				       "not allowed here.");
	if (out->ascii && is_caseless(m->mem, out->text))
		out->text = runes_lower(m->mem, out->text);
	return OK;
}
