/* SPDX-License-Identifier: MIT */
/* What is asked of providers, and how they are found. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_path.h"
#include "base/log.h"
#include "base/text.h"
#include "base/url.h"
#include "core/oauth_parts.h"

/* Seconds after a failure in which a page is not asked for again. */
#define PAUSE 5

static enum err
disappointed(const char *why)
{
	log_event(LEVEL_WARNING, log_is("provider_failed"),
		  log_text("why", why));
	return ERR_OAUTH_PROVIDER_ERROR;
}

const char *
oauth_text(const struct json *v, size_t limit)
{
	const char *text = v == NULL ? NULL : json_text(v);

	if (text == NULL || *text == '\0' || !json_text_is_clean(text) ||
	    strlen(text) > limit)
		return NULL;
	return text;
}

/* application/json, or application/…+json. */
static bool
is_json(const char *type)
{
	size_t len = strcspn(type, "; \t");

	if (!text_same_n(type, "application/", 12))
		return false;
	return (len == 16 && text_same_n(type + 12, "json", 4)) ||
	       (len > 17 && text_same_n(type + len - 5, "+json", 5));
}

static enum err
ask(struct ctx *cx, const struct http_request *rq, struct http_answer *out)
{
	struct http_request limited = *rq;
	enum err e;

	limited.deadline = cx->remote_deadline;
	e = http_client_send(cx->oauth->http, cx->mem, &limited, out);
	if (e == ERR_REMOTE)
		return ERR_OAUTH_PROVIDER_ERROR;
	TRY(e);
	if (out->status < 200 || out->status > 299)
		return disappointed("the status is not one of success");
	if (!is_json(out->content_type))
		return disappointed("the answer is not JSON by its type");
	return OK;
}

static enum err
parse(struct ctx *cx, const char *text, size_t len, const struct json **out)
{
	struct json_fault fault;

	if (json_parse(cx->mem, text, len, JSON_TOKEN, out, &fault) != OK)
		return disappointed("the answer is not JSON");
	return OK;
}

enum err
oauth_fetch(struct ctx *cx, const struct http_request *rq,
	    const struct json **out)
{
	struct http_answer answer;

	TRY(ask(cx, rq, &answer));
	return parse(cx, answer.body, answer.body_len, out);
}

void
page_free(struct page *page)
{
	free(page->text);
	*page = (struct page){0};
}

static enum err
page_renew(struct ctx *cx, struct page *page, const char *url)
{
	static const char *const headers[] = {"Accept: application/json"};
	const struct http_request rq = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.header_count = countof(headers),
	};
	struct http_answer answer;
	const struct json *document;

	page->tried = cx->now;
	TRY(ask(cx, &rq, &answer));
	TRY(parse(cx, answer.body, answer.body_len, &document));
	free(page->text);
	page->text = strdup(answer.body);
	if (page->text == NULL)
		abort();
	page->fetched = cx->now;
	return OK;
}

static bool
is_fresh(const struct ctx *cx, const struct page *page, int64_t newer_than)
{
	int64_t age = cx->now - page->fetched;

	return page->text != NULL && page->fetched >= newer_than && age >= 0 &&
	       age < cx->conf->oauth.cache_lifetime;
}

enum err
oauth_fetch_page(struct ctx *cx, struct page *page, const char *url,
		 int64_t newer_than, const struct json **out)
{
	int64_t since = cx->now - page->tried;

	if (!is_fresh(cx, page, newer_than)) {
		if (page->tried > page->fetched && since >= 0 && since < PAUSE)
			return disappointed("it failed a moment ago");
		TRY(page_renew(cx, page, url));
	}
	return parse(cx, page->text, strlen(page->text), out);
}

struct provider_pages *
oauth_pages(const struct ctx *cx, const struct provider_settings *p)
{
	return &cx->oauth->pages[p - cx->conf->provider];
}

