/* SPDX-License-Identifier: MIT */
#include "base/demand.h"

#include <stddef.h>
#include <string.h>

struct word {
	const char *text;
	enum demand demand;
};

static const struct word words[] = {
	{"verified", DEMAND_VERIFIED},
	{"superuser", DEMAND_SUPERUSER},
};

static bool
word_read(const char *text, size_t len, unsigned *out)
{
	for (size_t i = 0; i < countof(words); i++) {
		if (strlen(words[i].text) != len ||
		    memcmp(words[i].text, text, len) != 0)
			continue;
		*out |= (unsigned)words[i].demand;
		return true;
	}
	return false;
}

bool
demands_read(const char *text, unsigned *out)
{
	static const char between[] = " ,";

	for (text += strspn(text, between); *text != '\0';
	     text += strspn(text, between)) {
		size_t len = strcspn(text, between);

		if (!word_read(text, len, out))
			return false;
		text += len;
	}
	return true;
}
