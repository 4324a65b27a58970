/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/*
 * The kernel's generator and not the library's: it has no state of ours to
 * be shared by forked workers.
 */
void
crypto_random(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

char *
crypto_base64url(struct arena *mem, const void *bytes, size_t len)
{
	const unsigned char *in = bytes;
	char *text;
	char *to;
	uint32_t group = 0;
	unsigned bits = 0;

	if (len > SIZE_MAX / 2)
		abort();
	text = arena_alloc(mem, len + len / 3 + 3);
	to = text;
	for (size_t i = 0; i < len; i++) {
		group = group << 8 | in[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*to++ = base64url_digits[group >> (bits - 6) & 63];
	}
	if (bits > 0)
		*to++ = base64url_digits[group << (6 - bits) & 63];
	*to = '\0';
	return text;
}

/* What each digit stands for, and one more; 0 for what is none. */
static const unsigned char base64url_values[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,
	['G'] = 7,  ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60,
	['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

size_t
crypto_base64url_span(const char *text, size_t most)
{
	size_t len = 0;

	while (len < most && base64url_values[(unsigned char)text[len]] != 0)
		len++;
	return len;
}

/* Four digits, or fewer at the end, as one number; false when one is none. */
static bool
group_read(const char *text, size_t digits, uint32_t *out)
{
	uint32_t group = 0;

	for (size_t i = 0; i < digits; i++) {
		uint32_t value = base64url_values[(unsigned char)text[i]];

		if (value == 0)
			return false;
		group = group << 6 | (value - 1);
	}
	*out = group;
	return true;
}

enum err
crypto_base64url_decode(struct arena *mem, const char *text, size_t len,
			unsigned char **out, size_t *out_len)
{
	const char *end = text + (len & ~(size_t)3);
	unsigned char *to;
	uint32_t group;
	size_t rest = len % 4;

	if (rest == 1)
		return ERR_INVALID;
	to = arena_alloc(mem, len / 4 * 3 + 3);
	*out = to;
	for (; text < end; text += 4) {
		if (!group_read(text, 4, &group))
			return ERR_INVALID;
		*to++ = (unsigned char)(group >> 16);
		*to++ = (unsigned char)(group >> 8);
		*to++ = (unsigned char)group;
	}
	if (!group_read(text, rest, &group))
		return ERR_INVALID;
	/* Bits left over that are not zero would be a second spelling. */
	if ((group & (rest == 2 ? 15U : rest == 3 ? 3U : 0U)) != 0)
		return ERR_INVALID;
	if (rest >= 2)
		*to++ = (unsigned char)(group >> (rest == 2 ? 4 : 10));
	if (rest == 3)
		*to++ = (unsigned char)(group >> 2);
	*to = '\0';
	*out_len = (size_t)(to - *out);
	return OK;
}

static void
letters_swap(char *text, char from, char to)
{
	for (; *text != '\0'; text++)
		if (*text == from)
			*text = to;
}

char *
crypto_base64(struct arena *mem, const void *bytes, size_t len)
{
	char *text = crypto_base64url(mem, bytes, len);
	size_t rest = strlen(text) % 4;

	letters_swap(text, '-', '+');
	letters_swap(text, '_', '/');
	return arena_printf(mem, "%s%s", text,
			    rest == 2   ? "=="
			    : rest == 3 ? "="
					: "");
}

enum err
crypto_base64_decode(struct arena *mem, const char *text, unsigned char **out,
		     size_t *out_len)
{
	size_t len = strcspn(text, "=");
	size_t padding = strspn(text + len, "=");
	char *copy = arena_copy(mem, text, len);

	if (text[len + padding] != '\0' || (len + padding) % 4 != 0 ||
	    padding > 2 || strpbrk(copy, "-_") != NULL)
		return ERR_INVALID;
	letters_swap(copy, '+', '-');
	letters_swap(copy, '/', '_');
	return crypto_base64url_decode(mem, copy, len, out, out_len);
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
crypto_wipe(void *bytes, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(bytes, len);
}