/* Discovery (OpenID Connect Discovery 1.0). */

/* What configuration says, else the document. */
static enum err
endpoint(const struct ctx *cx, const struct json *document, const char *name,
	 const char **url)
{
	const char *told;

	if (**url != '\0')
		return OK;
	told = oauth_text(json_member(document, name), PROVIDER_TOKEN_LIMIT);
	if (told == NULL || !http_url_is_fit(told, cx->conf->oauth.allow_http))
		return disappointed("discovery names no fit address");
	*url = told;
	return OK;
}

/* Whether a list of texts is there and holds this one. */
static bool
lists(const struct json *list, const char *text)
{
	if (json_type(list) != JSON_ARRAY)
		return false;
	for (list = json_first(list); list != NULL; list = json_next(list))
		if (json_type(list) == JSON_TEXT &&
		    strcmp(json_text(list), text) == 0)
			return true;
	return false;
}

/* The first of the two ways that it lists; a header where it lists none. */
static bool
prefers_basic(const struct json *document)
{
	const struct json *list =
		json_member(document, "token_endpoint_auth_methods_supported");

	if (list == NULL || json_type(list) != JSON_ARRAY)
		return true;
	for (list = json_first(list); list != NULL; list = json_next(list)) {
		const char *text = json_text(list);

		if (text != NULL && strcmp(text, "client_secret_post") == 0)
			return false;
		if (text != NULL && strcmp(text, "client_secret_basic") == 0)
			return true;
	}
	return true;
}

static enum err
discover(struct ctx *cx, const struct provider_settings *p,
	 struct endpoints *out)
{
	struct provider_pages *pages = oauth_pages(cx, p);
	const struct json *d;
	const struct json *methods;
	const struct json *tells;
	const char *issuer;

	TRY(oauth_fetch_page(cx, &pages->discovery, p->discovery_url, 0, &d));
	issuer = oauth_text(json_member(d, "issuer"), PROVIDER_TOKEN_LIMIT);
	if (issuer == NULL || strcmp(issuer, p->issuer) != 0)
		return disappointed("discovery is another issuer's");
	TRY(endpoint(cx, d, "authorization_endpoint", &out->authorize_url));
	TRY(endpoint(cx, d, "token_endpoint", &out->token_url));
	TRY(endpoint(cx, d, "userinfo_endpoint", &out->profile_url));
	TRY(endpoint(cx, d, "jwks_uri", &out->jwks_url));
	if (*p->token_auth == '\0')
		out->basic_auth = prefers_basic(d);
	methods = json_member(d, "code_challenge_methods_supported");
	if (strcmp(p->pkce, "on") != 0 && methods != NULL &&
	    !lists(methods, "S256"))
		out->pkce = false;
	tells = json_member(d, "authorization_response_iss_parameter_"
			       "supported");
	out->wants_issuer = tells != NULL && json_type(tells) == JSON_TRUE;
	return OK;
}

bool
oauth_is_known(const struct ctx *cx, const struct provider_settings *p)
{
	return *p->discovery_url == '\0' ||
	       is_fresh(cx, &oauth_pages(cx, p)->discovery, 0);
}

enum err
oauth_endpoints(struct ctx *cx, const struct provider_settings *p,
		struct endpoints *out)
{
	*out = (struct endpoints){
		.authorize_url = p->authorize_url,
		.token_url = p->token_url,
		.profile_url = p->profile_url,
		.jwks_url = p->jwks_url,
		.basic_auth = strcmp(p->token_auth, "client_secret_basic") == 0,
		.pkce = strcmp(p->pkce, "off") != 0,
	};
	if (*p->discovery_url == '\0')
		return OK;
	return discover(cx, p, out);
}

/* The exchange of a code (RFC 6749, section 4.1.3). */

