/* SPDX-License-Identifier: MIT */
/* The configuration by itself. */
#include <string.h>

#include "base/text.h"
#include "cmd/command.h"
#include "cmd/examination.h"
#include "core/event.h"
#include "core/reset.h"
#include "core/token_keys.h"
#include "core/verify.h"

#define SECRET_SHORTEST 32
/* Of a text that chance made, so many characters differ, nearly always. */
#define SECRET_VARIETY 12

struct router {
	const char *name;
	const char *paths;
	enum event event;
	bool (*is_on)(const struct config *conf);
};

static const struct router routers[] = {
	{"reset", "forgot-password and reset-password",
	 EVENT_AFTER_FORGOT_PASSWORD, reset_is_on},
	{"verify", "request-verify-token and verify",
	 EVENT_AFTER_REQUEST_VERIFY, verify_is_on},
};

/* A router without a secret is not there; one whose tokens nobody gets is of
 * no use. */
static void
judge_router(struct examination *x, const struct router *r,
	     const struct event_plan *plan)
{
	if (!r->is_on(x->conf) && *x->conf->mail.url != '\0')
		examination_warn(x, "routes",
				 "there is mail, but %s are off: put a secret "
				 "into secrets.%s_file, and have routes.%s be "
				 "true",
				 r->paths, r->name, r->name);
	else if (!r->is_on(x->conf))
		examination_good(x, "routes",
				 "%s are off: there is no secrets.%s, or "
				 "routes.%s is false",
				 r->paths, r->name, r->name);
	else if ((plan->wanted & EVENT_BIT(r->event)) == 0)
		examination_warn(x, "routes",
				 "nobody is told of %s, so no token for %s is "
				 "ever sent: set mail.url, or name that event "
				 "in a hook or a webhook",
				 event_name(r->event), r->paths);
	else
		examination_good(x, "routes", "%s", r->paths);
}

void
check_routers(struct examination *x)
{
	struct event_plan *plan = NULL;
	const char *why;

	if (event_plan_open(x->conf, &plan, &why) != OK)
		return;
	for (size_t i = 0; i < countof(routers); i++)
		judge_router(x, &routers[i], plan);
	event_plan_close(plan);
}

/* One that is more than the id, which is told. */
static bool
trust_is_vain(struct examination *x, const struct text_list *told,
	      const char *kind, const char *where)
{
	for (size_t i = 0; i < told->count; i++) {
		if (strcmp(strchr(told->items[i], '='), "=id") == 0)
			continue;
		examination_warn(x, "guard",
				 "guard.trust_signature is of no use%s, since "
				 "the %s %s makes every request read the user; "
				 "leave one of the two out",
				 where, kind, told->items[i]);
		return true;
	}
	return false;
}

/* Believing signatures has a price, which is paid only where it helps. */
void
check_guard(struct examination *x)
{
	const struct config *conf = x->conf;

	if (!conf->guard.enabled || !conf->guard.trust_signature)
		return;
	if (trust_is_vain(x, &conf->guard.headers, "header", "") ||
	    trust_is_vain(x, &conf->guard.variables, "variable",
			  " to an Authorizer"))
		return;
	examination_good(x, "guard",
			 "%s/check believes signed tokens until they expire, "
			 "even those that were ended",
			 conf->routes.auth);
}

void
check_keys(struct examination *x)
{
	const char *why = token_keys_fault(x->database.mem, x->conf);

	if (why != NULL)
		examination_fault(x, ERR_CONFIGURATION, "keys", "%s", why);
	else if (*x->conf->keys.file != '\0')
		examination_good(x, "keys", "the signing keys");
}

/* Secrets. */

struct purpose {
	const char *name;
	size_t list; /* in struct config */
};

#define PURPOSE(member)                                                        \
	{                                                                      \
#member, offsetof(struct config, secrets.member)               \
	}

static const struct purpose purposes[] = {
	PURPOSE(jwt),   PURPOSE(reset),           PURPOSE(verify),
	PURPOSE(state), PURPOSE(provider_tokens),
};

static const struct text_list *
secrets_of(const struct examination *x, const struct purpose *p)
{
	const char *at = (const char *)x->conf + p->list;

	return (const struct text_list *)(const void *)at;
}

