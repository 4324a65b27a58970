/* SPDX-License-Identifier: MIT */
/*
 * An address that is taken fits into its column and is taken again as it is;
 * one that is refused has a reason that can be sent.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/email.h"

#define ADDRESS_LIMIT 254

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
check_address(struct arena *mem, const char *address)
{
	const char *again = NULL;
	const char *reason = NULL;
	size_t len = strlen(address);

	must(len <= ADDRESS_LIMIT && text_is_utf8(address, len));
	must(strchr(address, '@') == strrchr(address, '@'));
	must(strpbrk(address, " \t\r\n\"<>") == NULL);
	must(email_normalise(mem, address, &again, &reason) == OK);
	must(strcmp(address, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_open(0, (size_t)1 << 26);
	const char *text = arena_copy(mem, data, size);
	const char *address = NULL;
	const char *reason = NULL;

	/* The gate lets nothing else through. */
	if (text_is_utf8(text, size) && strlen(text) == size) {
		if (email_normalise(mem, text, &address, &reason) == OK)
			check_address(mem, address);
		else
			must(reason != NULL && *reason != '\0' &&
			     text_is_utf8(reason, strlen(reason)));
	}
	arena_close(mem);
	return 0;
}