static const char *
basic_header(struct arena *mem, const struct provider_settings *p)
{
	const char *pair =
		arena_printf(mem, "%s:%s", p->client_id, p->client_secret);
	size_t len = strlen(pair);
	char *code = crypto_base64url(mem, pair, len);

	for (char *c = code; *c != '\0'; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	return arena_printf(mem, "Authorization: Basic %s%s", code,
			    len % 3 == 0   ? ""
			    : len % 3 == 1 ? "=="
					   : "=");
}

static const char *
exchange_form(struct ctx *cx, const struct provider_settings *p,
	      const struct endpoints *at, const struct exchange *x)
{
	struct buf b;

	buf_init(&b, cx->mem, 512);
	url_parameter(&b, "grant_type", "authorization_code");
	url_parameter(&b, "code", x->code);
	url_parameter(&b, "redirect_uri", x->redirect);
	if (x->verifier != NULL)
		url_parameter(&b, "code_verifier", x->verifier);
	if (!at->basic_auth) {
		url_parameter(&b, "client_id", p->client_id);
		url_parameter(&b, "client_secret", p->client_secret);
	}
	return b.data;
}

/* Seconds as a number, or as a text of digits. */
static bool
read_seconds(const struct json *v, int64_t *out)
{
	double number;

	if (v == NULL)
		return false;
	if (json_type(v) == JSON_TEXT)
		return text_number(json_text(v), 0, INT32_MAX, out);
	if (json_type(v) != JSON_NUMBER)
		return false;
	number = json_number(v);
	if (!(number >= 0 && number <= (double)INT32_MAX))
		return false;
	*out = (int64_t)number;
	return true;
}

static int64_t
expiry(const struct ctx *cx, const struct json *answer)
{
	int64_t seconds;

	if (read_seconds(json_member(answer, "expires_at"), &seconds))
		return seconds;
	if (read_seconds(json_member(answer, "expires_in"), &seconds))
		return cx->now + seconds;
	return -1;
}

static enum err
exchange_code(struct ctx *cx, const struct provider_settings *p,
	      const struct endpoints *at, const struct exchange *x,
	      const struct json **out)
{
	const char *headers[] = {
		"Accept: application/json",
		"Content-Type: application/x-www-form-urlencoded",
		at->basic_auth ? basic_header(cx->mem, p) : NULL,
	};
	const char *form = exchange_form(cx, p, at, x);
	const struct http_request rq = {
		.method = "POST",
		.url = at->token_url,
		.headers = headers,
		.header_count = countof(headers) - (at->basic_auth ? 0 : 1),
		.body = form,
		.body_len = strlen(form),
	};

	TRY(oauth_fetch(cx, &rq, out));
	/* Some report a failure with a status of success. */
	if (json_member(*out, "error") != NULL)
		return disappointed("the code is refused");
	return OK;
}

/* The profile. */

/* The text with {token} replaced, encoded where it is a part of a URL. */
static const char *
with_token(struct arena *mem, const char *text, const char *token, bool encode)
{
	const char *at = strstr(text, "{token}");
	struct buf b;

	if (at == NULL)
		return text;
	buf_init(&b, mem, 256);
	buf_add(&b, text, (size_t)(at - text));
	if (encode)
		url_encode(&b, token);
	else
		buf_text(&b, token);
	buf_text(&b, at + strlen("{token}"));
	return b.data;
}

static enum err
fetch_profile(struct ctx *cx, const struct provider_settings *p,
	      const char *method, const char *url, const char *token,
	      const struct json **out)
{
	const char *headers[] = {
		"Accept: application/json",
		with_token(cx->mem, p->profile_header, token, false),
	};
	const struct http_request rq = {
		.method = method,
		.url = with_token(cx->mem, url, token, true),
		.headers = headers,
		.header_count = countof(headers),
	};

	return oauth_fetch(cx, &rq, out);
}

/* Who it is: a text, or a whole number as it is spelled. */
static const char *
read_id(const struct json *profile, const char *path)
{
	const struct json *v = json_path_find(profile, path);

	if (v != NULL && json_type(v) == JSON_NUMBER && json_number_is_int(v) &&
	    strlen(json_number_text(v)) <= ACCOUNT_TEXT_LIMIT)
		return json_number_text(v);
	return oauth_text(v, ACCOUNT_TEXT_LIMIT);
}

/* The address that an answer tells, and what it says of it. */
static void
read_email(const struct json *from, const char *path, const char *verified_path,
	   struct oauth_identity *out)
{
	const struct json *v;
	const char *text;

	if (*path == '\0')
		return;
	out->account_email =
		oauth_text(json_path_find(from, path), ACCOUNT_TEXT_LIMIT);
	if (out->account_email == NULL || *verified_path == '\0')
		return;
	if (strcmp(verified_path, "=true") == 0) {
		out->email_verified = true;
		return;
	}
	v = json_path_find(from, verified_path);
	if (v == NULL)
		return;
	text = json_text(v);
	out->email_verified = json_type(v) == JSON_TRUE ||
			      (text != NULL && strcmp(text, "true") == 0);
	out->email_refused = !out->email_verified;
}

static enum err
read_profile(struct ctx *cx, const struct provider_settings *p,
	     const struct endpoints *at, const char *subject,
	     struct oauth_identity *out)
{
	const struct json *answer;
	const char *sub;

	TRY(fetch_profile(cx, p, p->profile_method, at->profile_url,
			  out->access_token, &answer));
	out->account_id = read_id(answer, p->id_path);
	if (out->account_id == NULL)
		return disappointed("the profile does not tell who it is");
	/* OpenID Connect Core, section 5.3.2. */
	sub = oauth_text(json_member(answer, "sub"), ACCOUNT_TEXT_LIMIT);
	if (subject != NULL && (sub == NULL || strcmp(sub, subject) != 0))
		return disappointed("the profile is not the ID token's");
	read_email(answer, p->email_path, p->email_verified_path, out);
	if (out->account_email != NULL || *p->emails_url == '\0')
		return OK;
	TRY(fetch_profile(cx, p, "GET", p->emails_url, out->access_token,
			  &answer));
	read_email(answer, p->emails_path, p->emails_verified_path, out);
	return OK;
}

/* Who the ID token is about; *subject is NULL where none is looked at. A nonce
 * proves something only if nobody can leave out the token that bears it. */
static enum err
read_id_token(struct ctx *cx, const struct provider_settings *p,
	      const struct endpoints *at, const struct exchange *x,
	      const struct json *answer, const char **subject)
{
	const struct json *v = json_member(answer, "id_token");
	const char *text;

	*subject = NULL;
	if (v == NULL && *x->nonces != NULL)
		return disappointed("there is no ID token");
	if (v == NULL || *at->jwks_url == '\0')
		return OK;
	text = oauth_text(v, PROVIDER_TOKEN_LIMIT);
	if (text == NULL)
		return disappointed("the ID token is none");
	return id_token_read(cx, p, at->jwks_url, x->nonces, text, subject);
}

enum err
oauth_exchange(struct ctx *cx, const struct provider_settings *p,
	       const struct endpoints *at, const struct exchange *x,
	       struct oauth_identity *out)
{
	const struct json *answer;
	const char *subject;

	*out = (struct oauth_identity){0};
	TRY(exchange_code(cx, p, at, x, &answer));
	out->access_token = oauth_text(json_member(answer, "access_token"),
				       PROVIDER_TOKEN_LIMIT);
	if (out->access_token == NULL)
		return disappointed("there is no access token");
	out->refresh_token = oauth_text(json_member(answer, "refresh_token"),
					PROVIDER_TOKEN_LIMIT);
	out->expires_at = expiry(cx, answer);
	TRY(read_id_token(cx, p, at, x, answer, &subject));
	return read_profile(cx, p, at, subject, out);
}
