/* SPDX-License-Identifier: MIT */
/* Tokens that are believed for their signature. There is no database here:
 * asking it would be the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "core/sign_in.h"
#include "core/token_keys.h"
#include "store/user_id.h"

#define NOW INT64_C(1700000000)
#define HOUR 3600
#define USER "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"

struct fixture {
	struct ctx cx;
	struct config conf;
	struct backend_settings backends[2];
};

static const char *secrets[] = {"a-secret-of-thirty-two-bytes-or-more-...",
				"another-one-of-thirty-two-bytes-or-more"};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	f->conf.jwt.audience = "fastapi-users:auth";
	for (size_t i = 0; i < countof(f->backends); i++) {
		f->backends[i].strategy = "jwt";
		f->backends[i].algorithm = "HS256";
		f->backends[i].lifetime = HOUR;
		f->backends[i].secret = (struct text_list){&secrets[i], 1};
	}
	f->conf.backend = f->backends;
	f->conf.backend_count = countof(f->backends);
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 22);
	f->cx.now = NOW;
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	token_keys_close(f->cx.keys);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static const char *
issue(struct fixture *f, size_t backend, const char *subject)
{
	const char *text;

	assert_int_equal(
		token_issue(&f->cx, &f->backends[backend], subject, 3, &text),
		OK);
	return text;
}

static void
refused(struct fixture *f, const char *text)
{
	struct user u = {0};
	struct token t;

	assert_int_equal(sign_in_trust(&f->cx, &f->backends[0], text, &u, &t),
			 ERR_BAD_TOKEN);
	assert_null(u.id);
}

static void
a_signed_token_names_its_user_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct user u = {0};
	struct token t;

	assert_int_equal(sign_in_trust(&f->cx, &f->backends[0],
				       issue(f, 0, USER), &u, &t),
			 OK);

	assert_string_equal(u.id, USER);
	assert_true(u.is_active);
	assert_false(u.is_superuser);
	assert_false(u.is_verified);
	assert_null(u.email);
	assert_null(t.hash);
}

static void
a_token_that_expires_is_trusted_until_then(void **state)
{
	struct fixture *f = *state;
	const char *text = issue(f, 0, USER);
	struct user u = {0};
	struct token t;

	f->cx.now = NOW + HOUR - 1;
	assert_int_equal(sign_in_trust(&f->cx, &f->backends[0], text, &u, &t),
			 OK);
	f->cx.now = NOW + HOUR;
	refused(f, text);
}

static void
nothing_but_a_signed_token_is_trusted(void **state)
{
	struct fixture *f = *state;

	refused(f, "");
	refused(f, "x.y.z");
	refused(f, issue(f, 1, USER));
	refused(f, issue(f, 0, "x"));
	f->conf.jwt.audience = "somebody:else";
	const char *other = issue(f, 0, USER);
	f->conf.jwt.audience = "fastapi-users:auth";
	refused(f, other);
}

static void
ids_are_spelled_out_without_a_database(void **state)
{
	static const struct {
		const char *text;
		const char *id; /* NULL: none */
	} cases[] = {
		{USER, USER},
		{"{0B5E2AB41A0E4B9E9D7A3F2C1D0E9B8A}", USER},
		{"00000000000000000000000000000007",
		 "00000000-0000-0000-0000-000000000007"},
		{" 7", "7"},
		{"-007", "-7"},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", NULL},
		{"", NULL},
		{"x", NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const char *id;
		bool is_one = user_id_spell(f->cx.mem, cases[i].text, &id);

		assert_int_equal(is_one, cases[i].id != NULL);
		if (is_one)
			assert_string_equal(id, cases[i].id);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_token_names_its_user_and_nothing_else),
		TEST(a_token_that_expires_is_trusted_until_then),
		TEST(nothing_but_a_signed_token_is_trusted),
		TEST(ids_are_spelled_out_without_a_database),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
