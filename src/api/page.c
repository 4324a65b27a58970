/* SPDX-License-Identifier: MIT */
#include "api/page.h"

#include <string.h>

#include "api/bound.h"
#include "base/json.h"
#include "base/url.h"
#include "core/password.h"
#include "core/sign_in.h"
#include "http/body.h"
#include "http/router.h"

/* What a page asks of an address or a form is read by name. */
const struct schema pages_schema = {0};

#define LANGUAGE_COOKIE "fcu_language"
#define LANGUAGE_LIFETIME 31536000

static const struct page *
find_in(const struct page *list, size_t count, const char *path,
	const struct page_form **form)
{
	*form = NULL;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < list[i].count; k++)
			if (strcmp(list[i].forms[k].path, path) == 0)
				*form = &list[i].forms[k];
		if (*form != NULL || strcmp(list[i].path, path) == 0)
			return &list[i];
	}
	return NULL;
}

const struct page *
page_find(const char *path, const struct page_form **form)
{
	const struct page *page = find_in(pages, page_count, path, form);

	if (page == NULL)
		page = find_in(admin_pages, admin_page_count, path, form);
	return page;
}

bool
route_is_page(const struct route *r)
{
	return r->who == WHO_PAGE_VISITOR || r->who == WHO_PAGE_USER ||
	       r->who == WHO_PAGE_SUPERUSER;
}

const struct backend_settings *
page_backend(const struct config *conf)
{
	for (size_t i = 0; i < conf->backend_count; i++)
		if (strcmp(conf->backend[i].transport, "cookie") == 0)
			return &conf->backend[i];
	return NULL;
}

bool
page_admin_is_on(const struct config *conf)
{
	return conf->pages.enabled && page_backend(conf) != NULL &&
	       conf->admin.routes;
}

const char *
page_path(const struct call *c, const char *path)
{
	static const char mark[] = "{id}";
	const char *at = strstr(path, mark);

	if (at == NULL || c->target.id == NULL)
		return path;
	return arena_printf(c->cx->mem, "%.*s%s%s", (int)(at - path), path,
			    c->target.id, at + strlen(mark));
}

const char *
page_address(const struct call *c, const char *path)
{
	return arena_printf(c->cx->mem, "%s%s%s",
			    route_encode_path(c->cx->mem, c->rq->mount),
			    c->cx->conf->pages.prefix, page_path(c, path));
}

const char *
page_parameter(const struct call *c, const char *name)
{
	const char *value =
		c->input.form != NULL ? form_value(c->input.form, name) : NULL;

	return value != NULL && json_text_is_clean(value) ? value : NULL;
}

/* As the address says, which is kept; else the cookie, the browser's own
 * wish, the configured one. */
static const struct page_language *
language_of(struct call *c)
{
	const struct page_languages *all = &c->api->languages;
	const struct page_language *l = NULL;
	const char *text = NULL;

	/* Of a form it is a field of that name: the language of a user. */
	if (c->route->body == BODY_QUERY)
		text = page_parameter(c, "language");
	if (text != NULL)
		l = page_language_named(all, text);
	if (l != NULL) {
		page_cookie(c, LANGUAGE_COOKIE, l->tag, LANGUAGE_LIFETIME);
		return l;
	}
	text = page_cookie_value(c, LANGUAGE_COOKIE);
	if (text != NULL)
		l = page_language_named(all, text);
	if (l == NULL)
		l = page_language_accepted(all, c->rq->accept_language);
	if (l == NULL)
		l = page_language_named(all, c->cx->conf->pages.language);
	return l != NULL ? l : page_language_named(all, "en");
}

void
page_view_open(struct page_view *v, struct call *c, const struct page *page)
{
	const char *back = page_parameter(c, "return_to");

	*v = (struct page_view){.c = c, .page = page};
	v->language = language_of(c);
	if (back != NULL)
		v->return_to = page_return_to(c, back);
}

void
page_send_to(struct call *c, const char *address)
{
	resp_empty(c->rs, 303);
	resp_header(c->rs, "Location", address);
}

const char *
page_place_signed_in(const struct call *c, const char *return_to)
{
	const char *place = c->cx->conf->pages.after_sign_in;

	if (return_to != NULL)
		return return_to;
	return *place != '\0' ? place : page_address(c, "/account");
}

enum err
page_show(struct page_view *v, int status)
{
	enum err e = OK;

	if (v->page->load != NULL)
		e = v->page->load(v);
	if (e == ERR_UNPROCESSABLE) {
		resp_failure(v->c->rs, e);
		status = v->c->rs->status;
	} else {
		TRY(e);
	}
	page_write(v, status);
	return OK;
}

