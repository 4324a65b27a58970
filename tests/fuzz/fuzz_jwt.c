/* SPDX-License-Identifier: MIT */
/*
 * A token that is taken has one spelling, and one backend takes it. Input that
 * starts with '+', or with 'r', 'e' or 'd' for RS256, ES256 and EdDSA, is a
 * header and, behind the first newline, claims, which are signed here with a
 * key that the reader knows. What starts with '{' is read as a JSON Web Key.
 * Any other input is a token as it came.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/jws_keys.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/jws_key.h"
#include "base/log.h"
#include "core/jwt.h"
#include "core/token.h"
#include "core/token_keys.h"
#include "store/user_id.h"

#define NOW INT64_C(1700000000)
#define SECRET "an-access-secret-of-thirty-two-bytes-or-more"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int truth)
{
	if (!truth)
		abort();
}

enum { HS, HS_ETERNAL, RS, ES, ED, BACKENDS };

static const char *secrets[] = {SECRET};
static const char *names[] = {"key.pem"};
static const char *pems[][1] = {{rsa_private}, {ec_private}, {ed_private}};

static struct backend_settings backends[BACKENDS] = {
	{.strategy = "jwt", .algorithm = "HS256", .lifetime = 3600},
	{.strategy = "jwt", .algorithm = "HS256", .lifetime = -1},
	{.strategy = "jwt",
	 .algorithm = "RS256",
	 .lifetime = 3600,
	 .key_file = {names, 1}},
	{.strategy = "jwt",
	 .algorithm = "ES256",
	 .lifetime = 3600,
	 .key_file = {names, 1}},
	{.strategy = "jwt",
	 .algorithm = "EdDSA",
	 .lifetime = 3600,
	 .key_file = {names, 1}},
};

static struct text_list keys[BACKENDS] = {
	[RS] = {pems[0], 1},
	[ES] = {pems[1], 1},
	[ED] = {pems[2], 1},
};

static const struct config conf = {
	.backend = backends,
	.backend_count = BACKENDS,
	.backend_keys = keys,
	.jwt.audience = "fastapi-users:auth",
	.secrets.jwt = {secrets, 1},
};

/* Made once: they take long. */
static struct token_keys *reader;
static struct jws_key *signers[BACKENDS];

static void
keys_make(void)
{
	const char *why;

	if (reader != NULL)
		return;
	must(token_keys_open(&conf, NOW, &reader) == OK);
	signers[HS] = jws_key_from_secret(JWS_HS256, SECRET, strlen(SECRET));
	for (int i = RS; i < BACKENDS; i++) {
		enum jws_alg alg;

		must(jws_alg_named(backends[i].algorithm, &alg));
		must(jws_key_from_pem(alg, keys[i].items[0],
				      strlen(keys[i].items[0]), NULL,
				      &signers[i], &why) == OK);
	}
}

static const char *
signed_token(struct arena *mem, struct jws_key *key, const char *bytes,
	     size_t size)
{
	const char *line = memchr(bytes, '\n', size);
	size_t header = line != NULL ? (size_t)(line - bytes) : size;
	size_t claims = line != NULL ? size - header - 1 : 0;
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	size_t len;
	struct buf b;

	buf_init(&b, mem, 256);
	buf_text(&b, crypto_base64url(mem, bytes, header));
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, bytes + size - claims, claims));
	len = jws_sign(key, b.data, b.len, signature);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, signature, len));
	return b.data;
}

/* Each part decodes, and what it decodes to is spelled this way only. */
static void
check_spelling(struct arena *mem, const char *text)
{
	for (int part = 0; part < 3; part++) {
		size_t len = strcspn(text, ".");
		unsigned char *bytes;
		size_t count;
		const char *again;

		must(crypto_base64url_decode(mem, text, len, &bytes, &count) ==
		     OK);
		again = crypto_base64url(mem, bytes, count);
		must(strlen(again) == len && memcmp(again, text, len) == 0);
		text += len;
		must(*text == (part < 2 ? '.' : '\0'));
		text++;
	}
}

static bool
is_taken(struct ctx *cx, const struct backend_settings *backend,
	 const char *text)
{
	struct token t;

	if (token_read(cx, backend, text, &t) != OK)
		return false;
	check_spelling(cx->mem, text);
	must(user_id_is_plausible(t.subject));
	must(t.expires_at > NOW ||
	     (t.expires_at == -1 && backend->lifetime < 0));
	must(t.issued_at <= NOW + 5);
	must(strlen(t.hash) == 64);
	return true;
}

/* `signer` is whose key signed it, -1 when nobody knows. */
static void
check_token(struct ctx *cx, int signer, const char *text)
{
	const struct json *claims;

	for (int i = 0; i < BACKENDS; i++)
		if (is_taken(cx, &backends[i], text) && signer >= 0)
			must(i == signer || (signer == HS && i == HS_ETERNAL));
	/* By the header's choice no key takes what it did not sign. */
	if (jwt_verify_by_kid(cx->mem, &signers[RS], BACKENDS - RS, text,
			      strlen(text), &claims) == OK)
		must(signer != HS && json_type(claims) == JSON_OBJECT);
}

static void
check_jwk(struct arena *mem, const char *text, size_t size)
{
	const struct json *jwk;
	struct json_fault fault;
	struct jws_key *key;
	const char *why = NULL;

	if (json_parse(mem, text, size, JSON_TOKEN, &jwk, &fault) != OK)
		return;
	if (jws_key_from_jwk(mem, jwk, &key, &why) != OK) {
		must(key == NULL && why != NULL);
		return;
	}
	must(!jws_key_can_sign(key));
	must(!jws_alg_has_secret(jws_key_alg(key)));
	must(!jws_verify(key, text, size, (const unsigned char *)text, size));
	jws_key_free(key);
}

static int
signer_of(uint8_t first)
{
	static const char letters[] = {
		[HS] = '+', [RS] = 'r', [ES] = 'e', [ED] = 'd'};

	for (int i = 0; i < BACKENDS; i++)
		if (letters[i] != '\0' && letters[i] == first)
			return i;
	return -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx cx = {
		.mem = arena_open(0, (size_t)1 << 26),
		.conf = &conf,
		.now = NOW,
	};
	const char *text = arena_copy(cx.mem, data, size);
	int signer = size > 0 ? signer_of(data[0]) : -1;

	log_set_level(LEVEL_ERROR);
	keys_make();
	cx.keys = reader;
	if (size > 0 && size <= TOKEN_SIZE_LIMIT && data[0] == '{')
		check_jwk(cx.mem, text, size);
	if (size > TOKEN_SIZE_LIMIT)
		signer = -1;
	if (signer >= 0)
		text = signed_token(cx.mem, signers[signer], text + 1,
				    size - 1);
	check_token(&cx, signer, text);
	arena_close(cx.mem);
	return 0;
}
