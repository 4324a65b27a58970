/* SPDX-License-Identifier: MIT */
#include "base/jws_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/jws_key_read.h"
#include "base/jws_key_write.h"

#define ES256_SIZE 64
#define EDDSA_SIZE 64
#define DER_LIMIT 80 /* of an ECDSA signature on P-256 */

/* How many good signatures a key remembers. */
#define SEEN_COUNT 2048

struct algorithm {
	const char *name;
	size_t mac_size;  /* of HMAC; 0 for the others */
	const char *hash; /* what is signed; NULL: the bytes themselves */
};

static const struct algorithm algorithms[] = {
	[JWS_HS256] = {"HS256", 32, NULL},
	[JWS_HS384] = {"HS384", 48, NULL},
	[JWS_HS512] = {"HS512", 64, NULL},
	[JWS_RS256] = {"RS256", 0, "SHA256"},
	[JWS_ES256] = {"ES256", 0, "SHA256"},
	[JWS_EDDSA] = {"EdDSA", 0, NULL},
};

struct jws_key {
	enum jws_alg alg;
	struct mac_key *mac; /* of HS… */
	EVP_PKEY *pkey;      /* of the others */
	/* What was signed, and how, by hashes that choose their places: a token
	 * comes again and again, and to judge its signature costs ten times
	 * what all else does. NULL: each is looked at once anyway. */
	unsigned char (*seen)[SHA256_SIZE];
	char *kid;
	bool can_sign;
	size_t more_holders;
};

const char *
jws_alg_name(enum jws_alg alg)
{
	return algorithms[alg].name;
}

bool
jws_alg_named(const char *name, enum jws_alg *out)
{
	for (size_t i = 0; i < countof(algorithms); i++) {
		if (strcmp(algorithms[i].name, name) != 0)
			continue;
		*out = (enum jws_alg)i;
		return true;
	}
	return false;
}

bool
jws_alg_has_secret(enum jws_alg alg)
{
	return algorithms[alg].mac_size > 0;
}

static struct jws_key *
key_new(enum jws_alg alg, const char *kid)
{
	struct jws_key *k = calloc(1, sizeof(*k));

	if (k == NULL)
		abort();
	k->alg = alg;
	k->kid = kid != NULL ? strdup(kid) : NULL;
	if (kid != NULL && k->kid == NULL)
		abort();
	return k;
}

void
jws_key_free(struct jws_key *k)
{
	if (k == NULL)
		return;
	if (k->more_holders > 0) {
		k->more_holders--;
		return;
	}
	mac_key_free(k->mac);
	EVP_PKEY_free(k->pkey);
	free(k->seen);
	free(k->kid);
	free(k);
}

struct jws_key *
jws_key_hold(struct jws_key *k)
{
	k->more_holders++;
	return k;
}

struct jws_key *
jws_key_from_secret(enum jws_alg alg, const void *secret, size_t len)
{
	struct jws_key *k;

	if (!jws_alg_has_secret(alg) || len == 0)
		abort();
	k = key_new(alg, NULL);
	k->mac = mac_key_new_sized(secret, len, algorithms[alg].mac_size);
	k->can_sign = true;
	return k;
}

/* A private key that does not belong to its public part shows here, and not
 * at the first login. */
static bool
signs_what_it_verifies(struct jws_key *k)
{
	static const char sample[] = "sample";
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	size_t len = jws_sign(k, sample, sizeof(sample), signature);

	return jws_verify(k, sample, sizeof(sample), signature, len);
}

enum err
jws_key_from_pem(enum jws_alg alg, const char *pem, size_t len, const char *kid,
		 struct jws_key **out, const char **why)
{
	struct jws_key *k = key_new(alg, kid);
	enum err e = jws_pem_read(alg, pem, len, &k->pkey, &k->can_sign, why);

	if (e == OK && k->can_sign && !signs_what_it_verifies(k)) {
		*why = "its private and its public part do not fit together";
		e = ERR_INVALID;
	}
	k->seen = calloc(SEEN_COUNT, sizeof(*k->seen));
	if (k->seen == NULL)
		abort();
	/* What OpenSSL complained about has been told. */
	ERR_clear_error();
	if (e != OK) {
		jws_key_free(k);
		k = NULL;
	}
	*out = k;
	return e;
}

enum err
jws_key_from_jwk(struct arena *mem, const struct json *jwk,
		 struct jws_key **out, const char **why)
{
	EVP_PKEY *pkey = NULL;
	const char *kid = NULL;
	enum jws_alg alg = JWS_RS256;
	enum err e = jws_jwk_read(mem, jwk, &alg, &kid, &pkey, why);

	ERR_clear_error();
	*out = NULL;
	if (e != OK)
		return e;
	*out = key_new(alg, kid);
	(*out)->pkey = pkey;
	return OK;
}

const char *
jws_key_jwk(struct arena *mem, const struct jws_key *k)
{
	if (k->pkey == NULL)
		abort();
	return jws_jwk_write(mem, k->alg, k->pkey);
}

const char *
jws_key_thumbprint(struct arena *mem, const struct jws_key *k)
{
	const char *jwk = jws_key_jwk(mem, k);
	unsigned char hash[SHA256_SIZE];

	crypto_sha256(jwk, strlen(jwk), hash);
	return crypto_base64url(mem, hash, sizeof(hash));
}

void
jws_key_name(struct jws_key *k, struct arena *mem)
{
	char *kid = strdup(jws_key_thumbprint(mem, k));

	if (kid == NULL)
		abort();
	free(k->kid);
	k->kid = kid;
}

