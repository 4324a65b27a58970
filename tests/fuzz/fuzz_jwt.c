/* SPDX-License-Identifier: MIT */
/*
 * A token that is taken has one spelling. Input that starts with '+' is a
 * header and, behind the first newline, claims, which are signed here with a
 * key that the reader knows; any other input is a token as it came.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "core/token.h"
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

static const char *
signed_token(struct arena *mem, const char *bytes, size_t size)
{
	const char *line = memchr(bytes, '\n', size);
	size_t header = line != NULL ? (size_t)(line - bytes) : size;
	size_t claims = line != NULL ? size - header - 1 : 0;
	struct mac_key *key = mac_key_new(SECRET, strlen(SECRET));
	unsigned char mac[SHA256_SIZE];
	struct buf b;

	buf_init(&b, mem, 256);
	buf_text(&b, crypto_base64url(mem, bytes, header));
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, bytes + size - claims, claims));
	mac_sign(key, b.data, b.len, mac);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, mac, sizeof(mac)));
	mac_key_free(key);
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

static void
check_token(struct ctx *cx, const struct backend_settings *backend,
	    const char *text)
{
	struct token t;

	if (token_read(cx, backend, text, &t) != OK)
		return;
	check_spelling(cx->mem, text);
	must(user_id_is_plausible(t.subject));
	must(t.expires_at > NOW ||
	     (t.expires_at == -1 && backend->lifetime < 0));
	must(t.issued_at <= NOW + 5);
	must(strlen(t.hash) == 64);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *secrets[] = {SECRET};
	struct backend_settings backends[] = {
		{.strategy = "jwt", .algorithm = "HS256", .lifetime = 3600},
		{.strategy = "jwt", .algorithm = "HS256", .lifetime = -1},
	};
	struct config conf = {
		.backend = backends,
		.backend_count = countof(backends),
		.jwt.audience = "fastapi-users:auth",
		.secrets.jwt = {secrets, 1},
	};
	struct ctx cx = {
		.mem = arena_open(0, (size_t)1 << 26),
		.conf = &conf,
		.now = NOW,
	};
	const char *text = arena_copy(cx.mem, data, size);

	log_set_level(LEVEL_ERROR);
	must(token_keys_open(&conf, &cx.keys) == OK);
	if (size > 0 && size <= TOKEN_SIZE_LIMIT && data[0] == '+')
		text = signed_token(cx.mem, text + 1, size - 1);
	for (size_t i = 0; i < countof(backends); i++)
		check_token(&cx, &backends[i], text);
	token_keys_close(cx.keys);
	arena_close(cx.mem);
	return 0;
}
