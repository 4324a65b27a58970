/* SPDX-License-Identifier: MIT */
#include "api/bound.h"

#include <string.h>

#include "api/guard.h"
#include "api/openapi.h"
#include "api/page.h"
#include "base/log.h"
#include "base/tally.h"
#include "core/reset.h"
#include "core/setup.h"
#include "core/token_keys.h"
#include "core/verify.h"

/* What an api keeps; far more than any configuration asks for. */
#define API_MEMORY ((size_t)64 * 1024 * 1024)

/* What stands for a body and for an answer in a row. */
#define TAKES_NONE .body = BODY_NONE
#define TAKES_JSON(schema) .body = BODY_JSON, .input = &(schema)
#define TAKES_JSON_ONCE(schema) TAKES_JSON(schema), .once = true
#define TAKES_FORM(schema) .body = BODY_FORM, .input = &(schema)
#define TAKES_QUERY(schema) .body = BODY_QUERY, .input = &(schema)
#define GIVES_OBJECT(schema) .answer = ANSWER_OBJECT, .output = &(schema)
#define GIVES_NULL .answer = ANSWER_NULL
#define GIVES_NONE .answer = ANSWER_NONE
#define GIVES_LOGIN .answer = ANSWER_LOGIN
#define GIVES_LOGOUT .answer = ANSWER_LOGOUT
#define GIVES_HIDDEN .answer = ANSWER_HIDDEN

static const struct route routes[] = {
#define ROUTE(verb, where, text, function, may, takes, aim, most, code, gives, \
	      id, ...)                                                         \
	{.method = METHOD_##verb,                                              \
	 .mount = MOUNT_##where,                                               \
	 .path = (text),                                                       \
	 .handler = function,                                                  \
	 .who = WHO_##may,                                                     \
	 TAKES_##takes,                                                        \
	 .target = TARGET_##aim,                                               \
	 .limit = LIMIT_##most,                                                \
	 .status = (code),                                                     \
	 GIVES_##gives,                                                        \
	 .operation = (id),                                                    \
	 .problems = {__VA_ARGS__}},
#include "api/routes.def"
#undef ROUTE
};

_Static_assert(countof(routes) < TALLY_ROUTES,
	       "more routes than are counted by themselves");

size_t
route_number(const struct route *r)
{
	return (size_t)(r - routes);
}

const struct route *
route_at(size_t number)
{
	return number < countof(routes) ? &routes[number] : NULL;
}

static bool
has_pages(const struct config *conf)
{
	return conf->pages.enabled && page_backend(conf) != NULL;
}

/* How often a row is bound: not at all where it is switched off. */
static size_t
mounts_of(struct arena *mem, const struct route *r, const struct config *conf)
{
	switch (r->mount) {
	case MOUNT_JWKS:
		return conf->keys.jwks && token_keys_are_public(conf);
	case MOUNT_OPENAPI:
		return conf->openapi.enabled;
	case MOUNT_DOCS:
		return conf->openapi.enabled && conf->openapi.docs &&
		       docs_has_files(mem, conf, PAGE_DOCS);
	case MOUNT_REDOC:
		return conf->openapi.enabled && conf->openapi.redoc &&
		       docs_has_files(mem, conf, PAGE_REDOC);
	case MOUNT_HEALTH:
	case MOUNT_PROBE:
		return conf->routes.health;
	case MOUNT_METRICS:
		return conf->metrics.enabled;
	case MOUNT_AUTH:
	case MOUNT_USERS:
		return 1;
	case MOUNT_KEYS:
		return conf->api_keys.enabled;
	case MOUNT_ADMIN:
		return conf->admin.routes;
	case MOUNT_LEAVE:
		return conf->users.delete_me;
	case MOUNT_GUARD:
		return conf->guard.enabled;
	case MOUNT_CHANGE_PASSWORD:
	case MOUNT_PAGE:
		return has_pages(conf);
	case MOUNT_PAGE_KEYS:
		return has_pages(conf) && conf->api_keys.enabled;
	case MOUNT_PAGE_LEAVE:
		return has_pages(conf) && conf->users.delete_me;
	case MOUNT_PAGE_RESET:
		return has_pages(conf) && reset_is_on(conf);
	case MOUNT_PAGE_VERIFY:
		return has_pages(conf) && verify_is_on(conf);
	case MOUNT_PAGE_ADMIN:
		return page_admin_is_on(conf);
	case MOUNT_PAGE_ADMIN_RESET:
		return page_admin_is_on(conf) && reset_is_on(conf);
	case MOUNT_PAGE_ADMIN_VERIFY:
		return page_admin_is_on(conf) && verify_is_on(conf);
	case MOUNT_RESET:
		return reset_is_on(conf);
	case MOUNT_VERIFY:
		return verify_is_on(conf);
	case MOUNT_SETUP:
		return setup_is_on(conf);
	case MOUNT_BACKEND:
		return conf->backend_count;
	case MOUNT_PROVIDER:
	case MOUNT_ASSOCIATE:
		return conf->provider_count;
	}
	return 0;
}

