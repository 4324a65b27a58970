/* SPDX-License-Identifier: MIT */
/* The providers' settings: what a preset knows, and whether all is there. */
#include <string.h>

#include "base/config_table.h"
#include "base/json_path.h"
#include "base/text.h"

#define TITLE_LIMIT 100 /* of the column oauth_name */
#define WELL_KNOWN "/.well-known/openid-configuration"

struct preset {
	const char *name;
	const char *tenant;
	const char *discovery_url;
	const char *authorize_url;
	const char *token_url;
	const char *token_auth;
	const char *profile_url;
	const char *profile_method;
	const char *profile_header;
	const char *id_path;
	const char *email_path;
	const char *email_verified_path;
	const char *emails_url;
	const char *emails_path;
	const char *emails_verified_path;
	const char *pkce;
	const char *nonce;
	const char *scopes;
	const char *authorize_extra;
};

static const struct preset presets[] = {
#define PRESET(tag, ...) {.name = #tag, __VA_ARGS__},
#include "base/oauth_providers.def"
#undef PRESET
};

/* A setting and where a preset has it; what neither says. */
struct inherited {
	size_t setting; /* in struct provider_settings */
	size_t preset;  /* in struct preset */
	const char *otherwise;
};

#define INHERITED(name, otherwise)                                             \
	{                                                                      \
		offsetof(struct provider_settings, name),                      \
			offsetof(struct preset, name), otherwise               \
	}

static const struct inherited texts[] = {
	INHERITED(tenant, ""),
	INHERITED(discovery_url, ""),
	INHERITED(authorize_url, ""),
	INHERITED(token_url, ""),
	INHERITED(token_auth, ""),
	INHERITED(profile_url, ""),
	INHERITED(profile_method, "GET"),
	INHERITED(profile_header, "Authorization: Bearer {token}"),
	INHERITED(id_path, ""),
	INHERITED(email_path, ""),
	INHERITED(email_verified_path, ""),
	INHERITED(emails_url, ""),
	INHERITED(emails_path, ""),
	INHERITED(emails_verified_path, ""),
	INHERITED(pkce, "off"),
	INHERITED(nonce, "off"),
};

static const struct inherited lists[] = {
	INHERITED(scopes, ""),
	INHERITED(authorize_extra, ""),
};

/* Settings that are addresses, in which names in braces may stand. */
struct address {
	const char *name;
	size_t setting;
};

#define ADDRESS(name)                                                          \
	{                                                                      \
#name, offsetof(struct provider_settings, name)                \
	}

static const struct address addresses[] = {
	ADDRESS(discovery_url), ADDRESS(jwks_url),
	ADDRESS(authorize_url), ADDRESS(token_url),
	ADDRESS(profile_url),   ADDRESS(emails_url),
	ADDRESS(redirect_url),  ADDRESS(associate_redirect_url),
};

static const struct address paths[] = {
	ADDRESS(id_path),
	ADDRESS(email_path),
	ADDRESS(email_verified_path),
	ADDRESS(emails_path),
	ADDRESS(emails_verified_path),
};

static const char **
text_at(struct provider_settings *p, size_t offset)
{
	return (void *)((char *)p + offset);
}

static const char *
preset_text(const struct preset *known, size_t offset)
{
	return *(const char *const *)(const void *)((const char *)known +
						    offset);
}

/* The last one, which knows nothing, for a name that was refused already. */
static const struct preset *
preset_named(const char *name)
{
	size_t i = 0;

	while (i + 1 < countof(presets) && strcmp(presets[i].name, name) != 0)
		i++;
	return &presets[i];
}

static void
words_append(struct text_list *list, struct arena *mem, const char *words)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		list_append(list, mem, words, len);
		words += len + strspn(words + len, " ");
	}
}

static void
inherit(struct reading *r, struct provider_settings *p)
{
	const struct preset *known = preset_named(p->preset);

	for (size_t i = 0; i < countof(texts); i++) {
		const char **text = text_at(p, texts[i].setting);
		const char *from = preset_text(known, texts[i].preset);

		if (**text == '\0' || strcmp(*text, "auto") == 0)
			*text = from != NULL ? from : texts[i].otherwise;
	}
	for (size_t i = 0; i < countof(lists); i++) {
		struct text_list *list = (void *)text_at(p, lists[i].setting);
		const char *from = preset_text(known, lists[i].preset);

		if (list->count == 0 && from != NULL)
			words_append(list, r->mem, from);
	}
}

