/* SPDX-License-Identifier: MIT */
#include "base/integer.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* The zeros of Unicode 14 (category Nd); nine more digits follow each. */
static const int32_t zeros[] = {
	0x0030,  0x0660,  0x06f0,  0x07c0,  0x0966,  0x09e6,  0x0a66,  0x0ae6,
	0x0b66,  0x0be6,  0x0c66,  0x0ce6,  0x0d66,  0x0de6,  0x0e50,  0x0ed0,
	0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810,  0x1946,  0x19d0,  0x1a80,
	0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900,
	0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066,
	0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0,
	0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
	0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0,
	0x1e950, 0x1fbf0,
};

/* What Python strips: of ASCII these six, and all blanks beyond. */
static const struct {
	int32_t first;
	int32_t last;
} blanks[] = {
	{'\t', '\r'},     {' ', ' '},       {0x85, 0x85},     {0xa0, 0xa0},
	{0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
	{0x205f, 0x205f}, {0x3000, 0x3000},
};

/* The character here, of valid UTF-8; 0 at the end. */
static int32_t
character(const char *at, size_t *len)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *bytes = (const unsigned char *)at;
	int32_t c;

	*len = *at != '\0' ? text_utf8_length(bytes[0]) : 0;
	if (*len == 0)
		return 0;
	c = bytes[0] & masks[*len];
	for (size_t i = 1; i < *len; i++)
		c = c << 6 | (bytes[i] & 0x3f);
	return c;
}

static bool
is_blank(int32_t c)
{
	for (size_t i = 0; i < countof(blanks); i++)
		if (c >= blanks[i].first && c <= blanks[i].last)
			return true;
	return false;
}

static int
digit_value(int32_t c)
{
	for (size_t i = 0; i < countof(zeros); i++)
		if (c >= zeros[i] && c <= zeros[i] + 9)
			return c - zeros[i];
	return -1;
}

static const char *
skip_blanks(const char *at)
{
	size_t len;

	while (is_blank(character(at, &len)))
		at += len;
	return at;
}

/* Below zero, where there is one more number than above. */
static bool
digit_add(int64_t *number, int digit)
{
	return !__builtin_mul_overflow(*number, INT64_C(10), number) &&
	       !__builtin_sub_overflow(*number, (int64_t)digit, number);
}

bool
integer_parse(const char *text, int64_t *out)
{
	bool is_after_digit = false;
	bool is_negative;
	int64_t number = 0;
	size_t len;

	if (!text_is_utf8(text, strlen(text)))
		return false;
	text = skip_blanks(text);
	is_negative = *text == '-';
	text += *text == '-' || *text == '+';
	for (;; text += len) {
		int32_t c = character(text, &len);
		int digit = digit_value(c);

		if (digit >= 0 ? !digit_add(&number, digit)
			       : c != '_' || !is_after_digit)
			break;
		is_after_digit = digit >= 0;
	}
	if (!is_after_digit || *skip_blanks(text) != '\0' ||
	    (!is_negative && number == INT64_MIN))
		return false;
	*out = is_negative ? number : -number;
	return true;
}
