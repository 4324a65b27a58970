/* SPDX-License-Identifier: MIT */
#include "base/jws_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "jws_keys.h"

#define RFC_CLAIMS                                                             \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl" \
	"LmNvbS9pc19yb290Ijp0cnVlfQ"
#define RS256_TEXT "eyJhbGciOiJSUzI1NiJ9." RFC_CLAIMS
#define RS256_SIGNATURE                                                        \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuH" \
	"Im4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdi" \
	"uB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN" \
	"9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2" \
	"w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77" \
	"Rw"
#define ES256_TEXT "eyJhbGciOiJFUzI1NiJ9." RFC_CLAIMS
#define ES256_SIGNATURE                                                        \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ" \
	"xfKTUJqPP3-Kg6NU1Q"
#define EDDSA_TEXT "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define EDDSA_SIGNATURE                                                        \
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsP" \
	"t9g7sVvpAr_MuM0KAg"

/* The examples of RFC 7515, appendix A, and RFC 8037, appendix A.4. */
struct vector {
	enum jws_alg alg;
	const char *private_pem;
	const char *public_pem;
	const char *jwk;
	const char *text;
	const char *signature;
};

static const struct vector vectors[] = {
	{JWS_RS256, rsa_private, rsa_public, "{" RSA_JWK "}", RS256_TEXT,
	 RS256_SIGNATURE},
	{JWS_ES256, ec_private, ec_public, "{" EC_JWK "}", ES256_TEXT,
	 ES256_SIGNATURE},
	{JWS_EDDSA, ed_private, ed_public, "{" ED_JWK "}", EDDSA_TEXT,
	 EDDSA_SIGNATURE},
};

static int
open_arena(void **state)
{
	*state = arena_open(0, 1 << 22);
	return 0;
}

static int
close_arena(void **state)
{
	arena_close(*state);
	return 0;
}

static enum err
read_pem(enum jws_alg alg, const char *pem, struct jws_key **out)
{
	const char *why = NULL;
	enum err e = jws_key_from_pem(alg, pem, strlen(pem), NULL, out, &why);

	assert_true((e == OK) == (why == NULL));
	assert_true((e == OK) == (*out != NULL));
	return e;
}

static struct jws_key *
pem_key(enum jws_alg alg, const char *pem)
{
	struct jws_key *k;

	assert_int_equal(read_pem(alg, pem, &k), OK);
	assert_int_equal(jws_key_alg(k), alg);
	return k;
}

static enum err
read_jwk(struct arena *mem, const char *text, struct jws_key **out)
{
	const struct json *jwk;
	struct json_fault fault;
	const char *why = NULL;
	enum err e;

	assert_int_equal(
		json_parse(mem, text, strlen(text), JSON_TOKEN, &jwk, &fault),
		OK);
	e = jws_key_from_jwk(mem, jwk, out, &why);
	assert_true((e == OK) == (why == NULL));
	assert_true((e == OK) == (*out != NULL));
	return e;
}

static bool
verifies(struct arena *mem, struct jws_key *k, const char *text,
	 const char *signature)
{
	unsigned char *bytes;
	size_t len;

	assert_int_equal(crypto_base64url_decode(mem, signature,
						 strlen(signature), &bytes,
						 &len),
			 OK);
	return jws_verify(k, text, strlen(text), bytes, len);
}

