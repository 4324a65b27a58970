/* SPDX-License-Identifier: MIT */
/* Which keys a backend signs and verifies with, and how they change. */
#include "core/token_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/key_ring.h"
#include "base/log.h"
#include "core/jwt.h"
#include "core/token.h"
#include "jws_keys.h"

#define NOW INT64_C(1700000000)
#define USER "11111111-2222-4333-8444-555555555555"
#define SECRET "an-access-secret-of-thirty-two-bytes-or-more"
#define CLAIMS "{\"sub\":\"" USER "\",\"aud\":[\"us\"],\"exp\":1700000100}"

static const char *secrets[] = {SECRET};

struct fixture {
	struct ctx cx;
	struct config conf;
	struct backend_settings backend;
	struct key_ring ring;
	char folder[32];
	char path[64];
	const char *token; /* of the first current key */
};

static void
keep(struct fixture *f)
{
	struct buf b;

	buf_init(&b, f->cx.mem, 1024);
	key_ring_write(&f->ring, &b);
	assert_int_equal(key_ring_replace(f->path, b.data, b.len), 0);
}

static const char *
issue(struct fixture *f)
{
	const char *token;

	assert_int_equal(token_issue(&f->cx, &f->backend, USER, 0, &token), OK);
	return token;
}

static enum err
read_token(struct fixture *f, const char *text)
{
	struct token t;

	return token_read(&f->cx, &f->backend, text, &t);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/fcu-ring-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/ring", f->folder);
	f->backend = (struct backend_settings){
		.strategy = "jwt", .algorithm = "ES256", .lifetime = 100};
	f->conf.backend = &f->backend;
	f->conf.backend_count = 1;
	f->conf.backend_keys = &(f->conf.backend->public_key_file);
	f->conf.jwt.audience = "us";
	f->conf.keys.file = f->path;
	f->conf.secrets.jwt = (struct text_list){secrets, 1};
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 24);
	f->cx.now = NOW;
	assert_null(key_ring_parse(f->cx.mem, "", 0, &f->ring));
	(void)key_ring_add(&f->ring, JWS_ES256, RING_NEXT, NOW);
	(void)key_ring_add(&f->ring, JWS_ES256, RING_CURRENT, NOW);
	keep(f);
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	f->token = issue(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	token_keys_close(f->cx.keys);
	key_ring_close(&f->ring);
	(void)unlink(f->path);
	(void)rmdir(f->folder);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static void
a_token_names_the_key_that_signed_it(void **state)
{
	struct fixture *f = *state;
	struct jwt_header header;

	assert_int_equal(
		jwt_header_read(f->cx.mem, f->token, strlen(f->token), &header),
		OK);
	assert_string_equal(header.alg, "ES256");
	assert_string_equal(
		header.kid,
		key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->kid);
	assert_int_equal(read_token(f, f->token), OK);
}

static void
the_next_key_is_taken_before_it_signs_and_old_ones_after(void **state)
{
	struct fixture *f = *state;
	const char *newer;

	/* Another machine is ahead. */
	newer = jwt_sign(f->cx.mem,
			 key_ring_find(&f->ring, JWS_ES256, RING_NEXT)->key,
			 CLAIMS, strlen(CLAIMS));
	assert_int_equal(read_token(f, newer), OK);

	key_ring_advance(&f->ring, JWS_ES256, NOW, NOW + 100);
	keep(f);
	token_keys_refresh(f->cx.keys, NOW + 1);
	assert_int_equal(read_token(f, f->token), OK);
	assert_int_equal(read_token(f, newer), OK);
	newer = issue(f);

	assert_int_equal(key_ring_purge(&f->ring, NOW + 100), 1);
	keep(f);
	token_keys_refresh(f->cx.keys, NOW + 2);
	assert_int_equal(read_token(f, f->token), ERR_BAD_TOKEN);
	assert_int_equal(read_token(f, newer), OK);
}

static void
a_file_that_cannot_be_used_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(key_ring_replace(f->path, "half a k", 8), 0);
	log_set_level(LEVEL_ERROR);
	token_keys_refresh(f->cx.keys, NOW + 1);
	assert_int_equal(read_token(f, f->token), OK);
	assert_int_equal(read_token(f, issue(f)), OK);

	assert_int_equal(unlink(f->path), 0);
	token_keys_refresh(f->cx.keys, NOW + 2);
	assert_int_equal(read_token(f, f->token), OK);

	keep(f);
	token_keys_refresh(f->cx.keys, NOW + 3);
	assert_int_equal(read_token(f, f->token), OK);
}

