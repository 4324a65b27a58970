/* SPDX-License-Identifier: MIT */
/* Which of a provider's keys are made for an ID token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/jws_key.h"
#include "core/jwt.h"
#include "core/oauth_parts.h"
#include "jws_keys.h"

/* Its numbers make no key, which only making it shows. */
#define BAD_RSA "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"
#define GOOD_RSA "{" RSA_JWK ",\"kid\":\"r\"}"
#define MANY 64

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

/* How many keys of the list are made for a token with this header. */
static size_t
made(struct arena *mem, const char *list, const char *alg, const char *kid)
{
	const struct jwt_header header = {alg, kid};
	const char *text = arena_printf(mem, "{\"keys\":[%s]}", list);
	const struct json *document;
	struct json_fault fault;
	struct jws_key **keys;
	size_t count;

	assert_int_equal(json_parse(mem, text, strlen(text), JSON_TOKEN,
				    &document, &fault),
			 OK);
	assert_int_equal(jwks_read(mem, document, &header, &keys, &count), OK);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(jws_alg_name(jws_key_alg(keys[i])), alg);
	jwks_free(keys, count);
	return count;
}

static void
only_those_are_made_that_the_token_may_mean(void **state)
{
	static const char list[] = GOOD_RSA ",{" RSA_JWK "},{" EC_JWK
					    ",\"kid\":\"e\"},7,{" ED_JWK "}";

	assert_int_equal(made(*state, list, "RS256", NULL), 2);
	assert_int_equal(made(*state, list, "RS256", "r"), 1);
	assert_int_equal(made(*state, list, "RS256", "e"), 0);
	assert_int_equal(made(*state, list, "ES256", "e"), 1);
	assert_int_equal(made(*state, list, "EdDSA", NULL), 1);
	assert_int_equal(made(*state, list, "HS256", NULL), 0);
	assert_int_equal(made(*state, list, "none", NULL), 0);
}

static const char *
bad_before(struct arena *mem, size_t count, const char *good)
{
	struct buf b;

	buf_init(&b, mem, 8192);
	for (size_t i = 0; i < count; i++)
		buf_text(&b, BAD_RSA ",");
	buf_text(&b, good);
	return b.data;
}

static void
keys_that_come_to_nothing_count_too(void **state)
{
	assert_int_equal(
		made(*state, bad_before(*state, 3, GOOD_RSA), "RS256", "r"), 1);
	assert_int_equal(
		made(*state, bad_before(*state, MANY, GOOD_RSA), "RS256", "r"),
		0);
}

static void
keys_that_the_token_does_not_mean_do_not_count(void **state)
{
	const char *list = bad_before(*state, MANY, "{" EC_JWK "}");

	assert_int_equal(made(*state, list, "ES256", NULL), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_those_are_made_that_the_token_may_mean),
		cmocka_unit_test(keys_that_come_to_nothing_count_too),
		cmocka_unit_test(
			keys_that_the_token_does_not_mean_do_not_count),
	};

	return cmocka_run_group_tests_name("id_token", tests, open_arena,
					   close_arena);
}
