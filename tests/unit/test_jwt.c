/* SPDX-License-Identifier: MIT */
/* V1 to V7 are the attacks on tokens that befell others; those with HS256
 * alone are in test_token.c. */
#include "core/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "jws_keys.h"

#define CLAIMS "{\"sub\":\"somebody\"}"
#define SECRET                                                                 \
	"an-access-secret-of-sixty-four-bytes-or-more-for-the-longest-mac"

enum { HS256, HS384, HS512, RS256, ES256, EDDSA, KEYS };

struct fixture {
	struct arena *mem;
	struct jws_key *keys[KEYS];
	struct jws_key *public[KEYS]; /* the same where the key is a secret */
};

static struct jws_key *
pem_key(enum jws_alg alg, const char *pem, const char *kid)
{
	struct jws_key *k;
	const char *why;

	assert_int_equal(jws_key_from_pem(alg, pem, strlen(pem), kid, &k, &why),
			 OK);
	return k;
}

static struct jws_key *
secret_key(enum jws_alg alg, const char *secret)
{
	return jws_key_from_secret(alg, secret, strlen(secret));
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->mem = arena_open(0, 1 << 22);
	for (int i = HS256; i <= HS512; i++) {
		f->keys[i] = secret_key((enum jws_alg)i, SECRET);
		f->public[i] = secret_key((enum jws_alg)i, SECRET);
	}
	f->keys[RS256] = pem_key(JWS_RS256, rsa_private, "rsa");
	f->keys[ES256] = pem_key(JWS_ES256, ec_private, "ec");
	f->keys[EDDSA] = pem_key(JWS_EDDSA, ed_private, NULL);
	f->public[RS256] = pem_key(JWS_RS256, rsa_public, "rsa");
	f->public[ES256] = pem_key(JWS_ES256, ec_public, "ec");
	f->public[EDDSA] = pem_key(JWS_EDDSA, ed_public, "ed");
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < KEYS; i++) {
		jws_key_free(f->keys[i]);
		jws_key_free(f->public[i]);
	}
	arena_close(f->mem);
	free(f);
	return 0;
}

static const char *
sign(struct fixture *f, struct jws_key *key)
{
	return jwt_sign(f->mem, key, CLAIMS, strlen(CLAIMS));
}

/* A token whose header says whatever it likes. */
static const char *
forge(struct fixture *f, struct jws_key *key, const char *header)
{
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	const char *text =
		arena_printf(f->mem, "%s.%s",
			     crypto_base64url(f->mem, header, strlen(header)),
			     crypto_base64url(f->mem, CLAIMS, strlen(CLAIMS)));
	size_t len = jws_sign(key, text, strlen(text), signature);

	return arena_printf(f->mem, "%s.%s", text,
			    crypto_base64url(f->mem, signature, len));
}

static enum err
verify(struct fixture *f, struct jws_key *key, const char *text)
{
	const struct json *claims;

	return jwt_verify(f->mem, &key, 1, text, strlen(text), &claims);
}

static enum err
verify_by_kid(struct fixture *f, const char *text)
{
	const struct json *claims;

	return jwt_verify_by_kid(f->mem, &f->public[RS256], 3, text,
				 strlen(text), &claims);
}

static void
each_key_verifies_its_own_tokens_and_no_others(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < KEYS; i++)
		for (int k = 0; k < KEYS; k++)
			assert_int_equal(
				verify(f, f->public[k], sign(f, f->keys[i])),
				i == k ? OK : ERR_BAD_TOKEN);
}

static void
the_first_vector_of_rfc_7515_verifies(void **state)
{
	static const char text[] =
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l"
		"eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	static const char secret[] =
		"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3"
		"Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	struct fixture *f = *state;
	const struct json *claims;
	struct jws_key *key;
	unsigned char *bytes;
	size_t len;

	assert_int_equal(crypto_base64url_decode(f->mem, secret, strlen(secret),
						 &bytes, &len),
			 OK);
	key = jws_key_from_secret(JWS_HS256, bytes, len);

	assert_int_equal(
		jwt_verify(f->mem, &key, 1, text, strlen(text), &claims), OK);
	assert_string_equal(json_text(json_member(claims, "iss")), "joe");

	jws_key_free(key);
}

static void
the_header_names_the_algorithm_and_the_key(void **state)
{
	struct fixture *f = *state;
	const char *const headers[KEYS] = {
		[HS256] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
		[HS384] = "{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
		[HS512] = "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
		[RS256] = "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}",
		[ES256] = "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"JWT\"}",
		[EDDSA] = "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}",
	};

	for (int i = 0; i < KEYS; i++) {
		const char *text = sign(f, f->keys[i]);
		unsigned char *header;
		size_t len;

		assert_int_equal(crypto_base64url_decode(f->mem, text,
							 strcspn(text, "."),
							 &header, &len),
				 OK);
		assert_string_equal((const char *)header, headers[i]);
	}
}

/* V1, V2: what is known to everybody as the secret of a MAC. */
static void
a_public_key_as_a_secret_signs_nothing(void **state)
{
	static const char *const secrets[] = {
		rsa_public,
		ec_public,
		ed_public,
		RSA_N,
		EC_X,
		ED_X,
		"A",
		"{" RSA_JWK "}",
		"{" EC_JWK "}",
		"AQAB",
		"{" RSA_JWK "}"
		"\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(secrets); i++) {
		struct jws_key *k = secret_key(JWS_HS256, secrets[i]);

		for (int p = RS256; p < KEYS; p++) {
			static const char *const headers[] = {
				"{\"alg\":\"HS256\"}",
				"{\"alg\":\"RS256\"}",
				"{\"alg\":\"ES256\"}",
				"{\"alg\":\"EdDSA\"}",
			};

			for (size_t h = 0; h < countof(headers); h++)
				assert_int_equal(
					verify(f, f->public[p],
					       forge(f, k, headers[h])),
					ERR_BAD_TOKEN);
			assert_int_equal(
				verify_by_kid(f, forge(f, k, headers[0])),
				ERR_BAD_TOKEN);
		}
		jws_key_free(k);
	}
}

