/* SPDX-License-Identifier: MIT */
/*
 * What a provider says: no answer of its makes us take an ID token that it did
 * not sign for us, or an address that we would not ask. The first byte tells
 * what the rest is: 'p' a path, a newline and a document; 'd' an OpenID
 * configuration; 'k' keys, a newline and an ID token; 't' an ID token under
 * keys of ours; 'c' its claims, signed here.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_path.h"
#include "base/jws_key.h"
#include "base/log.h"
#include "core/jwt.h"
#include "core/oauth_parts.h"

#define NOW INT64_C(1700000000)
#define ISSUER "https://issuer.example"
#define NONCE "the-nonce"

/* An Ed25519 key made for this file. */
static const char private_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEILJq6umCshyAuCaaISR10KZsKNZFLsX1rgH3ahxf4ltL\n"
	"-----END PRIVATE KEY-----\n";
static const char jwks[] =
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"one\","
	"\"x\":\"pIeH0PpyN_DIuNW5rU2Gw7Zqv5GOPEbjXE4jsCMnIsM\"}]}";

static const char *const nonces[] = {NONCE, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int truth)
{
	if (!truth)
		abort();
}

/* The text up to a newline, and what follows it. */
static const char *
line_of(struct arena *mem, const char *text, const char **rest)
{
	const char *end = strchr(text, '\n');

	*rest = end == NULL ? "" : end + 1;
	return end == NULL ? text : arena_copy(mem, text, (size_t)(end - text));
}

static void
check_path(struct arena *mem, const char *text)
{
	const char *document;
	const char *path = line_of(mem, text, &document);
	const struct json *root;
	struct json_fault fault;

	if (json_path_fault(path) != NULL ||
	    json_parse(mem, document, strlen(document), JSON_TOKEN, &root,
		       &fault) != OK)
		return;
	root = json_path_find(root, path);
	must(root == NULL || json_type(root) != JSON_NULL);
}

static void
set_page(struct page *page, const char *text)
{
	page->text = strdup(text);
	must(page->text != NULL);
	page->fetched = NOW;
	page->tried = NOW;
}

static void
check_discovery(struct ctx *cx, const char *text)
{
	const struct provider_settings *p = &cx->conf->provider[0];
	struct endpoints at;

	set_page(&cx->oauth->pages[0].discovery, text);
	if (oauth_endpoints(cx, p, &at) != OK)
		return;
	must(http_url_is_fit(at.authorize_url, false));
	must(http_url_is_fit(at.token_url, false));
	must(http_url_is_fit(at.profile_url, false));
	must(http_url_is_fit(at.jwks_url, false));
}

static enum err
read_token(struct ctx *cx, const char *keys, const char *text)
{
	const struct provider_settings *p = &cx->conf->provider[0];
	const char *subject = NULL;
	enum err e;

	set_page(&cx->oauth->pages[0].keys, keys);
	e = id_token_read(cx, p, ISSUER "/keys", nonces, text, &subject);
	must(e == OK || e == ERR_OAUTH_PROVIDER_ERROR);
	if (e == OK)
		must(subject != NULL && *subject != '\0' &&
		     strlen(subject) <= ACCOUNT_TEXT_LIMIT);
	return e;
}

static const char *
signed_here(struct arena *mem, const char *claims)
{
	struct jws_key *key;
	const char *why;
	const char *text;

	must(jws_key_from_pem(JWS_EDDSA, private_key, sizeof(private_key) - 1,
			      "one", &key, &why) == OK);
	text = jwt_sign(mem, key, claims, strlen(claims));
	jws_key_free(key);
	return text;
}

static void
check(struct ctx *cx, char what, const char *text)
{
	const char *token;
	const char *keys;

	switch (what) {
	case 'p':
		check_path(cx->mem, text);
		break;
	case 'd':
		check_discovery(cx, text);
		break;
	case 'k':
		keys = line_of(cx->mem, text, &token);
		(void)read_token(cx, keys, token);
		break;
	case 't':
		(void)read_token(cx, jwks, text);
		break;
	case 'c':
		if (read_token(cx, jwks, signed_here(cx->mem, text)) == OK)
			must(strstr(text, "iss") != NULL &&
			     strstr(text, "nonce") != NULL);
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct provider_settings provider = {
		.title = "fuzz",
		.client_id = "us",
		.issuer = ISSUER,
		.discovery_url = ISSUER "/.well-known/openid-configuration",
		.jwks_url = "",
		.authorize_url = "",
		.token_url = "",
		.profile_url = "",
		.token_auth = "",
		.pkce = "on",
	};
	struct config conf = {
		.oauth.cache_lifetime = 3600,
		.provider = &provider,
		.provider_count = 1,
	};
	struct provider_pages pages = {0};
	struct oauth oauth = {.pages = &pages, .page_count = 1};
	struct ctx cx = {
		.mem = arena_open(0, (size_t)1 << 27),
		.conf = &conf,
		.oauth = &oauth,
		.now = NOW,
	};

	log_set_level(LEVEL_ERROR);
	if (size > 0 && size < HTTP_SIZE_LIMIT)
		check(&cx, (char)data[0],
		      arena_copy(cx.mem, data + 1, size - 1));
	page_free(&pages.discovery);
	page_free(&pages.keys);
	arena_close(cx.mem);
	return 0;
}