/* The text with `name` in it replaced. */
static const char *
replaced(struct arena *mem, const char *text, const char *name,
	 const char *value)
{
	const char *at = strstr(text, name);

	if (at == NULL || *value == '\0')
		return text;
	return arena_printf(mem, "%.*s%s%s", (int)(at - text), text, value,
			    at + strlen(name));
}

static void
fill_in(struct reading *r, struct provider_settings *p)
{
	for (size_t i = 0; i < countof(addresses); i++) {
		const char **url = text_at(p, addresses[i].setting);

		*url = replaced(r->mem, *url, "{tenant}", p->tenant);
		*url = replaced(r->mem, *url, "{domain}", p->domain);
		*url = replaced(r->mem, *url, "{shop}", p->shop);
	}
}

/* The issuer that an OpenID configuration is for (OpenID Connect Discovery
 * 1.0, section 4). */
static void
derive_issuer(struct reading *r, struct provider_settings *p)
{
	size_t len = strlen(p->discovery_url);
	size_t tail = strlen(WELL_KNOWN);

	if (*p->issuer == '\0' && len > tail &&
	    strcmp(p->discovery_url + len - tail, WELL_KNOWN) == 0)
		p->issuer = arena_copy(r->mem, p->discovery_url, len - tail);
}

static void
take_secret(struct reading *r, size_t number, struct provider_settings *p)
{
	const char *why;

	if (*p->client_secret_file == '\0')
		return;
	why = config_secret_file(r, p->client_secret_file, &p->client_secret);
	if (why != NULL)
		config_blame(r, "provider", number, "client_secret_file",
			     "%s: %s", p->client_secret_file, why);
}

static const struct pool_settings *
pool_named(const struct config *c, const char *title)
{
	for (size_t i = 0; i < c->pool_count; i++)
		if (strcmp(c->pool[i].title, title) == 0)
			return &c->pool[i];
	return NULL;
}

/*
 * Half of the workers that the web server may choose for these requests, so
 * that the other half is for those who need no provider: of the pool "oauth"
 * where there is one, else of the smallest one that is not for passwords.
 */
static int64_t
half_of_the_workers(const struct config *c)
{
	const struct pool_settings *own = pool_named(c, "oauth");
	int64_t least = own == NULL ? INT64_MAX : own->workers;

	for (size_t i = 0; own == NULL && i < c->pool_count; i++)
		if (c->pool[i].workers < least &&
		    (c->pool_count == 1 ||
		     strcmp(c->pool[i].title, "password") != 0))
			least = c->pool[i].workers;
	return least > 1 ? least / 2 : 1;
}

void
providers_resolve(struct reading *r)
{
	struct config *c = r->conf;

	if (c->oauth.max_parallel == 0)
		c->oauth.max_parallel = half_of_the_workers(c);

	for (size_t i = 0; i < c->provider_count; i++) {
		struct provider_settings *p = &c->provider[i];

		inherit(r, p);
		fill_in(r, p);
		derive_issuer(r, p);
		take_secret(r, i, p);
		if (*p->backend == '\0' && c->backend_count > 0)
			p->backend = c->backend[0].title;
	}
}

/* Whether all is there. */

static const char *
title_fault(const char *title)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	if (*title == '\0' || strlen(title) > TITLE_LIMIT)
		return "must have from 1 to 100 characters";
	if (title[strspn(title, letters)] != '\0')
		return "may hold letters, digits, _ and - only";
	return NULL;
}

static bool
has_backend(const struct config *c, const char *title)
{
	for (size_t i = 0; i < c->backend_count; i++)
		if (strcmp(c->backend[i].title, title) == 0)
			return true;
	return false;
}

static const char *
address_fault(const struct config *c, const char *url)
{
	const char *host = strstr(url, "://");

	if (!text_starts(url, "https://") &&
	    !(c->oauth.allow_http && text_starts(url, "http://")))
		return "must start with https://";
	if (host[3] == '\0' || strchr("/?#:", host[3]) != NULL)
		return "names no host";
	for (; *url != '\0'; url++)
		if (*url <= ' ' || *url >= 0x7f || *url == '"' || *url == '\\')
			return "holds characters that an address must not";
	return NULL;
}

