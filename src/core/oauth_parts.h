/* SPDX-License-Identifier: MIT */
/* What the files oauth*.c and id_token.c share. Nobody else includes this. */
#ifndef OAUTH_PARTS_H
#define OAUTH_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/crypto.h"
#include "base/json.h"
#include "core/oauth.h"
#include "remote/http_client.h"

/* Longest token of a provider that is taken. */
#define PROVIDER_TOKEN_LIMIT 16384
/* Of the columns account_id and account_email. */
#define ACCOUNT_TEXT_LIMIT 320

/* An answer that is kept for a while. Heap. */
struct page {
	char *text;      /* NULL: none */
	int64_t fetched; /* seconds since 1970 */
	int64_t tried;   /* the last attempt, whatever came of it */
};

/* What one provider said of itself. */
struct provider_pages {
	struct page discovery;
	struct page keys;
};

struct slots;
struct oauth {
	struct http_client *http;
	struct slots *slots;   /* one for each request that waits */
	struct mac_key **keys; /* of the state's secrets */
	size_t key_count;
	struct provider_pages *pages; /* by the providers' order */
	size_t page_count;
};

/* Where a provider is, from configuration and discovery. */
struct endpoints {
	const char *authorize_url;
	const char *token_url;
	const char *profile_url;
	const char *jwks_url; /* "": ID tokens are not looked at */
	bool basic_auth;
	bool pkce;
	bool wants_issuer; /* it always tells who it is (RFC 9207) */
};

/* A JSON answer with a status of success. ERR_OAUTH_PROVIDER_ERROR. */
enum err oauth_fetch(struct ctx *cx, const struct http_request *rq,
		     const struct json **out) NODISCARD NONNULL(1, 2, 3);

/* The same for a page that is kept for oauth.cache_lifetime, of at most that
 * age; not asked again within seconds of a failure. `newer_than` (0: any
 * time): one that was fetched before is asked for anew. */
enum err oauth_fetch_page(struct ctx *cx, struct page *page, const char *url,
			  int64_t newer_than, const struct json **out)
	NODISCARD NONNULL(1, 2, 3, 5);
void page_free(struct page *page) NONNULL(1);

/* The pages of a provider. */
struct provider_pages *oauth_pages(const struct ctx *cx,
				   const struct provider_settings *p)
	RETURNS_NONNULL NONNULL(1, 2);

/* Whether oauth_endpoints asks nobody. */
bool oauth_is_known(const struct ctx *cx, const struct provider_settings *p)
	NONNULL(1, 2);

enum err oauth_endpoints(struct ctx *cx, const struct provider_settings *p,
			 struct endpoints *out) NODISCARD NONNULL(1, 2, 3);

/* A code for tokens, and tokens for a profile. */
struct exchange {
	const char *code;
	const char *redirect;
	const char *verifier;      /* NULL: none */
	const char *const *nonces; /* of which there must be an ID token with
				    * one; NULL ends, and alone: any or none */
};
enum err oauth_exchange(struct ctx *cx, const struct provider_settings *p,
			const struct endpoints *at, const struct exchange *x,
			struct oauth_identity *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/*
 * Who an ID token is about (OpenID Connect Core, section 3.1.3.7): *subject.
 * ERR_OAUTH_PROVIDER_ERROR unless the provider's own key signed it, for us,
 * just now and for one of the nonces.
 */
enum err id_token_read(struct ctx *cx, const struct provider_settings *p,
		       const char *jwks_url, const char *const *nonces,
		       const char *text, const char **subject)
	NODISCARD NONNULL(1, 2, 3, 4, 5, 6);

/* The part of that which is about what a verified token claims; public for
 * its tests and its fuzzer. */
enum err id_token_judge(const struct ctx *cx, const struct provider_settings *p,
			const char *const *nonces, const struct json *claims,
			const char **subject) NODISCARD NONNULL(1, 2, 3, 4, 5);

/* The keys of a JWKS (RFC 7517) that may have signed a token with this header;
 * the caller frees them and the array with jwks_free. Whatever a provider
 * lists, few are made. ERR_OAUTH_PROVIDER_ERROR when it is no JWKS. */
struct jws_key;
struct jwt_header;
enum err jwks_read(struct arena *mem, const struct json *document,
		   const struct jwt_header *header, struct jws_key ***keys,
		   size_t *count) NODISCARD NONNULL(1, 2, 3, 4, 5);
void jwks_free(struct jws_key **keys, size_t count);

/* A text that can be stored; NULL for anything else, or one that is longer. */
const char *oauth_text(const struct json *v, size_t limit);

#endif
