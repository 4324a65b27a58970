/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <stdbool.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

#define DIGITS 32
#define TEXT_LIMIT 128

static void
uuid_write(const char digits[DIGITS], char out[UUID_SIZE])
{
	static const size_t group_ends[] = {8, 12, 16, 20, DIGITS};
	size_t from = 0;

	for (size_t g = 0; g < countof(group_ends); g++) {
		if (g > 0)
			*out++ = '-';
		memcpy(out, digits + from, group_ends[g] - from);
		out += group_ends[g] - from;
		from = group_ends[g];
	}
	*out = '\0';
}

void
uuid_new(char out[UUID_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[DIGITS / 2];
	char digits[DIGITS];

	crypto_random(bytes, sizeof(bytes));
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		digits[2 * i] = hex[bytes[i] >> 4];
		digits[2 * i + 1] = hex[bytes[i] & 15];
	}
	uuid_write(digits, out);
}

/* Takes every `word` out of the text, from left to right. */
static void
remove_word(char *text, const char *word)
{
	size_t len = strlen(word);
	char *to = text;

	while (*text != '\0') {
		if (text_starts(text, word))
			text += len;
		else
			*to++ = *text++;
	}
	*to = '\0';
}

/* The same at both ends; returns the new start. */
static char *
strip(char *text, const char *characters)
{
	size_t len;

	text += strspn(text, characters);
	len = strlen(text);
	while (len > 0 && strchr(characters, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

/*
 * What Python's int(text, 16) reads: a sign, 0x, single underscores between
 * digits. The number is written with zeros in front.
 */
static bool
number_read(const char *text, char digits[DIGITS])
{
	size_t count = 0;
	bool is_after_digit = false;

	if (*text == '+')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		is_after_digit = true;
	}
	for (; *text != '\0'; text++) {
		int value = text_hex_value(*text);

		if (value >= 0 && count < DIGITS)
			digits[count++] = "0123456789abcdef"[value];
		else if (*text != '_' || !is_after_digit)
			return false;
		is_after_digit = value >= 0;
	}
	if (!is_after_digit || count == 0)
		return false;
	memmove(digits + DIGITS - count, digits, count);
	memset(digits, '0', DIGITS - count);
	return true;
}

/* As we write it ourselves: what nearly every request names. */
static bool
is_canonical(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		char c = text[i];
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (shape[i] == '-' ? c != '-' : !digit)
			return false;
	}
	return text[sizeof(shape) - 1] == '\0';
}

bool
uuid_parse(const char *text, char out[UUID_SIZE])
{
	char work[TEXT_LIMIT + 1];
	char digits[DIGITS];
	size_t len = strnlen(text, sizeof(work));
	char *at;

	if (is_canonical(text)) {
		memcpy(out, text, UUID_SIZE);
		return true;
	}
	if (len > TEXT_LIMIT)
		return false;
	memcpy(work, text, len + 1);
	remove_word(work, "urn:");
	remove_word(work, "uuid:");
	at = strip(work, "{}");
	remove_word(at, "-");
	if (strlen(at) != DIGITS)
		return false;
	if (!number_read(strip(at, " \t\n\v\f\r"), digits))
		return false;
	uuid_write(digits, out);
	return true;
}
