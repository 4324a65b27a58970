/* SPDX-License-Identifier: MIT */
#include "core/oauth.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/slots.h"
#include "base/url.h"
#include "core/claims.h"
#include "core/oauth_parts.h"
#include "core/ticket.h"
#include "store/session.h"

#define COOKIE_BYTES 32
/* Milliseconds that a request waits for its turn to wait for a provider. */
#define TURN_LIMIT 1000

static const char *const purposes[] = {
	[OAUTH_LOGIN] = "login",
	[OAUTH_ASSOCIATE] = "associate",
};

static enum err
slots_for(const struct config *conf, struct slots **out)
{
	struct arena *mem = arena_open(0, 65536);
	const char *path =
		arena_printf(mem, "%s/" SLOTS_FILE, conf->server.run_dir);
	enum err e = slots_open_for(SLOTS_WAITING, path,
				    (size_t)conf->oauth.max_parallel, out);

	arena_close(mem);
	return e;
}

enum err
oauth_open(const struct config *conf, struct oauth **out)
{
	const struct text_list *secrets = &conf->secrets.state;
	const struct http_client_settings settings = {
		.time_limit = conf->oauth.time_limit * 1000,
		.connect_limit = conf->oauth.connect_limit * 1000,
		.ca_file = conf->oauth.ca_file,
		.allow_http = conf->oauth.allow_http,
		.allow_private = conf->oauth.allow_private,
	};
	struct oauth *o;

	*out = NULL;
	if (conf->provider_count == 0)
		return OK;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		abort();
	o->keys = calloc(secrets->count + 1, sizeof(struct mac_key *));
	o->pages = calloc(conf->provider_count, sizeof(*o->pages));
	o->page_count = conf->provider_count;
	if (o->keys == NULL || o->pages == NULL)
		abort();
	for (; o->key_count < secrets->count; o->key_count++) {
		const char *secret = secrets->items[o->key_count];

		o->keys[o->key_count] = mac_key_new(secret, strlen(secret));
	}
	*out = o;
	TRY(slots_for(conf, &o->slots));
	return http_client_open(&settings, &o->http);
}

void
oauth_close(struct oauth *o)
{
	if (o == NULL)
		return;
	http_client_close(o->http);
	slots_close(o->slots);
	for (size_t i = 0; i < o->key_count; i++)
		mac_key_free(o->keys[i]);
	for (size_t i = 0; i < o->page_count; i++) {
		page_free(&o->pages[i].discovery);
		page_free(&o->pages[i].keys);
	}
	free(o->keys);
	free(o->pages);
	free(o);
}

/* A provider that is slow keeps some workers busy. As the cap is by default,
 * others are left in each pool that has more than one. */
static enum err
take_turn(const struct ctx *cx)
{
	enum err e =
		slots_take(cx->oauth->slots, clock_monotonic() + TURN_LIMIT);

	return e == ERR_BUSY ? ERR_PROVIDERS_BUSY : e;
}

static enum err
find_endpoints(struct ctx *cx, const struct provider_settings *p,
	       struct endpoints *out)
{
	enum err e;

	if (oauth_is_known(cx, p))
		return oauth_endpoints(cx, p, out);
	TRY(take_turn(cx));
	e = oauth_endpoints(cx, p, out);
	slots_give(cx->oauth->slots);
	return e;
}

/*
 * The verifier of PKCE and the nonce follow from the value that ties the way
 * to its browser, by a key that nobody else has. So they need no storage, and
 * what the browser and the provider see of them (RFC 9700, section 4.5) tells
 * neither.
 */
static const char *
derive(struct ctx *cx, size_t key, const char *what,
       const struct oauth_way *way, const char *csrf)
{
	const char *text = arena_printf(cx->mem, "fastcgi-users %s\n%s\n%s",
					what, way->provider->title, csrf);
	unsigned char mac[SHA256_SIZE];

	mac_sign(cx->oauth->keys[key], text, strlen(text), mac);
	return crypto_base64url(cx->mem, mac, sizeof(mac));
}

static const char *
challenge_of(struct ctx *cx, const char *verifier)
{
	unsigned char hash[SHA256_SIZE];

	crypto_sha256(verifier, strlen(verifier), hash);
	return crypto_base64url(cx->mem, hash, sizeof(hash));
}

static void
add_scope(struct buf *out, const char *scope)
{
	if (out->len > 0)
		buf_char(out, ' ');
	buf_text(out, scope);
}

/* Of the scopes asked for, each configured one once; else all that are
 * configured. `openid` is not the request's to leave out: without it there is
 * no ID token. */
