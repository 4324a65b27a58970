/* SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "core/api_key.h"
#include "core/password.h"
#include "http/response.h"
#include "http/router.h"
#include "store/schema.h"

#define DOCUMENT_ROOM ((size_t)32 * 1024)
#define ETAG_DIGITS 32
/* A route's own, those of Idempotency-Key, and the end. */
#define PROBLEMS_LIMIT (ROUTE_PROBLEMS_LIMIT + 3)

#define VARIES "The response varies based on the authentication backend used."

/* A token as nobody could use it, to be looked at. */
#define BEARER_EXAMPLE                                                         \
	"{\"access_token\":\"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."            \
	"eyJ1c2VyX2lkIjoiOTIyMWZmYzktNjQwZi00MzcyLTg2ZDMtY2U2NDJjYmE1NjAzIiw"  \
	"iYXVkIjoiZmFzdGFwaS11c2VyczphdXRoIiwiZXhwIjoxNTcxNTA0MTkzfQ."         \
	"M10bjOe45I5Ncu_uXvOmVV8QxnL-nZfcH96U90JaocI\","                       \
	"\"token_type\":\"bearer\"}"

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

static const char *
method_word(struct arena *mem, enum method m)
{
	char *word = arena_text(mem, method_name(m));

	for (char *p = word; *p != '\0'; p++)
		*p = (char)(*p - 'A' + 'a');
	return word;
}

const char *
openapi_operation_id(const struct api *api, const struct bound_route *b)
{
	char *id = arena_printf(api->mem, "%s%s%s_%s", b->operation, b->prefix,
				b->route->path,
				method_word(api->mem, b->route->method));

	for (char *p = id; *p != '\0'; p++)
		if (!is_word(*p))
			*p = '_';
	return id;
}

