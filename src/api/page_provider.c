/* SPDX-License-Identifier: MIT */
/* Signing in with somebody else's account, by pages. */
#include <string.h>

#include "api/page.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/url.h"
#include "http/body.h"
#include "http/html.h"

#define WAY_COOKIE "fcu_way"
#define WAY_NOWHERE "-" /* no place in particular is to be returned to */

/* How providers spell themselves, where that is not their name here with a
 * capital. */
static const struct {
	const char *name;
	const char *spelling;
} spellings[] = {
	{"franceconnect", "FranceConnect"},
	{"github", "GitHub"},
	{"linkedin", "LinkedIn"},
	{"openid", "OpenID"},
};

static const char *
spelling_of(struct arena *mem, const char *name)
{
	char *text = arena_text(mem, name);

	for (size_t i = 0; i < countof(spellings); i++)
		if (strcmp(spellings[i].name, name) == 0)
			return spellings[i].spelling;
	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 'a' + 'A');
	return text;
}

static const struct provider_settings *
provider_named(const struct config *conf, const char *name)
{
	for (size_t i = 0; i < conf->provider_count; i++)
		if (strcmp(conf->provider[i].title, name) == 0)
			return &conf->provider[i];
	return NULL;
}

/* Whoever could send somebody on such a way by a link of his own could have
 * his account at the provider connected with theirs. */
#define CONNECT_PATH "/account/connect/"

static void
write_query(struct page_view *v, struct buf *address, const char *path)
{
	bool connects = strcmp(path, CONNECT_PATH) == 0;

	if (connects || v->return_to != NULL)
		buf_char(address, '?');
	if (connects)
		url_parameter(address, "form_token", page_token(v->c, path));
	else if (v->return_to != NULL)
		url_parameter(address, "return_to", v->return_to);
}

void
page_providers_write(struct page_view *v, const char *path, const char *key)
{
	const struct config *conf = v->c->cx->conf;
	struct arena *mem = v->c->cx->mem;

	for (size_t i = 0; i < conf->provider_count; i++) {
		const char *name = conf->provider[i].title;
		struct buf address;

		buf_init(&address, mem, 64);
		buf_text(&address, page_address(v->c, path));
		buf_text(&address, name);
		write_query(v, &address, path);
		buf_text(v->out, "<a class=\"button other\" rel=\"nofollow\" "
				 "href=\"");
		html_text(v->out, address.data);
		buf_text(v->out, "\">");
		page_write_text(v->out, page_say(v->language, key), "provider",
				spelling_of(mem, name));
		buf_text(v->out, "</a>\n");
	}
}

/* An address may hold what a cookie may not. */
static const char *
way_write(struct arena *mem, const char *back)
{
	return back != NULL ? crypto_base64url(mem, back, strlen(back))
			    : WAY_NOWHERE;
}

/* NULL for nowhere, and for what is not ours. */
static const char *
way_read(struct arena *mem, const char *value)
{
	unsigned char *bytes;
	size_t len;

	if (crypto_base64url_decode(mem, value, strlen(value), &bytes, &len) !=
		    OK ||
	    strlen((const char *)bytes) != len)
		return NULL;
	return (const char *)bytes;
}

static void
write_account(struct page_view *v, const struct oauth_account *a)
{
	buf_text(v->out, "<li>");
	html_text(v->out, spelling_of(v->c->cx->mem, a->oauth_name));
	buf_text(v->out, " <small>");
	html_text(v->out, a->account_email);
	buf_text(v->out, "</small></li>\n");
}

void
page_accounts_write(struct page_view *v, const char *user_id)
{
	struct oauth_account *list = NULL;
	size_t count = 0;

	page_text_write(v, "h2", "account.providers.title");
	if (oauth_accounts(v->c->cx, user_id, &list, &count) != OK)
		count = 0;
	if (count == 0) {
		page_text_write(v, "p", "account.providers.none");
		return;
	}
	buf_text(v->out, "<ul class=\"rows\">\n");
	for (size_t i = 0; i < count; i++)
		write_account(v, &list[i]);
	buf_text(v->out, "</ul>\n");
}

static enum err
begin(struct call *c, enum oauth_purpose purpose)
{
	static const struct text_list usual_scopes = {0};
	const char *back = c->input.form != NULL
				   ? form_value(c->input.form, "return_to")
				   : NULL;
	const char *url;

	c->provider = provider_named(c->cx->conf, c->id);
	if (c->provider == NULL)
		return ERR_NOT_FOUND;
	if (back != NULL)
		back = page_return_to(c, back);
	TRY(authorize_begin(c, purpose, &usual_scopes, &url));
	page_cookie(c, WAY_COOKIE, way_write(c->cx->mem, back),
		    c->cx->conf->tokens.state_lifetime);
	page_send_to(c, url);
	return OK;
}

/* GET …/sign-in/{provider}: 303 to the provider. */
enum err
get_page_provider(struct call *c)
{
	return begin(c, OAUTH_LOGIN);
}

/* GET …/account/connect/{provider}: 303 to the provider, or to the page with
 * the links for it. */
enum err
get_page_connect(struct call *c)
{
	if (!page_token_fits(c, CONNECT_PATH)) {
		page_send_to(c, page_address(c, "/account"));
		return OK;
	}
	return begin(c, OAUTH_ASSOCIATE);
}

bool
page_way_is_open(const struct call *c)
{
	return c->cx->conf->pages.enabled &&
	       page_backend(c->cx->conf) != NULL &&
	       page_cookie_value(c, WAY_COOKIE) != NULL;
}

void
page_way_leave(struct call *c)
{
	page_cookie(c, WAY_COOKIE, "", 0);
}

enum err
page_way_end(struct call *c, route_handler *finish)
{
	const char *back =
		way_read(c->cx->mem, page_cookie_value(c, WAY_COOKIE));
	enum err e;

	if (back != NULL)
		back = page_return_to(c, back);
	c->backend = page_backend(c->cx->conf);
	e = page_run(c, finish, NULL);
	page_way_leave(c);
	if (e != OK) {
		page_problem(c, e);
		return OK;
	}
	if (c->route->mount == MOUNT_ASSOCIATE)
		page_say_next(c, "said.connected");
	page_send_to(c, c->route->mount == MOUNT_ASSOCIATE
				? page_address(c, "/account")
				: page_place_signed_in(c, back));
	return OK;
}
