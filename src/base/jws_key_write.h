/* SPDX-License-Identifier: MIT */
/* New keys for jws_key.c, and what others may know of one. Nobody else
 * includes this. */
#ifndef JWS_KEY_WRITE_H
#define JWS_KEY_WRITE_H

#include <openssl/evp.h>

#include "base/jws_key.h"

/* The members of a public JSON Web Key that RFC 7638 takes, as it spells
 * them. */
const char *jws_jwk_write(struct arena *mem, enum jws_alg alg,
			  const EVP_PKEY *pkey) RETURNS_NONNULL NONNULL(1, 3);

#endif
