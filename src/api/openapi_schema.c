/* SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include <string.h>

#include "base/json.h"
#include "core/oauth.h"

/* What every description of this API may refer to. */
struct fixed_schema {
	const char *name;
	const char *json;
};

static const struct fixed_schema fixed_schemas[] = {
	{"ErrorModel",
	 "{\"properties\":{\"detail\":{\"anyOf\":[{\"type\":\"string\"},"
	 "{\"additionalProperties\":{\"type\":\"string\"},"
	 "\"type\":\"object\"}],\"title\":\"Detail\"}},\"type\":\"object\","
	 "\"required\":[\"detail\"],\"title\":\"ErrorModel\"}"},
	{"HTTPValidationError",
	 "{\"properties\":{\"detail\":{\"items\":{\"$ref\":"
	 "\"#/components/schemas/ValidationError\"},\"type\":\"array\","
	 "\"title\":\"Detail\"}},\"type\":\"object\","
	 "\"title\":\"HTTPValidationError\"}"},
	{"ValidationError",
	 "{\"properties\":{\"loc\":{\"items\":{\"anyOf\":["
	 "{\"type\":\"string\"},{\"type\":\"integer\"}]},\"type\":\"array\","
	 "\"title\":\"Location\"},\"msg\":{\"type\":\"string\","
	 "\"title\":\"Message\"},\"type\":{\"type\":\"string\","
	 "\"title\":\"Error Type\"},\"input\":{\"title\":\"Input\"},"
	 "\"ctx\":{\"type\":\"object\",\"title\":\"Context\"}},"
	 "\"type\":\"object\",\"required\":[\"loc\",\"msg\",\"type\"],"
	 "\"title\":\"ValidationError\"}"},
};

/* A user's accounts at providers, where they are shown. */
static const char accounts_property[] =
	"{\"items\":{\"$ref\":\"#/components/schemas/BaseOAuthAccount\"},"
	"\"type\":\"array\",\"title\":\"Oauth Accounts\",\"default\":[]}";

static const char account_schema[] =
	"{\"properties\":{\"id\":{\"title\":\"Id\"},"
	"\"oauth_name\":{\"type\":\"string\",\"title\":\"Oauth Name\"},"
	"\"access_token\":{\"type\":\"string\",\"title\":\"Access Token\"},"
	"\"expires_at\":{\"anyOf\":[{\"type\":\"integer\"},"
	"{\"type\":\"null\"}],\"title\":\"Expires At\"},"
	"\"refresh_token\":{\"anyOf\":[{\"type\":\"string\"},"
	"{\"type\":\"null\"}],\"title\":\"Refresh Token\"},"
	"\"account_id\":{\"type\":\"string\",\"title\":\"Account Id\"},"
	"\"account_email\":{\"type\":\"string\","
	"\"title\":\"Account Email\"}},\"type\":\"object\","
	"\"required\":[\"id\",\"oauth_name\",\"access_token\","
	"\"account_id\",\"account_email\"],\"title\":\"BaseOAuthAccount\","
	"\"description\":\"Base OAuth account model.\"}";

/* RFC 7517, section 5. */
static const char key_set_schema[] =
	"{\"properties\":{\"keys\":{\"items\":{\"properties\":{"
	"\"kty\":{\"type\":\"string\",\"title\":\"Kty\"},"
	"\"kid\":{\"type\":\"string\",\"title\":\"Kid\"},"
	"\"alg\":{\"type\":\"string\",\"title\":\"Alg\"},"
	"\"use\":{\"type\":\"string\",\"title\":\"Use\"}},"
	"\"type\":\"object\",\"required\":[\"kty\",\"kid\",\"alg\"]},"
	"\"type\":\"array\",\"title\":\"Keys\"}},\"type\":\"object\","
	"\"required\":[\"keys\"],\"title\":\"JsonWebKeySet\"}";

#define KEY_MEMBERS                                                            \
	"{\"properties\":{\"id\":{\"type\":\"string\",\"title\":\"Id\"},"      \
	"\"name\":{\"type\":\"string\",\"title\":\"Name\"},"                   \
	"\"scope\":{\"type\":\"string\",\"title\":\"Scope\"},"                 \
	"\"created_at\":{\"type\":\"string\",\"format\":\"date-time\","        \
	"\"title\":\"Created At\"},"                                           \
	"\"expires_at\":{\"anyOf\":[{\"type\":\"string\","                     \
	"\"format\":\"date-time\"},{\"type\":\"null\"}],"                      \
	"\"title\":\"Expires At\"},"                                           \
	"\"last_used_at\":{\"anyOf\":[{\"type\":\"string\","                   \
	"\"format\":\"date-time\"},{\"type\":\"null\"}],"                      \
	"\"title\":\"Last Used At\"}"

