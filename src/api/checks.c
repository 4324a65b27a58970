/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/guard.h"
#include "api/page.h"
#include "api/route.h"
#include "base/log.h"
#include "base/text.h"
#include "core/api_key.h"
#include "core/sign_in.h"
#include "http/cookie.h"
#include "store/user_id.h"

static bool
is_unsafe(enum method m)
{
	return m != METHOD_GET && m != METHOD_HEAD && m != METHOD_OPTIONS;
}

static bool
is_cookie_backend(const struct backend_settings *b)
{
	return strcmp(b->transport, "cookie") == 0;
}

static const char *
cookie_token(const struct call *c, const struct backend_settings *b)
{
	if (c->rq->cookie == NULL)
		return NULL;
	return cookie_value(c->cx->mem, c->rq->cookie, b->cookie_name);
}

static bool
carries_our_cookie(const struct call *c)
{
	const struct config *conf = c->cx->conf;

	for (size_t i = 0; i < conf->backend_count; i++)
		if (is_cookie_backend(&conf->backend[i]) &&
		    cookie_token(c, &conf->backend[i]) != NULL)
			return true;
	return false;
}

/*
 * scheme://host[:port] against the Host header; "null" has no host. The
 * scheme does not count: behind somebody who ends TLS we do not know our own.
 */
static bool
is_own_origin(const struct req *rq)
{
	const char *host = strstr(rq->origin, "://");

	return host != NULL && rq->host != NULL &&
	       text_same(host + 3, rq->host);
}

/*
 * Browsers say where an unsafe request comes from; whatever says nothing is
 * no browser, and holds its cookie by its own will.
 */
static bool
is_from_here(const struct call *c)
{
	const struct req *rq = c->rq;

	if (rq->origin != NULL &&
	    text_list_has(&c->cx->conf->sessions.allowed_origins, rq->origin))
		return true;
	if (rq->fetch_site != NULL)
		return strcmp(rq->fetch_site, "same-origin") == 0 ||
		       strcmp(rq->fetch_site, "none") == 0;
	return rq->origin == NULL || is_own_origin(rq);
}

/* A guarded request is another server's to judge: nothing is done here. */
bool
route_minds_origin(const struct config *conf, const struct route *r,
		   enum method m)
{
	return is_unsafe(m) && r->who != WHO_ANYBODY && r->who != WHO_GUARDED &&
	       conf->sessions.check_origin;
}

/* What would be done is not done for another site, whoever holds the cookie; a
 * page's form is not taken from one at all. */
static bool
minds_origin(const struct call *c)
{
	if (route_is_page(c->route))
		return is_unsafe(c->rq->method);
	return route_minds_origin(c->cx->conf, c->route, c->rq->method) &&
	       carries_our_cookie(c);
}

static enum err
check_origin(const struct call *c)
{
	if (!minds_origin(c) || is_from_here(c))
		return OK;
	log_event(LEVEL_WARNING, log_is("cross_site_refused"),
		  log_text("origin", c->rq->origin),
		  log_text("client", c->rq->remote_address));
	return ERR_FORBIDDEN;
}

/* RFC 6750, section 2.1; the scheme's name in any case, as in the reference,
 * and blanks around the token do not count. */
static const char *
bearer_token(const struct call *c)
{
	static const char scheme[] = "Bearer ";
	static const char blanks[] = " \t";
	const char *header = c->rq->authorization;
	size_t len;

	if (header == NULL || !text_same_n(header, scheme, sizeof(scheme) - 1))
		return NULL;
	header += sizeof(scheme) - 1;
	header += strspn(header, blanks);
	len = strlen(header);
	while (len > 0 && strchr(blanks, header[len - 1]) != NULL)
		len--;
	return len > 0 ? arena_copy(c->cx->mem, header, len) : NULL;
}

const char *
checks_token(const struct call *c, const struct backend_settings *b)
{
	return is_cookie_backend(b) ? cookie_token(c, b) : bearer_token(c);
}

bool
route_is_superusers(const struct route *r)
{
	return r->who == WHO_SUPERUSER || r->who == WHO_PAGE_SUPERUSER;
}

unsigned
route_scope(const struct route *r, enum method m)
{
	bool reads = !is_unsafe(m);

	if (r->mount == MOUNT_KEYS)
		return 0;
	if (r->who == WHO_GUARDED)
		return API_SCOPE_CHECK;
	if (r->who == WHO_SUPERUSER)
		return reads ? API_SCOPE_USERS_READ : API_SCOPE_USERS_WRITE;
	if (r->who != WHO_USERS_USER)
		return 0;
	if (reads)
		return API_SCOPE_ME_READ;
	return m == METHOD_PATCH ? API_SCOPE_ME_WRITE : 0;
}

