/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

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

enum err
crypto_base64url_decode(struct arena *mem, const char *text, size_t len,
			unsigned char **out, size_t *out_len)
{
	unsigned char *bytes;
	size_t count = 0;
	uint32_t group = 0;
	unsigned bits = 0;

	if (len % 4 == 1)
		return ERR_INVALID;
	bytes = arena_alloc(mem, len / 4 * 3 + 3);
	for (size_t i = 0; i < len; i++) {
		uint32_t value = base64url_values[(unsigned char)text[i]];

		if (value == 0)
			return ERR_INVALID;
		group = group << 6 | (value - 1);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[count++] = (unsigned char)(group >> bits);
		}
	}
	/* Bits left over that are not zero would be a second spelling. */
	if ((group & ((1U << bits) - 1)) != 0)
		return ERR_INVALID;
	bytes[count] = '\0';
	*out = bytes;
	*out_len = count;
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

void
crypto_sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE])
{
	unsigned size = 0;

	if (EVP_Digest(len > 0 ? bytes : "", len, out, &size, EVP_sha256(),
		       NULL) != 1 ||
	    size != SHA256_SIZE)
		abort();
}

char *
crypto_sha256_hex(struct arena *mem, const void *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[SHA256_SIZE];
	char *text = arena_alloc(mem, 2 * SHA256_SIZE + 1);

	crypto_sha256(bytes, len, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		text[2 * i] = hex[digest[i] >> 4];
		text[2 * i + 1] = hex[digest[i] & 15];
	}
	return text;
}

struct mac_key {
	EVP_MAC_CTX *mac;
	size_t size;
};

static const char *
hash_of_size(size_t size)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA512"};

	if (size < SHA256_SIZE || size > MAC_SIZE_LIMIT || size % 16 != 0)
		abort();
	return names[size / 16 - 2];
}

/* An empty key is still a key; a NULL one would mean "the one before". */
static void
mac_set_key(struct mac_key *k, const void *secret, size_t len)
{
	static const unsigned char empty[1];
	/* OpenSSL only reads it, whatever the type says. */
	char *hash = (char *)(uintptr_t)hash_of_size(k->size);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash,
						 0),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_MAC_init(k->mac, len > 0 ? secret : empty, len, params) != 1)
		abort();
}

struct mac_key *
mac_key_new_sized(const void *secret, size_t len, size_t size)
{
	struct mac_key *k = malloc(sizeof(*k));
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	if (k == NULL || hmac == NULL)
		abort();
	k->mac = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (k->mac == NULL)
		abort();
	k->size = size;
	mac_set_key(k, secret, len);
	return k;
}

struct mac_key *
mac_key_new(const void *secret, size_t len)
{
	return mac_key_new_sized(secret, len, SHA256_SIZE);
}

void
mac_key_free(struct mac_key *k)
{
	if (k == NULL)
		return;
	EVP_MAC_CTX_free(k->mac);
	free(k);
}

void
crypto_warm(void)
{
	static const char nothing[1];

	/* This uses all that workers use. */
	mac_key_free(mac_key_new(nothing, sizeof(nothing)));
}

void
mac_sign(struct mac_key *k, const void *bytes, size_t len, unsigned char *out)
{
	size_t size = 0;

	/* Without a key the context starts again from its kept inner state. */
	if (EVP_MAC_init(k->mac, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(k->mac, bytes, len) != 1 ||
	    EVP_MAC_final(k->mac, out, &size, k->size) != 1 || size != k->size)
		abort();
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