static void
addresses_check(struct reading *r, size_t number)
{
	struct provider_settings *p = &r->conf->provider[number];

	for (size_t i = 0; i < countof(addresses); i++) {
		const char *url = *text_at(p, addresses[i].setting);
		const char *why = NULL;

		if (*url != '\0')
			why = address_fault(r->conf, url);
		if (why == NULL && (strstr(url, "{tenant}") != NULL ||
				    strstr(url, "{domain}") != NULL ||
				    strstr(url, "{shop}") != NULL))
			why = "holds a name in braces whose setting is empty";
		if (why != NULL)
			config_blame(r, "provider", number, addresses[i].name,
				     "\"%s\" %s", url, why);
	}
}

static void
paths_check(struct reading *r, size_t number)
{
	struct provider_settings *p = &r->conf->provider[number];

	for (size_t i = 0; i < countof(paths); i++) {
		const char *path = *text_at(p, paths[i].setting);
		const char *why = NULL;

		if (*path != '\0' && strcmp(path, "=true") != 0)
			why = json_path_fault(path);
		if (why != NULL)
			config_blame(r, "provider", number, paths[i].name,
				     "\"%s\" %s", path, why);
	}
}

/* A nonce is proved by an ID token alone, for which there must be keys, and
 * which is given to those who ask for openid. */
static void
nonce_check(struct reading *r, size_t number)
{
	const struct provider_settings *p = &r->conf->provider[number];

	if (strcmp(p->nonce, "on") != 0)
		return;
	if (*p->discovery_url == '\0' && *p->jwks_url == '\0')
		config_blame(r, "provider", number, "nonce",
			     "on asks for discovery_url or jwks_url, whose "
			     "keys verify the token that bears it");
	if (!text_list_has(&p->scopes, "openid"))
		config_blame(r, "provider", number, "nonce",
			     "on asks for openid among the scopes");
}

/* What must be there, and is not told by discovery. */
static void
needed_check(struct reading *r, size_t number)
{
	const struct provider_settings *p = &r->conf->provider[number];
	const struct {
		const char *name;
		const char *value;
		bool is_discovered;
	} needed[] = {
		{"client_id", p->client_id, false},
		{"client_secret", p->client_secret, false},
		{"id_path", p->id_path, false},
		{"authorize_url", p->authorize_url, true},
		{"token_url", p->token_url, true},
		{"profile_url", p->profile_url, true},
	};

	for (size_t i = 0; i < countof(needed); i++)
		if (*needed[i].value == '\0' &&
		    !(needed[i].is_discovered && *p->discovery_url != '\0'))
			config_blame(r, "provider", number, needed[i].name,
				     "must be set");
	if ((*p->discovery_url != '\0' || *p->jwks_url != '\0') &&
	    *p->issuer == '\0')
		config_blame(r, "provider", number, "issuer", "must be set");
}

static void
extra_check(struct reading *r, size_t number)
{
	const struct text_list *extra =
		&r->conf->provider[number].authorize_extra;

	for (size_t i = 0; i < extra->count; i++) {
		const char *equals = strchr(extra->items[i], '=');

		if (equals == NULL || equals == extra->items[i])
			config_blame(r, "provider", number, "authorize_extra",
				     "\"%s\" is not NAME=VALUE",
				     extra->items[i]);
	}
}

static void
provider_check(struct reading *r, size_t number)
{
	const struct provider_settings *p = &r->conf->provider[number];
	const char *why = title_fault(p->title);

	if (why != NULL)
		config_blame(r, "provider", number, "preset",
			     "the provider's name %s", why);
	if (!has_backend(r->conf, p->backend))
		config_blame(r, "provider", number, "backend",
			     "there is no backend \"%s\"", p->backend);
	needed_check(r, number);
	nonce_check(r, number);
	addresses_check(r, number);
	paths_check(r, number);
	extra_check(r, number);
}

void
providers_check(struct reading *r)
{
	const struct config *c = r->conf;

	for (size_t i = 0; i < c->provider_count; i++)
		provider_check(r, i);
	if (c->provider_count > 0 && c->secrets.state.count == 0)
		config_blame(r, "secrets", 0, "state",
			     "there is no secret, and providers need one: put "
			     "it into state_file, into state or into "
			     "FASTCGI_USERS_STATE_SECRET");
}