static void
the_vectors_of_the_rfcs_verify(void **state)
{
	for (size_t i = 0; i < countof(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct jws_key *keys[3];

		keys[0] = pem_key(v->alg, v->private_pem);
		keys[1] = pem_key(v->alg, v->public_pem);
		assert_int_equal(read_jwk(*state, v->jwk, &keys[2]), OK);

		for (size_t k = 0; k < countof(keys); k++) {
			assert_int_equal(jws_key_alg(keys[k]), v->alg);
			assert_int_equal(jws_key_can_sign(keys[k]), k == 0);
			assert_true(verifies(*state, keys[k], v->text,
					     v->signature));
			assert_false(verifies(*state, keys[k], "other text",
					      v->signature));
			jws_key_free(keys[k]);
		}
	}
}

static void
what_is_signed_is_what_the_rfcs_print(void **state)
{
	unsigned char signature[JWS_SIGNATURE_LIMIT];

	for (size_t i = 0; i < countof(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct jws_key *k = pem_key(v->alg, v->private_pem);
		struct jws_key *other = pem_key(v->alg, v->public_pem);
		size_t len = jws_sign(k, v->text, strlen(v->text), signature);

		assert_true(jws_verify(other, v->text, strlen(v->text),
				       signature, len));
		/* ECDSA is made anew each time. */
		if (v->alg != JWS_ES256)
			assert_string_equal(
				crypto_base64url(*state, signature, len),
				v->signature);
		jws_key_free(other);
		jws_key_free(k);
	}
}

/* RFC 4231, case 2. */
static void
the_macs_are_the_published_ones(void **state)
{
	static const char text[] = "what do ya want for nothing?";
	static const char *const hex[] = {
		"5bdcc146bf60754e6a042426089575c7"
		"5a003f089d2739839dec58b964ec3843",
		"af45d2e376484031617f78d2b58a6b1b"
		"9c7ef464f5a01b47e42ec3736322445e"
		"8e2240ca5e69e2c78b3239ecfab21649",
		"164b7a7bfcf819e2e395fbe73b56e0a3"
		"87bd64222e831fd610270cd7ea250554"
		"9758bf75c05a994a6d034f65f8f0e6fd"
		"caeab1a34d4a6b4b636e070a38bce737",
	};

	(void)state;
	for (size_t i = 0; i < countof(hex); i++) {
		enum jws_alg alg = (enum jws_alg)(JWS_HS256 + i);
		struct jws_key *k = jws_key_from_secret(alg, "Jefe", 4);
		unsigned char mac[JWS_SIGNATURE_LIMIT];
		char spelled[2 * 64 + 1] = "";
		size_t len = jws_sign(k, text, strlen(text), mac);

		for (size_t at = 0; at < len; at++)
			(void)snprintf(spelled + 2 * at, 3, "%02x", mac[at]);
		assert_string_equal(spelled, hex[i]);
		assert_true(jws_verify(k, text, strlen(text), mac, len));
		jws_key_free(k);
	}
}

static void
a_signature_with_any_bit_changed_is_none(void **state)
{
	for (size_t i = 0; i < countof(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct jws_key *k = pem_key(v->alg, v->public_pem);
		unsigned char *bytes;
		size_t len;

		assert_int_equal(crypto_base64url_decode(*state, v->signature,
							 strlen(v->signature),
							 &bytes, &len),
				 OK);
		for (size_t at = 0; at < len; at++) {
			bytes[at] ^= (unsigned char)(1U << at % 8);
			assert_false(jws_verify(k, v->text, strlen(v->text),
						bytes, len));
			bytes[at] ^= (unsigned char)(1U << at % 8);
		}
		for (size_t n = 0; n < len; n++)
			assert_false(jws_verify(k, v->text, strlen(v->text),
						bytes, n));
		assert_true(
			jws_verify(k, v->text, strlen(v->text), bytes, len));
		jws_key_free(k);
	}
}

/* What a key has found good it remembers; nothing else is good by that. */
static void
what_was_good_once_makes_nothing_else_so(void **state)
{
	for (size_t i = 0; i < countof(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct jws_key *k = pem_key(v->alg, v->public_pem);
		size_t size = strlen(v->text);
		char *text = arena_text(*state, v->text);
		unsigned char *bytes;
		size_t len;

		assert_int_equal(crypto_base64url_decode(*state, v->signature,
							 strlen(v->signature),
							 &bytes, &len),
				 OK);
		assert_true(jws_verify(k, text, size, bytes, len));
		for (size_t at = 0; at < size; at++) {
			text[at] ^= 1;
			assert_false(jws_verify(k, text, size, bytes, len));
			text[at] ^= 1;
		}
		for (size_t at = 0; at < len; at++) {
			bytes[at] ^= 0x80;
			assert_false(jws_verify(k, text, size, bytes, len));
			bytes[at] ^= 0x80;
		}
		assert_false(jws_verify(k, text, size - 1, bytes, len));
		assert_true(jws_verify(k, text, size, bytes, len));
		jws_key_free(k);
	}
}

/* More than a key remembers: places are taken by others, and given back. */
static void
thousands_of_signatures_are_all_judged(void **state)
{
	struct jws_key *k = pem_key(JWS_EDDSA, ed_private);
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	size_t len = 0;

	for (int i = 0; i < 6000; i++) {
		const char *text = arena_printf(*state, "%d", i);

		len = jws_sign(k, text, strlen(text), signature);
		assert_true(jws_verify(k, text, strlen(text), signature, len));
		assert_true(jws_verify(k, text, strlen(text), signature, len));
		assert_false(jws_verify(k, "x", 1, signature, len));
	}
	jws_key_free(k);
}

/* CVE-2022-21449: r and s of zero, or of the group's order. */
static void
an_ecdsa_signature_of_zeros_is_none(void **state)
{
	static const unsigned char order[32] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
		0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	unsigned char raw[64] = {0};
	struct jws_key *k = pem_key(JWS_ES256, ec_public);

	(void)state;
	assert_false(jws_verify(k, "x", 1, raw, sizeof(raw)));
	memcpy(raw, order, sizeof(order));
	assert_false(jws_verify(k, "x", 1, raw, sizeof(raw)));
	memcpy(raw + 32, order, sizeof(order));
	assert_false(jws_verify(k, "x", 1, raw, sizeof(raw)));
	memset(raw, 0xff, sizeof(raw));
	assert_false(jws_verify(k, "x", 1, raw, sizeof(raw)));
	memset(raw, 0, sizeof(raw));
	raw[31] = 1;
	raw[63] = 1;
	assert_false(jws_verify(k, "x", 1, raw, sizeof(raw)));
	jws_key_free(k);
}

static void
a_der_signature_is_not_taken_for_es256(void **state)
{
	/* That of RFC 7515, appendix A.3, as OpenSSL would write it. */
	static const char der[] =
		"MEUCIA7RIVN5Y2xIPC9_FVgH1AKjsigDOvl8fheBmsMWnqZlAiEAxQoH04w8cO"
		"XY8S2vCEpUgKZlkMXyk1Cajz9_ioOjVNU";
	struct jws_key *k = pem_key(JWS_ES256, ec_public);

	assert_false(verifies(*state, k, ES256_TEXT, der));
	jws_key_free(k);
}

static void
a_pem_key_of_another_kind_is_refused(void **state)
{
	static const struct {
		enum jws_alg alg;
		const char *pem;
	} refused[] = {
		{JWS_RS256, ec_private},
		{JWS_RS256, ed_private},
		{JWS_RS256, ec_public},
		{JWS_RS256, rsa_1024_public},
		{JWS_RS256, rsa_exponent_3_public},
		{JWS_ES256, rsa_private},
		{JWS_ES256, ed_public},
		{JWS_ES256, p384_private},
		{JWS_ES256, ec_mismatched},
		{JWS_EDDSA, rsa_public},
		{JWS_EDDSA, ec_private},
		{JWS_EDDSA, ed_encrypted},
		{JWS_EDDSA, ""},
		{JWS_EDDSA, "-----BEGIN PRIVATE KEY-----\n"},
		{JWS_EDDSA, "not a key at all, but long enough to be one"},
	};
	struct jws_key *k;

	(void)state;
	for (size_t i = 0; i < countof(refused); i++)
		assert_int_equal(read_pem(refused[i].alg, refused[i].pem, &k),
				 ERR_INVALID);
}

static void
a_key_of_the_older_pem_form_is_taken(void **state)
{
	struct jws_key *k = pem_key(JWS_RS256, rsa_private_pkcs1);

	assert_true(jws_key_can_sign(k));
	assert_true(verifies(*state, k, RS256_TEXT, RS256_SIGNATURE));
	jws_key_free(k);
}

static void
a_jwk_may_say_what_it_is_for_and_its_name(void **state)
{
	static const char *const taken[] = {
		"{" RSA_JWK ",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"a\"}",
		"{" EC_JWK ",\"alg\":\"ES256\",\"kid\":\"a\",\"x5t\":\"b\"}",
		"{" ED_JWK ",\"alg\":\"EdDSA\",\"kid\":\"a\","
		"\"key_ops\":[\"sign\",\"verify\"]}",
	};
	struct jws_key *k;

	for (size_t i = 0; i < countof(taken); i++) {
		assert_int_equal(read_jwk(*state, taken[i], &k), OK);
		assert_string_equal(jws_key_id(k), "a");
		jws_key_free(k);
	}
	assert_int_equal(read_jwk(*state, "{" EC_JWK "}", &k), OK);
	assert_null(jws_key_id(k));
	jws_key_free(k);
}

static void
a_jwk_that_is_not_right_in_every_part_is_refused(void **state)
{
	static const char *const refused[] = {
		"{}",
		"[]",
		"\"RSA\"",
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":[\"RSA\"],\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"rsa\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
		"{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "=\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Aw\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAC\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAAAAAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537}",
		"{" RSA_JWK ",\"alg\":\"RS512\"}",
		"{" RSA_JWK ",\"alg\":\"PS256\"}",
		"{" RSA_JWK ",\"alg\":\"HS256\"}",
		"{" RSA_JWK ",\"alg\":\"none\"}",
		"{" RSA_JWK ",\"alg\":null}",
		"{" RSA_JWK ",\"use\":\"enc\"}",
		"{" RSA_JWK ",\"use\":7}",
		"{" RSA_JWK ",\"key_ops\":[\"encrypt\"]}",
		"{" RSA_JWK ",\"key_ops\":\"verify\"}",
		"{" RSA_JWK ",\"kid\":7}",
		"{" RSA_JWK ",\"kid\":\"a\\u0000b\"}",
		"{" RSA_JWK ",\"d\":\"AQAB\"}",
		"{" EC_JWK ",\"alg\":\"RS256\"}",
		"{" EC_JWK ",\"d\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X
		"\",\"y\":\"" EC_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" EC_X
		"\",\"y\":\"" EC_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X
		"\",\"y\":\"" EC_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"" EC_Y
		"\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
		"{\"kty\":\"OKP\",\"x\":\"" ED_X "\"}",
	};
	struct jws_key *k;

	for (size_t i = 0; i < countof(refused); i++)
		assert_int_equal(read_jwk(*state, refused[i], &k), ERR_INVALID);
}

/* An RSA key with n = 2^bits - 1. */
static enum err
read_mersenne(struct arena *mem, size_t bits, struct jws_key **out)
{
	size_t len = (bits + 7) / 8;
	unsigned char *n = arena_alloc(mem, len);

	memset(n, 0xff, len);
	if (bits % 8 != 0)
		n[0] = (unsigned char)((1 << bits % 8) - 1);
	return read_jwk(mem,
			arena_printf(mem,
				     "{\"kty\":\"RSA\",\"n\":\"%s\","
				     "\"e\":\"AQAB\"}",
				     crypto_base64url(mem, n, len)),
			out);
}

/* 2^2203 - 1 and 2^4423 - 1 are primes: whoever looks for primes in a number
 * refuses them, and needs minutes for larger ones (CVE-2023-6237). */
static void
nobody_looks_for_primes_in_a_strangers_number(void **state)
{
	struct jws_key *k;

	assert_int_equal(read_mersenne(*state, 2203, &k), OK);
	jws_key_free(k);
	assert_int_equal(read_mersenne(*state, 4096, &k), OK);
	jws_key_free(k);
	assert_int_equal(read_mersenne(*state, 2047, &k), ERR_INVALID);
	assert_int_equal(read_mersenne(*state, 4097, &k), ERR_INVALID);
	assert_int_equal(read_mersenne(*state, 4423, &k), ERR_INVALID);
	assert_int_equal(read_mersenne(*state, 8192, &k), ERR_INVALID);
}

static bool
fits(struct arena *mem, const char *text, enum jws_alg alg, const char *kid)
{
	const struct json *jwk;
	struct json_fault fault;

	assert_int_equal(
		json_parse(mem, text, strlen(text), JSON_TOKEN, &jwk, &fault),
		OK);
	return jws_jwk_fits(jwk, alg, kid);
}

static void
whether_a_jwk_fits_is_known_without_its_numbers(void **state)
{
	static const char rsa[] = "{\"kty\":\"RSA\",\"kid\":\"a\"}";
	static const char ec[] = "{\"kty\":\"EC\",\"crv\":\"P-256\"}";

	assert_true(fits(*state, rsa, JWS_RS256, "a"));
	assert_true(fits(*state, rsa, JWS_RS256, NULL));
	assert_false(fits(*state, rsa, JWS_RS256, "b"));
	assert_false(fits(*state, rsa, JWS_ES256, "a"));
	assert_false(fits(*state, rsa, JWS_HS256, "a"));
	assert_true(fits(*state, ec, JWS_ES256, NULL));
	assert_false(fits(*state, ec, JWS_ES256, "a"));
	assert_false(fits(*state, "{\"kty\":\"RSA\",\"use\":\"enc\"}",
			  JWS_RS256, NULL));
}

/* RFC 7638, section 3.1, and RFC 8037, appendix A.3. */
static void
a_key_is_named_by_the_thumbprint_that_the_rfcs_print(void **state)
{
	static const char jwk[] =
		"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiA"
		"FbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
		"FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
		"65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h"
		"ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPks"
		"INHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\","
		"\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}";
	struct arena *mem = *state;
	const struct json *parsed;
	struct json_fault fault;
	struct jws_key *k;
	const char *why;

	assert_int_equal(
		json_parse(mem, jwk, strlen(jwk), JSON_TOKEN, &parsed, &fault),
		OK);
	assert_int_equal(jws_key_from_jwk(mem, parsed, &k, &why), OK);
	assert_string_equal(jws_key_thumbprint(mem, k),
			    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	jws_key_name(k, mem);
	assert_string_equal(jws_key_id(k), jws_key_thumbprint(mem, k));
	jws_key_free(k);

	assert_int_equal(jws_key_from_pem(JWS_EDDSA, ed_private,
					  strlen(ed_private), NULL, &k, &why),
			 OK);
	assert_string_equal(
		jws_key_jwk(mem, k),
		"{\"crv\":\"Ed25519\",\"kty\":\"OKP\","
		"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
	assert_string_equal(jws_key_thumbprint(mem, k),
			    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	jws_key_free(k);
}

static void
a_new_key_signs_and_its_public_half_verifies(void **state)
{
	static const enum jws_alg algs[] = {JWS_RS256, JWS_ES256, JWS_EDDSA};
	struct arena *mem = *state;
	unsigned char signature[JWS_SIGNATURE_LIMIT];

	for (size_t i = 0; i < countof(algs); i++) {
		const char *pem = jws_pem_generate(mem, algs[i]);
		const struct json *jwk;
		struct json_fault fault;
		struct jws_key *k;
		struct jws_key *public;
		const char *text;
		const char *why;
		size_t len;

		assert_string_not_equal(pem, jws_pem_generate(mem, algs[i]));
		assert_int_equal(jws_key_from_pem(algs[i], pem, strlen(pem),
						  NULL, &k, &why),
				 OK);
		text = jws_key_jwk(mem, k);
		assert_null(strstr(text, "\"d\""));
		assert_int_equal(json_parse(mem, text, strlen(text), JSON_TOKEN,
					    &jwk, &fault),
				 OK);
		assert_int_equal(jws_key_from_jwk(mem, jwk, &public, &why), OK);
		len = jws_sign(k, "x", 1, signature);
		assert_true(jws_verify(public, "x", 1, signature, len));
		assert_false(jws_verify(public, "y", 1, signature, len));
		jws_key_free(k);
		jws_key_free(public);
	}
}

static void
algorithms_go_by_their_exact_names(void **state)
{
	static const char *const names[] = {
		"HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA",
	};
	static const char *const others[] = {
		"", "none", "hs256", "HS256 ", "RS512", "EDDSA", "PS256",
	};
	enum jws_alg alg;

	(void)state;
	for (size_t i = 0; i < countof(names); i++) {
		assert_true(jws_alg_named(names[i], &alg));
		assert_string_equal(jws_alg_name(alg), names[i]);
		assert_int_equal(jws_alg_has_secret(alg), names[i][0] == 'H');
	}
	for (size_t i = 0; i < countof(others); i++)
		assert_false(jws_alg_named(others[i], &alg));
	jws_key_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfcs_verify),
		cmocka_unit_test(what_is_signed_is_what_the_rfcs_print),
		cmocka_unit_test(the_macs_are_the_published_ones),
		cmocka_unit_test(a_signature_with_any_bit_changed_is_none),
		cmocka_unit_test(what_was_good_once_makes_nothing_else_so),
		cmocka_unit_test(thousands_of_signatures_are_all_judged),
		cmocka_unit_test(an_ecdsa_signature_of_zeros_is_none),
		cmocka_unit_test(a_der_signature_is_not_taken_for_es256),
		cmocka_unit_test(a_pem_key_of_another_kind_is_refused),
		cmocka_unit_test(a_key_of_the_older_pem_form_is_taken),
		cmocka_unit_test(a_jwk_may_say_what_it_is_for_and_its_name),
		cmocka_unit_test(
			a_jwk_that_is_not_right_in_every_part_is_refused),
		cmocka_unit_test(nobody_looks_for_primes_in_a_strangers_number),
		cmocka_unit_test(
			whether_a_jwk_fits_is_known_without_its_numbers),
		cmocka_unit_test(
			a_key_is_named_by_the_thumbprint_that_the_rfcs_print),
		cmocka_unit_test(a_new_key_signs_and_its_public_half_verifies),
		cmocka_unit_test(algorithms_go_by_their_exact_names),
	};

	return cmocka_run_group_tests_name("jws_key", tests, open_arena,
					   close_arena);
}