/* The API key that the request carries, whose word alone counts then. */
static const char *
key_of(const struct call *c)
{
	const char *text;

	if (!c->cx->conf->api_keys.enabled)
		return NULL;
	text = bearer_token(c);
	return text != NULL && api_key_looks(text) ? text : NULL;
}

static enum err
find_by_key(struct call *c, const char *key)
{
	enum err e =
		sign_in_read(c->cx, &api_key_backend, key, &c->user, &c->token);

	if (e == ERR_BAD_TOKEN)
		return ERR_UNAUTHORIZED;
	TRY(e);
	if (c->user.is_active &&
	    (c->token.scope & route_scope(c->route, c->rq->method)) != 0)
		return OK;
	e = c->user.is_active ? ERR_FORBIDDEN : ERR_UNAUTHORIZED;
	/* Here it stands for nobody. */
	c->user = (struct user){0};
	c->token = (struct token){0};
	return e;
}

/* Where Redis is down the others may know the token; only when none does,
 * nobody can tell. */
enum err
checks_find_user(struct call *c, token_reader *read)
{
	const struct config *conf = c->cx->conf;
	const struct sign_in *foreseen = c->rq->foreseen;
	const char *key = key_of(c);
	enum err nobody = ERR_UNAUTHORIZED;

	if (key != NULL)
		return find_by_key(c, key);
	if (foreseen != NULL) {
		c->user = foreseen->user;
		c->token = foreseen->token;
		return OK;
	}

	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];
		const char *text = checks_token(c, b);
		enum err e = ERR_BAD_TOKEN;

		if (text != NULL)
			e = read(c->cx, b, text, &c->user, &c->token);
		if (e == ERR_REDIS_DOWN)
			nobody = e;
		else if (e != ERR_BAD_TOKEN)
			return e;
	}
	return nobody;
}

static bool
asks_who(const struct call *c)
{
	return c->route->who != WHO_ANYBODY && c->route->who != WHO_VISITOR &&
	       !route_is_page(c->route);
}

bool
checks_foresee(const struct call *c, struct token *out)
{
	const struct config *conf = c->cx->conf;

	if (!asks_who(c) || is_unsafe(c->rq->method) || guard_may_trust(c) ||
	    key_of(c) != NULL)
		return false;
	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];
		const char *text = checks_token(c, b);
		enum err e = ERR_BAD_TOKEN;

		if (text != NULL)
			e = sign_in_decode(c->cx, b, text, out);
		if (e != ERR_BAD_TOKEN)
			return e == OK;
	}
	return false;
}

static bool
wants_verified(const struct call *c)
{
	if (c->route->who == WHO_BACKEND_USER)
		return c->backend->requires_verification;
	if (c->route->who == WHO_PROVIDER_USER)
		return c->provider->requires_verification;
	return c->cx->conf->routes.users_require_verification;
}

static enum err
check_who(struct call *c)
{
	if (route_is_page(c->route))
		return page_admit(c);
	if (!asks_who(c))
		return OK;
	if (c->route->who == WHO_GUARDED)
		return guard_admit(c);
	TRY(checks_find_user(c, sign_in_read));
	if (!c->user.is_active)
		return ERR_UNAUTHORIZED;
	if (wants_verified(c) && !c->user.is_verified)
		return ERR_FORBIDDEN;
	if (c->route->who == WHO_SUPERUSER && !c->user.is_superuser)
		return ERR_FORBIDDEN;
	return OK;
}

static enum err
check_target(struct call *c)
{
	const char *id;

	if (c->route->target == TARGET_NONE)
		return OK;
	TRY(user_id_read(c->cx->db, c->cx->mem, c->id, &id));
	return user_by_id(c->cx->db, c->cx->mem, id, &c->target);
}

/* Sign-ins are counted by their account too, so where it is known. */
static enum err
check_limit(struct call *c)
{
	return c->route->limit != LIMIT_SIGN_IN
		       ? limit_take(c->cx, c->route->limit)
		       : OK;
}

enum err
checks_run(struct call *c)
{
	TRY(check_origin(c));
	TRY(check_limit(c));
	TRY(check_who(c));
	return check_target(c);
}
