/* SPDX-License-Identifier: MIT */
#include "base/jws_key_read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/crypto.h"
#include "base/json.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_BITS_MAX_JWK 4096
#define EXPONENT_MIN 65537
#define EXPONENT_BITS_MAX 32
#define COORDINATE_SIZE 32
#define ED25519_SIZE 32
#define POINT_SIZE (1 + 2 * COORDINATE_SIZE)

/* A member that must be a clean text; NULL when it is not, or not there. */
static const char *
text_of(const struct json *jwk, const char *name)
{
	const struct json *v = json_member(jwk, name);

	if (v == NULL || json_type(v) != JSON_TEXT ||
	    !json_text_is_clean(json_text(v)))
		return NULL;
	return json_text(v);
}

/* The bytes of a base64url member; `size` 0 stands for any length. */
static bool
bytes_of(struct arena *mem, const struct json *jwk, const char *name,
	 size_t size, unsigned char **out, size_t *len)
{
	const char *text = text_of(jwk, name);

	if (text == NULL ||
	    crypto_base64url_decode(mem, text, strlen(text), out, len) != OK)
		return false;
	return size > 0 ? *len == size : *len > 0;
}

/* NULL when the parts make no key. */
static EVP_PKEY *
pkey_build(const char *type, OSSL_PARAM_BLD *parts)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || make == NULL)
		abort();
	if (EVP_PKEY_fromdata_init(make) != 1 ||
	    EVP_PKEY_fromdata(make, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(make);
	OSSL_PARAM_free(params);
	return pkey;
}

/* OpenSSL's check of a public RSA key looks for primes in it, which takes
 * somebody else's large number seconds: size and exponent are judged instead
 * (pkey_fault). */
static EVP_PKEY *
rsa_read(struct arena *mem, const struct json *jwk)
{
	OSSL_PARAM_BLD *parts = NULL;
	EVP_PKEY *pkey = NULL;
	unsigned char *bytes;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;
	size_t len;

	if (!bytes_of(mem, jwk, "n", 0, &bytes, &len) ||
	    len > RSA_BITS_MAX / 8 + 1)
		return NULL;
	n = BN_bin2bn(bytes, (int)len, NULL);
	if (!bytes_of(mem, jwk, "e", 0, &bytes, &len) ||
	    len > EXPONENT_BITS_MAX / 8)
		goto out;
	e = BN_bin2bn(bytes, (int)len, NULL);
	parts = OSSL_PARAM_BLD_new();
	if (n == NULL || e == NULL || parts == NULL ||
	    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		abort();
	pkey = pkey_build("RSA", parts);
out:
	OSSL_PARAM_BLD_free(parts);
	BN_free(e);
	BN_free(n);
	return pkey;
}

/* A point beside the curve gives keys away. */
static bool
is_on_its_curve(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool is_on_it;

	if (check == NULL)
		abort();
	is_on_it = EVP_PKEY_public_check(check) == 1;
	EVP_PKEY_CTX_free(check);
	return is_on_it;
}

static EVP_PKEY *
ec_read(struct arena *mem, const struct json *jwk)
{
	unsigned char point[POINT_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *parts;
	EVP_PKEY *pkey;
	unsigned char *x;
	unsigned char *y;
	size_t len;

	if (!bytes_of(mem, jwk, "x", COORDINATE_SIZE, &x, &len) ||
	    !bytes_of(mem, jwk, "y", COORDINATE_SIZE, &y, &len))
		return NULL;
	memcpy(point + 1, x, COORDINATE_SIZE);
	memcpy(point + 1 + COORDINATE_SIZE, y, COORDINATE_SIZE);
	parts = OSSL_PARAM_BLD_new();
	if (parts == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME,
					    "prime256v1", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY,
					     point, sizeof(point)) != 1)
		abort();
	pkey = pkey_build("EC", parts);
	OSSL_PARAM_BLD_free(parts);
	if (pkey == NULL || is_on_its_curve(pkey))
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

static EVP_PKEY *
okp_read(struct arena *mem, const struct json *jwk)
{
	unsigned char *x;
	size_t len;

	if (!bytes_of(mem, jwk, "x", ED25519_SIZE, &x, &len))
		return NULL;
	return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, len);
}

/* What OpenSSL and JSON Web Keys call the kinds of keys. */
struct kind {
	enum jws_alg alg;
	const char *openssl;
	const char *kty;
	const char *crv;
	EVP_PKEY *(*read)(struct arena *mem, const struct json *jwk);
	const char *wanted;
};

static const struct kind kinds[] = {
	{JWS_RS256, "RSA", "RSA", NULL, rsa_read, "RS256 takes an RSA key"},
	{JWS_ES256, "EC", "EC", "P-256", ec_read,
	 "ES256 takes a key on the curve P-256 (prime256v1)"},
	{JWS_EDDSA, "ED25519", "OKP", "Ed25519", okp_read,
	 "EdDSA takes an Ed25519 key"},
};

static const struct kind *
kind_of(enum jws_alg alg)
{
	for (size_t i = 0; i < countof(kinds); i++)
		if (kinds[i].alg == alg)
			return &kinds[i];
	abort();
}

static bool
is_p256(const EVP_PKEY *pkey)
{
	char name[32];
	size_t len;

	return EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) == 1 &&
	       strcmp(name, "prime256v1") == 0;
}

/* Odd, and neither so small nor so large that the key is a trap. */
static bool
has_good_exponent(const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool is_good;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return false;
	is_good = BN_is_odd(e) && BN_num_bits(e) <= EXPONENT_BITS_MAX &&
		  BN_get_word(e) >= EXPONENT_MIN;
	BN_free(e);
	return is_good;
}

/* NULL when the key may be used with the algorithm. */
static const char *
pkey_fault(const EVP_PKEY *pkey, const struct kind *kind)
{
	if (EVP_PKEY_is_a(pkey, kind->openssl) != 1)
		return kind->wanted;
	if (kind->alg == JWS_ES256 && !is_p256(pkey))
		return kind->wanted;
	if (kind->alg != JWS_RS256)
		return NULL;
	if (EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN)
		return "an RSA key must have at least 2048 bits";
	if (EVP_PKEY_get_bits(pkey) > RSA_BITS_MAX)
		return "an RSA key must have at most 8192 bits";
	if (!has_good_exponent(pkey))
		return "the RSA key's exponent is not a usual one";
	return NULL;
}

/* Nobody is asked for a passphrase. */
static int
no_passphrase(char *out, int size, int is_writing, void *arg)
{
	(void)out;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

enum err
jws_pem_read(enum jws_alg alg, const char *pem, size_t len, EVP_PKEY **pkey,
	     bool *is_private, const char **why)
{
	static const char mark[] = "PRIVATE KEY-----";
	static const char encrypted[] = "ENCRYPTED";
	BIO *text;

	*pkey = NULL;
	*is_private = memmem(pem, len, mark, strlen(mark)) != NULL;
	if (len > INT_MAX || jws_alg_has_secret(alg))
		abort();
	text = BIO_new_mem_buf(pem, (int)len);
	if (text == NULL)
		abort();
	if (*is_private)
		*pkey = PEM_read_bio_PrivateKey(text, NULL, no_passphrase,
						NULL);
	else
		*pkey = PEM_read_bio_PUBKEY(text, NULL, no_passphrase, NULL);
	BIO_free(text);
	if (*pkey != NULL)
		*why = pkey_fault(*pkey, kind_of(alg));
	else if (memmem(pem, len, encrypted, strlen(encrypted)) != NULL)
		*why = "the key is encrypted, and nobody is there to be asked "
		       "for its passphrase";
	else
		*why = "there is no private or public key in PEM in it";
	return *why == NULL ? OK : ERR_INVALID;
}

static bool
is_absent_or(const struct json *jwk, const char *name, const char *expected)
{
	const char *text = text_of(jwk, name);

	if (json_member(jwk, name) == NULL)
		return true;
	return text != NULL && strcmp(text, expected) == 0;
}

static bool
may_verify(const struct json *jwk)
{
	const struct json *v = json_member(jwk, "key_ops");

	if (v == NULL)
		return true;
	if (json_type(v) != JSON_ARRAY)
		return false;
	for (v = json_first(v); v != NULL; v = json_next(v))
		if (json_type(v) == JSON_TEXT &&
		    strcmp(json_text(v), "verify") == 0)
			return true;
	return false;
}

static const char *
jwk_fault(const struct json *jwk, const struct kind **out)
{
	const char *kty = text_of(jwk, "kty");
	const struct kind *kind = NULL;

	for (size_t i = 0; i < countof(kinds) && kty != NULL; i++)
		if (strcmp(kinds[i].kty, kty) == 0)
			kind = &kinds[i];
	if (kind == NULL)
		return "its kty is none of RSA, EC, OKP";
	if (kind->crv != NULL && (text_of(jwk, "crv") == NULL ||
				  !is_absent_or(jwk, "crv", kind->crv)))
		return "its crv is none of P-256, Ed25519";
	if (!is_absent_or(jwk, "alg", jws_alg_name(kind->alg)))
		return "its alg is none of RS256, ES256, EdDSA, or not for "
		       "its kty";
	if (!is_absent_or(jwk, "use", "sig") || !may_verify(jwk))
		return "it is not for signatures";
	if (json_member(jwk, "kid") != NULL && text_of(jwk, "kid") == NULL)
		return "its kid is not a text";
	if (json_member(jwk, "d") != NULL)
		return "it holds a private key";
	*out = kind;
	return NULL;
}

bool
jws_jwk_fits(const struct json *jwk, enum jws_alg alg, const char *kid)
{
	const struct kind *kind = NULL;
	const char *own;

	if (jwk_fault(jwk, &kind) != NULL || kind->alg != alg)
		return false;
	own = text_of(jwk, "kid");
	return kid == NULL || (own != NULL && strcmp(own, kid) == 0);
}

enum err
jws_jwk_read(struct arena *mem, const struct json *jwk, enum jws_alg *alg,
	     const char **kid, EVP_PKEY **pkey, const char **why)
{
	const struct kind *kind = NULL;

	*pkey = NULL;
	*why = jwk_fault(jwk, &kind);
	if (*why != NULL)
		return ERR_INVALID;
	*pkey = kind->read(mem, jwk);
	*why = *pkey == NULL ? "its numbers make no public key"
			     : pkey_fault(*pkey, kind);
	if (*why == NULL && EVP_PKEY_get_bits(*pkey) > RSA_BITS_MAX_JWK)
		*why = "an RSA key of somebody else must have at most 4096 "
		       "bits";
	if (*why != NULL) {
		EVP_PKEY_free(*pkey);
		return ERR_INVALID;
	}
	*alg = kind->alg;
	*kid = text_of(jwk, "kid");
	return OK;
}
