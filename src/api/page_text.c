/* SPDX-License-Identifier: MIT */
#include "api/page_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/html.h"

#define WEIGHT_LIMIT 1000 /* thousandths */

static bool
ends_tag(char c)
{
	return c == '\0' || c == '-' || c == ',' || c == ';' || c == ' ' ||
	       c == '\t';
}

const struct page_language *
page_language_named(const struct page_languages *all, const char *tag)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct page_language *l = &all->list[i];
		size_t len = strlen(l->tag);

		if (text_same_n(tag, l->tag, len) && ends_tag(tag[len]))
			return l;
	}
	return NULL;
}

/* The weight behind a language range, in thousandths: ";q=0.8". */
static int
weight_of(const char *range)
{
	const char *end = range + strcspn(range, ",");
	const char *q = strstr(range, "q=");
	int weight = 0;
	int digit = WEIGHT_LIMIT;

	if (q == NULL || q >= end)
		return WEIGHT_LIMIT;
	for (q += 2; digit > 0 && q < end; q++) {
		if (*q == '.')
			continue;
		if (*q < '0' || *q > '9')
			break;
		weight += (*q - '0') * digit;
		digit /= 10;
	}
	return weight > WEIGHT_LIMIT ? WEIGHT_LIMIT : weight;
}

const struct page_language *
page_language_accepted(const struct page_languages *all, const char *header)
{
	const struct page_language *best = NULL;
	int best_weight = 0;

	while (header != NULL && *header != '\0') {
		const struct page_language *l;
		int weight;

		header += strspn(header, " \t,");
		l = page_language_named(all, header);
		weight = weight_of(header);
		if (l != NULL && weight > best_weight) {
			best = l;
			best_weight = weight;
		}
		header += strcspn(header, ",");
	}
	return best;
}

static int
compare_keys(const void *key, const void *text)
{
	return strcmp(key, ((const struct page_text *)text)->key);
}

const char *
page_say_if(const struct page_language *l, const char *key)
{
	const struct page_text *t = bsearch(key, l->texts, l->count,
					    sizeof(*l->texts), compare_keys);

	return t != NULL ? t->text : NULL;
}

const char *
page_say(const struct page_language *l, const char *key)
{
	const char *text = page_say_if(l, key);

	if (text == NULL)
		abort();
	return text;
}

void
page_write_text(struct buf *out, const char *text, const char *name,
		const char *value)
{
	const char *at = text;
	size_t len = name != NULL ? strlen(name) : 0;

	while (name != NULL && (at = strchr(at, '{')) != NULL) {
		if (strncmp(at + 1, name, len) == 0 && at[len + 1] == '}')
			break;
		at++;
	}
	if (name == NULL || at == NULL) {
		html_text(out, text);
		return;
	}
	html_text(out, arena_copy(out->mem, text, (size_t)(at - text)));
	html_text(out, value);
	html_text(out, at + len + 2);
}
