/* SPDX-License-Identifier: MIT */
/* What an operation answers, as the API's description has it. */
#include "api/openapi.h"

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "core/api_key.h"
#include "core/password.h"
#include "core/veto.h"
#include "http/response.h"

/* A route's own, those of Idempotency-Key, and the end. */
#define PROBLEMS_LIMIT (ROUTE_PROBLEMS_LIMIT + 4)
/* The schemas of one status. */
#define MODELS_LIMIT 3

/* A token as nobody could use it, to be looked at. */
#define BEARER_EXAMPLE                                                         \
	"{\"access_token\":\"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."            \
	"eyJ1c2VyX2lkIjoiOTIyMWZmYzktNjQwZi00MzcyLTg2ZDMtY2U2NDJjYmE1NjAzIiw"  \
	"iYXVkIjoiZmFzdGFwaS11c2VyczphdXRoIiwiZXhwIjoxNTcxNTA0MTkzfQ."         \
	"M10bjOe45I5Ncu_uXvOmVV8QxnL-nZfcH96U90JaocI\","                       \
	"\"token_type\":\"bearer\"}"

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
		openapi_schema_ref(out, openapi_output_name(api, b));
		if (openapi_sends_token(b))
			json_add_raw(out, "example", BEARER_EXAMPLE);
		content_end(out);
	}
	json_end(out, '}');
	if (by_backend && openapi_is_cookie(b))
		add_plain(out, 204, "No Content");
	if (b->route->method == METHOD_GET &&
	    openapi_is_conditional(api, b->route))
		add_plain(out, 304, "If-None-Match names what would be sent.");
}

static bool
needs_user(const struct api *api, const struct bound_route *b)
{
	(void)api;
	return openapi_needs_user(b->route);
}

static bool
is_superusers(const struct api *api, const struct bound_route *b)
{
	(void)api;
	return route_is_superusers(b->route);
}

static bool
minds_scope(const struct api *api, const struct bound_route *b)
{
	const struct route *r = b->route;

	return api->conf->api_keys.enabled && openapi_needs_user(r) &&
	       route_scope(r, r->method) != 0;
}

static bool
refuses_keys(const struct api *api, const struct bound_route *b)
{
	return api->conf->api_keys.enabled && openapi_needs_user(b->route) &&
	       !minds_scope(api, b);
}

/* Told of the routes that are ours alone: those of the reference are described
 * in its words, whatever it does not mind. */
static bool
minds_origin(const struct api *api, const struct bound_route *b)
{
	const struct route *r = b->route;

	return (r->mount == MOUNT_KEYS || r->mount == MOUNT_ADMIN ||
		r->mount == MOUNT_LEAVE) &&
	       openapi_has_cookies(api->conf) &&
	       route_minds_origin(api->conf, r, r->method);
}

static bool
has_target(const struct api *api, const struct bound_route *b)
{
	(void)api;
	return b->route->target == TARGET_ID;
}

static bool
is_conditional(const struct api *api, const struct bound_route *b)
{
	return openapi_is_conditional(api, b->route);
}

static bool
reads_input(const struct api *api, const struct bound_route *b)
{
	(void)api;
	return openapi_has_body(b) || openapi_has_parameters(b->route);
}

static bool
is_limited(const struct api *api, const struct bound_route *b)
{
	return limit_is_on(api->conf, b->route->limit);
}

/* What the checks before a handler may answer, and why. */
static const struct {
	int status;
	const char *why;
	bool (*may)(const struct api *api, const struct bound_route *b);
} checks[] = {
	{401, "Missing token or inactive user.", needs_user},
	{403, "Not a superuser.", is_superusers},
	{403, "An API key without the scope.", minds_scope},
	{403, "API keys are not taken here.", refuses_keys},
	{403, "A session's cookie, sent from another site.", minds_origin},
	{404, "The user does not exist.", has_target},
	{412, "If-Match or If-None-Match do not hold.", is_conditional},
	{422, "Validation Error", reads_input},
	{429, "Tried too often.", is_limited},
};

/* Each sentence that holds; NULL: none does. */
static const char *
reasons_for(struct arena *mem, const struct api *api,
	    const struct bound_route *b, int status)
{
	const char *all = NULL;

	for (size_t i = 0; i < countof(checks); i++)
		if (checks[i].status == status && checks[i].may(api, b))
			all = all == NULL ? checks[i].why
					  : arena_printf(mem, "%s %s", all,
							 checks[i].why);
	return all;
}

static bool
keeps_superuser(const struct config *conf)
{
	return conf->admin.keep_superuser;
}

/* What depends on the configuration. */
static const struct {
	enum err problem;
	bool (*may)(const struct config *conf);
} configured[] = {
	{ERR_LAST_SUPERUSER, keeps_superuser},
	{ERR_DELETE_USER_REFUSED, veto_minds_deletion},
};

static bool
may_happen(const struct config *conf, enum err problem)
{
	for (size_t i = 0; i < countof(configured); i++)
		if (configured[i].problem == problem)
			return configured[i].may(conf);
	return true;
}

/* How the rule itself may fail with this status: up to the first OK. */
static void
collect_problems(const struct api *api, const struct route *r, int status,
		 enum err out[PROBLEMS_LIMIT])
{
	static const enum err of_once[] = {ERR_IDEMPOTENCY_KEY_INVALID,
					   ERR_IDEMPOTENCY_KEY_IN_USE,
					   ERR_IDEMPOTENCY_KEY_REUSED};

