/* SPDX-License-Identifier: MIT */
/*
 * The form of signed tokens: JWS compact serialisation (RFC 7515). The
 * algorithm is the key's and never the token's. What a token says is token.c's
 * affair.
 */
#ifndef JWT_H
#define JWT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/json.h"
#include "base/jws_key.h"

/* Signs `claims`, a JSON object as text. The header names alg and, where the
 * key has one, kid. */
const char *jwt_sign(struct arena *mem, struct jws_key *key, const char *claims,
		     size_t len) RETURNS_NONNULL NODISCARD NONNULL(1, 2, 3);

/* What was signed, decoded. On the arena, with a NUL behind it. */
struct jwt_payload {
	const char *text;
	size_t len;
};

/* The payload of a token that one of the `count` keys signed; ERR_BAD_TOKEN
 * for anything else. What it says may be no JSON. */
enum err jwt_open(struct arena *mem, struct jws_key *const *keys, size_t count,
		  const char *text, size_t len, struct jwt_payload *out)
	NODISCARD NONNULL(1, 2, 4, 6);

/* Its claims; ERR_BAD_TOKEN when they are no object. */
enum err jwt_claims(struct arena *mem, const struct jwt_payload *payload,
		    const struct json **out) NODISCARD NONNULL(1, 2, 3);

/*
 * Both: reads the claims, always an object, of a token that one of the `count`
 * keys signed. ERR_BAD_TOKEN for anything else. The signature is looked at
 * before any of its content, and each accepted token has exactly one spelling.
 */
enum err jwt_verify(struct arena *mem, struct jws_key *const *keys,
		    size_t count, const char *text, size_t len,
		    const struct json **claims) NODISCARD NONNULL(1, 2, 4, 6);

/*
 * The same for keys of somebody else (RFC 7517): only those are tried whose
 * algorithm the token's header names and, where it names a kid too, whose kid
 * is that one. No such key is ERR_BAD_TOKEN.
 */
enum err jwt_verify_by_kid(struct arena *mem, struct jws_key *const *keys,
			   size_t count, const char *text, size_t len,
			   const struct json **claims)
	NODISCARD NONNULL(1, 2, 4, 6);

/* What the header says of the key; kid is NULL when it names none. */
struct jwt_header {
	const char *alg;
	const char *kid;
};

/*
 * Reads the header: to tell which keys are needed. Nothing is verified.
 * ERR_BAD_TOKEN when the header is not one that a token of ours or of
 * jwt_verify_by_kid may have.
 */
enum err jwt_header_read(struct arena *mem, const char *text, size_t len,
			 struct jwt_header *out) NODISCARD NONNULL(1, 2, 4);

#endif