#define KEY_REQUIRED                                                           \
	"\"type\":\"object\",\"required\":[\"id\",\"name\",\"scope\","         \
	"\"created_at\",\"expires_at\",\"last_used_at\""

static const char key_list_schema[] =
	"{\"items\":" KEY_MEMBERS "}," KEY_REQUIRED "]},"
	"\"type\":\"array\",\"title\":\"ApiKeyList\"}";

static const char new_key_schema[] = KEY_MEMBERS
	",\"key\":{\"type\":\"string\",\"title\":\"Key\"}}," KEY_REQUIRED
	",\"key\"],\"title\":\"ApiKeyCreated\"}";

/* Those that no table of fields can tell. */
static const struct {
	const struct schema *schema;
	const char *json;
} written_schemas[] = {
	{&jwks_schema, key_set_schema},
	{&api_key_schema, new_key_schema},
	{&api_key_list_schema, key_list_schema},
};

static const char *
written_json(const struct schema *s)
{
	for (size_t i = 0; i < countof(written_schemas); i++)
		if (written_schemas[i].schema == s)
			return written_schemas[i].json;
	return NULL;
}

/* Schemas with a name of their own; any other is called after its route. */
struct named_schema {
	const struct schema *schema;
	const char *name; /* NULL: a setting has it */
	size_t setting;   /* offset in struct openapi_settings */
};

static const struct named_schema named_schemas[] = {
	{&user_schema, NULL, offsetof(struct openapi_settings, user_read)},
	{&register_schema, NULL,
	 offsetof(struct openapi_settings, user_create)},
	{&change_schema, NULL, offsetof(struct openapi_settings, user_update)},
	{&user_page_schema, "UserPage", 0},
	{&batch_create_schema, "UserBatchCreate", 0},
	{&batch_change_schema, "UserBatchUpdate", 0},
	{&batch_change_item_schema, "UserBatchUpdateItem", 0},
	{&batch_schema, "UserBatch", 0},
	{&batch_result_schema, "UserBatchResult", 0},
	{&batch_refusal_schema, "UserBatchRefusal", 0},
	{&batch_not_applied_schema, "UserBatchNotApplied", 0},
	{&bearer_schema, "BearerResponse", 0},
	{&authorization_schema, "OAuth2AuthorizeResponse", 0},
	{&jwks_schema, "JsonWebKeySet", 0},
	{&api_key_create_schema, "ApiKeyCreate", 0},
	{&api_key_schema, "ApiKeyCreated", 0},
	{&api_key_list_schema, "ApiKeyList", 0},
};

const char *
openapi_schema_name(const struct api *api, const struct schema *s)
{
	const char *settings = (const char *)&api->conf->openapi;

	for (size_t i = 0; i < countof(named_schemas); i++) {
		const struct named_schema *n = &named_schemas[i];
		const char *name = n->name;

		if (n->schema != s)
			continue;
		if (name == NULL)
			memcpy(&name, settings + n->setting, sizeof(name));
		return name;
	}
	return NULL;
}

const struct schema *
openapi_problem_schema(enum err e)
{
	return e == ERR_BATCH_NOT_APPLIED ? &batch_refusal_schema : NULL;
}

const char *
openapi_schema_path(struct arena *mem, const char *name)
{
	return arena_printf(mem, "#/components/schemas/%s", name);
}

void
openapi_schema_ref(struct buf *out, const char *name)
{
	json_begin(out, "schema", '{');
	if (name != NULL)
		json_add_text(out, "$ref", openapi_schema_path(out->mem, name));
	json_end(out, '}');
}

const char *
openapi_input_name(const struct api *api, const struct bound_route *b)
{
	const char *name = openapi_schema_name(api, b->route->input);

	return name != NULL ? name
			    : arena_printf(api->mem, "Body_%s",
					   openapi_operation_id(api, b));
}

bool
openapi_has_body(const struct bound_route *b)
{
	return b->route->body == BODY_JSON || b->route->body == BODY_FORM;
}

bool
openapi_is_cookie(const struct bound_route *b)
{
	return b->backend != NULL &&
	       strcmp(b->backend->transport, "cookie") == 0;
}

