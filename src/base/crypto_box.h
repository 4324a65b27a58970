/* SPDX-License-Identifier: MIT */
/* Small texts encrypted and authenticated (AES-256-GCM, NIST SP 800-38D). */
#ifndef CRYPTO_BOX_H
#define CRYPTO_BOX_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define BOX_KEY_SIZE 32
/* What sealing adds to the bytes of a text, before base64url: a random number
 * that is used once, and a tag. */
#define BOX_OVERHEAD (12 + 16)

/* A key for one purpose from a secret of any length. */
void box_key(const char *secret, const char *purpose,
	     unsigned char out[BOX_KEY_SIZE]) NONNULL(1, 2, 3);

/* The text sealed, as base64url. Who opens it must know `bound`, which is not
 * in it. */
const char *box_seal(struct arena *mem, const unsigned char key[BOX_KEY_SIZE],
		     const char *bound, const char *text)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2, 3, 4);

/* ERR_INVALID when it was not sealed with this key and these bounds, or was
 * changed since. */
enum err box_open(struct arena *mem, const unsigned char key[BOX_KEY_SIZE],
		  const char *bound, const char *sealed, const char **out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

#endif
