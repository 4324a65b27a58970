/* SPDX-License-Identifier: MIT */
/* The outbox as a superuser sees it: what waits and what was given up. What
 * is told itself is not shown: it may hold a token. */
#include <string.h>

#include "api/page.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/url.h"
#include "http/html.h"
#include "store/outbox.h"

#define ROWS_LIMIT 50

struct loaded {
	const char *state; /* that is asked for; NULL: any */
	bool is_first;
	bool has_more;
	struct outbox_row *rows;
	size_t count;
	int64_t waiting;
	int64_t dead;
};

static const struct {
	const char *state; /* NULL: any */
	const char *key;
} states[] = {
	{NULL, "admin_outbox.all"},
	{OUTBOX_WAITING, "admin_outbox.waiting"},
	{OUTBOX_DEAD, "admin_outbox.dead"},
};

static enum err
read_query(struct page_view *v, struct outbox_filter *out)
{
	const char *state = page_given(v, "state");
	const char *after = page_given(v, "after");
	bool is_known = *state == '\0';

	for (size_t i = 1; !is_known && i < countof(states); i++)
		if (strcmp(state, states[i].state) == 0) {
			out->state = states[i].state;
			is_known = true;
		}
	if (is_known &&
	    (*after == '\0' || text_number(after, 1, INT64_MAX, &out->after)))
		return OK;
	v->faults[v->fault_count++] = (struct page_fault){.key = "fault.place"};
	return ERR_UNPROCESSABLE;
}

/* One row more than is shown tells whether there are more. */
enum err
page_outbox_load(struct page_view *v)
{
	struct ctx *cx = v->c->cx;
	struct loaded *l = arena_new(cx->mem, struct loaded);
	struct outbox_filter filter = {0};

	TRY(read_query(v, &filter));
	l->state = filter.state;
	l->is_first = filter.after == 0;
	TRY(outbox_list(cx->db, cx->mem, &filter, ROWS_LIMIT + 1, &l->rows,
			&l->count));
	l->has_more = l->count > ROWS_LIMIT;
	if (l->has_more)
		l->count--;
	TRY(outbox_count(cx->db, cx->mem, OUTBOX_WAITING, &l->waiting));
	TRY(outbox_count(cx->db, cx->mem, OUTBOX_DEAD, &l->dead));
	v->loaded = l;
	return OK;
}

static enum err
read_row(struct call *c, struct outbox_filter *out)
{
	const char *id = page_parameter(c, "id");

	*out = (struct outbox_filter){0};
	return id != NULL && text_number(id, 1, INT64_MAX, &out->id)
		       ? OK
		       : ERR_NOT_FOUND;
}

enum err
page_outbox_retry(struct call *c)
{
	struct ctx *cx = c->cx;
	struct outbox_filter row;
	int64_t count;

	TRY(read_row(c, &row));
	TRY(outbox_retry(cx->db, cx->mem, &row, cx->now,
			 cx->now + cx->conf->courier.max_age, &count));
	return count > 0 ? OK : ERR_NOT_FOUND;
}

enum err
page_outbox_drop(struct call *c)
{
	struct outbox_filter row;
	int64_t count;

	TRY(read_row(c, &row));
	TRY(outbox_drop(c->cx->db, c->cx->mem, &row, c->cx->now, &count));
	return count > 0 ? OK : ERR_NOT_FOUND;
}

/* ?state=…&after=…, without what is nothing. */
static const char *
address_of(struct page_view *v, const char *state, int64_t after)
{
	struct buf b;

	buf_init(&b, v->c->cx->mem, 64);
	buf_text(&b, page_address(v->c, "/admin/outbox"));
	if (state != NULL || after > 0)
		buf_char(&b, '?');
	if (state != NULL)
		url_parameter(&b, "state", state);
	if (after > 0)
		url_parameter(
			&b, "after",
			arena_printf(v->c->cx->mem, "%lld", (long long)after));
	return b.data;
}

static void
write_link(struct page_view *v, const char *address, const char *key,
	   const char *count, bool is_here)
{
	buf_text(v->out, "<a href=\"");
	html_text(v->out, address);
	buf_text(v->out, is_here ? "\" aria-current=\"page\">" : "\">");
	page_write_text(v->out, page_say(v->language, key), "count", count);
	buf_text(v->out, "</a>\n");
}

static void
write_states(struct page_view *v, const struct loaded *l)
{
	const int64_t counts[] = {l->waiting + l->dead, l->waiting, l->dead};

	buf_text(v->out, "<nav class=\"tabs\" aria-label=\"");
	html_text(v->out, page_say(v->language, "admin.state"));
	buf_text(v->out, "\">\n");
	for (size_t i = 0; i < countof(states); i++)
		write_link(v, address_of(v, states[i].state, 0), states[i].key,
			   arena_printf(v->c->cx->mem, "%lld",
					(long long)counts[i]),
			   l->state == states[i].state);
	buf_text(v->out, "</nav>\n");
}

/* "2031-12-24 18:30 UTC" */
static void
write_time(struct page_view *v, const char *key, int64_t when)
{
	const char *text = clock_text(v->c->cx->mem, when);

	buf_text(v->out, "<br><small>");
	page_write_text(
		v->out, page_say(v->language, key), "time",
		arena_printf(v->c->cx->mem, "%.10s %.5s UTC", text, text + 11));
	buf_text(v->out, "</small>");
}