	for (size_t i = 0; i < ROUTE_PROBLEMS_LIMIT && r->problems[i] != OK;
	     i++)
		if (err_status(r->problems[i]) == status &&
		    may_happen(api->conf, r->problems[i]))
			*out++ = r->problems[i];
	for (size_t i = 0; i < countof(of_once); i++)
		if (err_status(of_once[i]) == status && openapi_is_once(api, r))
			*out++ = of_once[i];
	*out = OK;
}

/* Why, where a refusal comes with the reason, or NULL. */
static const char *
reason_of(struct arena *mem, const struct api *api, enum err e)
{
	if (e == ERR_API_KEY_INVALID)
		return API_KEY_NAME_FAULT;
	if (e == ERR_DELETE_USER_REFUSED)
		return "The program's own words";
	if (strstr(err_detail(e), "_INVALID_PASSWORD") == NULL)
		return NULL;
	return arena_printf(mem, PASSWORD_TOO_SHORT,
			    (long long)api->conf->password.min_length);
}

/* One of two that kept the other from being done. */
static void
add_not_applied(struct buf *out, const struct route *r, enum err e)
{
	enum err fault = r->method == METHOD_POST
				 ? ERR_REGISTER_USER_ALREADY_EXISTS
				 : ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS;
	const enum err both[] = {ERR_FAILED_DEPENDENCY, fault};

	json_begin(out, "detail", '{');
	json_add_text(out, "code", err_detail(e));
	json_begin(out, "results", '[');
	for (size_t i = 0; i < countof(both); i++) {
		json_begin(out, NULL, '{');
		json_add_raw(out, "status",
			     arena_printf(out->mem, "%d", err_status(both[i])));
		json_add_text(out, "detail", err_detail(both[i]));
		json_end(out, '}');
	}
	json_end(out, ']');
	json_add_raw(out, "succeeded", "0");
	json_add_raw(out, "failed", "2");
	json_end(out, '}');
}

static void
add_detail(struct buf *out, const struct api *api, const struct route *r,
	   enum err e)
{
	const char *reason = reason_of(out->mem, api, e);

	if (e == ERR_BATCH_NOT_APPLIED) {
		add_not_applied(out, r, e);
		return;
	}
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

static void
add_problem(struct buf *out, const struct api *api, const struct route *r,
	    enum err e)
{
	json_begin(out, err_detail(e), '{');
	json_add_text(out, "summary", sentence_of(out->mem, e));
	json_begin(out, "value", '{');
	add_detail(out, api, r, e);
	json_end(out, '}');
	json_end(out, '}');
}

static const char *
model_of(const struct api *api, enum err e)
{
	const struct schema *s = openapi_problem_schema(e);

	return s != NULL ? openapi_schema_name(api, s) : "ErrorModel";
}

static size_t
add_model(const char *name, size_t count, const char *models[MODELS_LIMIT])
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(models[i], name) == 0)
			return count;
	models[count] = name;
	return count + 1;
}

/* The schemas of what is said with this status. */
static size_t
models_of(const struct api *api, int status, const enum err *problems,
	  const char *out[MODELS_LIMIT])
{
	size_t count = 0;

	if (status == 422)
		count = add_model("HTTPValidationError", count, out);
	for (; *problems != OK; problems++)
		count = add_model(model_of(api, *problems), count, out);
	return count;
}

static void
add_models(struct buf *out, const char *const *models, size_t count)
{
	if (count == 1) {
		openapi_schema_ref(out, models[0]);
		return;
	}
	json_begin(out, "schema", '{');
	json_begin(out, "anyOf", '[');
	for (size_t i = 0; i < count; i++) {
		json_begin(out, NULL, '{');
		json_add_text(out, "$ref",
			      openapi_schema_path(out->mem, models[i]));
		json_end(out, '}');
	}
	json_end(out, ']');
	json_end(out, '}');
}

static void
add_content(struct buf *out, const struct api *api, const struct route *r,
	    int status, const enum err *problems)
{
	const char *models[MODELS_LIMIT];
	size_t count = models_of(api, status, problems, models);

	if (count == 0)
		return;
	content_begin(out);
	add_models(out, models, count);
	if (*problems != OK) {
		json_begin(out, "examples", '{');
		for (; *problems != OK; problems++)
			add_problem(out, api, r, *problems);
		json_end(out, '}');
	}
	content_end(out);
}

/* Whatever is answered with this status, once. */
static void
add_refusal(struct buf *out, const struct api *api, const struct bound_route *b,
	    int status)
{
	const char *why = reasons_for(out->mem, api, b, status);
	enum err problems[PROBLEMS_LIMIT];

	collect_problems(api, b->route, status, problems);
	if (why == NULL && *problems == OK)
		return;
	response_begin(out, status, why != NULL ? why : resp_reason(status));
	add_content(out, api, b->route, status, problems);
	json_end(out, '}');
}

void
openapi_responses(struct buf *out, const struct api *api,
		  const struct bound_route *b)
{
	json_begin(out, "responses", '{');
	add_success(out, api, b);
	for (int status = 400; status < 500; status++)
		add_refusal(out, api, b, status);
	json_end(out, '}');
}
