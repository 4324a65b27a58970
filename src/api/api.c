/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <string.h>

#include "api/bound.h"
#include "api/guard.h"
#include "api/metrics.h"
#include "api/page.h"
#include "api/repeated.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/sign_in.h"
#include "http/router.h"

/* HEAD is answered by what answers GET, without the body. */
static enum method
method_answered(const struct req *rq)
{
	return rq->method == METHOD_HEAD ? METHOD_GET : rq->method;
}

static void
set_allow(struct resp *rs, unsigned methods)
{
	struct buf allow;

	buf_init(&allow, rs->mem, 64);
	for (enum method m = METHOD_GET; m < METHOD_OTHER; m++) {
		if ((methods & 1U << m) == 0)
			continue;
		if (allow.len > 0)
			buf_text(&allow, ", ");
		buf_text(&allow, method_name(m));
		if (m == METHOD_GET)
			buf_text(&allow, ", HEAD");
	}
	resp_header(rs, "Allow", allow.data);
}

/*
 * The first row that fits path and method, into the call. Else, the methods
 * of the rows that fit the path alone, as bits; 0 when none does.
 */
static unsigned
match(const struct api *api, const char *path, enum method method,
      struct call *c)
{
	unsigned methods = 0;

	for (size_t i = 0; i < api->count; i++) {
		const struct bound_route *b = &api->bound[i];
		struct route_parts parts;

		if (!route_matches(c->cx->mem, b->prefix, b->route->path, path,
				   &parts))
			continue;
		methods |= 1U << b->route->method;
		if (b->route->method != method &&
		    b->route->method != METHOD_ANY)
			continue;
		c->route = b->route;
		c->operation = b->operation;
		c->prefix = b->prefix;
		c->backend = b->backend;
		c->provider = b->provider;
		c->id = parts.id;
		c->key = parts.key;
		break;
	}
	return methods;
}

/*
 * The row that answers. An Authorizer's request is never about a path of ours:
 * whatever its own is, only that row is for it which says who may go on.
 */
static unsigned
route_find(const struct api *api, struct call *c)
{
	const struct req *rq = c->rq;

	if (!rq->authorizer)
		return match(api, rq->path, method_answered(rq), c);
	for (size_t i = 0; i < api->count; i++) {
		if (api->bound[i].route->who != WHO_GUARDED)
			continue;
		c->route = api->bound[i].route;
		c->operation = api->bound[i].operation;
		c->prefix = api->bound[i].prefix;
		break;
	}
	return 0;
}

static bool
is_plain_host(const char *host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:[]";

	return host != NULL && *host != '\0' &&
	       host[strspn(host, allowed)] == '\0';
}

/* "https://host", or "" when the request named no usable host. */
static const char *
own_origin(const struct req *rq)
{
	if (!is_plain_host(rq->host))
		return "";
	return arena_printf(rq->mem, "%s://%s", rq->https ? "https" : "http",
			    rq->host);
}

const char *
route_own_url(const struct req *rq, const char *path)
{
	const char *origin = own_origin(rq);

	if (*origin == '\0')
		return NULL;
	return arena_printf(rq->mem, "%s%s%s", origin,
			    route_encode_path(rq->mem, rq->mount), path);
}

/* A path that ends in slashes and would fit without is sent there. */
static enum err
redirect(const struct api *api, struct call *c)
{
	const struct req *rq = c->rq;
	struct arena *mem = c->cx->mem;
	const char *path = route_without_slash(mem, rq->path);
	struct call other = {.cx = c->cx};

	if (path == NULL || match(api, path, METHOD_OTHER, &other) == 0)
		return ERR_NOT_FOUND;
	resp_empty(c->rs, 307);
	resp_header(c->rs, "Location",
		    arena_printf(mem, "%s%s%s%s%s", own_origin(rq),
				 route_encode_path(mem, rq->mount),
				 route_encode_path(mem, path),
				 *rq->query != '\0' ? "?" : "",
				 route_encode_query(mem, rq->query)));
	return OK;
}

static enum err
read_body(struct call *c)
{
	switch (c->route->body) {
	case BODY_NONE:
		return OK;
	case BODY_JSON:
		return input_parse_json(c->rq, c->rs, &c->input);
	case BODY_FORM:
		return input_parse_form(c->rq, c->rs, &c->input);
	case BODY_QUERY:
		return input_parse_query(c->rq, &c->input);
	}
	return ERR_INTERNAL;
}

static enum err
serve(const struct api *api, struct call *c)
{
	unsigned methods;

	TRY(c->rq->refused);
	methods = route_find(api, c);
	if (c->rq->authorizer && c->route == NULL)
		return ERR_FORBIDDEN;
	/* Caddy keeps the length and drops the body where it asks. */
	if (c->rq->body_is_short &&
	    (c->route == NULL || c->route->who != WHO_GUARDED))
		return ERR_BAD_REQUEST;
	if (c->route == NULL && methods == 0)
		return redirect(api, c);
	if (c->route == NULL) {
		set_allow(c->rs, methods);
		return ERR_METHOD_NOT_ALLOWED;
	}
	TRY(read_body(c));
	TRY(checks_run(c));
	return repeated_serve(c);
}

static void
log_access(const struct call *c, int64_t started, int64_t ended)
{
	const struct req *rq = c->rq;

	log_event(LEVEL_INFO, log_is("request"),
		  log_text("method", rq->method_name),
		  log_text("path", rq->path), log_text("route", c->operation),
		  log_number("status", c->rs->status),
		  log_number("ms", (ended - started) / 1000),
		  log_number("wait_ms", started / 1000 - rq->arrived),
		  log_text("user", c->user.id),
		  log_text("client", rq->remote_address));
}

void
api_foresee(const struct api *api, struct ctx *cx, struct req *const *requests,
	    size_t count)
{
	struct sign_in *list = arena_array(cx->mem, count, sizeof(*list));
	struct req **whose = arena_array(cx->mem, count, sizeof(struct req *));
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		struct req *rq = requests[i];
		struct call c = {.api = api, .cx = cx, .rq = rq};

		if (rq->refused != OK)
			continue;
		(void)route_find(api, &c);
		if (c.route != NULL && checks_foresee(&c, &list[known].token))
			whose[known++] = rq;
	}
	if (known > 0)
		sign_in_find(cx, list, known);
	for (size_t i = 0; i < known; i++)
		if (list[i].stands)
			whose[i]->foreseen = &list[i];
}

void
api_serve(const struct api *api, struct ctx *cx, struct req *rq,
	  struct resp *rs)
{
	struct call c = {.api = api, .cx = cx, .rq = rq, .rs = rs};
	int64_t started = clock_micros();
	enum err e = serve(api, &c);
	int64_t ended = clock_micros();

	if (e == ERR_TOO_MANY_REQUESTS)
		rs->retry_after = cx->retry_after;
	if (e != OK && rq->authorizer)
		guard_refuse(&c, e);
	else if (e != OK && c.route != NULL && route_is_page(c.route))
		page_problem(&c, e);
	else if (e != OK)
		resp_problem(rs, e);
	rs->head_only = rq->method == METHOD_HEAD;
	metrics_count(&c, e, started, ended);
	log_access(&c, started, ended);
}
