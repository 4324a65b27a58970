/* SPDX-License-Identifier: MIT */
#include "core/email.h"

#include <string.h>

#include "base/text.h"
#include "core/email_parts.h"

/* No address that is stored is longer. */
#define FOLD_LIMIT 2048

/* What lower-case dotted letters of Turkish leave behind. */
#define DOTLESS_I 0x131
#define DOT_ABOVE 0x307

static struct runes
fold(struct arena *mem, struct runes s)
{
	uint32_t *at = arena_array(mem, s.len * RUNE_FOLD_MAX + 1, sizeof(*at));
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint32_t folded[RUNE_FOLD_MAX];
		size_t count = rune_fold(s.at[i], folded);

		for (size_t k = 0; k < count; k++)
			if (folded[k] != DOT_ABOVE)
				at[len++] = folded[k] == DOTLESS_I ? 'i'
								   : folded[k];
	}
	return runes_nfc(mem, (struct runes){at, len});
}

const char *
email_fold(struct arena *mem, const char *text)
{
	const char *address;
	const char *reason;

	if (!text_is_utf8(text, strlen(text)) ||
	    text_utf8_count(text, strlen(text)) > FOLD_LIMIT)
		return text;
	if (email_normalise(mem, text, &address, &reason) != OK)
		address = text;
	return runes_text(mem, fold(mem, runes_of(mem, address)));
}
