/* SPDX-License-Identifier: MIT */
/* The document around the forms. */
#include <string.h>

#include "api/bound.h"
#include "api/page.h"
#include "base/json.h"
#include "base/url.h"
#include "http/body.h"
#include "http/html.h"

/* Nothing is loaded from anywhere else, and no script or style stands in a
 * page. A form may lead to where return_to allows, and after_sign_in. */
#define POLICY                                                                 \
	"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "        \
	"connect-src 'self'; script-src 'self'; style-src 'self'; "            \
	"img-src 'self'; form-action 'self'"

/* The origin of an address that is none of this host's. */
static void
allow(struct buf *policy, const char *address)
{
	const char *host = strstr(address, "://");

	if (*address == '/' || host == NULL)
		return;
	host += strlen("://");
	buf_char(policy, ' ');
	buf_add(policy, address,
		(size_t)(host - address) + strcspn(host, "/?#;,'\""));
}

/* A form's own answer may lead on, to wherever who is signed in is sent; some
 * browsers hold that against the form as well (CSP 3, form-action). */
static const char *
policy_of(const struct call *c)
{
	const struct pages_settings *conf = &c->cx->conf->pages;
	struct buf b;

	buf_init(&b, c->cx->mem, 256);
	buf_text(&b, POLICY);
	for (size_t i = 0; i < conf->return_to.count; i++)
		allow(&b, conf->return_to.items[i]);
	allow(&b, conf->after_sign_in);
	return b.data;
}

static const char *
say(const struct page_view *v, const char *key)
{
	return page_say(v->language, key);
}

static const char *
key_of(const struct page_view *v, const char *key, const char *part)
{
	return arena_printf(v->c->cx->mem, "%s.%s", key, part);
}

static void
file_address(struct page_view *v, const char *name)
{
	const char *version = "";

	for (size_t i = 0; i < page_file_count; i++)
		if (strcmp(page_files[i].name, name) == 0)
			version = page_files[i].version;
	html_text(v->out, page_address(v->c, "/pages/"));
	buf_printf(v->out, "%s?v=%s", name, version);
}

static void
write_title(struct page_view *v)
{
	const char *site = v->c->cx->conf->pages.site;

	buf_text(v->out, "<title>");
	html_text(v->out, v->page != NULL
				  ? say(v, key_of(v, v->page->key, "title"))
				  : say(v, "fault.title"));
	buf_text(v->out, " – ");
	html_text(v->out, site);
	buf_text(v->out, "</title>\n");
}

static void
write_head(struct page_view *v)
{
	const char *own = v->c->cx->conf->pages.stylesheet;

	buf_text(v->out, "<!DOCTYPE html>\n<html lang=\"");
	html_text(v->out, v->language->tag);
	buf_text(v->out, "\" dir=\"");
	html_text(v->out, say(v, "language.direction"));
	buf_text(v->out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" "
			 "content=\"width=device-width, initial-scale=1\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n"
			 "<meta name=\"robots\" content=\"noindex\">\n");
	write_title(v);
	buf_text(v->out, "<link rel=\"icon\" href=\"");
	file_address(v, "logo.svg");
	buf_text(v->out, "\">\n<link rel=\"stylesheet\" href=\"");
	file_address(v, "pages.css");
	buf_text(v->out, "\">\n");
	if (*own != '\0') {
		buf_text(v->out, "<link rel=\"stylesheet\" href=\"");
		html_text(v->out, own);
		buf_text(v->out, "\">\n");
	}
	buf_text(v->out, "<script type=\"module\" src=\"");
	file_address(v, "pages.js");
	buf_text(v->out, "\"></script>\n</head>\n");
}

void
page_text_write(struct page_view *v, const char *element, const char *key)
{
	buf_printf(v->out, "<%s>", element);
	html_text(v->out, say(v, key));
	buf_printf(v->out, "</%s>\n", element);
}

