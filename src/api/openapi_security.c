/* SPDX-License-Identifier: MIT */
/* How the API's description says by what one is known. */
#include "api/openapi.h"

#include <string.h>

#include "base/json.h"
#include "core/api_key.h"

#define KEY_SCHEME "APIKeyBearer"

static const char key_scheme[] =
	"{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":"
	"\"A personal API key with the scope that is named.\"}";

static const char *
scheme_of(const struct backend_settings *b)
{
	return strcmp(b->transport, "cookie") == 0 ? "APIKeyCookie"
						   : "OAuth2PasswordBearer";
}

/* A scheme is known by its transport: of several backends with one transport
 * the first stands in the list, and the last is the one described. */
static bool
has_neighbour(const struct config *conf, size_t i, size_t from, size_t to)
{
	for (size_t k = from; k < to; k++)
		if (strcmp(conf->backend[k].transport,
			   conf->backend[i].transport) == 0)
			return true;
	return false;
}

bool
openapi_has_cookies(const struct config *conf)
{
	for (size_t i = 0; i < conf->backend_count; i++)
		if (strcmp(conf->backend[i].transport, "cookie") == 0)
			return true;
	return false;
}

/* The role that the scheme asks for is the scope. */
static void
add_key(struct buf *out, const struct route *r)
{
	unsigned scope = route_scope(r, r->method);

	if (scope == 0)
		return;
	json_begin(out, NULL, '{');
	json_begin(out, KEY_SCHEME, '[');
	json_add_text(out, NULL, api_scope_word(scope));
	json_end(out, ']');
	json_end(out, '}');
}

void
openapi_security(struct buf *out, const struct api *api, const struct route *r)
{
	const struct config *conf = api->conf;

	json_begin(out, "security", '[');
	for (size_t i = 0; i < conf->backend_count; i++) {
		if (has_neighbour(conf, i, 0, i))
			continue;
		json_begin(out, NULL, '{');
		json_add_raw(out, scheme_of(&conf->backend[i]), "[]");
		json_end(out, '}');
	}
	if (conf->api_keys.enabled)
		add_key(out, r);
	json_end(out, ']');
}

static void
add_cookie(struct buf *out, const struct backend_settings *b)
{
	json_add_text(out, "type", "apiKey");
	json_add_text(out, "in", "cookie");
	json_add_text(out, "name", b->cookie_name);
}

/* The address of the token is relative to where the API is mounted. */
static void
add_bearer(struct buf *out, const struct backend_settings *b)
{
	json_add_text(out, "type", "oauth2");
	json_begin(out, "flows", '{');
	json_begin(out, "password", '{');
	json_add_raw(out, "scopes", "{}");
	json_add_text(out, "tokenUrl",
		      arena_printf(out->mem, "%s/login", b->prefix + 1));
	json_end(out, '}');
	json_end(out, '}');
}

void
openapi_security_schemes(struct buf *out, const struct api *api)
{
	const struct config *conf = api->conf;

	json_begin(out, "securitySchemes", '{');
	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];

		if (has_neighbour(conf, i, i + 1, conf->backend_count))
			continue;
		json_begin(out, scheme_of(b), '{');
		if (strcmp(b->transport, "cookie") == 0)
			add_cookie(out, b);
		else
			add_bearer(out, b);
		json_end(out, '}');
	}
	if (conf->api_keys.enabled)
		json_add_raw(out, KEY_SCHEME, key_scheme);
	json_end(out, '}');
}
