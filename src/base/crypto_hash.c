/* SPDX-License-Identifier: MIT */
/*
 * SHA-2 and HMAC by OpenSSL's older functions, of which it warns. By the newer
 * ones the first hash of a process costs more than all else that a CGI request
 * does, since the library then sets up every algorithm that it knows; and each
 * hash after it takes detours.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#define SHA384_SIZE 48
#define SHA512_SIZE 64

_Static_assert(MAC_SIZE_LIMIT == SHA512_SIZE, "the longest has to fit");

/* SHA-384 is SHA-512 with another beginning, and cut off. */
union hashing {
	SHA256_CTX small;
	SHA512_CTX large;
};

struct mac_key {
	union hashing inner; /* has read the key as RFC 2104 pads it */
	union hashing outer;
	size_t size;
};

static void
hash_begin(union hashing *h, size_t size)
{
	int begun = 0;

	if (size == SHA256_SIZE)
		begun = SHA256_Init(&h->small);
	else if (size == SHA384_SIZE)
		begun = SHA384_Init(&h->large);
	else if (size == SHA512_SIZE)
		begun = SHA512_Init(&h->large);
	if (begun != 1)
		abort();
}

static void
hash_add(union hashing *h, size_t size, const void *bytes, size_t len)
{
	int added = size == SHA256_SIZE ? SHA256_Update(&h->small, bytes, len)
					: SHA512_Update(&h->large, bytes, len);

	if (added != 1)
		abort();
}

static void
hash_end(union hashing *h, size_t size, unsigned char *out)
{
	int ended = size == SHA256_SIZE ? SHA256_Final(out, &h->small)
					: SHA512_Final(out, &h->large);

	if (ended != 1)
		abort();
}

static void
hash(size_t size, const void *bytes, size_t len, unsigned char *out)
{
	union hashing h;

	hash_begin(&h, size);
	hash_add(&h, size, bytes, len);
	hash_end(&h, size, out);
	crypto_wipe(&h, sizeof(h));
}

void
crypto_sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE])
{
	hash(SHA256_SIZE, bytes, len, out);
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

/* One of the two states that a key is: it has read the key and a pad. */
static void
state_make(union hashing *h, size_t size, const unsigned char *key,
	   size_t block, unsigned char pad)
{
	unsigned char padded[SHA512_CBLOCK];

	for (size_t i = 0; i < block; i++)
		padded[i] = key[i] ^ pad;
	hash_begin(h, size);
	hash_add(h, size, padded, block);
	crypto_wipe(padded, sizeof(padded));
}

struct mac_key *
mac_key_new_sized(const void *secret, size_t len, size_t size)
{
	size_t block = size == SHA256_SIZE ? SHA256_CBLOCK : SHA512_CBLOCK;
	unsigned char key[SHA512_CBLOCK] = {0};
	struct mac_key *k = malloc(sizeof(*k));

	if (k == NULL)
		abort();
	k->size = size;
	if (len > block)
		hash(size, secret, len, key);
	else if (len > 0)
		memcpy(key, secret, len);
	state_make(&k->inner, size, key, block, 0x36);
	state_make(&k->outer, size, key, block, 0x5c);
	crypto_wipe(key, sizeof(key));
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
	crypto_wipe(k, sizeof(*k));
	free(k);
}

void
mac_sign(struct mac_key *k, const void *bytes, size_t len, unsigned char *out)
{
	union hashing h = k->inner;
	unsigned char digest[MAC_SIZE_LIMIT];

	hash_add(&h, k->size, bytes, len);
	hash_end(&h, k->size, digest);
	h = k->outer;
	hash_add(&h, k->size, digest, k->size);
	hash_end(&h, k->size, out);
	crypto_wipe(&h, sizeof(h));
	crypto_wipe(digest, sizeof(digest));
}