/* What a provider's callback sends is left open, as in the reference. */
bool
openapi_sends_token(const struct bound_route *b)
{
	return b->route->answer == ANSWER_LOGIN && b->provider == NULL &&
	       !openapi_is_cookie(b);
}

static const struct schema *
output_of(const struct bound_route *b)
{
	return openapi_sends_token(b) ? &bearer_schema : b->route->output;
}

const char *
openapi_output_name(const struct api *api, const struct bound_route *b)
{
	const struct schema *s = output_of(b);

	return s != NULL ? openapi_schema_name(api, s) : NULL;
}

static void
add_required(struct buf *out, const struct schema *s, bool *any)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->fields[i].need != FIELD_REQUIRED)
			continue;
		if (!*any)
			json_begin(out, "required", '[');
		*any = true;
		json_add_text(out, NULL, s->fields[i].name);
	}
}

/* The configured fields that belong behind those of the schema. */
static const struct schema *
custom_of(const struct api *api, const struct schema *s)
{
	static const struct schema none = {0};

	if (s == &register_schema)
		return &api->custom.create;
	if (s == &change_schema || s == &batch_change_item_schema)
		return &api->custom.change;
	return s == &user_schema ? &api->custom.read_self : &none;
}

static void
add_schema(struct buf *out, const struct api *api, const char *name,
	   const struct schema *s)
{
	const struct schema *more = custom_of(api, s);
	bool any = false;

	if (written_json(s) != NULL) {
		json_add_raw(out, name, written_json(s));
		return;
	}
	json_begin(out, name, '{');
	json_begin(out, "properties", '{');
	for (size_t i = 0; i < s->count; i++)
		openapi_field(out, api, s->fields[i].name, &s->fields[i]);
	for (size_t i = 0; i < more->count; i++)
		openapi_field(out, api, more->fields[i].name, &more->fields[i]);
	if (s == &user_schema && oauth_accounts_are_shown(api->conf))
		json_add_raw(out, "oauth_accounts", accounts_property);
	json_end(out, '}');
	json_add_text(out, "type", "object");
	add_required(out, s, &any);
	add_required(out, more, &any);
	if (any)
		json_end(out, ']');
	json_add_text(out, "title", name);
	json_end(out, '}');
}

/* The names that are there already. */
struct names {
	const char **items;
	size_t count;
};

static bool
is_new(struct names *seen, const char *name)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->items[i], name) == 0)
			return false;
	seen->items[seen->count++] = name;
	return true;
}

/* A schema, and those of what it holds, once each. */
static void
add_schemas(struct buf *out, const struct api *api, struct names *seen,
	    const char *name, const struct schema *s)
{
	if (!is_new(seen, name))
		return;
	add_schema(out, api, name, s);
	for (size_t i = 0; i < s->count; i++) {
		const struct schema *items = s->fields[i].items;

		if (items != NULL)
			add_schemas(out, api, seen,
				    openapi_schema_name(api, items), items);
	}
}

static void
add_problem_schemas(struct buf *out, const struct api *api, struct names *seen,
		    const struct route *r)
{
	for (size_t i = 0; i < ROUTE_PROBLEMS_LIMIT && r->problems[i] != OK;
	     i++) {
		const struct schema *s = openapi_problem_schema(r->problems[i]);

		if (s != NULL)
			add_schemas(out, api, seen, openapi_schema_name(api, s),
				    s);
	}
}

void
openapi_schemas(struct buf *out, const struct api *api)
{
	struct names seen = {
		.items = arena_array(api->mem,
				     api->count * 2 + countof(named_schemas),
				     sizeof(*seen.items))};

	json_begin(out, "schemas", '{');
	for (size_t i = 0; i < api->count; i++) {
		const struct bound_route *b = &api->bound[i];
		const char *name;

		if (b->route->answer == ANSWER_HIDDEN)
			continue;
		if (openapi_has_body(b))
			add_schemas(out, api, &seen, openapi_input_name(api, b),
				    b->route->input);
		name = openapi_output_name(api, b);
		if (name != NULL)
			add_schemas(out, api, &seen, name, output_of(b));
		add_problem_schemas(out, api, &seen, b->route);
	}
	if (oauth_accounts_are_shown(api->conf))
		json_add_raw(out, "BaseOAuthAccount", account_schema);
	for (size_t i = 0; i < countof(fixed_schemas); i++)
		json_add_raw(out, fixed_schemas[i].name, fixed_schemas[i].json);
	json_end(out, '}');
}
