/* SPDX-License-Identifier: MIT */
/* Claims in our own spelling mean what the JSON parser makes of them. */
#include "core/own_claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "core/jwt.h"
#include "core/token.h"
#include "core/token_keys.h"

#define NOW INT64_C(1700000000)
#define SECRET "an-access-secret-of-thirty-two-bytes-or-more"
#define USER "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"
#define RANDOM "abcdefghijklmnopqrst-_"
#define TAIL ",\"iat\":1700000000,\"jti\":\"3-" RANDOM "\"}"
#define OWN                                                                    \
	"{\"sub\":\"" USER                                                     \
	"\",\"aud\":[\"one\",\"two\"],\"exp\":1700003600" TAIL
#define LONGEST 512

struct fixture {
	struct ctx cx;
	struct config conf;
	struct backend_settings backend;
	struct jws_key *key;
};

static const char *secrets[] = {SECRET};
static const char *audiences[] = {"one", "two"};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	f->conf.jwt.audience = "fastapi-users:auth";
	f->backend.strategy = "jwt";
	f->backend.algorithm = "HS256";
	f->backend.lifetime = 3600;
	f->backend.secret = (struct text_list){secrets, 1};
	f->backend.audience = (struct text_list){audiences, 2};
	f->conf.backend = &f->backend;
	f->conf.backend_count = 1;
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 22);
	f->cx.now = NOW;
	f->key = jws_key_from_secret(JWS_HS256, SECRET, strlen(SECRET));
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	jws_key_free(f->key);
	token_keys_close(f->cx.keys);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static bool
is_own(struct fixture *f, const char *text, size_t len)
{
	struct own_claims own;

	return own_claims_read(f->cx.mem, text, len, &f->backend.audience,
			       &own);
}

static enum err
verify(struct fixture *f, const char *claims, size_t len, struct token *out)
{
	const char *text = jwt_sign(f->cx.mem, f->key, claims, len);

	return token_verify(&f->cx, &f->backend, text, out);
}

/* A blank behind the claims means nothing, but is not our spelling. */
static void
means_the_same_to_the_parser(struct fixture *f, const char *claims, size_t len)
{
	char other[LONGEST];
	struct token own;
	struct token parsed;
	enum err e;

	assert_true(len < LONGEST);
	memcpy(other, claims, len);
	other[len] = ' ';
	assert_false(is_own(f, other, len + 1));
	e = verify(f, claims, len, &own);
	assert_int_equal(verify(f, other, len + 1, &parsed), e);
	if (e == OK) {
		assert_string_equal(own.subject, parsed.subject);
		assert_int_equal(own.expires_at, parsed.expires_at);
		assert_int_equal(own.issued_at, parsed.issued_at);
		assert_int_equal(own.generation, parsed.generation);
	}
	arena_reset(f->cx.mem);
}

static void
what_is_issued_is_read(void **state)
{
	static const char *const subjects[] = {USER, "7", "-12"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(subjects); i++) {
		struct jwt_payload payload;
		struct own_claims own;
		const char *text;

		assert_int_equal(token_issue(&f->cx, &f->backend, subjects[i],
					     41, &text),
				 OK);
		assert_int_equal(jwt_open(f->cx.mem, &f->key, 1, text,
					  strlen(text), &payload),
				 OK);
		assert_true(own_claims_read(f->cx.mem, payload.text,
					    payload.len, &f->backend.audience,
					    &own));
		assert_string_equal(own.subject, subjects[i]);
		assert_int_equal(own.expires_at, NOW + 3600);
		assert_int_equal(own.issued_at, NOW);
		assert_int_equal(own.generation, 41);
	}
}

static void
other_spellings_are_left_to_the_parser(void **state)
{
	static const char *const others[] = {
		"",
		"{}",
		"{\"sub\":\"" USER "\"",
		"{\"sub\":\"x\",\"aud\":[\"one\",\"two\"],\"exp\":1" TAIL,
		"{\"sub\":\"0B5E2AB4-1A0E-4B9E-9D7A-3F2C1D0E9B8A\","
		"\"aud\":[\"one\",\"two\"],\"exp\":1700003600" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"one\"],\"exp\":1700003600" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"two\",\"one\"],\"exp\":1700003600" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"one\",\"two\"],\"exp\":01700003600" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"one\",\"two\"],\"exp\":1700003600.5" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"one\",\"two\"],\"exp\":253402300800" TAIL,
		"{\"sub\":\"" USER
		"\",\"aud\":[\"one\",\"two\"],\"exp\":9999999999999999" TAIL,
		OWN "\n",
	};
	struct fixture *f = *state;

	assert_true(is_own(f, OWN, strlen(OWN)));
	assert_false(is_own(f, OWN, strlen(OWN) + 1));
	for (size_t i = 0; i < countof(others); i++)
		assert_false(is_own(f, others[i], strlen(others[i])));
}

/* [a","b] would look like two. */
static void
audiences_that_would_be_escaped_are_left_to_the_parser(void **state)
{
	static const char *strange[] = {"one\",\"two"};
	struct fixture *f = *state;

	f->backend.audience = (struct text_list){strange, 1};
	assert_false(is_own(f, OWN, strlen(OWN)));
}

static void
whatever_one_byte_becomes_means_the_same_to_the_parser(void **state)
{
	static const char bytes[] =
		"\"\\{}[],:-_+.eE0123456789azAZ \n\t\x01\x7f";
	struct fixture *f = *state;
	char claims[LONGEST] = OWN;
	size_t len = strlen(OWN);

	for (size_t at = 0; at < len; at++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			claims[at] = bytes[i];
			means_the_same_to_the_parser(f, claims, len);
		}
		claims[at] = OWN[at];
	}
}

static void
whatever_is_left_out_or_added_means_the_same_to_the_parser(void **state)
{
	static const char bytes[] = "\"\\0123 ,a";
	struct fixture *f = *state;
	char claims[LONGEST];
	size_t len = strlen(OWN);

	for (size_t at = 0; at < len; at++) {
		memcpy(claims, OWN, at);
		memcpy(claims + at, &OWN[at + 1], len - at - 1);
		means_the_same_to_the_parser(f, claims, len - 1);
		memcpy(claims + at + 1, &OWN[at], len - at);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			claims[at] = bytes[i];
			means_the_same_to_the_parser(f, claims, len + 1);
		}
		means_the_same_to_the_parser(f, OWN, at);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_issued_is_read),
		TEST(other_spellings_are_left_to_the_parser),
		TEST(audiences_that_would_be_escaped_are_left_to_the_parser),
		TEST(whatever_one_byte_becomes_means_the_same_to_the_parser),
		TEST(whatever_is_left_out_or_added_means_the_same_to_the_parser),
	};

	return cmocka_run_group_tests_name("own claims", tests, NULL, NULL);
}