static void
a_file_that_may_be_read_again_is_taken_up(void **state)
{
	struct fixture *f = *state;
	const char *newer;

	key_ring_advance(&f->ring, JWS_ES256, NOW, -1);
	key_ring_remove(&f->ring, key_ring_find(&f->ring, JWS_ES256, RING_OLD));
	newer = jwt_sign(f->cx.mem,
			 key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->key,
			 CLAIMS, strlen(CLAIMS));
	keep(f);
	assert_int_equal(chmod(f->path, 0604), 0);
	log_set_level(LEVEL_ERROR);
	token_keys_refresh(f->cx.keys, NOW + 1);
	assert_int_equal(read_token(f, f->token), OK);

	assert_int_equal(chmod(f->path, 0600), 0);
	token_keys_refresh(f->cx.keys, NOW + 2);
	assert_int_equal(read_token(f, newer), OK);
	assert_int_equal(read_token(f, f->token), ERR_BAD_TOKEN);
}

static void
an_old_key_whose_time_is_over_verifies_and_is_published_no_more(void **state)
{
	struct fixture *f = *state;
	const char *kid = key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->kid;
	struct token_keys *k;

	key_ring_advance(&f->ring, JWS_ES256, NOW, NOW + 50);
	keep(f);
	token_keys_refresh(f->cx.keys, NOW + 49);
	assert_int_equal(read_token(f, f->token), OK);
	assert_non_null(strstr(token_keys_jwks(f->cx.keys), kid));

	/* The file is as it was. */
	token_keys_refresh(f->cx.keys, NOW + 50);
	assert_int_equal(read_token(f, f->token), ERR_BAD_TOKEN);
	assert_null(strstr(token_keys_jwks(f->cx.keys), kid));
	assert_int_equal(token_keys_open(&f->conf, NOW + 50, &k), OK);
	assert_null(strstr(token_keys_jwks(k), kid));
	token_keys_close(k);

	/* A clock that was wrong for a while costs nobody his token. */
	token_keys_refresh(f->cx.keys, NOW + 1);
	assert_int_equal(read_token(f, f->token), OK);
}

static void
without_a_current_key_nothing_opens(void **state)
{
	struct fixture *f = *state;
	struct token_keys *k;

	key_ring_remove(&f->ring,
			key_ring_find(&f->ring, JWS_ES256, RING_CURRENT));
	keep(f);
	assert_int_equal(token_keys_open(&f->conf, NOW, &k), ERR_CONFIGURATION);
	assert_non_null(strstr(token_keys_fault(f->cx.mem, &f->conf),
			       "no current key for ES256"));
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(token_keys_open(&f->conf, NOW, &k), ERR_CONFIGURATION);
	assert_non_null(
		strstr(token_keys_fault(f->cx.mem, &f->conf), "key generate"));
}

/* A header around the same claims, signed with the current key. */
static const char *
with_header(struct fixture *f, const char *header)
{
	struct jws_key *key =
		key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->key;
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	size_t len;
	struct buf b;

	buf_init(&b, f->cx.mem, 512);
	buf_text(&b, crypto_base64url(f->cx.mem, header, strlen(header)));
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(f->cx.mem, CLAIMS, strlen(CLAIMS)));
	len = jws_sign(key, b.data, b.len, signature);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(f->cx.mem, signature, len));
	return b.data;
}

/* V7 */
static void
a_kid_is_looked_up_among_the_keys_alone(void **state)
{
	static const char *const bad[] = {
		"{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}",
		"{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}",
		"{\"alg\":\"ES256\",\"kid\":\"\"}",
		"{\"alg\":\"ES256\",\"kid\":null}",
		"{\"alg\":\"ES256\",\"kid\":7}",
		"{\"alg\":\"EdDSA\",\"kid\":\"@\"}",
		"{\"alg\":\"HS256\",\"kid\":\"@\"}",
		"{\"alg\":\"none\",\"kid\":\"@\"}",
		"{\"alg\":\"ES256\",\"kid\":\"@\",\"kid\":\"@\"}",
		"{\"kid\":\"@\"}",
		"{\"alg\":\"ES256\",\"kid\":\"#\"}",
	};
	struct fixture *f = *state;
	const char *kid = key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->kid;
	const char *next = key_ring_find(&f->ring, JWS_ES256, RING_NEXT)->kid;

	assert_int_equal(read_token(f, with_header(f, "{\"alg\":\"ES256\"}")),
			 OK);
	assert_int_equal(
		read_token(f, with_header(f, arena_printf(f->cx.mem,
							  "{\"kid\":\"%s\","
							  "\"alg\":\"ES256\"}",
							  kid))),
		OK);
	for (size_t i = 0; i < countof(bad); i++) {
		struct buf b;

		buf_init(&b, f->cx.mem, 128);
		for (const char *c = bad[i]; *c != '\0'; c++)
			if (*c == '@' || *c == '#')
				buf_text(&b, *c == '@' ? kid : next);
			else
				buf_char(&b, *c);
		assert_int_equal(read_token(f, with_header(f, b.data)),
				 ERR_BAD_TOKEN);
	}
}

