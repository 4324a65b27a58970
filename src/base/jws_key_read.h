/* SPDX-License-Identifier: MIT */
/* Where the keys of jws_key.c come from. Nobody else includes this. */
#ifndef JWS_KEY_READ_H
#define JWS_KEY_READ_H

#include <openssl/evp.h>

#include "base/jws_key.h"

/* Both: ERR_INVALID with *why, a static sentence. *pkey is the caller's, of
 * jws_pem_read even then. */
enum err jws_pem_read(enum jws_alg alg, const char *pem, size_t len,
		      EVP_PKEY **pkey, bool *is_private, const char **why)
	NODISCARD NONNULL(2, 4, 5, 6);
/* *kid is NULL or lives as long as the JWK. */
enum err jws_jwk_read(struct arena *mem, const struct json *jwk,
		      enum jws_alg *alg, const char **kid, EVP_PKEY **pkey,
		      const char **why) NODISCARD NONNULL(1, 2, 3, 4, 5, 6);

#endif