static const char *
choose_scopes(struct ctx *cx, const struct provider_settings *p,
	      const struct text_list *asked)
{
	struct buf b;

	buf_init(&b, cx->mem, 128);
	for (size_t i = 0; i < asked->count; i++) {
		const struct text_list before = {asked->items, i};
		const char *scope = asked->items[i];

		if (!text_list_has(&before, scope) &&
		    (text_list_has(&p->scopes, scope) ||
		     text_list_has(&p->allowed_scopes, scope)))
			add_scope(&b, scope);
	}
	if (b.len > 0 && text_list_has(&p->scopes, "openid") &&
	    !text_list_has(asked, "openid"))
		add_scope(&b, "openid");
	if (b.len > 0)
		return b.data;
	for (size_t i = 0; i < p->scopes.count; i++)
		add_scope(&b, p->scopes.items[i]);
	return b.data;
}

static void
add_extra(struct buf *url, const struct text_list *extra)
{
	for (size_t i = 0; i < extra->count; i++) {
		const char *equals = strchr(extra->items[i], '=');
		const char *name =
			arena_copy(url->mem, extra->items[i],
				   (size_t)(equals - extra->items[i]));

		url_parameter(url, name, equals + 1);
	}
}

/* One that is only sent is for a provider that wants one. */
static bool
sends_nonce(const struct oauth_way *way)
{
	return strcmp(way->provider->nonce, "off") != 0;
}

static bool
wants_nonce(const struct oauth_way *way)
{
	return strcmp(way->provider->nonce, "on") == 0;
}

/* RFC 6749, section 4.1.1, in the reference's order. */
static const char *
authorization_url(struct ctx *cx, const struct oauth_way *way,
		  const struct endpoints *at, const struct text_list *scopes,
		  const char *state, const char *challenge, const char *nonce)
{
	const struct provider_settings *p = way->provider;
	const char *scope = choose_scopes(cx, p, scopes);
	struct buf url;

	buf_init(&url, cx->mem, 1024);
	buf_text(&url, at->authorize_url);
	buf_char(&url, strchr(at->authorize_url, '?') == NULL ? '?' : '&');
	url_parameter(&url, "response_type", "code");
	url_parameter(&url, "client_id", p->client_id);
	url_parameter(&url, "redirect_uri", way->redirect);
	url_parameter(&url, "state", state);
	if (*scope != '\0')
		url_parameter(&url, "scope", scope);
	if (challenge != NULL) {
		url_parameter(&url, "code_challenge", challenge);
		url_parameter(&url, "code_challenge_method", "S256");
	}
	add_extra(&url, &p->authorize_extra);
	if (nonce != NULL)
		url_parameter(&url, "nonce", nonce);
	return url.data;
}

enum err
oauth_begin(struct ctx *cx, const struct oauth_way *way,
	    const struct text_list *scopes, const char **url,
	    const char **cookie)
{
	unsigned char bytes[COOKIE_BYTES];
	const char *challenge = NULL;
	const char *nonce = NULL;
	const char *csrf;
	const char *state;
	struct endpoints at;

	TRY(find_endpoints(cx, way->provider, &at));
	crypto_random(bytes, sizeof(bytes));
	csrf = crypto_base64url(cx->mem, bytes, sizeof(bytes));
	if (at.pkce)
		challenge = challenge_of(cx, derive(cx, 0, "pkce", way, csrf));
	if (sends_nonce(way))
		nonce = derive(cx, 0, "nonce", way, csrf);
	const struct ticket_claim claims[] = {
		{"sub", way->user_id},
		{"csrftoken", csrf},
		{"provider", way->provider->title},
		{"purpose", purposes[way->purpose]},
		{"challenge", challenge},
	};
	state = ticket_issue(cx, TICKET_STATE, claims, countof(claims));
	*url = authorization_url(cx, way, &at, scopes, state, challenge, nonce);
	*cookie = csrf;
	return OK;
}

/* The way back. */

static enum err
invalid_state(const struct oauth_way *way, const char *why)
{
	log_event(LEVEL_INFO, log_is("oauth_state_refused"),
		  log_text("provider", way->provider->title),
		  log_text("why", why));
	return ERR_OAUTH_INVALID_STATE;
}

static enum err
read_state(struct ctx *cx, const char *state, const struct json **claims)
{
	bool expired;

	if (state == NULL)
		return ERR_ACCESS_TOKEN_DECODE_ERROR;
	if (ticket_read_dated(cx, TICKET_STATE, state, claims, &expired) == OK)
		return OK;
	return expired ? ERR_ACCESS_TOKEN_ALREADY_EXPIRED
		       : ERR_ACCESS_TOKEN_DECODE_ERROR;
}

static bool
is_from_this_browser(const struct json *claims, const char *cookie)
{
	const char *csrf = ticket_text(claims, "csrftoken");

	return csrf != NULL && cookie != NULL && *csrf != '\0' &&
	       strlen(csrf) == strlen(cookie) &&
	       crypto_equal(csrf, cookie, strlen(csrf));
}

