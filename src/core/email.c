/* SPDX-License-Identifier: MIT */
#include "core/email.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uniname.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/email_parts.h"

#define INPUT_LIMIT 2048
#define ADDRESS_LIMIT 254

/* NFC at most triples a text. */
#define NFC_GROWTH 3

/* Below this no code point composes with anything before it. */
#define FIRST_MARK 0x300

/* As many as a Stream-Safe text (UAX #15) has marks in a row, and both ends. */
#define MELT_WINDOW 32

const char *
rune_category(uint32_t c)
{
	return uc_general_category_name(uc_general_category(c));
}

const char *
rune_direction(uint32_t c)
{
	const char *name = uc_bidi_category_name(uc_bidi_category(c));

	/* An isolate's class has no name in the library; none is in a label. */
	if (name == NULL)
		return "BN";
	/* The library fills gaps with the class that a block would get. */
	return strcmp(rune_category(c), "Cn") == 0 ? "" : name;
}

int
rune_combining(uint32_t c)
{
	return uc_combining_class(c);
}

char
rune_joining(uint32_t c)
{
	static const char types[] = {
		[UC_JOINING_TYPE_U] = 'U', [UC_JOINING_TYPE_T] = 'T',
		[UC_JOINING_TYPE_C] = 'C', [UC_JOINING_TYPE_L] = 'L',
		[UC_JOINING_TYPE_R] = 'R', [UC_JOINING_TYPE_D] = 'D',
	};

	return types[uc_joining_type(c)];
}

bool
rune_is_script(uint32_t c, const char *script)
{
	const uc_script_t *own = uc_script(c);

	return own != NULL && strcmp(own->name, script) == 0;
}

bool
rune_is_ignorable(uint32_t c)
{
	return uc_is_property_default_ignorable_code_point(c);
}

bool
rune_is_space(uint32_t c)
{
	const char *category = rune_category(c);

	return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f) ||
	       c == 0x85 || *category == 'Z';
}

bool
rune_hides_period(uint32_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;
	int count = uc_decomposition(c, &tag, parts);

	/* The full-width full stop is a good period. */
	if (c == 0xff0e)
		return false;
	for (int i = 0; i < count; i++)
		if (parts[i] == '.')
			return true;
	return false;
}

size_t
rune_fold(uint32_t c, uint32_t out[RUNE_FOLD_MAX])
{
	size_t len = RUNE_FOLD_MAX;

	if (u32_casefold(&c, 1, NULL, UNINORM_NFKC, out, &len) != out)
		abort();
	return len;
}

const char *
rune_name(struct arena *mem, uint32_t c)
{
	char name[UNINAME_MAX];

	if (unicode_character_name(c, name) == NULL)
		return NULL;
	return arena_text(mem, name);
}

struct runes
runes_of(struct arena *mem, const char *text)
{
	size_t rest = strlen(text);
	const uint8_t *from = (const uint8_t *)text;
	uint32_t *at = arena_array(mem, rest + 1, sizeof(*at));
	size_t len = 0;

	while (rest > 0) {
		int n = u8_mbtouc(&at[len++], from, rest);

		from += n;
		rest -= (size_t)n;
	}
	return (struct runes){at, len};
}

char *
runes_text(struct arena *mem, struct runes s)
{
	uint8_t bytes[6];
	struct buf b;

	buf_init(&b, mem, s.len + 1);
	for (size_t i = 0; i < s.len; i++) {
		int n = u8_uctomb(bytes, s.at[i], sizeof(bytes));

		if (n > 0)
			buf_add(&b, bytes, (size_t)n);
	}
	return b.data;
}

static bool
is_no_mark(uint32_t c)
{
	return c < FIRST_MARK;
}

struct runes
runes_nfc(struct arena *mem, struct runes s)
{
	size_t len = (s.len + 1) * NFC_GROWTH;
	uint32_t *normal;

	if (runes_fit(s, is_no_mark))
		return s;
	normal = arena_array(mem, len, sizeof(*normal));
	if (u32_normalize(UNINORM_NFC, s.at, s.len, normal, &len) != normal)
		abort();
	return (struct runes){normal, len};
}

bool
runes_melt(struct runes s)
{
	uint32_t normal[MELT_WINDOW * NFC_GROWTH];
	size_t len = countof(normal);

	s = runes_upto(s, s.len < MELT_WINDOW ? s.len : MELT_WINDOW);
	if (runes_fit(runes_upto(s, s.len < 2 ? s.len : 2), is_no_mark))
		return false;
	if (u32_normalize(UNINORM_NFC, s.at, s.len, normal, &len) != normal)
		abort();
	return normal[0] != s.at[0];
}

/* What a name without quotes may hold in "Name <a@b.c>". */
static bool
is_name_or_space(uint32_t c)
{
	const char *category = rune_category(c);

	if (rune_is_space(c) || *category == 'L' || *category == 'N')
		return true;
	return c > 0 && c < 0x80 &&
	       strchr("_.!#$%&'*+-/=?^`{|}~", (int)c) != NULL;
}