static size_t
variety(const char *text)
{
	bool seen[256] = {false};
	size_t count = 0;

	for (; *text != '\0'; text++) {
		count += seen[(unsigned char)*text] ? 0 : 1;
		seen[(unsigned char)*text] = true;
	}
	return count;
}

static void
judge_secret(struct examination *x, const char *name, const char *secret)
{
	size_t len = strlen(secret);

	if (len < SECRET_SHORTEST)
		examination_warn(x, "secrets",
				 "a secret of secrets.%s has %zu bytes, which "
				 "can be guessed; make one of %d or more: "
				 "openssl rand -base64 48",
				 name, len, SECRET_SHORTEST);
	else if (variety(secret) < SECRET_VARIETY)
		examination_warn(x, "secrets",
				 "a secret of secrets.%s has so few different "
				 "characters that it is hardly random; make "
				 "one by openssl rand -base64 48",
				 name);
}

static bool
share_one(const struct text_list *a, const struct text_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcmp(a->items[i], b->items[j]) == 0)
				return true;
	return false;
}

/* What examples use, and what everybody may read, is refused before. */
void
check_secrets(struct examination *x)
{
	size_t before = x->warnings;

	for (size_t i = 0; i < countof(purposes); i++) {
		const struct text_list *list = secrets_of(x, &purposes[i]);

		for (size_t k = 0; k < list->count; k++)
			judge_secret(x, purposes[i].name, list->items[k]);
		for (size_t j = 0; j < i; j++)
			if (share_one(list, secrets_of(x, &purposes[j])))
				examination_warn(
					x, "secrets",
					"secrets.%s and secrets.%s hold the "
					"same secret, so who learns one knows "
					"both; make one for each: openssl rand "
					"-base64 48",
					purposes[j].name, purposes[i].name);
	}
	if (x->warnings == before)
		examination_good(x, "secrets", "the secrets");
}

/* Cookies. */

struct cookie_settings {
	const char *section; /* whose they are */
	const char *domain;
	bool secure;
};

static bool
is_local(const char *host)
{
	return strcmp(host, "localhost") == 0 || text_starts(host, "127.") ||
	       strcmp(host, "[::1]") == 0;
}

/* RFC 6265, section 5.1.3. */
static bool
domain_fits(const char *domain, const char *host)
{
	size_t h = strlen(host);
	size_t d;

	if (*domain == '.')
		domain++;
	d = strlen(domain);
	if (d > h || !text_same(host + h - d, domain))
		return false;
	return d == h || host[h - d - 1] == '.';
}

static void
judge_cookie(struct examination *x, const struct cookie_settings *c,
	     const char *site, const char *host)
{
	bool https = text_starts(site, "https:");

	if (c->secure && !https && !is_local(host))
		examination_fault(x, ERR_CONFIGURATION, "cookie",
				  "browsers keep the cookie of %s over https "
				  "only, and the site is %s; serve that over "
				  "https",
				  c->section, site);
	if (!c->secure && https)
		examination_warn(x, "cookie",
				 "the cookie of %s goes over http too, though "
				 "the site is %s; set cookie_secure = true",
				 c->section, site);
	if (*c->domain != '\0' && !domain_fits(c->domain, host))
		examination_fault(x, ERR_CONFIGURATION, "cookie",
				  "browsers refuse the cookie of %s for the "
				  "domain %s from %s; set cookie_domain to %s "
				  "or a domain above it, or leave it out",
				  c->section, c->domain, host, host);
}

static const char *
host_of(struct arena *mem, const char *site)
{
	const char *host = strstr(site, "://");
	size_t len;

	host = host != NULL ? host + 3 : site;
	len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	return arena_copy(mem, host, len);
}

void
check_cookies(struct examination *x)
{
	const struct config *conf = x->conf;
	const char *site = x->site != NULL ? x->site : conf->mail.base_url;
	const char *host = host_of(x->database.mem, site);

	if (*site == '\0')
		return;
	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];
		const struct cookie_settings c = {
			.section = arena_printf(x->database.mem, "backend %s",
						b->title),
			.domain = b->cookie_domain,
			.secure = b->cookie_secure,
		};

		if (strcmp(b->transport, "cookie") == 0)
			judge_cookie(x, &c, site, host);
	}
	if (conf->provider_count > 0)
		judge_cookie(x,
			     &(const struct cookie_settings){
				     "oauth", conf->oauth.cookie_domain,
				     conf->oauth.cookie_secure},
			     site, host);
}
