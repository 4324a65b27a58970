/* SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "core/repeat.h"
#include "http/response.h"
#include "http/router.h"
#include "store/schema.h"

#define DOCUMENT_ROOM ((size_t)32 * 1024)
#define ETAG_DIGITS 32
#define VARIES "The response varies based on the authentication backend used."

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

static const char *
method_word(struct arena *mem, enum method m)
{
	return text_lower(arena_text(mem, method_name(m)));
}

static const char *
reference_id(const struct api *api, const struct bound_route *b)
{
	char *id = arena_printf(api->mem, "%s%s%s_%s", b->operation, b->prefix,
				b->route->path,
				method_word(api->mem, b->route->method));

	for (char *p = id; *p != '\0'; p++)
		if (!is_word(*p))
			*p = '_';
	return id;
}

/* The reference's ids, but for providers such as a-b and a_b, which it would
 * call alike: the second is the second. */
static const char *const *
operation_ids(const struct api *api)
{
	const char **plain =
		arena_array(api->mem, api->count + 1, sizeof(*plain));
	const char **ids = arena_array(api->mem, api->count + 1, sizeof(*ids));

	for (size_t i = 0; i < api->count; i++) {
		size_t before = 0;

		plain[i] = reference_id(api, &api->bound[i]);
		for (size_t k = 0; k < i; k++)
			before += strcmp(plain[k], plain[i]) == 0;
		ids[i] = before == 0 ? plain[i]
				     : arena_printf(api->mem, "%s_%zu",
						    plain[i], before + 1);
	}
	return ids;
}

const char *
openapi_operation_id(const struct api *api, const struct bound_route *b)
{
	return api->openapi->operations[b - api->bound];
}

static bool
is_of_users(const struct route *r)
{
	return r->mount == MOUNT_USERS || r->mount == MOUNT_ADMIN ||
	       r->mount == MOUNT_LEAVE || r->mount == MOUNT_KEYS;
}

static void
add_tag(struct buf *out, const struct api *api, const struct route *r)
{
	if (!api->conf->openapi.tags)
		return;
	json_begin(out, "tags", '[');
	json_add_text(out, NULL, is_of_users(r) ? "users" : "auth");
	json_end(out, ']');
}

bool
openapi_is_conditional(const struct api *api, const struct route *r)
{
	return api->conf->users.etag && is_of_users(r) &&
	       r->mount != MOUNT_KEYS && r->method != METHOD_POST &&
	       r->input != &list_schema && r->input != &batch_change_schema;
}

bool
openapi_is_once(const struct api *api, const struct route *r)
{
	return r->once && repeat_is_on(api->conf);
}

bool
openapi_needs_user(const struct route *r)
{
	return r->who != WHO_ANYBODY && r->who != WHO_VISITOR;
}

bool
openapi_has_parameters(const struct route *r)
{
	return r->target == TARGET_ID || r->body == BODY_QUERY ||
	       strstr(r->path, "{key}") != NULL;
}

static void
add_query(struct buf *out, const struct api *api, const struct schema *s)
{
	for (size_t i = 0; i < s->count; i++) {
		json_begin(out, NULL, '{');
		json_add_text(out, "name", s->fields[i].name);
		json_add_text(out, "in", "query");
		json_add_raw(out, "required", "false");
		openapi_field(out, api, "schema", &s->fields[i]);
		json_end(out, '}');
	}
}

/* The headers that count, and where. */
static const struct {
	const char *name;
	const char *schema;
	const char *help;
	bool (*counts)(const struct api *api, const struct route *r);
} headers[] = {
	{"Idempotency-Key",
	 "{\"type\":\"string\",\"pattern\":\"^[!-~]+$\","
	 "\"minLength\":1,\"maxLength\":255,"
	 "\"title\":\"Idempotency-Key\"}",
	 "Made up by the client: what is sent again under it is not done "
	 "again, but answered as before.",
	 openapi_is_once},
	{"If-Match", "{\"type\":\"string\",\"title\":\"If-Match\"}",
	 "ETags of the user, one of which he must have.",
	 openapi_is_conditional},
	{"If-None-Match", "{\"type\":\"string\",\"title\":\"If-None-Match\"}",
	 "ETags of the user, none of which he may have.",
	 openapi_is_conditional},
};

static bool
has_headers(const struct api *api, const struct route *r)
{
	for (size_t i = 0; i < countof(headers); i++)
		if (headers[i].counts(api, r))
			return true;
	return false;
}

static void
add_headers(struct buf *out, const struct api *api, const struct route *r)
{
	for (size_t i = 0; i < countof(headers); i++) {
		if (!headers[i].counts(api, r))
			continue;
		json_begin(out, NULL, '{');
		json_add_text(out, "name", headers[i].name);
		json_add_text(out, "in", "header");
		json_add_raw(out, "required", "false");
		json_add_text(out, "description", headers[i].help);
		json_add_raw(out, "schema", headers[i].schema);
		json_end(out, '}');
	}
}

static void
add_parameters(struct buf *out, const struct api *api, const struct route *r)
{
	if (!openapi_has_parameters(r) && !has_headers(api, r))
		return;
	json_begin(out, "parameters", '[');
	if (r->target == TARGET_ID)
		json_add_raw(out, NULL,
			     "{\"name\":\"id\",\"in\":\"path\","
			     "\"required\":true,\"schema\":{"
			     "\"type\":\"string\",\"title\":\"Id\"}}");
	if (strstr(r->path, "{key}") != NULL)
		json_add_raw(out, NULL,
			     "{\"name\":\"key\",\"in\":\"path\","
			     "\"required\":true,\"schema\":{"
			     "\"type\":\"string\",\"title\":\"Key\"}}");
	if (r->body == BODY_QUERY)
		add_query(out, api, r->input);
	if (r->input == &list_schema)
		add_query(out, api, &api->custom.filter);
	add_headers(out, api, r);
	json_end(out, ']');
}