void
page_link_write(struct page_view *v, const char *path, const char *key)
{
	bool is_here = v->page != NULL && strcmp(v->page->path, path) == 0;

	buf_text(v->out, "<a href=\"");
	html_text(v->out, page_address(v->c, path));
	buf_text(v->out, is_here ? "\" aria-current=\"page\">" : "\">");
	html_text(v->out, say(v, key));
	buf_text(v->out, "</a>\n");
}

static void
write_sign_out(struct page_view *v)
{
	buf_text(v->out, "<form method=\"post\" action=\"");
	html_text(v->out, page_address(v->c, "/sign-out"));
	buf_text(v->out, "\"><input type=\"hidden\" name=\"form_token\" "
			 "value=\"");
	html_text(v->out, page_token(v->c, "/sign-out"));
	buf_text(v->out, "\"><button class=\"quiet\">");
	html_text(v->out, say(v, "shell.sign_out"));
	buf_text(v->out, "</button></form>\n");
}

/* What the script says, and where it asks. */
static void
write_script_texts(struct page_view *v)
{
	static const struct {
		const char *name;
		const char *key;
	} texts[] = {
		{"show", "field.show"},
		{"hide", "field.hide"},
		{"missing", "fault.missing"},
		{"email", "fault.no_email"},
		{"invalid", "fault.invalid"},
		{"too_short", "strength.too_short"},
		{"common", "strength.common"},
		{"fair", "strength.fair"},
		{"good", "strength.good"},
		{"strong", "strength.strong"},
	};

	buf_text(v->out, "<body data-strength=\"");
	html_text(v->out, page_address(v->c, "/password-strength"));
	for (size_t i = 0; i < countof(texts); i++) {
		buf_printf(v->out, "\" data-%s=\"", texts[i].name);
		html_text(v->out, say(v, texts[i].key));
	}
	buf_text(v->out, "\">\n");
}

static void
write_top(struct page_view *v)
{
	const struct config *conf = v->c->cx->conf;

	write_script_texts(v);
	buf_text(v->out, "<a class=\"skip\" href=\"#main\">");
	html_text(v->out, say(v, "shell.skip"));
	buf_text(v->out, "</a>\n<header>\n<a class=\"site\" href=\"");
	html_text(v->out,
		  page_address(v->c, v->c->user.id != NULL ? "/account"
							   : "/sign-in"));
	buf_text(v->out, "\"><img src=\"");
	if (*conf->pages.logo != '\0')
		html_text(v->out, conf->pages.logo);
	else
		file_address(v, "logo.svg");
	buf_text(v->out, "\" alt=\"\" width=\"32\" height=\"32\">\n<span>");
	html_text(v->out, conf->pages.site);
	buf_text(v->out, "</span></a>\n");
	if (v->c->user.id != NULL) {
		buf_text(v->out, "<nav>\n");
		page_link_write(v, "/account", "shell.account");
		if (v->c->user.is_superuser && page_admin_is_on(v->c->cx->conf))
			page_link_write(v, "/admin", "shell.administration");
		write_sign_out(v);
		buf_text(v->out, "</nav>\n");
	}
	buf_text(v->out, "</header>\n");
}

/* The page as it is, in another language: what the link of a mail or a way
 * back told it goes along. */
static void
write_language(struct page_view *v, const struct page_language *l)
{
	static const char *const kept[] = {
		"token",        "return_to",   "search", "is_active",
		"is_superuser", "is_verified", "sort",   "cursor",
		"state",        "after"};
	struct buf query;

	buf_init(&query, v->c->cx->mem, 64);
	for (size_t i = 0; i < countof(kept); i++) {
		const char *value =
			v->c->input.form != NULL
				? form_value(v->c->input.form, kept[i])
				: NULL;

		if (value != NULL && *value != '\0' &&
		    json_text_is_clean(value))
			url_parameter(&query, kept[i], value);
	}
	url_parameter(&query, "language", l->tag);
	buf_text(v->out, "<li><a rel=\"nofollow\" href=\"");
	/* A form's own address can only be sent to. */
	if (v->page != NULL)
		html_text(v->out, page_address(v->c, v->page->path));
	buf_char(v->out, '?');
	html_text(v->out, query.data);
	buf_printf(v->out, "\" lang=\"%s\" hreflang=\"%s\"%s>", l->tag, l->tag,
		   l == v->language ? " aria-current=\"true\"" : "");
	html_text(v->out, page_say(l, "language.name"));
	buf_text(v->out, "</a></li>\n");
}