/* "schema": {} where there is nothing to say about it. */
static void
add_schema_ref(struct buf *out, const char *name)
{
	json_begin(out, "schema", '{');
	if (name != NULL)
		json_add_text(out, "$ref",
			      arena_printf(out->mem, "#/components/schemas/%s",
					   name));
	json_end(out, '}');
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

/* Whether it answers to the headers of conditions. */
static bool
has_tag(const struct api *api, const struct route *r)
{
	return api->conf->users.etag && is_of_users(r) &&
	       r->mount != MOUNT_KEYS && r->method != METHOD_POST &&
	       r->input != &list_schema && r->input != &batch_change_schema;
}

static bool
has_parameters(const struct route *r)
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

static void
add_parameters(struct buf *out, const struct api *api, const struct route *r)
{
	if (!has_parameters(r))
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
	add_schema_ref(out, openapi_input_name(api, b));
	json_end(out, '}');
	json_end(out, '}');
	json_add_raw(out, "required", "true");
	json_end(out, '}');
}

static void
response_begin(struct buf *out, int status, const char *description)
{
	json_begin(out, arena_printf(out->mem, "%d", status), '{');
	json_add_text(out, "description", description);
}

static void
content_begin(struct buf *out)
{
	json_begin(out, "content", '{');
	json_begin(out, "application/json", '{');
}

static void
content_end(struct buf *out)
{
	json_end(out, '}');
	json_end(out, '}');
}

static void
add_plain(struct buf *out, int status, const char *description)
{
	response_begin(out, status, description);
	json_end(out, '}');
}

static void
add_success(struct buf *out, const struct api *api, const struct bound_route *b)
{
	bool by_backend =
		b->provider == NULL && (b->route->answer == ANSWER_LOGIN ||
					b->route->answer == ANSWER_LOGOUT);

	response_begin(out, b->route->status, "Successful Response");
	if (b->route->answer != ANSWER_NONE) {
		content_begin(out);
		add_schema_ref(out, openapi_output_name(api, b));
		if (openapi_sends_token(b))
			json_add_raw(out, "example", BEARER_EXAMPLE);
		content_end(out);
	}
	json_end(out, '}');
	if (by_backend && openapi_is_cookie(b))
		add_plain(out, 204, "No Content");
}

/* Why, where a refusal comes with the reason, or NULL. */
static const char *
reason_of(struct arena *mem, const struct api *api, enum err e)
{
	if (e == ERR_API_KEY_INVALID)
		return API_KEY_NAME_FAULT;
	if (strstr(err_detail(e), "_INVALID_PASSWORD") == NULL)
		return NULL;
	return arena_printf(mem, PASSWORD_TOO_SHORT,
			    (long long)api->conf->password.min_length);
}

static void
add_detail(struct buf *out, const struct api *api, enum err e)
{
	const char *reason = reason_of(out->mem, api, e);

	if (reason == NULL) {
		json_add_text(out, "detail", err_detail(e));
		return;
	}
	json_begin(out, "detail", '{');
	json_add_text(out, "code", err_detail(e));
	json_add_text(out, "reason", reason);
	json_end(out, '}');
}

/* The problem's sentence, as sentences are written. */
static const char *
sentence_of(struct arena *mem, enum err e)
{
	char *sentence = arena_printf(mem, "%s.", err_sentence(e));

	if (*sentence >= 'a' && *sentence <= 'z')
		*sentence = (char)(*sentence - 'a' + 'A');
	return sentence;
}

/* Whether it answers to Idempotency-Key. */
static bool
is_once(const struct api *api, const struct route *r)
{
	return r->once && api->conf->idempotency.enabled;
}

/* How it may fail besides what is checked before it: up to the first OK. */
static void
collect_problems(const struct api *api, const struct route *r,
		 enum err out[PROBLEMS_LIMIT])
{
	for (size_t i = 0; i < ROUTE_PROBLEMS_LIMIT && r->problems[i] != OK;
	     i++)
		if (r->problems[i] != ERR_LAST_SUPERUSER ||
		    api->conf->admin.keep_superuser)
			*out++ = r->problems[i];
	if (is_once(api, r)) {
		*out++ = ERR_IDEMPOTENCY_KEY_INVALID;
		*out++ = ERR_IDEMPOTENCY_KEY_IN_USE;
	}
	*out = OK;
}

static void
add_problem(struct buf *out, const struct api *api, enum err e)
{
	json_begin(out, err_detail(e), '{');
	json_add_text(out, "summary", sentence_of(out->mem, e));
	json_begin(out, "value", '{');
	add_detail(out, api, e);
	json_end(out, '}');
	json_end(out, '}');
}

static void
add_refusal(struct buf *out, const struct api *api, const enum err *problems,
	    int status)
{
	response_begin(out, status, resp_reason(status));
	content_begin(out);
	add_schema_ref(out, "ErrorModel");
	json_begin(out, "examples", '{');
	for (; *problems != OK; problems++)
		if (err_status(*problems) == status)
			add_problem(out, api, *problems);
	json_end(out, '}');
	content_end(out);
	json_end(out, '}');
}

static bool
is_first_of_status(const enum err *problems, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (err_status(problems[k]) == err_status(problems[i]))
			return false;
	return true;
}

static void
add_problems(struct buf *out, const struct api *api, const struct route *r)
{
	enum err problems[PROBLEMS_LIMIT];

	collect_problems(api, r, problems);
	for (size_t i = 0; problems[i] != OK; i++)
		if (is_first_of_status(problems, i))
			add_refusal(out, api, problems,
				    err_status(problems[i]));
}

/* 422 is what a key that was another request's is, too. */
static void
add_validation(struct buf *out, const struct api *api, const struct route *r)
{
	response_begin(out, 422, "Validation Error");
	content_begin(out);
	if (is_once(api, r)) {
		json_add_raw(
			out, "schema",
			"{\"anyOf\":[{\"$ref\":"
			"\"#/components/schemas/HTTPValidationError\"},"
			"{\"$ref\":\"#/components/schemas/ErrorModel\"}]}");
		json_begin(out, "examples", '{');
		add_problem(out, api, ERR_IDEMPOTENCY_KEY_REUSED);
		json_end(out, '}');
	} else {
		add_schema_ref(out, "HTTPValidationError");
	}
	content_end(out);
	json_end(out, '}');
}

static bool
needs_user(const struct route *r)
{
	return r->who != WHO_ANYBODY && r->who != WHO_VISITOR;
}

static void
add_responses(struct buf *out, const struct api *api,
	      const struct bound_route *b)
{
	const struct route *r = b->route;

	json_begin(out, "responses", '{');
	add_success(out, api, b);
	add_problems(out, api, r);
	if (needs_user(r))
		add_plain(out, 401, "Missing token or inactive user.");
	if (r->who == WHO_SUPERUSER)
		add_plain(out, 403, "Not a superuser.");
	if (r->target == TARGET_ID)
		add_plain(out, 404, "The user does not exist.");
	if (has_tag(api, r))
		add_plain(out, 412, "If-Match or If-None-Match do not hold.");
	if (openapi_has_body(b) || has_parameters(r))
		add_validation(out, api, r);
	if (limit_is_on(api->conf, r->limit))
		add_plain(out, 429, "Tried too often.");
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
	add_responses(out, api, b);
	if (needs_user(b->route))
		openapi_security(out, api);
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
