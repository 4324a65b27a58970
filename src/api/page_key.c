/* SPDX-License-Identifier: MIT */
/* Personal API keys on the account's page. */
#include <string.h>

#include "api/page.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "core/api_key.h"
#include "http/body.h"
#include "http/html.h"

static const struct page_choice scopes[] = {
	{"me:read", "account.keys.scope.read"},
	{"me:read me:write", "account.keys.scope.write"},
	{"check", "account.keys.scope.check"},
	{"users:read", "account.keys.scope.users_read"},
	{"users:read users:write", "account.keys.scope.users_write"},
	{NULL, NULL},
};

/* Seconds. */
static const struct page_choice lifetimes[] = {
	{"2592000", "account.keys.days_30"},
	{"7776000", "account.keys.days_90"},
	{"31536000", "account.keys.days_365"},
	{NULL, NULL},
};

static const struct page_choice *
scopes_for(const struct page_view *v)
{
	(void)v;
	return scopes;
}

/* Those that are not too long, or the longest there may be. */
static const struct page_choice *
lifetimes_for(const struct page_view *v)
{
	struct arena *mem = v->c->cx->mem;
	int64_t longest = v->c->cx->conf->api_keys.max_lifetime;
	struct page_choice *list =
		arena_array(mem, countof(lifetimes) + 1, sizeof(*list));
	size_t count = 0;
	int64_t seconds;

	for (size_t i = 0; lifetimes[i].value != NULL; i++)
		if (longest < 0 ||
		    (text_number(lifetimes[i].value, 1, longest, &seconds)))
			list[count++] = lifetimes[i];
	if (count == 0)
		list[0] = (struct page_choice){
			arena_printf(mem, "%lld", (long long)longest),
			"account.keys.longest"};
	return list;
}

const struct page_field page_key_fields[PAGE_KEY_FIELDS] = {
	{.name = "name", .label = "account.keys.name", .type = "text"},
	{.name = "scope",
	 .label = "account.keys.scope",
	 .type = "select",
	 .choices = scopes_for},
	{.name = "expires_in",
	 .label = "account.keys.lifetime",
	 .type = "select",
	 .choices = lifetimes_for},
};

bool
page_has_keys(const struct page_view *v)
{
	return v->c->cx->conf->api_keys.enabled;
}

static const char *
say(const struct page_view *v, const char *key)
{
	return page_say(v->language, key);
}

/* The day of a moment. */
static void
write_day(struct page_view *v, const char *key, int64_t when)
{
	struct arena *mem = v->c->cx->mem;

	page_write_text(
		v->out, say(v, key), "day",
		arena_copy(mem, clock_text(mem, when), strlen("2031-12-24")));
}

static void
write_revoke(struct page_view *v, const struct key_row *k)
{
	buf_text(v->out, "<form method=\"post\" action=\"");
	html_text(v->out, page_address(v->c, "/account/keys/revoke"));
	buf_text(v->out,
		 "\"><input type=\"hidden\" name=\"form_token\" value=\"");
	html_text(v->out, page_token(v->c, "/account/keys/revoke"));
	buf_printf(v->out,
		   "\"><input type=\"hidden\" name=\"key\" value=\"%s\">"
		   "<button class=\"quiet\" aria-describedby=\"key-%s\">",
		   k->id, k->id);
	html_text(v->out, say(v, "account.keys.revoke"));
	buf_text(v->out, "</button></form>");
}

static void
write_key(struct page_view *v, const struct key_row *k)
{
	buf_printf(v->out, "<li class=\"row\"><div id=\"key-%s\"><strong>",
		   k->id);
	html_text(v->out, k->name);
	buf_text(v->out, "</strong> <code>");
	html_text(v->out, k->scope);
	buf_text(v->out, "</code><br><small>");
	if (k->expires_at >= 0)
		write_day(v, "account.keys.until", k->expires_at);
	buf_char(v->out, ' ');
	if (k->last_used_at >= 0)
		write_day(v, "account.keys.used", k->last_used_at);
	else
		html_text(v->out, say(v, "account.keys.unused"));
	buf_text(v->out, "</small></div>");
	write_revoke(v, k);
	buf_text(v->out, "</li>\n");
}

void
page_keys_write(struct page_view *v)
{
	struct key_row *list = NULL;
	size_t count = 0;

	if (!page_has_keys(v) ||
	    api_key_list(v->c->cx, &v->c->user, &list, &count) != OK ||
	    count == 0)
		return;
	buf_text(v->out, "<section>\n<h2>");
	html_text(v->out, say(v, "account.keys.list"));
	buf_text(v->out, "</h2>\n<ul class=\"rows\">\n");
	for (size_t i = 0; i < count; i++)
		write_key(v, &list[i]);
	buf_text(v->out, "</ul>\n</section>\n");
}

void
page_key_show(struct page_view *v, const char *answer)
{
	const struct json *made = NULL;
	const struct json *key = NULL;
	struct json_fault fault;

	if (json_parse(v->c->cx->mem, answer, strlen(answer), JSON_BODY, &made,
		       &fault) == OK)
		key = json_member(made, "key");
	v->shown = key != NULL ? json_text(key) : NULL;
	v->said = "said.key";
	page_write(v, 201);
}

/* POST …/account/keys/revoke */
enum err
page_key_revoke(struct call *c)
{
	const char *id = form_value(c->input.form, "key");

	c->key = id != NULL ? id : "";
	return delete_my_key(c);
}