/* A state of the reference names neither. */
static bool
is_of_this_way(const struct ctx *cx, const struct json *claims,
	       const struct oauth_way *way)
{
	const char *provider = ticket_text(claims, "provider");
	const char *purpose = ticket_text(claims, "purpose");

	if (provider == NULL && purpose == NULL)
		return cx->conf->oauth.accept_plain_state &&
		       (way->purpose == OAUTH_ASSOCIATE) ==
			       (ticket_text(claims, "sub") != NULL);
	return provider != NULL && purpose != NULL &&
	       strcmp(provider, way->provider->title) == 0 &&
	       strcmp(purpose, purposes[way->purpose]) == 0;
}

static enum err
check_state(struct ctx *cx, const struct oauth_way *way,
	    const struct oauth_return *back, const struct json **claims)
{
	const char *subject;

	TRY(read_state(cx, back->state, claims));
	if (!is_from_this_browser(*claims, back->cookie))
		return invalid_state(way, "another browser began it");
	if (!is_of_this_way(cx, *claims, way))
		return invalid_state(way, "it began another way");
	if (way->user_id == NULL)
		return OK;
	subject = ticket_text(*claims, "sub");
	if (subject == NULL || strcmp(subject, way->user_id) != 0)
		return ERR_BAD_REQUEST;
	return OK;
}

/* The verifier that belongs to the challenge: by the key that made it, since
 * keys may have changed meanwhile. */
static enum err
find_verifier(struct ctx *cx, const struct oauth_way *way,
	      const struct oauth_return *back, const struct json *claims,
	      const char **out)
{
	const char *challenge = ticket_text(claims, "challenge");
	const char *csrf = ticket_text(claims, "csrftoken");

	*out = back->verifier;
	if (challenge == NULL)
		return OK;
	for (size_t i = 0; i < cx->oauth->key_count; i++) {
		*out = derive(cx, i, "pkce", way, csrf);
		if (strcmp(challenge_of(cx, *out), challenge) == 0)
			return OK;
	}
	return invalid_state(way, "its key is gone");
}

/* NULL ends them; none where nothing has to bear one. */
static const char *const *
nonces_of(struct ctx *cx, const struct oauth_way *way,
	  const struct json *claims)
{
	size_t count = wants_nonce(way) ? cx->oauth->key_count : 0;
	const char *csrf = ticket_text(claims, "csrftoken");
	const char **list = arena_array(cx->mem, count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = derive(cx, i, "nonce", way, csrf);
	return list;
}

/* Which of several providers answers (RFC 9207): a code of one must not be
 * handed to another. */
static enum err
check_issuer(const struct oauth_way *way, const struct endpoints *at,
	     const char *issuer)
{
	const char *expected = way->provider->issuer;

	if (issuer == NULL ? !at->wants_issuer
			   : *expected == '\0' || strcmp(issuer, expected) == 0)
		return OK;
	log_event(LEVEL_WARNING, log_is("provider_failed"),
		  log_text("why", "the answer is another issuer's"));
	return ERR_OAUTH_PROVIDER_ERROR;
}

/* One use of a state, whoever comes first. It is forgotten when it would have
 * expired anyway. */
static enum err
spend_state(struct ctx *cx, const struct oauth_way *way, const char *state)
{
	const char *hash = crypto_sha256_hex(cx->mem, state, strlen(state));
	int64_t until = cx->now + cx->conf->tokens.state_lifetime +
			cx->conf->jwt.leeway;
	bool first;

	TRY(session_purge(cx->db, cx->mem, cx->now - CLAIM_LEEWAY_LIMIT));
	TRY(session_spend(cx->db, cx->mem, hash, until, &first));
	return first ? OK : invalid_state(way, "it was used before");
}

static enum err
ask_provider(struct ctx *cx, const struct oauth_way *way,
	     const struct oauth_return *back, const struct exchange *x,
	     struct oauth_identity *out)
{
	struct endpoints at;

	TRY(spend_state(cx, way, back->state));
	TRY(oauth_endpoints(cx, way->provider, &at));
	TRY(check_issuer(way, &at, back->issuer));
	return oauth_exchange(cx, way->provider, &at, x, out);
}

enum err
oauth_finish(struct ctx *cx, const struct oauth_way *way,
	     const struct oauth_return *back, struct oauth_identity *out)
{
	struct exchange x = {.code = back->code, .redirect = way->redirect};
	const struct json *claims;
	enum err e;

	TRY(check_state(cx, way, back, &claims));
	TRY(find_verifier(cx, way, back, claims, &x.verifier));
	x.nonces = nonces_of(cx, way, claims);
	/* Before the state is used up, so that the browser may try again. */
	TRY(take_turn(cx));
	e = ask_provider(cx, way, back, &x, out);
	slots_give(cx->oauth->slots);
	TRY(e);
	return out->account_email == NULL ? ERR_OAUTH_NOT_AVAILABLE_EMAIL : OK;
}