/* Whose it is: a user, or an address that has yet to be looked up. */
static void
write_whose(struct page_view *v, const struct outbox_row *row)
{
	bool is_user = strcmp(row->target, OUTBOX_NOBODY) != 0;

	buf_text(v->out, "<br>");
	if (is_user) {
		buf_text(v->out, "<a href=\"");
		html_text(v->out, page_address(v->c, "/admin/users/"));
		html_text(v->out, row->user_key);
		buf_text(v->out, "\">");
	}
	html_text(v->out, row->user_key);
	buf_text(v->out, is_user ? "</a>" : "");
}

static void
write_state(struct page_view *v, const struct outbox_row *row)
{
	bool is_dead = strcmp(row->state, OUTBOX_DEAD) == 0;

	buf_printf(v->out, "<ul class=\"state\"><li class=\"%s\">",
		   is_dead ? "bad" : "");
	html_text(v->out,
		  page_say(v->language, is_dead ? "admin_outbox.died"
						: "admin_outbox.waits"));
	buf_text(v->out, "</li></ul>\n<p class=\"told\">");
	page_write_text(
		v->out, page_say(v->language, "admin_outbox.attempts"), "count",
		arena_printf(v->c->cx->mem, "%lld", (long long)row->attempts));
	if (!is_dead)
		write_time(v, "admin_outbox.due", row->due_at);
	buf_text(v->out, "</p>\n");
	if (row->last_error == NULL)
		return;
	buf_text(v->out, "<p class=\"told error\">");
	html_text(v->out, row->last_error);
	buf_text(v->out, "</p>\n");
}

/* A button that says to whom sees none of the row which one it is about. */
static void
write_button(struct page_view *v, const struct outbox_row *row,
	     const char *path, const char *key, const char *look)
{
	buf_text(v->out, "<form method=\"post\" action=\"");
	html_text(v->out, page_address(v->c, path));
	buf_text(v->out, "\">\n<input type=\"hidden\" name=\"form_token\" "
			 "value=\"");
	html_text(v->out, page_token(v->c, path));
	buf_printf(v->out,
		   "\">\n<input type=\"hidden\" name=\"id\" value=\"%lld\">\n"
		   "<button class=\"%s\" aria-describedby=\"row-%lld\">",
		   (long long)row->id, look, (long long)row->id);
	html_text(v->out, page_say(v->language, key));
	buf_text(v->out, "</button>\n</form>\n");
}

static void
write_row(struct page_view *v, const struct outbox_row *row)
{
	buf_printf(v->out, "<tr>\n<th scope=\"row\" id=\"row-%lld\">",
		   (long long)row->id);
	html_text(v->out, row->event);
	buf_text(v->out, "<br><small>");
	html_text(v->out, row->target);
	write_whose(v, row);
	buf_text(v->out, "</small>");
	write_time(v, "admin_outbox.since", row->created_at);
	buf_text(v->out, "</th>\n<td>");
	write_state(v, row);
	buf_text(v->out, "<div class=\"steps\">\n");
	write_button(v, row, "/admin/outbox/retry", "admin_outbox.retry.button",
		     "quiet");
	write_button(v, row, "/admin/outbox/drop", "admin_outbox.drop.button",
		     "quiet bad");
	buf_text(v->out, "</div></td>\n</tr>\n");
}

static void
write_table(struct page_view *v, const struct loaded *l)
{
	buf_text(v->out, "<table>\n<caption class=\"unseen\">");
	html_text(v->out, page_say(v->language, "admin_outbox.title"));
	buf_text(v->out, "</caption>\n<thead>\n<tr><th scope=\"col\">");
	html_text(v->out, page_say(v->language, "admin_outbox.message"));
	buf_text(v->out, "</th><th scope=\"col\">");
	html_text(v->out, page_say(v->language, "admin.state"));
	buf_text(v->out, "</th></tr>\n</thead>\n<tbody>\n");
	for (size_t i = 0; i < l->count; i++)
		write_row(v, &l->rows[i]);
	buf_text(v->out, "</tbody>\n</table>\n");
}

static void
write_steps(struct page_view *v, const struct loaded *l)
{
	if (l->is_first && !l->has_more)
		return;
	buf_text(v->out, "<nav class=\"steps\" aria-label=\"");
	html_text(v->out, page_say(v->language, "admin.pages"));
	buf_text(v->out, "\">\n");
	if (!l->is_first)
		write_link(v, address_of(v, l->state, 0), "admin.first", "",
			   false);
	if (l->has_more)
		write_link(v, address_of(v, l->state, l->rows[l->count - 1].id),
			   "admin.next", "", false);
	buf_text(v->out, "</nav>\n");
}

void
page_outbox_write(struct page_view *v)
{
	const struct loaded *l = v->loaded;

	page_tabs_write(v);
	page_text_write(v, "p", "admin_outbox.about");
	if (l == NULL)
		return;
	write_states(v, l);
	if (l->count > 0)
		write_table(v, l);
	else
		page_text_write(v, "p", "admin_outbox.none");
	write_steps(v, l);
}
