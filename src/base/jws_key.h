/* SPDX-License-Identifier: MIT */
/*
 * Keys that sign and verify by the algorithms of JSON Web Signatures
 * (RFC 7518, RFC 8037). A key is made for one algorithm and knows no other,
 * so that nothing a token says can make it do anything else.
 */
#ifndef JWS_KEY_H
#define JWS_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

enum jws_alg {
	JWS_HS256,
	JWS_HS384,
	JWS_HS512,
	JWS_RS256,
	JWS_ES256,
	JWS_EDDSA /* Ed25519 */
};

/* The longest signature: RSA of 8192 bits. */
#define JWS_SIGNATURE_LIMIT 1024

/* "HS256", …, as a header names it. */
const char *jws_alg_name(enum jws_alg alg) RETURNS_NONNULL;
/* By its exact name; false when it is none of ours. */
bool jws_alg_named(const char *name, enum jws_alg *out) NODISCARD NONNULL(1, 2);
/* HS…: its key is a secret; the others have a private and a public one. */
bool jws_alg_has_secret(enum jws_alg alg);

/*
 * All of them are made once and reused, on the heap; the caller frees, which
 * wipes. A key that cannot be had is ERR_INVALID, and *why is a static
 * sentence without anything of the key in it.
 */
struct jws_key;
void jws_key_free(struct jws_key *k);
/* The same key for one more holder, who frees it too. */
struct jws_key *jws_key_hold(struct jws_key *k) RETURNS_NONNULL NONNULL(1);

/* Of an HS… algorithm. How long a secret must be is for the caller to say;
 * an empty one ends the process. */
struct jws_key *jws_key_from_secret(enum jws_alg alg, const void *secret,
				    size_t len)
	RETURNS_NONNULL NODISCARD NONNULL(2);

/*
 * Of another algorithm, from the text of a PEM file (RFC 7468): a private
 * key, not encrypted, signs and verifies; a public one only verifies. RSA has
 * 2048 to 8192 bits. `kid` is what headers name the key by, or NULL.
 */
enum err jws_key_from_pem(enum jws_alg alg, const char *pem, size_t len,
			  const char *kid, struct jws_key **out,
			  const char **why) NODISCARD NONNULL(2, 5, 6);

/*
 * From a public JSON Web Key (RFC 7517): RSA, EC with P-256 or OKP with
 * Ed25519. The algorithm follows from kty and crv; alg, use and key_ops may
 * only agree. A key with private parts in it is refused. RSA has 2048 to 4096
 * bits: whoever made the key, using it takes little time.
 */
struct json;
enum err jws_key_from_jwk(struct arena *mem, const struct json *jwk,
			  struct jws_key **out, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Whether a JWK says that it is a key for the algorithm, and of this id (NULL:
 * of any). Looks at no number of it, so that it costs nothing. */
bool jws_jwk_fits(const struct json *jwk, enum jws_alg alg, const char *kid)
	NODISCARD NONNULL(1);

/* A new private key as PEM (PKCS #8), not encrypted, for an algorithm that is
 * none of HS…; RSA has 3072 bits. On the arena. */
const char *jws_pem_generate(struct arena *mem, enum jws_alg alg)
	RETURNS_NONNULL NODISCARD NONNULL(1);

/*
 * What others may know of a key that is no secret: the members of its public
 * JSON Web Key that make it one, as RFC 7638 spells them.
 */
const char *jws_key_jwk(struct arena *mem, const struct jws_key *k)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2);
/* The thumbprint of that by SHA-256, in base64url: 43 characters. */
const char *jws_key_thumbprint(struct arena *mem, const struct jws_key *k)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2);
/* From now on its headers name it by its thumbprint. */
void jws_key_name(struct jws_key *k, struct arena *mem) NONNULL(1, 2);

enum jws_alg jws_key_alg(const struct jws_key *k) NONNULL(1);
/* NULL when it has none. */
const char *jws_key_id(const struct jws_key *k) NONNULL(1);
bool jws_key_can_sign(const struct jws_key *k) NONNULL(1);

/* Returns the signature's length. Only for a key that can sign. */
size_t jws_sign(struct jws_key *k, const void *bytes, size_t len,
		unsigned char out[JWS_SIGNATURE_LIMIT]) NONNULL(1, 2, 4);

/* Whether the signature is the key's; MACs are compared in constant time. A key
 * from PEM remembers signatures that were good, as long as it lives. */
bool jws_verify(struct jws_key *k, const void *bytes, size_t len,
		const unsigned char *signature, size_t signature_len)
	NODISCARD NONNULL(1, 2, 4);

#endif
