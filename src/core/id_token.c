/* SPDX-License-Identifier: MIT */
/* ID tokens (OpenID Connect Core 1.0, section 3.1.3.7), and whose they are. */
#include <stdlib.h>
#include <string.h>

#include "base/jws_key.h"
#include "base/log.h"
#include "core/claims.h"
#include "core/jwt.h"
#include "core/oauth_parts.h"

/* Seconds by which a provider's clock may differ from ours. */
#define LEEWAY 60
/* Seconds for which newer keys are not asked for again. */
#define RENEWAL_PAUSE 60
/* Keys that are made for one token: each takes time, a bad one too. */
#define KEYS_LIMIT 16
static enum err
refused(const char *why)
{
	log_event(LEVEL_WARNING, log_is("id_token_refused"),
		  log_text("why", why));
	return ERR_OAUTH_PROVIDER_ERROR;
}

enum err
jwks_read(struct arena *mem, const struct json *document,
	  const struct jwt_header *header, struct jws_key ***keys,
	  size_t *count)
{
	const struct json *list = json_member(document, "keys");
	size_t tries = 0;
	enum jws_alg alg;

	*count = 0;
	*keys = NULL;
	if (list == NULL || json_type(list) != JSON_ARRAY)
		return refused("the provider's keys are no JWKS");
	*keys = calloc(KEYS_LIMIT, sizeof(struct jws_key *));
	if (*keys == NULL)
		abort();
	if (!jws_alg_named(header->alg, &alg))
		return OK;
	for (list = json_first(list); list != NULL && tries < KEYS_LIMIT;
	     list = json_next(list)) {
		const char *why;

		/* Keys of other kinds may stand among them. */
		if (json_type(list) != JSON_OBJECT ||
		    !jws_jwk_fits(list, alg, header->kid))
			continue;
		tries++;
		if (jws_key_from_jwk(mem, list, &(*keys)[*count], &why) == OK)
			++*count;
	}
	return OK;
}

void
jwks_free(struct jws_key **keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		jws_key_free(keys[i]);
	free(keys);
}

/* Checked by the keys of a page not fetched before `newer_than`. *unknown:
 * the one that the token names is not among them. */
static enum err
verify(struct ctx *cx, struct page *page, const char *jwks_url,
       int64_t newer_than, const char *text, const struct json **claims,
       bool *unknown)
{
	const struct json *document;
	struct jwt_header header;
	struct jws_key **keys;
	size_t count;
	size_t len = strlen(text);
	enum err e;

	*unknown = false;
	if (jwt_header_read(cx->mem, text, len, &header) != OK)
		return refused("its header is not a usual one");
	TRY(oauth_fetch_page(cx, page, jwks_url, newer_than, &document));
	TRY(jwks_read(cx->mem, document, &header, &keys, &count));
	*unknown = header.kid != NULL && count == 0;
	e = jwt_verify_by_kid(cx->mem, keys, count, text, len, claims);
	jwks_free(keys, count);
	return e == OK ? OK : refused("no key of the provider's signed it");
}

static bool
names(const struct json *v, const char *text)
{
	return v != NULL && json_type(v) == JSON_TEXT &&
	       strcmp(json_text(v), text) == 0;
}

/* One text, or a list of them that holds ours; azp tells whom a list of
 * several is meant for. */
static bool
is_for_us(const struct json *claims, const char *client_id)
{
	const struct json *v = json_member(claims, "aud");
	const struct json *azp = json_member(claims, "azp");
	size_t count = 0;
	bool found = false;

	if (azp != NULL && !names(azp, client_id))
		return false;
	if (v == NULL || json_type(v) != JSON_ARRAY)
		return names(v, client_id);
	for (v = json_first(v); v != NULL; v = json_next(v), count++)
		found = found || names(v, client_id);
	return found && (count == 1 || azp != NULL);
}

static bool
is_in_time(const struct ctx *cx, const struct json *claims)
{
	/* What both must say is past, and not yet, where they say nothing. */
	int64_t exp = -CLAIM_TIME_LIMIT;
	int64_t iat = CLAIM_TIME_LIMIT;
	int64_t nbf = -CLAIM_TIME_LIMIT;

	return claim_time(claims, "exp", &exp) == OK &&
	       claim_time(claims, "iat", &iat) == OK &&
	       claim_time(claims, "nbf", &nbf) == OK &&
	       exp > cx->now - LEEWAY && iat <= cx->now + LEEWAY &&
	       nbf <= cx->now + LEEWAY;
}

static bool
has_nonce(const struct json *claims, const char *const *nonces)
{
	const struct json *v = json_member(claims, "nonce");

	if (*nonces == NULL)
		return true;
	for (; *nonces != NULL; nonces++)
		if (names(v, *nonces))
			return true;
	return false;
}

enum err
id_token_judge(const struct ctx *cx, const struct provider_settings *p,
	       const char *const *nonces, const struct json *claims,
	       const char **subject)
{
	if (!names(json_member(claims, "iss"), p->issuer))
		return refused("it is another issuer's");
	if (!is_for_us(claims, p->client_id))
		return refused("it is for somebody else");
	if (!is_in_time(cx, claims))
		return refused("it is not of this time");
	if (!has_nonce(claims, nonces))
		return refused("it is not of this sign-in");
	*subject = oauth_text(json_member(claims, "sub"), ACCOUNT_TEXT_LIMIT);
	if (*subject == NULL)
		return refused("it does not say whom it is about");
	return OK;
}

enum err
id_token_read(struct ctx *cx, const struct provider_settings *p,
	      const char *jwks_url, const char *const *nonces, const char *text,
	      const char **subject)
{
	struct page *page = &oauth_pages(cx, p)->keys;
	const struct json *claims;
	bool unknown;
	enum err e = verify(cx, page, jwks_url, 0, text, &claims, &unknown);

	/* A key that the provider took into use since; but nobody makes us
	 * ask again and again by naming keys that are not there. */
	if (e != OK && unknown && cx->now - page->fetched >= RENEWAL_PAUSE)
		e = verify(cx, page, jwks_url, cx->now, text, &claims,
			   &unknown);
	TRY(e);
	return id_token_judge(cx, p, nonces, claims, subject);
}
