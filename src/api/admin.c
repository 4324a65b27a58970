/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/bound.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "core/account.h"
#include "http/form.h"
#include "http/input_query.h"
#include "http/router.h"
#include "store/user_id.h"
#include "store/user_page.h"

#define PAGE_DEFAULT 50
#define PAGE_MOST 1000 /* as the setting's bounds */
/* The longest address, and what comes to it in a cursor; more than needed. */
#define SEARCH_MOST 320
#define CURSOR_MOST 4096

/* The query of a list. */
struct listing {
	struct field_value limit;
	struct field_value cursor;
	struct field_value sort;
	struct field_value count;
	struct field_value search;
	struct field_value email;
	struct field_value is_active;
	struct field_value is_superuser;
	struct field_value is_verified;
};

static const struct field_bounds page_bounds = {
	.has_min = true, .has_max = true, .min = 1, .max = PAGE_MOST};
static const struct field_bounds search_bounds = {
	.has_min = true, .has_max = true, .min = 1, .max = SEARCH_MOST};
static const struct field_bounds cursor_bounds = {
	.has_min = true, .has_max = true, .min = 1, .max = CURSOR_MOST};
static const struct field_bounds sort_bounds = {
	.choices = (const char *const *)user_order_names,
	.choice_count = USER_ORDERS};

#define LIST_FIELD(member, kind)                                               \
	.name = #member, .type = (kind), .need = FIELD_DEFAULTED,              \
	.is_value = true, .offset = offsetof(struct listing, member)

static const struct field list_fields[] = {
	{LIST_FIELD(limit, FIELD_INTEGER), .bounds = &page_bounds,
	 .initial = "50",
	 .help = "Most users of this page; never more than admin.page_limit."},
	{LIST_FIELD(cursor, FIELD_TEXT), .bounds = &cursor_bounds,
	 .help = "Where the page begins: next of the page before it."},
	{LIST_FIELD(sort, FIELD_CHOICE), .bounds = &sort_bounds,
	 .initial = "\"id\"", .help = "The order; with - it is reversed."},
	{LIST_FIELD(count, FIELD_BOOL), .initial = "false",
	 .help = "Count all users that fit, up to admin.count_limit."},
	{LIST_FIELD(search, FIELD_TEXT), .bounds = &search_bounds,
	 .help = "A part of the address, in any case."},
	{LIST_FIELD(email, FIELD_TEXT), .bounds = &search_bounds,
	 .help = "The whole address, in any case."},
	{LIST_FIELD(is_active, FIELD_BOOL)},
	{LIST_FIELD(is_superuser, FIELD_BOOL)},
	{LIST_FIELD(is_verified, FIELD_BOOL)},
};

const struct schema list_schema = {.fields = list_fields,
				   .count = countof(list_fields)};

/* What a list answers with; written by hand, since its members come and go. */
static const struct field page_fields[] = {
	{.name = "items",
	 .type = FIELD_OBJECTS,
	 .need = FIELD_REQUIRED,
	 .items = &user_schema},
	{.name = "next",
	 .type = FIELD_TEXT,
	 .need = FIELD_OPTIONAL,
	 .help = "The cursor of the next page, null behind the last."},
	{.name = "count",
	 .type = FIELD_INTEGER,
	 .need = FIELD_DEFAULTED,
	 .help = "With count=true: how many users fit."},
	{.name = "count_is_exact",
	 .type = FIELD_BOOL,
	 .need = FIELD_DEFAULTED,
	 .help = "False when counting has stopped at admin.count_limit."},
};

const struct schema user_page_schema = {.fields = page_fields,
					.count = countof(page_fields)};

static const bool *
flag_of(const struct field_value *v)
{
	static const bool flags[] = {false, true};

	return v->is_given ? &flags[v->number != 0] : NULL;
}

/* A cursor is the order and the last row's key, such as "email a@b.org", as
 * base64url. Whoever makes one up only begins somewhere else. */
static const char *
cursor_write(struct arena *mem, enum user_order order, const struct user *last)
{
	const char *text = arena_printf(mem, "%s %s", user_order_names[order],
					user_order_key(order, last));

	return crypto_base64url(mem, text, strlen(text));
}

static enum err
cursor_decode(struct call *c, const char *cursor, enum user_order order,
	      const char **out)
{
	const char *name = user_order_names[order];
	unsigned char *bytes;
	const char *text;
	size_t len;

	TRY(crypto_base64url_decode(c->cx->mem, cursor, strlen(cursor), &bytes,
				    &len));
	text = (const char *)bytes;
	if (strlen(text) != len || !text_is_utf8(text, len) ||
	    !text_starts(text, name) || text[strlen(name)] != ' ')
		return ERR_INVALID;
	*out = text + strlen(name) + 1;
	if (order == USER_BY_EMAIL || order == USER_BY_EMAIL_DOWN)
		return OK;
	return user_id_read(c->cx->db, c->cx->mem, *out, out);
}