static void
write_foot(struct page_view *v)
{
	buf_text(v->out, "</main>\n<footer id=\"foot\" data-swap>\n"
			 "<nav aria-label=\"");
	html_text(v->out, say(v, "language.switch"));
	buf_text(v->out, "\">\n<ul class=\"languages\">\n");
	for (size_t i = 0; i < v->c->api->languages.count; i++)
		write_language(v, &v->c->api->languages.list[i]);
	buf_text(v->out, "</ul>\n</nav>\n</footer>\n</body>\n</html>\n");
}

/* What went well, and what is wrong with no field in particular. */
static void
write_messages(struct page_view *v)
{
	if (v->said != NULL) {
		buf_text(v->out, "<p class=\"said\" role=\"status\">");
		html_text(v->out, say(v, v->said));
		buf_text(v->out, "</p>\n");
	}
	if (v->shown != NULL) {
		buf_text(v->out, "<p class=\"secret\"><code>");
		html_text(v->out, v->shown);
		buf_text(v->out, "</code></p>\n");
	}
	if (v->fault_count == 0)
		return;
	buf_text(v->out, "<div class=\"fault\" role=\"alert\">\n");
	for (size_t i = 0; i < v->fault_count; i++)
		if (v->faults[i].field == NULL)
			page_fault_write(v, &v->faults[i]);
	if (v->faults[0].field != NULL)
		page_fault_write(v,
				 &(struct page_fault){.key = "fault.summary"});
	buf_text(v->out, "</div>\n");
}

static void
write_intro(struct page_view *v)
{
	const char *text =
		page_say_if(v->language, key_of(v, v->page->key, "intro"));

	if (text == NULL)
		return;
	buf_text(v->out, "<p>");
	html_text(v->out, text);
	buf_text(v->out, "</p>\n");
}

static void
write_page(struct page_view *v)
{
	const struct page *p = v->page;

	if (p->before != NULL)
		p->before(v);
	for (size_t i = 0; i < p->count; i++)
		if (p->forms[i].is_offered == NULL || p->forms[i].is_offered(v))
			page_form_write(v, &p->forms[i]);
	if (p->after != NULL)
		p->after(v);
}

static void
write_way_back(struct page_view *v)
{
	buf_text(v->out, "<p>");
	page_link_write(v, v->c->user.id != NULL ? "/account" : "/sign-in",
			"fault.back");
	buf_text(v->out, "</p>\n");
}

static void
write_main(struct page_view *v)
{
	buf_text(v->out, "<main id=\"main\" tabindex=\"-1\"");
	if (v->page != NULL && v->page->is_wide)
		buf_text(v->out, " class=\"wide\"");
	buf_text(v->out, ">\n<h1>");
	html_text(v->out, v->page != NULL
				  ? say(v, key_of(v, v->page->key, "title"))
				  : say(v, "fault.title"));
	buf_text(v->out, "</h1>\n");
	write_messages(v);
	if (v->page == NULL) {
		write_way_back(v);
		return;
	}
	write_intro(v);
	write_page(v);
}

void
page_write(struct page_view *v, int status)
{
	struct resp *rs = v->c->rs;

	buf_reset(&rs->body);
	rs->status = status;
	rs->content_security = policy_of(v->c);
	/* With none at all, browsers do not tell us either whose form it is. */
	rs->referrer = "strict-origin";
	resp_header(rs, "Content-Type", "text/html; charset=utf-8");
	resp_header(rs, "Content-Language", v->language->tag);
	v->out = &rs->body;
	write_head(v);
	write_top(v);
	write_main(v);
	write_foot(v);
}
