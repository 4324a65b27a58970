/* SPDX-License-Identifier: MIT */
/*
 * What we take from OpenSSL, and the encodings that go with it. The only files
 * that include openssl headers are crypto*.c and, for keys with a public and a
 * private part, jws_key*.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define SHA256_SIZE 32

/* Fills from the system's generator; a failing one ends the process. */
void crypto_random(void *out, size_t len) NONNULL(1);

/* Bytes as URL-safe base64 without padding (RFC 4648, section 5). */
char *crypto_base64url(struct arena *mem, const void *bytes, size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(1);

/* How many of the first `most` bytes are its digits, one after the other; a NUL
 * is none. */
size_t crypto_base64url_span(const char *text, size_t most) NONNULL(1);

/*
 * The reverse, strictly: no padding, no other characters, no stray bits, so
 * that each byte string has exactly one spelling. ERR_INVALID otherwise.
 * *out is NUL-terminated behind *out_len bytes.
 */
enum err crypto_base64url_decode(struct arena *mem, const char *text,
				 size_t len, unsigned char **out,
				 size_t *out_len) NODISCARD NONNULL(1, 2, 4, 5);

/* The same as plain base64 with its padding (RFC 4648, section 4). */
char *crypto_base64(struct arena *mem, const void *bytes, size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(1);
enum err crypto_base64_decode(struct arena *mem, const char *text,
			      unsigned char **out, size_t *out_len)
	NODISCARD NONNULL(1, 2, 3, 4);

/* SHA-256 of bytes, and the same as 64 lower-case hexadecimal digits. */
void crypto_sha256(const void *bytes, size_t len,
		   unsigned char out[SHA256_SIZE]) NONNULL(3);
char *crypto_sha256_hex(struct arena *mem, const void *bytes, size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(1);

#define MAC_SIZE_LIMIT 64

/*
 * A key for HMAC (RFC 2104) with SHA-256, or with SHA-2 of `size` bytes: 32,
 * 48 or 64. Made once and reused: it keeps what the hash made of the key.
 * Heap; the caller frees, which wipes.
 */
struct mac_key;
struct mac_key *mac_key_new(const void *secret, size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(1);
struct mac_key *mac_key_new_sized(const void *secret, size_t len, size_t size)
	RETURNS_NONNULL NODISCARD NONNULL(1);
void mac_key_free(struct mac_key *k);
/* Writes as many bytes as the key's hash has. */
void mac_sign(struct mac_key *k, const void *bytes, size_t len,
	      unsigned char *out) NONNULL(1, 2, 4);

/* Constant time in the content; lengths are not secret. */
bool crypto_equal(const void *a, const void *b, size_t len) NONNULL(1, 2);

/* Overwrites for good. */
void crypto_wipe(void *bytes, size_t len);

#endif
