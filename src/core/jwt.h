/* SPDX-License-Identifier: MIT */
/*
 * The form of signed tokens: JWS compact serialisation (RFC 7515) with HS256
 * and nothing else. What a token says is token.c's affair.
 */
#ifndef JWT_H
#define JWT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"

/* Signs `claims`, a JSON object as text. */
const char *jwt_sign(struct arena *mem, struct mac_key *key, const char *claims,
		     size_t len) RETURNS_NONNULL NODISCARD NONNULL(1, 2, 3);

/*
 * Reads the claims, always an object, of a token that one of the `count` keys
 * signed. ERR_BAD_TOKEN for anything else. The signature is looked at before
 * any of its content, and each accepted token has exactly one spelling.
 */
enum err jwt_verify(struct arena *mem, struct mac_key *const *keys,
		    size_t count, const char *text, size_t len,
		    const struct json **claims) NODISCARD NONNULL(1, 2, 4, 6);

#endif
