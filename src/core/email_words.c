/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

bool
rune_in(uint32_t c, const struct rune_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

struct runes
runes_from(struct runes s, size_t at)
{
	return (struct runes){s.at + at, s.len - at};
}

struct runes
runes_upto(struct runes s, size_t len)
{
	return (struct runes){s.at, len};
}

struct runes
runes_trim_end(struct runes s)
{
	while (s.len > 0 && rune_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct runes
runes_trim(struct runes s)
{
	while (s.len > 0 && rune_is_space(s.at[0]))
		s = runes_from(s, 1);
	return runes_trim_end(s);
}

bool
runes_are(struct runes s, const char *ascii)
{
	size_t i = 0;

	while (i < s.len && ascii[i] != '\0' && s.at[i] == (uint32_t)ascii[i])
		i++;
	return i == s.len && ascii[i] == '\0';
}

bool
runes_same(struct runes a, struct runes b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.at, b.at, a.len * sizeof(*a.at)) == 0);
}

static bool
is_ascii(uint32_t c)
{
	return c < 0x80;
}

bool
runes_ascii(struct runes s)
{
	return runes_fit(s, is_ascii);
}

bool
runes_fit(struct runes s, bool (*fits)(uint32_t))
{
	for (size_t i = 0; i < s.len; i++)
		if (!fits(s.at[i]))
			return false;
	return true;
}

size_t
runes_find(struct runes s, uint32_t c)
{
	size_t i = 0;

	while (i < s.len && s.at[i] != c)
		i++;
	return i;
}

bool
runes_pair(struct runes s, uint32_t first, uint32_t second)
{
	for (size_t i = 1; i < s.len; i++)
		if (s.at[i - 1] == first && s.at[i] == second)
			return true;
	return false;
}

struct runes
runes_next(struct runes *rest, uint32_t c)
{
	size_t end = runes_find(*rest, c);
	struct runes part = runes_upto(*rest, end);

	*rest = runes_from(*rest, end < rest->len ? end + 1 : end);
	return part;
}

struct runes
runes_lower(struct arena *mem, struct runes s)
{
	uint32_t *lower = arena_array(mem, s.len + 1, sizeof(*lower));

	for (size_t i = 0; i < s.len; i++) {
		bool upper = s.at[i] >= 'A' && s.at[i] <= 'Z';

		lower[i] = upper ? s.at[i] - 'A' + 'a' : s.at[i];
	}
	return (struct runes){lower, s.len};
}

/* Nothing that a reader could not see, but the blank. */
static bool
is_printable(uint32_t c)
{
	const char *category = rune_category(c);

	return c == ' ' || (*category != 'C' && *category != 'Z');
}

static void
quote_one(struct buf *b, uint32_t c, char quote)
{
	if (c == '\t')
		buf_text(b, "\\t");
	else if (c == '\n')
		buf_text(b, "\\n");
	else if (c == '\r')
		buf_text(b, "\\r");
	else if (c == '\\' || c == (uint32_t)quote)
		buf_printf(b, "\\%c", (char)c);
	else if (is_printable(c))
		buf_text(b, runes_text(b->mem, (struct runes){&c, 1}));
	else if (c < 0x100)
		buf_printf(b, "\\x%02x", c);
	else if (c < 0x10000)
		buf_printf(b, "\\u%04x", c);
	else
		buf_printf(b, "\\U%08x", c);
}

const char *
runes_quoted(struct arena *mem, struct runes s)
{
	bool apostrophe = runes_find(s, '\'') < s.len;
	bool mark = runes_find(s, '"') < s.len;
	char quote = apostrophe && !mark ? '"' : '\'';
	struct buf b;

	buf_init(&b, mem, s.len + 3);
	buf_char(&b, quote);
	for (size_t i = 0; i < s.len; i++)
		quote_one(&b, s.at[i], quote);
	buf_char(&b, quote);
	return b.data;
}

const char *
rune_shown(struct arena *mem, uint32_t c)
{
	const char *name;

	if (c == '\\')
		return "\"\\\"";
	if (strchr("LNPS", *rune_category(c)) != NULL)
		return runes_quoted(mem, (struct runes){&c, 1});
	name = rune_name(mem, c);
	if (name != NULL)
		return name;
	return arena_printf(mem, c < 0xffff ? "U+%04X" : "U+%08X", c);
}

static const char *
joined(struct arena *mem, const char *const *words, size_t count)
{
	struct buf b;

	buf_init(&b, mem, 64);
	for (size_t i = 0; i < count; i++) {
		buf_text(&b, i > 0 ? ", " : "");
		buf_text(&b, words[i]);
	}
	return b.data;
}

static const char **
shown_each(struct arena *mem, struct runes s)
{
	const char **words = arena_array(mem, s.len + 1, sizeof(*words));

	for (size_t i = 0; i < s.len; i++)
		words[i] = rune_shown(mem, s.at[i]);
	return words;
}

const char *
runes_shown(struct arena *mem, struct runes s)
{
	return joined(mem, shown_each(mem, s), s.len);
}

static int
compare_runes(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a;
	uint32_t two = *(const uint32_t *)b;

	return (one > two) - (one < two);
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct runes
sorted_once(uint32_t *list, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(list, count, sizeof(*list), compare_runes);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[i] != list[kept - 1])
			list[kept++] = list[i];
	return (struct runes){list, kept};
}

const char *
runes_unfit(struct arena *mem, struct runes s, bool (*fits)(uint32_t))
{
	uint32_t *list = arena_array(mem, s.len + 1, sizeof(*list));
	size_t count = 0;
	struct runes unfit;
	const char **words;

	for (size_t i = 0; i < s.len; i++)
		if (!fits(s.at[i]))
			list[count++] = s.at[i];
	if (count == 0)
		return NULL;
	unfit = sorted_once(list, count);
	words = shown_each(mem, unfit);
	qsort(words, unfit.len, sizeof(*words), compare_words);
	return joined(mem, words, unfit.len);
}

const char *
email_excess(struct arena *mem, size_t excess, const char *unit)
{
	return arena_printf(mem, "(%zu %s%s too many)", excess, unit,
			    excess > 1 ? "s" : "");
}

enum err
email_refuse(struct email *m, const char *format, ...)
{
	va_list args;
	struct buf b;

	buf_init(&b, m->mem, 128);
	va_start(args, format);
	buf_vprintf(&b, format, args);
	va_end(args);
	m->reason = b.data;
	return ERR_UNPROCESSABLE;
}

static bool
is_safe(uint32_t c, bool first, bool spaces)
{
	const char *category = rune_category(c);

	if (*category == 'M')
		return !first;
	if (strcmp(category, "Zs") == 0)
		return spaces;
	return *category != 'Z' && *category != 'C';
}

enum err
email_check_safe(struct email *m, struct runes s, bool spaces)
{
	uint32_t *list = arena_array(m->mem, s.len + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		if (!is_safe(s.at[i], i == 0, spaces))
			list[count++] = s.at[i];
	if (count == 0)
		return OK;
	return email_refuse(m,
			    "The email address contains unsafe characters: %s.",
			    runes_shown(m->mem, sorted_once(list, count)));
}

enum err
email_check_dots(struct email *m, struct runes s,
		 const struct email_dots *words)
{
	uint32_t first = s.len > 0 ? s.at[0] : 0;
	uint32_t last = s.len > 0 ? s.at[s.len - 1] : 0;

	if (last == '.')
		return email_refuse(m, "%s", words->last_period);
	if (first == '.')
		return email_refuse(m, "%s", words->first_period);
	if (runes_pair(s, '.', '.'))
		return email_refuse(m, "An email address cannot have two "
				       "periods in a row.");
	if (words->first_hyphen == NULL)
		return OK;
	if (last == '-')
		return email_refuse(m, "%s", words->last_hyphen);
	if (first == '-')
		return email_refuse(m, "%s", words->first_hyphen);
	if (runes_pair(s, '.', '-') || runes_pair(s, '-', '.'))
		return email_refuse(m, "An email address cannot have a period "
				       "and a hyphen next to each other.");
	return OK;
}