/* V1 */
static void
a_header_of_another_algorithm_spoils_a_good_signature(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}",  "{\"alg\":\"HS256\"}",
		"{\"alg\":\"hs384\"}", "{\"alg\":\"RS512\"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"ES384\"}",
		"{\"alg\":\"eddsa\"}", "{}",
		"{\"alg\":null}",
	};
	struct fixture *f = *state;

	for (int i = HS384; i < KEYS; i++)
		for (size_t h = 0; h < countof(headers); h++)
			assert_int_equal(
				verify(f, f->public[i],
				       forge(f, f->keys[i], headers[h])),
				ERR_BAD_TOKEN);
}

/* V5 */
static void
extensions_are_not_understood_whatever_the_key(void **state)
{
	static const char *const rests[] = {
		"\"crit\":[\"x\"]",  "\"crit\":[]",  "\"crit\":\"exp\"",
		"\"b64\":false",     "\"b64\":true", "\"kid\":7",
		"\"kid\":[\"rsa\"]",
	};
	struct fixture *f = *state;

	for (int i = 0; i < KEYS; i++) {
		const char *alg = jws_alg_name(jws_key_alg(f->keys[i]));

		for (size_t r = 0; r < countof(rests); r++) {
			const char *text = forge(
				f, f->keys[i],
				arena_printf(f->mem, "{\"alg\":\"%s\",%s}", alg,
					     rests[r]));

			assert_int_equal(verify(f, f->public[i], text),
					 ERR_BAD_TOKEN);
			assert_int_equal(verify_by_kid(f, text), ERR_BAD_TOKEN);
		}
	}
}

static void
a_key_is_chosen_by_the_kid_of_the_header(void **state)
{
	static const struct {
		int key;
		const char *header;
		enum err outcome;
	} cases[] = {
		{RS256, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", OK},
		{RS256, "{\"alg\":\"RS256\"}", OK},
		{RS256, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", ERR_BAD_TOKEN},
		{RS256, "{\"alg\":\"RS256\",\"kid\":\"rs\"}", ERR_BAD_TOKEN},
		{RS256, "{\"alg\":\"RS256\",\"kid\":\"\"}", ERR_BAD_TOKEN},
		{RS256, "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", ERR_BAD_TOKEN},
		{ES256, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", OK},
		{ES256, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", ERR_BAD_TOKEN},
		{EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", OK},
		{EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"../ed\"}", ERR_BAD_TOKEN},
		{HS256, "{\"alg\":\"HS256\"}", ERR_BAD_TOKEN},
		{HS256, "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", ERR_BAD_TOKEN},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(
			verify_by_kid(f, forge(f, f->keys[cases[i].key],
					       cases[i].header)),
			cases[i].outcome);
}

static void
a_key_without_a_kid_is_not_chosen_by_one(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;
	const char *text =
		forge(f, f->keys[EDDSA], "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}");

	assert_int_equal(jwt_verify_by_kid(f->mem, &f->keys[EDDSA], 1, text,
					   strlen(text), &claims),
			 ERR_BAD_TOKEN);
	assert_int_equal(jwt_verify_by_kid(f->mem, &f->keys[EDDSA], 0, text,
					   strlen(text), &claims),
			 ERR_BAD_TOKEN);
}

static enum err
header_read(struct fixture *f, const char *text, struct jwt_header *out)
{
	return jwt_header_read(f->mem, text, strlen(text), out);
}

static void
the_header_can_be_asked_for(void **state)
{
	struct fixture *f = *state;
	struct jwt_header header;

	assert_int_equal(header_read(f, sign(f, f->keys[RS256]), &header), OK);
	assert_string_equal(header.alg, "RS256");
	assert_string_equal(header.kid, "rsa");
	assert_int_equal(header_read(f, sign(f, f->keys[EDDSA]), &header), OK);
	assert_string_equal(header.alg, "EdDSA");
	assert_null(header.kid);
	assert_int_equal(header_read(f, "a.b.c", &header), ERR_BAD_TOKEN);
	assert_int_equal(header_read(f, "", &header), ERR_BAD_TOKEN);
}

static void
any_of_several_keys_may_have_signed(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;

	for (int i = 0; i < KEYS; i++) {
		const char *text = sign(f, f->keys[i]);

		assert_int_equal(jwt_verify(f->mem, f->public, KEYS, text,
					    strlen(text), &claims),
				 OK);
		assert_string_equal(json_text(json_member(claims, "sub")),
				    "somebody");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_key_verifies_its_own_tokens_and_no_others),
		cmocka_unit_test(the_first_vector_of_rfc_7515_verifies),
		cmocka_unit_test(the_header_names_the_algorithm_and_the_key),
		cmocka_unit_test(a_public_key_as_a_secret_signs_nothing),
		cmocka_unit_test(
			a_header_of_another_algorithm_spoils_a_good_signature),
		cmocka_unit_test(
			extensions_are_not_understood_whatever_the_key),
		cmocka_unit_test(a_key_is_chosen_by_the_kid_of_the_header),
		cmocka_unit_test(a_key_without_a_kid_is_not_chosen_by_one),
		cmocka_unit_test(the_header_can_be_asked_for),
		cmocka_unit_test(any_of_several_keys_may_have_signed),
	};

	return cmocka_run_group_tests_name("jwt", tests, set_up, tear_down);
}
