/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
text_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long n;
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < low || n > high)
		return false;
	*out = n;
	return true;
}

size_t
text_utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

/* The second byte's range depends on the first: RFC 3629, section 4. */
static bool
second_fits(unsigned char first, unsigned char second)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;

	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	return second >= low && second <= high;
}

bool
text_is_utf8(const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t at = 0;

	while (at < len) {
		size_t n = text_utf8_length(p[at]);

		if (n == 0 || n > len - at)
			return false;
		if (n > 1 && !second_fits(p[at], p[at + 1]))
			return false;
		for (size_t i = 2; i < n; i++)
			if ((p[at + i] & 0xc0) != 0x80)
				return false;
		at += n;
	}
	return true;
}

size_t
text_utf8_count(const char *bytes, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			count++;
	return count;
}

bool
text_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool
text_same_n(const char *a, const char *b, size_t len)
{
	return strncasecmp(a, b, len) == 0;
}

bool
text_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int
text_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
text_lower(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return text;
}