enum jws_alg
jws_key_alg(const struct jws_key *k)
{
	return k->alg;
}

const char *
jws_key_id(const struct jws_key *k)
{
	return k->kid;
}

bool
jws_key_can_sign(const struct jws_key *k)
{
	return k->can_sign;
}

/* r and s one behind the other (RFC 7518, section 3.4), where OpenSSL writes
 * a DER sequence. */
static size_t
es256_from_der(const unsigned char *der, size_t len,
	       unsigned char out[ES256_SIZE])
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);

	if (pair == NULL ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, ES256_SIZE / 2) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + ES256_SIZE / 2,
			 ES256_SIZE / 2) < 0)
		abort();
	ECDSA_SIG_free(pair);
	return ES256_SIZE;
}

static size_t
es256_to_der(const unsigned char raw[ES256_SIZE], unsigned char out[DER_LIMIT])
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, ES256_SIZE / 2, NULL);
	BIGNUM *s = BN_bin2bn(raw + ES256_SIZE / 2, ES256_SIZE / 2, NULL);
	int len;

	if (pair == NULL || r == NULL || s == NULL ||
	    ECDSA_SIG_set0(pair, r, s) != 1)
		abort();
	len = i2d_ECDSA_SIG(pair, &out);
	ECDSA_SIG_free(pair);
	if (len <= 0)
		abort();
	return (size_t)len;
}

static size_t
pkey_sign(const struct jws_key *k, const void *bytes, size_t len,
	  unsigned char out[JWS_SIGNATURE_LIMIT])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t size = JWS_SIGNATURE_LIMIT;

	if (md == NULL ||
	    EVP_DigestSignInit_ex(md, NULL, algorithms[k->alg].hash, NULL, NULL,
				  k->pkey, NULL) != 1 ||
	    EVP_DigestSign(md, out, &size, bytes, len) != 1)
		abort();
	EVP_MD_CTX_free(md);
	return size;
}

size_t
jws_sign(struct jws_key *k, const void *bytes, size_t len,
	 unsigned char out[JWS_SIGNATURE_LIMIT])
{
	unsigned char der[JWS_SIGNATURE_LIMIT];

	if (!k->can_sign)
		abort();
	if (k->mac != NULL) {
		mac_sign(k->mac, bytes, len, out);
		return algorithms[k->alg].mac_size;
	}
	if (k->alg != JWS_ES256)
		return pkey_sign(k, bytes, len, out);
	return es256_from_der(der, pkey_sign(k, bytes, len, der), out);
}

static bool
mac_verify(const struct jws_key *k, const void *bytes, size_t len,
	   const unsigned char *mac)
{
	unsigned char ours[JWS_SIGNATURE_LIMIT];
	size_t size = algorithms[k->alg].mac_size;
	bool fits;

	mac_sign(k->mac, bytes, len, ours);
	fits = crypto_equal(ours, mac, size);
	crypto_wipe(ours, size);
	return fits;
}

static bool
pkey_verify(const struct jws_key *k, const void *bytes, size_t len,
	    const unsigned char *signature, size_t signature_len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool fits;

	if (md == NULL ||
	    EVP_DigestVerifyInit_ex(md, NULL, algorithms[k->alg].hash, NULL,
				    NULL, k->pkey, NULL) != 1)
		abort();
	fits = EVP_DigestVerify(md, signature, signature_len, bytes, len) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return fits;
}

/* As it is spelled in a token. */
static bool
signature_verify(const struct jws_key *k, const void *bytes, size_t len,
		 const unsigned char *signature, size_t signature_len)
{
	unsigned char der[DER_LIMIT];

	if (k->alg != JWS_ES256)
		return pkey_verify(k, bytes, len, signature, signature_len);
	return pkey_verify(k, bytes, len, der, es256_to_der(signature, der));
}

/* A signature that was good stays so: it is the key's alone to say, and what
 * it remembers ends with it. */
static bool
pkey_verify_once(struct jws_key *k, const void *bytes, size_t len,
		 const unsigned char *signature, size_t signature_len)
{
	unsigned char both[SHA256_SIZE + JWS_SIGNATURE_LIMIT];
	unsigned char mark[SHA256_SIZE];
	unsigned char *place;

	crypto_sha256(bytes, len, both);
	memcpy(both + SHA256_SIZE, signature, signature_len);
	crypto_sha256(both, SHA256_SIZE + signature_len, mark);
	place = k->seen[(mark[0] | mark[1] << 8) % SEEN_COUNT];
	if (memcmp(place, mark, sizeof(mark)) == 0)
		return true;
	if (!signature_verify(k, bytes, len, signature, signature_len))
		return false;
	memcpy(place, mark, sizeof(mark));
	return true;
}

/* Each key's signatures have one length. */
static size_t
signature_size(const struct jws_key *k)
{
	if (k->mac != NULL)
		return algorithms[k->alg].mac_size;
	if (k->alg == JWS_ES256)
		return ES256_SIZE;
	if (k->alg == JWS_EDDSA)
		return EDDSA_SIZE;
	return (size_t)EVP_PKEY_get_size(k->pkey);
}

bool
jws_verify(struct jws_key *k, const void *bytes, size_t len,
	   const unsigned char *signature, size_t signature_len)
{
	if (signature_len != signature_size(k))
		return false;
	if (k->mac != NULL)
		return mac_verify(k, bytes, len, signature);
	if (k->seen == NULL)
		return signature_verify(k, bytes, len, signature,
					signature_len);
	return pkey_verify_once(k, bytes, len, signature, signature_len);
}