/* `text` with `value` in place of `mark`, where it stands there. */
static const char *
fill_in(struct arena *mem, const char *text, const char *mark,
	const char *value)
{
	const char *at = strstr(text, mark);

	if (at == NULL)
		return text;
	return arena_printf(mem, "%.*s%s%s", (int)(at - text), text, value,
			    at + strlen(mark));
}

/* The configuration is only taken when there is one. */
static const struct backend_settings *
backend_named(const struct config *conf, const char *title)
{
	size_t i = 0;

	while (strcmp(conf->backend[i].title, title) != 0)
		i++;
	return &conf->backend[i];
}

/* Where a row goes, and which of several it is bound for this time. */
static void
mount_row(struct bound_route *b, struct arena *mem, const struct config *conf,
	  size_t i)
{
	b->prefix = "";
	switch (b->route->mount) {
	case MOUNT_JWKS:
	case MOUNT_HEALTH:
	case MOUNT_METRICS:
	case MOUNT_OPENAPI:
	case MOUNT_DOCS:
	case MOUNT_REDOC:
	case MOUNT_SETUP:
	case MOUNT_CHANGE_PASSWORD:
		break;
	case MOUNT_AUTH:
	case MOUNT_PROBE:
	case MOUNT_GUARD:
	case MOUNT_RESET:
	case MOUNT_VERIFY:
		b->prefix = conf->routes.auth;
		break;
	case MOUNT_PAGE:
	case MOUNT_PAGE_KEYS:
	case MOUNT_PAGE_LEAVE:
	case MOUNT_PAGE_RESET:
	case MOUNT_PAGE_VERIFY:
	case MOUNT_PAGE_ADMIN:
	case MOUNT_PAGE_ADMIN_RESET:
	case MOUNT_PAGE_ADMIN_VERIFY:
		b->prefix = conf->pages.prefix;
		b->backend = page_backend(conf);
		break;
	case MOUNT_USERS:
	case MOUNT_KEYS:
	case MOUNT_ADMIN:
	case MOUNT_LEAVE:
		b->prefix = conf->routes.users;
		break;
	case MOUNT_BACKEND:
		b->backend = &conf->backend[i];
		b->prefix = b->backend->prefix;
		break;
	case MOUNT_PROVIDER:
		b->provider = &conf->provider[i];
		b->backend = backend_named(conf, b->provider->backend);
		b->prefix = arena_printf(mem, "%s/%s", conf->routes.auth,
					 b->provider->title);
		break;
	case MOUNT_ASSOCIATE:
		b->provider = &conf->provider[i];
		b->prefix = arena_printf(mem, "%s/associate/%s",
					 conf->routes.auth, b->provider->title);
		break;
	}
}

static void
bind_route(struct api *api, const struct route *r, size_t i)
{
	struct bound_route *b = &api->bound[api->count++];

	b->route = r;
	b->operation = r->operation;
	mount_row(b, api->mem, api->conf, i);
	if (b->backend != NULL)
		b->operation = fill_in(api->mem, b->operation, "{backend}",
				       b->backend->title);
	if (b->provider != NULL)
		b->operation = fill_in(api->mem, b->operation, "{provider}",
				       b->provider->title);
}

struct api *
api_open(const struct config *conf)
{
	struct arena *mem = arena_open(0, API_MEMORY);
	struct api *api = arena_new(mem, struct api);
	size_t most = countof(routes) *
		      (conf->backend_count + conf->provider_count + 1);

	api->mem = mem;
	api->conf = conf;
	api->openapi = arena_new(mem, struct openapi);
	custom_schemas_make(mem, user_fields_make(mem, conf), &api->custom);
	/* The command has told what is wrong there. */
	if (page_shelf_open(mem, conf, NULL, NULL, &api->languages) != OK)
		log_event(LEVEL_WARNING, log_is("page_texts_faulty"));
	api->guard = guard_make(mem, conf, api->custom.fields);
	api->bound = arena_array(mem, most, sizeof(*api->bound));
	for (size_t r = 0; r < countof(routes); r++) {
		size_t mounts = mounts_of(mem, &routes[r], conf);

		for (size_t i = 0; i < mounts; i++)
			bind_route(api, &routes[r], i);
	}
	return api;
}

void
api_close(struct api *api)
{
	if (api != NULL)
		arena_close(api->mem);
}