/* Where the "<" behind the name's closing quote is; 0 when there is none. */
static size_t
bracket_after_quoted(struct runes text)
{
	/* The last one counts, and a name is not empty. */
	for (size_t i = text.len; i > 2; i--) {
		size_t next = i;

		if (text.at[i - 1] != '"')
			continue;
		while (next < text.len && rune_is_space(text.at[next]))
			next++;
		if (next + 1 < text.len && text.at[next] == '<')
			return next;
	}
	return 0;
}

/*
 * "Name <a@b.c>" is reduced to what the brackets hold. Anything else is left
 * as it is: the address check has words for the other forms.
 */
static struct runes
without_name(struct runes text)
{
	struct runes inner = runes_trim(text);
	size_t bracket;

	if (inner.len == 0 || inner.at[inner.len - 1] != '>')
		return text;
	inner.len--;
	bracket = runes_find(inner, '<');
	if (inner.at[0] == '"')
		bracket = bracket_after_quoted(inner);
	else if (!runes_fit(runes_upto(inner, bracket), is_name_or_space))
		return text;
	if (bracket + 1 >= inner.len || inner.at[bracket] != '<')
		return text;
	return runes_from(inner, bracket + 1);
}

static size_t
widest(struct runes s)
{
	size_t most = 1;

	for (size_t i = 0; i < s.len; i++) {
		uint32_t c = s.at[i];
		size_t bytes = c < 0x80      ? 1
			       : c < 0x800   ? 2
			       : c < 0x10000 ? 3
					     : 4;

		most = bytes > most ? bytes : most;
	}
	return most;
}

/* In the contract's words: how many characters to take away, as far as known */
static enum err
refuse_original(struct email *m, struct runes original, size_t excess)
{
	size_t least = excess / widest(original);

	least = least > 0 ? least : 1;
	if (least == excess)
		return email_refuse(m, "The email address is too long %s.",
				    email_excess(m->mem, excess, "character"));
	return email_refuse(m,
			    "The email address is too long (%zu-%zu "
			    "character%s too many).",
			    least, excess, excess > 1 ? "s" : "");
}

/* The limit holds for the address as written, as stored, and as sent. */
static enum err
check_lengths(struct email *m, const struct email_halves *halves,
	      const struct email_local *local,
	      const struct email_domain *domain)
{
	size_t written = strlen(runes_text(m->mem, halves->local)) + 1 +
			 strlen(runes_text(m->mem, halves->domain));
	size_t before = strlen(runes_text(m->mem, local->text)) + 1;
	size_t stored = before + strlen(runes_text(m->mem, domain->text));
	size_t sent = before + strlen(domain->ascii);

	if (written > ADDRESS_LIMIT) {
		size_t a = widest(halves->local);
		size_t b = widest(halves->domain);

		return refuse_original(m,
				       a > b ? halves->local : halves->domain,
				       written - ADDRESS_LIMIT);
	}
	if (stored > ADDRESS_LIMIT)
		return email_refuse(
			m,
			"The email address is too long after normalization "
			"%s.",
			email_excess(m->mem, stored - ADDRESS_LIMIT, "byte"));
	if (sent > ADDRESS_LIMIT)
		return email_refuse(
			m,
			"The email address is too long when the part after "
			"the @-sign is converted to IDNA ASCII %s.",
			email_excess(m->mem, sent - ADDRESS_LIMIT, "byte"));
	return OK;
}

static bool
is_bracketed(struct runes s)
{
	return s.len > 1 && s.at[0] == '[' && s.at[s.len - 1] == ']';
}

static enum err
check_address(struct email *m, struct runes text, const char **out)
{
	struct email_halves halves;
	struct email_local local;
	struct email_domain domain;

	TRY(email_split(m, text, &halves));
	TRY(email_check_local(m, &halves, &local));
	if (halves.domain.len == 0)
		return email_refuse(
			m, "There must be something after the @-sign.");
	if (is_bracketed(halves.domain)) {
		halves.domain.len--;
		return email_refuse_literal(m, runes_from(halves.domain, 1));
	}
	TRY(email_check_domain(m, halves.domain, &domain));
	TRY(check_lengths(m, &halves, &local, &domain));
	if (halves.named)
		return email_refuse(m, "A display name and angle brackets "
				       "around the email address are not "
				       "permitted here.");
	*out = arena_printf(m->mem, "%s@%s", runes_text(m->mem, local.text),
			    runes_text(m->mem, domain.text));
	return OK;
}

enum err
email_normalise(struct arena *mem, const char *text, const char **out,
		const char **reason)
{
	struct email m = {mem, NULL};
	struct runes whole;
	enum err e;

	if (text_utf8_count(text, strlen(text)) > INPUT_LIMIT) {
		*reason = "Length must not exceed 2048 characters";
		return ERR_UNPROCESSABLE;
	}
	if (strpbrk(text, "\r\n") != NULL) {
		*reason = "Carriage return and line feed characters are not "
			  "allowed";
		return ERR_UNPROCESSABLE;
	}
	whole = runes_of(mem, text);
	e = check_address(&m, runes_trim(without_name(whole)), out);
	if (e != OK)
		*reason = m.reason;
	return e;
}