static enum err
cursor_read(struct call *c, const struct field_value *v, enum user_order order,
	    const char **out)
{
	enum err e;

	*out = NULL;
	if (!v->is_given)
		return OK;
	e = cursor_decode(c, v->text, order, out);
	if (e == ERR_INVALID || e == ERR_NOT_FOUND)
		return input_refuse_query(c->rs, "cursor",
					  "this is no cursor of such a list",
					  v->text);
	return e;
}

static enum err
read_listing(struct call *c, struct listing *in, struct user_filter *out)
{
	const struct custom_schemas *custom = &c->api->custom;
	struct field_value *more = custom_values_new(c->cx->mem, custom);

	TRY(input_read_filter(&c->input, &list_schema, in, &custom->filter,
			      more, c->rs));
	*out = (struct user_filter){
		.is_active = flag_of(&in->is_active),
		.is_superuser = flag_of(&in->is_superuser),
		.is_verified = flag_of(&in->is_verified),
		.email = in->email.text,
		.search = in->search.text,
		.fields = custom_filter(c->cx->mem, custom, more),
	};
	return OK;
}

/* The request's own query, with another cursor. */
static void
next_query(struct buf *out, const struct form_entry *e, const char *cursor)
{
	if (e == NULL)
		return;
	next_query(out, e->before, cursor);
	if (strcmp(e->name, "cursor") != 0)
		url_parameter(out, e->name, e->value);
}

/* RFC 8288, for those who read no bodies. */
static void
add_link(struct call *c, const char *cursor)
{
	const char *path =
		arena_printf(c->cx->mem, "%s%s", c->prefix, c->route->path);
	const char *url = route_own_url(c->rq, path);
	struct buf b;

	buf_init(&b, c->cx->mem, 256);
	buf_text(&b, "<");
	if (url == NULL)
		url = arena_printf(c->cx->mem, "%s%s",
				   route_encode_path(c->cx->mem, c->rq->mount),
				   path);
	buf_text(&b, url);
	buf_char(&b, '?');
	if (c->input.form != NULL)
		next_query(&b, c->input.form->last, cursor);
	url_parameter(&b, "cursor", cursor);
	buf_text(&b, ">; rel=\"next\"");
	resp_header(c->rs, "Link", b.data);
}

/* One more than is told says whether there are more. */
static enum err
count(struct call *c, const struct user_filter *filter, int64_t *out)
{
	return user_count(c->cx->db, c->cx->mem, filter,
			  c->cx->conf->admin.count_limit + 1, out);
}

static void
add_count(struct call *c, int64_t counted)
{
	int64_t most = c->cx->conf->admin.count_limit;
	int64_t told = counted > most ? most : counted;

	json_add_raw(&c->rs->body, "count",
		     arena_printf(c->cx->mem, "%lld", (long long)told));
	json_add_raw(&c->rs->body, "count_is_exact",
		     counted > most ? "false" : "true");
}

static void
add_items(struct buf *out, const struct user *users, size_t count)
{
	json_begin(out, "items", '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(out, ',');
		user_show(out, &users[i]);
	}
	json_end(out, ']');
}

/* How many are asked for, and where they begin. */
struct page {
	int64_t limit;
	enum user_order order;
	const char *after;
	bool more; /* behind these */
	struct user *users;
	size_t count;
};

static enum err
read_page(struct call *c, const struct listing *in, struct page *out)
{
	int64_t most = c->cx->conf->admin.page_limit;
	int64_t wanted = in->limit.is_given ? in->limit.number : PAGE_DEFAULT;

	*out = (struct page){.limit = wanted < most ? wanted : most};
	if (in->sort.is_given && !user_order_read(in->sort.text, &out->order))
		return ERR_INTERNAL;
	return cursor_read(c, &in->cursor, out->order, &out->after);
}

/* One more than is shown tells whether there are more. */
static enum err
find_page(struct call *c, const struct user_filter *filter, struct page *p)
{
	TRY(user_page(c->cx->db, c->cx->mem, filter, p->order, p->after,
		      p->limit + 1, &p->users, &p->count));
	p->more = p->count > (size_t)p->limit;
	if (p->more)
		p->count--;
	return OK;
}

static void
add_next(struct call *c, const struct page *p)
{
	const char *next;

	if (!p->more) {
		json_add_raw(&c->rs->body, "next", "null");
		return;
	}
	next = cursor_write(c->cx->mem, p->order, &p->users[p->count - 1]);
	json_add_text(&c->rs->body, "next", next);
	add_link(c, next);
}

/* GET /users: 200 with a page of them. */
enum err
get_users(struct call *c)
{
	struct user_filter filter;
	struct listing in = {0};
	int64_t counted = -1;
	struct page page;

	TRY(read_listing(c, &in, &filter));
	TRY(read_page(c, &in, &page));
	TRY(find_page(c, &filter, &page));
	if (in.count.is_given && in.count.number != 0)
		TRY(count(c, &filter, &counted));
	resp_json(c->rs, c->route->status);
	json_begin(&c->rs->body, NULL, '{');
	add_items(&c->rs->body, page.users, page.count);
	add_next(c, &page);
	if (counted >= 0)
		add_count(c, counted);
	json_end(&c->rs->body, '}');
	return OK;
}