static void
add_body(struct buf *out, const struct api *api, const struct bound_route *b)
{
	if (!openapi_has_body(b))
		return;
	json_begin(out, "requestBody", '{');
	json_begin(out, "content", '{');
	json_begin(out,
		   b->route->body == BODY_FORM
			   ? "application/x-www-form-urlencoded"
			   : "application/json",
		   '{');
	openapi_schema_ref(out, openapi_input_name(api, b));
	json_end(out, '}');
	json_end(out, '}');
	json_add_raw(out, "required", "true");
	json_end(out, '}');
}

static void
add_operation(struct buf *out, const struct api *api,
	      const struct bound_route *b)
{
	json_begin(out, method_word(out->mem, b->route->method), '{');
	add_tag(out, api, b->route);
	json_add_text(out, "summary", openapi_title(out->mem, b->operation));
	if (b->route->input == &callback_schema)
		json_add_text(out, "description", VARIES);
	json_add_text(out, "operationId", openapi_operation_id(api, b));
	add_parameters(out, api, b->route);
	add_body(out, api, b);
	openapi_responses(out, api, b);
	if (openapi_needs_user(b->route))
		openapi_security(out, api, b->route);
	json_end(out, '}');
}

static bool
is_shown(const struct bound_route *b)
{
	return b->route->answer != ANSWER_HIDDEN;
}

static bool
has_same_path(const struct bound_route *a, const struct bound_route *b)
{
	return is_shown(a) && is_shown(b) &&
	       strcmp(a->prefix, b->prefix) == 0 &&
	       strcmp(a->route->path, b->route->path) == 0;
}

static bool
is_first_of_path(const struct api *api, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (has_same_path(&api->bound[k], &api->bound[i]))
			return false;
	return is_shown(&api->bound[i]);
}

static void
add_paths(struct buf *out, const struct api *api)
{
	json_begin(out, "paths", '{');
	for (size_t i = 0; i < api->count; i++) {
		const struct bound_route *b = &api->bound[i];

		if (!is_first_of_path(api, i))
			continue;
		json_begin(out,
			   arena_printf(out->mem, "%s%s", b->prefix,
					b->route->path),
			   '{');
		for (size_t k = i; k < api->count; k++)
			if (has_same_path(&api->bound[k], b))
				add_operation(out, api, &api->bound[k]);
		json_end(out, '}');
	}
	json_end(out, '}');
}

static void
add_info(struct buf *out, const struct openapi_settings *s)
{
	json_begin(out, "info", '{');
	json_add_text(out, "title", s->api_title);
	if (*s->description != '\0')
		json_add_text(out, "description", s->description);
	json_add_text(out, "version", s->version);
	json_end(out, '}');
}

static void
build(const struct api *api)
{
	struct buf out;

	api->openapi->operations = operation_ids(api);
	buf_init(&out, api->mem, DOCUMENT_ROOM);
	json_begin(&out, NULL, '{');
	json_add_text(&out, "openapi", "3.1.0");
	add_info(&out, &api->conf->openapi);
	add_paths(&out, api);
	json_begin(&out, "components", '{');
	openapi_schemas(&out, api);
	openapi_security_schemes(&out, api);
	json_end(&out, '}');
	api->openapi->text = out.data;
	api->openapi->len = out.len;
	api->openapi->etag =
		arena_printf(api->mem, "\"%.*s\"", ETAG_DIGITS,
			     crypto_sha256_hex(api->mem, out.data, out.len));
}

/* Kept by the worker, unless there is no table yet that says what ids are:
 * then it is made for this answer alone. */
static enum err
document(struct call *c, const struct openapi **out)
{
	const struct api *api = c->api;
	enum user_id_kind ids;
	struct api *draft;

	*out = api->openapi;
	if (api->openapi->text != NULL)
		return OK;
	TRY(user_id_find_kind(c->cx->db, c->cx->mem, &ids));
	if (!schema_has_found_ids(c->cx->db)) {
		draft = arena_new(c->cx->mem, struct api);
		*draft = *c->api;
		draft->mem = c->cx->mem;
		draft->openapi = arena_new(c->cx->mem, struct openapi);
		api = draft;
	}
	api->openapi->ids = ids;
	build(api);
	*out = api->openapi;
	return OK;
}

/* RFC 9110, section 13.1.2. Whoever compressed our answer has made the tag a
 * weak one, which still means the same document. */
static bool
is_known(const char *if_none_match, const char *etag)
{
	return if_none_match != NULL && (strcmp(if_none_match, "*") == 0 ||
					 strstr(if_none_match, etag) != NULL);
}

/* GET /openapi.json: 200 with the document, or 304. */
enum err
get_openapi(struct call *c)
{
	const struct openapi *o;

	TRY(document(c, &o));
	c->rs->cache_control = "no-cache";
	resp_header(c->rs, "ETag", o->etag);
	if (is_known(c->rq->if_none_match, o->etag)) {
		resp_empty(c->rs, 304);
		return OK;
	}
	resp_json(c->rs, c->route->status);
	buf_add(&c->rs->body, o->text, o->len);
	if (*c->rq->mount != '\0') {
		json_begin(&c->rs->body, "servers", '[');
		json_begin(&c->rs->body, NULL, '{');
		json_add_text(&c->rs->body, "url",
			      route_encode_path(c->cx->mem, c->rq->mount));
		json_end(&c->rs->body, '}');
		json_end(&c->rs->body, ']');
	}
	json_end(&c->rs->body, '}');
	return OK;
}
