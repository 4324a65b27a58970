/* SPDX-License-Identifier: MIT */
/* The list of users: what the API's own list answers, as a table. */
#include <string.h>

#include "api/page.h"
#include "base/json.h"
#include "base/url.h"
#include "http/body.h"
#include "http/form.h"
#include "http/html.h"

/* A choice of the filter: its value in the query, and the key of its text. */
struct option {
	const char *value;
	const char *key;
};

struct filter {
	const char *name;
	const char *key;
	const struct option *options;
	size_t count;
};

static const struct option flags[] = {
	{"", "admin.any"}, {"true", "admin.yes"}, {"false", "admin.no"}};
static const struct option orders[] = {
	{"email", "admin.sort_email"},
	{"-email", "admin.sort_email_down"},
	{"id", "admin.sort_id"},
	{"-id", "admin.sort_id_down"},
};

static const struct filter filters[] = {
	{"search", "admin.search", NULL, 0},
	{"is_active", "field.is_active", flags, countof(flags)},
	{"is_superuser", "field.is_superuser", flags, countof(flags)},
	{"is_verified", "field.is_verified", flags, countof(flags)},
	{"sort", "admin.sort", orders, countof(orders)},
};

const char *
page_given(const struct page_view *v, const char *name)
{
	const struct form *form = v->c->input.form;
	const char *value = form != NULL ? form_value(form, name) : NULL;

	return value != NULL ? value : "";
}

/* The page's query in the words of the API's list. */
static struct form *
query_of(const struct page_view *v)
{
	struct arena *mem = v->c->cx->mem;
	struct form *f = arena_new(mem, struct form);

	for (size_t i = 0; i < countof(filters); i++)
		if (*page_given(v, filters[i].name) != '\0')
			form_add(f, mem, filters[i].name,
				 page_given(v, filters[i].name), false);
	if (*page_given(v, "sort") == '\0')
		form_add(f, mem, "sort", "email", false);
	if (*page_given(v, "cursor") != '\0')
		form_add(f, mem, "cursor", page_given(v, "cursor"), false);
	form_add(f, mem, "count", "true", false);
	return f;
}

static bool
is_shown(const char *name)
{
	for (size_t i = 0; i < countof(filters); i++)
		if (strcmp(filters[i].name, name) == 0)
			return true;
	return false;
}

/* A fault in what no element shows is one with the whole. */
static void
read_faults(struct page_view *v)
{
	page_faults_read(v, ERR_UNPROCESSABLE);
	for (size_t i = 0; i < v->fault_count; i++)
		if (!is_shown(v->faults[i].field))
			v->faults[i] =
				(struct page_fault){.key = "fault.place"};
}

enum err
page_users_load(struct page_view *v)
{
	struct call *c = v->c;
	const struct input asked = c->input;
	const struct json *answer = NULL;
	struct json_fault fault;
	const char *body;
	enum err e;

	c->input.form = query_of(v);
	e = page_run(c, get_users, &body);
	c->input = asked;
	if (e == ERR_UNPROCESSABLE)
		read_faults(v);
	TRY(e);
	TRY(json_parse(c->cx->mem, body, strlen(body), JSON_BODY, &answer,
		       &fault));
	v->loaded = answer;
	return OK;
}

static void
attribute(struct page_view *v, const char *name, const char *value)
{
	buf_printf(v->out, " %s=\"", name);
	html_text(v->out, value);
	buf_char(v->out, '"');
}

static const struct page_fault *
fault_of(const struct page_view *v, const char *name)
{
	for (size_t i = 0; i < v->fault_count; i++)
		if (v->faults[i].field != NULL &&
		    strcmp(v->faults[i].field, name) == 0)
			return &v->faults[i];
	return NULL;
}

static void
write_options(struct page_view *v, const struct filter *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_text(v->out, "<option");
		attribute(v, "value", f->options[i].value);
		if (strcmp(f->options[i].value, page_given(v, f->name)) == 0)
			buf_text(v->out, " selected");
		buf_char(v->out, '>');
		html_text(v->out, page_say(v->language, f->options[i].key));
		buf_text(v->out, "</option>");
	}
	buf_text(v->out, "</select>\n");
}

static void
write_element(struct page_view *v, const struct filter *f, bool is_wrong)
{
	bool is_select = f->count > 0;

	buf_printf(v->out, "<%s id=\"filter-%s\" name=\"%s\"",
		   is_select ? "select" : "input type=\"search\"", f->name,
		   f->name);
	if (is_wrong)
		buf_printf(v->out,
			   " aria-invalid=\"true\" "
			   "aria-describedby=\"filter-%s-fault\"",
			   f->name);
	if (is_select) {
		buf_char(v->out, '>');
		write_options(v, f);
		return;
	}
	buf_text(v->out, " autocomplete=\"off\" spellcheck=\"false\"");
	attribute(v, "value", page_given(v, f->name));
	buf_text(v->out, ">\n");
}

static void
write_filter(struct page_view *v, const struct filter *f)
{
	const struct page_fault *fault = fault_of(v, f->name);

	buf_printf(v->out,
		   "<div class=\"field %s\">\n<label for=\"filter-%s\">",
		   f->name, f->name);
	html_text(v->out, page_say(v->language, f->key));
	buf_text(v->out, "</label>\n");
	write_element(v, f, fault != NULL);
	if (fault != NULL) {
		buf_printf(v->out,
			   "<div class=\"fault\" id=\"filter-%s-fault\">",
			   f->name);
		page_fault_write(v, fault);
		buf_text(v->out, "</div>\n");
	}
	buf_text(v->out, "</div>\n");
}