/* GET …: 200 with the page. Who is signed in need not do it again. */
enum err
get_page(struct call *c)
{
	const struct page_form *form;
	const struct page *page = page_find(c->route->path, &form);
	struct page_view v;

	/* Each row of a GET has its page. */
	if (page == NULL)
		return ERR_INTERNAL;
	page_view_open(&v, c, page);
	if (c->user.id != NULL && form != NULL && form->next == NULL) {
		page_send_to(c, page_place_signed_in(c, v.return_to));
		return OK;
	}
	v.said = page_said(c);
	return page_show(&v, c->route->status);
}

const char *
page_place_to_sign_in(const struct call *c, const char *return_to)
{
	struct buf b;

	buf_init(&b, c->cx->mem, 128);
	buf_text(&b, page_address(c, "/sign-in"));
	if (return_to != NULL) {
		buf_char(&b, '?');
		url_parameter(&b, "return_to", return_to);
	}
	return b.data;
}

static void
ask_to_sign_in(struct call *c)
{
	const struct req *rq = c->rq;
	struct arena *mem = c->cx->mem;
	const char *back = NULL;

	if (rq->method == METHOD_GET)
		back = arena_printf(mem, "%s%s%s%s",
				    route_encode_path(mem, rq->mount),
				    route_encode_path(mem, rq->path),
				    *rq->query != '\0' ? "?" : "",
				    route_encode_query(mem, rq->query));
	page_send_to(c, page_place_to_sign_in(c, back));
}

void
page_problem(struct call *c, enum err e)
{
	struct page_view v;

	if (e == ERR_UNAUTHORIZED) {
		ask_to_sign_in(c);
		return;
	}
	page_view_open(&v, c, NULL);
	page_faults_read(&v, e);
	resp_failure(c->rs, e);
	page_write(&v, c->rs->status);
}

/* Anybody who is none of ours is a visitor. */
static enum err
find_visitor(struct call *c)
{
	const char *text = checks_token(c, c->backend);
	struct user user = {0};
	struct token token = {0};
	enum err e;

	if (text == NULL)
		return OK;
	e = sign_in_read(c->cx, c->backend, text, &user, &token);
	if (e == ERR_BAD_TOKEN || (e == OK && !user.is_active))
		return OK;
	TRY(e);
	c->user = user;
	c->token = token;
	return OK;
}

/* As the users' routes have it. */
static enum err
admit_superuser(const struct call *c)
{
	if (!c->user.is_superuser ||
	    (c->cx->conf->routes.users_require_verification &&
	     !c->user.is_verified))
		return ERR_FORBIDDEN;
	return OK;
}

enum err
page_admit(struct call *c)
{
	TRY(find_visitor(c));
	if (c->route->who == WHO_PAGE_VISITOR)
		return OK;
	if (c->user.id == NULL)
		return ERR_UNAUTHORIZED;
	return c->route->who == WHO_PAGE_SUPERUSER ? admit_superuser(c) : OK;
}

/* POST /password-strength: 200 with the word for it, for who is typing one. */
enum err
post_password_strength(struct call *c)
{
	static const char *const words[] = {
		[PASSWORD_IS_TOO_SHORT] = "too_short",
		[PASSWORD_IS_COMMON] = "common",
		[PASSWORD_IS_FAIR] = "fair",
		[PASSWORD_IS_GOOD] = "good",
		[PASSWORD_IS_STRONG] = "strong",
	};
	const char *password = page_parameter(c, "password");

	if (password == NULL)
		return ERR_BAD_REQUEST;
	resp_json(c->rs, c->route->status);
	json_write_text(&c->rs->body,
			words[password_strength(c->cx, password)]);
	return OK;
}

/* GET /.well-known/change-password: 303 to where that is (W3C, A Well-Known
 * URL for Changing Passwords). */
enum err
get_change_password(struct call *c)
{
	page_send_to(c, page_address(c, "/account#account-password"));
	return OK;
}

/* GET /pages/FILE: 200 with it, 304 for who has it. */
enum err
get_page_file(struct call *c)
{
	const char *version = page_parameter(c, "v");
	const struct page_file *f = NULL;
	const char *tag;

	for (size_t i = 0; i < page_file_count; i++)
		if (strcmp(page_files[i].name, c->id) == 0)
			f = &page_files[i];
	if (f == NULL)
		return ERR_NOT_FOUND;
	tag = arena_printf(c->cx->mem, "\"%s\"", f->version);
	c->rs->cache_control =
		version != NULL && strcmp(version, f->version) == 0
			? "public, max-age=31536000, immutable"
			: "no-cache";
	resp_header(c->rs, "ETag", tag);
	if (c->rq->if_none_match != NULL &&
	    strcmp(c->rq->if_none_match, tag) == 0) {
		resp_empty(c->rs, 304);
		return OK;
	}
	c->rs->status = c->route->status;
	resp_header(c->rs, "Content-Type", f->type);
	buf_add(&c->rs->body, f->bytes, f->size);
	return OK;
}