static const char *
signed_by_secret(struct fixture *f, const char *secret, size_t len)
{
	struct jws_key *key = jws_key_from_secret(JWS_HS256, secret, len);
	const char *token = jwt_sign(f->cx.mem, key, CLAIMS, strlen(CLAIMS));

	jws_key_free(key);
	return token;
}

static void
tokens_of_secrets_are_good_only_where_that_is_configured(void **state)
{
	static const char *former[] = {"HS256"};
	struct fixture *f = *state;
	const char *old = signed_by_secret(f, SECRET, strlen(SECRET));
	const char *jwk = jws_key_jwk(
		f->cx.mem,
		key_ring_find(&f->ring, JWS_ES256, RING_CURRENT)->key);
	const char *forged = signed_by_secret(f, jwk, strlen(jwk));

	assert_int_equal(read_token(f, old), ERR_BAD_TOKEN);

	f->backend.still_accepts = (struct text_list){former, 1};
	token_keys_close(f->cx.keys);
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	assert_int_equal(read_token(f, old), OK);
	assert_int_equal(read_token(f, f->token), OK);
	/* V1, V2 */
	assert_int_equal(read_token(f, forged), ERR_BAD_TOKEN);
	assert_null(strstr(token_keys_jwks(f->cx.keys), "HS256"));
	assert_null(strstr(token_keys_jwks(f->cx.keys), SECRET));
}

static void
keys_of_another_algorithm_verify_only_where_that_is_configured(void **state)
{
	static const char *former[] = {"ES256"};
	struct fixture *f = *state;

	(void)key_ring_add(&f->ring, JWS_EDDSA, RING_CURRENT, NOW);
	keep(f);
	f->backend.algorithm = "EdDSA";
	token_keys_close(f->cx.keys);
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	assert_int_equal(read_token(f, f->token), ERR_BAD_TOKEN);

	f->backend.still_accepts = (struct text_list){former, 1};
	token_keys_close(f->cx.keys);
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	assert_int_equal(read_token(f, f->token), OK);
	assert_int_equal(read_token(f, issue(f)), OK);
}

static void
what_is_published_is_public(void **state)
{
	struct fixture *f = *state;
	const char *text = token_keys_jwks(f->cx.keys);
	const struct json *set;
	const struct json *jwk;
	struct json_fault fault;
	int count = 0;

	assert_int_equal(json_parse(f->cx.mem, text, strlen(text), JSON_TOKEN,
				    &set, &fault),
			 OK);
	for (jwk = json_first(json_member(set, "keys")); jwk != NULL;
	     jwk = json_next(jwk)) {
		const char *kid = json_text(json_member(jwk, "kid"));
		struct jws_key *key;
		const char *why;

		assert_non_null(key_ring_named(&f->ring, kid));
		assert_string_equal(json_text(json_member(jwk, "use")), "sig");
		assert_null(json_member(jwk, "d"));
		assert_int_equal(jws_key_from_jwk(f->cx.mem, jwk, &key, &why),
				 OK);
		assert_false(jws_key_can_sign(key));
		jws_key_free(key);
		count++;
	}
	assert_int_equal(count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_names_the_key_that_signed_it),
		TEST(the_next_key_is_taken_before_it_signs_and_old_ones_after),
		TEST(a_file_that_cannot_be_used_changes_nothing),
		TEST(a_file_that_may_be_read_again_is_taken_up),
		TEST(an_old_key_whose_time_is_over_verifies_and_is_published_no_more),
		TEST(without_a_current_key_nothing_opens),
		TEST(a_kid_is_looked_up_among_the_keys_alone),
		TEST(tokens_of_secrets_are_good_only_where_that_is_configured),
		TEST(keys_of_another_algorithm_verify_only_where_that_is_configured),
		TEST(what_is_published_is_public),
	};

	return cmocka_run_group_tests_name("token_keys", tests, NULL, NULL);
}
