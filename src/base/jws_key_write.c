/* SPDX-License-Identifier: MIT */
#include "base/jws_key_write.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "base/crypto.h"

#define RSA_BITS 3072
#define COORDINATE_SIZE 32
#define NUMBER_SIZE 1024 /* RSA of 8192 bits */

/* A number of the key in base64url, in `size` bytes; 0: as few as it takes. */
static const char *
number_of(struct arena *mem, const EVP_PKEY *pkey, const char *name, int size)
{
	unsigned char bytes[NUMBER_SIZE];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		abort();
	if (size == 0)
		size = BN_num_bytes(n);
	if (size > NUMBER_SIZE || BN_bn2binpad(n, bytes, size) != size)
		abort();
	BN_free(n);
	return crypto_base64url(mem, bytes, (size_t)size);
}

static const char *
okp_point(struct arena *mem, const EVP_PKEY *pkey)
{
	unsigned char bytes[COORDINATE_SIZE];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
		abort();
	return crypto_base64url(mem, bytes, len);
}

const char *
jws_jwk_write(struct arena *mem, enum jws_alg alg, const EVP_PKEY *pkey)
{
	if (alg == JWS_RS256)
		return arena_printf(
			mem, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}",
			number_of(mem, pkey, OSSL_PKEY_PARAM_RSA_E, 0),
			number_of(mem, pkey, OSSL_PKEY_PARAM_RSA_N, 0));
	if (alg == JWS_ES256)
		return arena_printf(
			mem,
			"{\"crv\":\"P-256\",\"kty\":\"EC\","
			"\"x\":\"%s\",\"y\":\"%s\"}",
			number_of(mem, pkey, OSSL_PKEY_PARAM_EC_PUB_X,
				  COORDINATE_SIZE),
			number_of(mem, pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
				  COORDINATE_SIZE));
	if (alg != JWS_EDDSA)
		abort();
	return arena_printf(
		mem, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}",
		okp_point(mem, pkey));
}

static EVP_PKEY *
pkey_generate(enum jws_alg alg)
{
	if (alg == JWS_RS256)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
	if (alg == JWS_ES256)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (alg == JWS_EDDSA)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	abort();
}

const char *
jws_pem_generate(struct arena *mem, enum jws_alg alg)
{
	EVP_PKEY *pkey = pkey_generate(alg);
	BIO *out = BIO_new(BIO_s_secmem());
	char *text;
	const char *pem;
	long len;

	if (pkey == NULL || out == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(out, pkey, NULL, NULL, 0, NULL,
					  NULL) != 1)
		abort();
	len = BIO_get_mem_data(out, &text);
	if (len <= 0)
		abort();
	pem = arena_copy(mem, text, (size_t)len);
	BIO_free(out);
	EVP_PKEY_free(pkey);
	return pem;
}