static void
write_filters(struct page_view *v)
{
	buf_text(v->out, "<form class=\"filters\" role=\"search\" "
			 "method=\"get\" action=\"");
	html_text(v->out, page_address(v->c, "/admin"));
	buf_text(v->out, "\">\n");
	for (size_t i = 0; i < countof(filters); i++)
		write_filter(v, &filters[i]);
	buf_text(v->out, "<button>");
	html_text(v->out, page_say(v->language, "admin.button"));
	buf_text(v->out, "</button>\n</form>\n");
}

void
page_state_write(struct page_view *v, bool is_active, bool is_superuser,
		 bool is_verified)
{
	const struct {
		bool is_said;
		const char *look;
		const char *key;
	} states[] = {
		{is_active, "", "admin.is_active"},
		{!is_active, "bad", "admin.is_inactive"},
		{is_superuser, "strong", "admin.is_superuser"},
		{is_verified, "good", "account.verified"},
		{!is_verified, "", "account.unverified"},
	};

	buf_text(v->out, "<ul class=\"state\">");
	for (size_t i = 0; i < countof(states); i++) {
		if (!states[i].is_said)
			continue;
		buf_printf(v->out, "<li class=\"%s\">", states[i].look);
		html_text(v->out, page_say(v->language, states[i].key));
		buf_text(v->out, "</li>");
	}
	buf_text(v->out, "</ul>");
}

static bool
flag(const struct json *user, const char *name)
{
	const struct json *value = json_member(user, name);

	return value != NULL && json_type(value) == JSON_TRUE;
}

/* An id is a text or a number. */
static const char *
text(struct page_view *v, const struct json *object, const char *name)
{
	const struct json *value = json_member(object, name);
	struct buf b;

	if (value == NULL)
		return "";
	if (json_text(value) != NULL)
		return json_text(value);
	buf_init(&b, v->c->cx->mem, 32);
	json_write(&b, value);
	return b.data;
}

static void
write_user(struct page_view *v, const struct json *user)
{
	buf_text(v->out, "<tr>\n<th scope=\"row\"><a href=\"");
	html_text(v->out, page_address(v->c, "/admin/users/"));
	html_text(v->out, text(v, user, "id"));
	buf_text(v->out, "\">");
	html_text(v->out, text(v, user, "email"));
	buf_text(v->out, "</a></th>\n<td>");
	page_state_write(v, flag(user, "is_active"), flag(user, "is_superuser"),
			 flag(user, "is_verified"));
	buf_text(v->out, "</td>\n</tr>\n");
}

static void
write_table(struct page_view *v, const struct json *first)
{
	buf_text(v->out, "<table>\n<caption class=\"unseen\">");
	html_text(v->out, page_say(v->language, "admin.title"));
	buf_text(v->out, "</caption>\n<thead>\n<tr><th scope=\"col\">");
	html_text(v->out, page_say(v->language, "field.email"));
	buf_text(v->out, "</th><th scope=\"col\">");
	html_text(v->out, page_say(v->language, "admin.state"));
	buf_text(v->out, "</th></tr>\n</thead>\n<tbody>\n");
	for (const struct json *user = first; user != NULL;
	     user = json_next(user))
		write_user(v, user);
	buf_text(v->out, "</tbody>\n</table>\n");
}

/* The list as it is asked for, elsewhere; NULL: from its beginning. */
static void
write_step(struct page_view *v, const char *cursor, const char *key)
{
	struct buf query;

	buf_init(&query, v->c->cx->mem, 128);
	for (size_t i = 0; i < countof(filters); i++)
		if (*page_given(v, filters[i].name) != '\0')
			url_parameter(&query, filters[i].name,
				      page_given(v, filters[i].name));
	if (cursor != NULL)
		url_parameter(&query, "cursor", cursor);
	buf_text(v->out,
		 cursor != NULL ? "<a rel=\"next\" href=\"" : "<a href=\"");
	html_text(v->out, page_address(v->c, "/admin"));
	buf_char(v->out, '?');
	html_text(v->out, query.data);
	buf_text(v->out, "\">");
	html_text(v->out, page_say(v->language, key));
	buf_text(v->out, "</a>\n");
}

static void
write_steps(struct page_view *v, const char *next)
{
	bool is_first = *page_given(v, "cursor") == '\0';

	if (is_first && next == NULL)
		return;
	buf_text(v->out, "<nav class=\"steps\"");
	attribute(v, "aria-label", page_say(v->language, "admin.pages"));
	buf_text(v->out, ">\n");
	if (!is_first)
		write_step(v, NULL, "admin.first");
	if (next != NULL)
		write_step(v, next, "admin.next");
	buf_text(v->out, "</nav>\n");
}

static void
write_count(struct page_view *v, const struct json *answer)
{
	const char *key = flag(answer, "count_is_exact") ? "admin.count"
							 : "admin.count_more";

	buf_text(v->out,
		 "<p class=\"count\" id=\"count\" role=\"status\" data-swap>");
	page_write_text(v->out, page_say(v->language, key), "count",
			text(v, answer, "count"));
	buf_text(v->out, "</p>\n");
}

void
page_users_write(struct page_view *v)
{
	const struct json *answer = v->loaded;
	const struct json *items;
	const struct json *next;

	page_tabs_write(v);
	write_filters(v);
	if (answer == NULL)
		return;
	items = json_member(answer, "items");
	next = json_member(answer, "next");
	write_count(v, answer);
	buf_text(v->out, "<div id=\"list\" tabindex=\"-1\" data-swap>\n");
	if (items != NULL && json_first(items) != NULL)
		write_table(v, json_first(items));
	write_steps(v, next != NULL ? json_text(next) : NULL);
	buf_text(v->out, "</div>\n");
}
