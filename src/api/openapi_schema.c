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
	{&bearer_schema, "BearerResponse", 0},
	{&authorization_schema, "OAuth2AuthorizeResponse", 0},
	{&jwks_schema, "JsonWebKeySet", 0},
	{&api_key_create_schema, "ApiKeyCreate", 0},
	{&api_key_schema, "ApiKeyCreated", 0},
	{&api_key_list_schema, "ApiKeyList", 0},
};

static const char *
schema_name(const struct api *api, const struct schema *s)
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

const char *
openapi_input_name(const struct api *api, const struct bound_route *b)
{
	const char *name = schema_name(api, b->route->input);

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

	return s != NULL ? schema_name(api, s) : NULL;
}

const char *
openapi_title(struct arena *mem, const char *name)
{
	char *title = arena_text(mem, name);
	bool follows = false; /* a letter */

	for (char *p = title; *p != '\0'; p++) {
		bool small = *p >= 'a' && *p <= 'z';
		bool capital = *p >= 'A' && *p <= 'Z';

		if (small && !follows)
			*p = (char)(*p - 'a' + 'A');
		if (capital && follows)
			*p = (char)(*p - 'A' + 'a');
		if (*p == '_')
			*p = ' ';
		follows = small || capital;
	}
	return title;
}

/* A password is a text like any other, which a page had better not show. */
static bool
is_hint(const char *format)
{
	return strcmp(format, "password") == 0;
}

static const struct {
	const char *name;
	const char *format;
} kinds[] = {
	[FIELD_TEXT] = {"string", NULL},
	[FIELD_BOOL] = {"boolean", NULL},
	[FIELD_LIST] = {"array", NULL},
	[FIELD_INTEGER] = {"integer", NULL},
	[FIELD_NUMBER] = {"number", NULL},
	[FIELD_DATE] = {"string", "date"},
	[FIELD_DATETIME] = {"string", "date-time"},
	[FIELD_UUID] = {"string", "uuid"},
	[FIELD_CHOICE] = {"string", NULL},
	[FIELD_OBJECTS] = {"array", NULL},
	[FIELD_OBJECT] = {"object", NULL},
};

static void
add_bound(struct buf *out, const char *name, const struct field *f,
	  int64_t whole, double real)
{
	struct buf b;

	/* What no column exceeds is no bound that anybody set. */
	if (f->type != FIELD_NUMBER &&
	    (whole == INT64_MIN || whole == INT64_MAX))
		return;
	buf_init(&b, out->mem, 32);
	if (f->type == FIELD_NUMBER)
		json_write_real(&b, real);
	else
		buf_number(&b, whole);
	json_add_raw(out, name, b.data);
}

static void
add_choices(struct buf *out, const struct field_bounds *b)
{
	if (b->choice_count == 1) {
		json_add_text(out, "const", b->choices[0]);
		return;
	}
	json_begin(out, "enum", '[');
	for (size_t i = 0; i < b->choice_count; i++)
		json_add_text(out, NULL, b->choices[i]);
	json_end(out, ']');
}

static void
add_bounds(struct buf *out, const struct field *f)
{
	const struct field_bounds *b = f->bounds;
	bool is_text = f->type == FIELD_TEXT;

	if (f->type == FIELD_CHOICE)
		add_choices(out, b);
	if (b->has_max)
		add_bound(out, is_text ? "maxLength" : "maximum", f, b->max,
			  b->real_max);
	if (b->has_min)
		add_bound(out, is_text ? "minLength" : "minimum", f, b->min,
			  b->real_min);
}

static void
add_ref(struct buf *out, const struct api *api, const struct schema *s)
{
	json_add_text(out, "$ref",
		      arena_printf(out->mem, "#/components/schemas/%s",
				   schema_name(api, s)));
}

static void
add_items(struct buf *out, const struct api *api, const struct field *f)
{
	json_begin(out, "items", '{');
	add_ref(out, api, f->items);
	json_end(out, '}');
	if (f->bounds != NULL) {
		add_bound(out, "maxItems", f, f->bounds->max, 0);
		add_bound(out, "minItems", f, f->bounds->min, 0);
	}
}

static void
add_type(struct buf *out, const struct api *api, const struct field *f)
{
	if (f->is_id && api->openapi->ids == USER_ID_INTEGER) {
		json_add_text(out, "type", "integer");
		return;
	}
	if (f->type == FIELD_OBJECT) {
		if (f->items != NULL)
			add_ref(out, api, f->items);
		return;
	}
	json_add_text(out, "type", kinds[f->type].name);
	if (f->type == FIELD_LIST)
		json_add_raw(out, "items", "{\"type\":\"string\"}");
	if (f->type == FIELD_OBJECTS)
		add_items(out, api, f);
	else if (f->bounds != NULL)
		add_bounds(out, f);
	if (kinds[f->type].format != NULL)
		json_add_text(out, "format", kinds[f->type].format);
	if (f->fixed != NULL)
		json_add_text(out, "pattern",
			      arena_printf(out->mem, "^%s$", f->fixed));
	if (f->format != NULL && !is_hint(f->format))
		json_add_text(out, "format", f->format);
}

void
openapi_field(struct buf *out, const struct api *api, const char *member,
	      const struct field *f)
{
	bool nullable = f->need == FIELD_OPTIONAL;

	json_begin(out, member, '{');
	if (nullable) {
		json_begin(out, "anyOf", '[');
		json_begin(out, NULL, '{');
	}
	add_type(out, api, f);
	if (nullable) {
		json_end(out, '}');
		json_add_raw(out, NULL, "{\"type\":\"null\"}");
		json_end(out, ']');
	}
	if (f->format != NULL && is_hint(f->format))
		json_add_text(out, "format", f->format);
	json_add_text(out, "title", openapi_title(out->mem, f->name));
	if (f->help != NULL)
		json_add_text(out, "description", f->help);
	if (f->initial != NULL)
		json_add_raw(out, "default", f->initial);
	json_end(out, '}');
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
			add_schemas(out, api, seen, schema_name(api, items),
				    items);
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
	}
	if (oauth_accounts_are_shown(api->conf))
		json_add_raw(out, "BaseOAuthAccount", account_schema);
	for (size_t i = 0; i < countof(fixed_schemas); i++)
		json_add_raw(out, fixed_schemas[i].name, fixed_schemas[i].json);
	json_end(out, '}');
}

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

void
openapi_security(struct buf *out, const struct api *api)
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
	json_end(out, '}');
}
