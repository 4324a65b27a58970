/* SPDX-License-Identifier: MIT */
/* A form that was sent: read as the document that a handler of the API reads,
 * judged, and answered by a page. */
#include <string.h>

#include "api/bound.h"
#include "api/page.h"
#include "base/json.h"
#include "base/text.h"
#include "core/account.h"
#include "core/verify.h"
#include "http/body.h"

/*
 * A form as the document that the handler reads: an empty element is none, or
 * takes the value away where a field may have none.
 */
static void
member_add(struct buf *b, const struct call *c, const char *name,
	   bool is_nullable)
{
	const char *value = form_value(c->input.form, name);

	if (value == NULL || (*value == '\0' && !is_nullable))
		return;
	buf_text(b, b->len > 1 ? "," : "");
	json_write_text(b, name);
	buf_char(b, ':');
	if (*value == '\0')
		buf_text(b, "null");
	else
		json_write_text(b, value);
}

static enum err
document_read(struct call *c, const struct page_form *form)
{
	const struct user_fields *custom = c->api->custom.fields;
	struct json_fault fault;
	struct buf b;

	buf_init(&b, c->cx->mem, 256);
	buf_char(&b, '{');
	for (size_t i = 0; i < form->count; i++)
		member_add(&b, c, form->fields[i].name, false);
	for (size_t i = 0; form->has_custom && i < custom->count; i++)
		if (page_subject_has(form->subject, &custom->items[i]))
			member_add(&b, c, custom->items[i].name,
				   custom->items[i].is_nullable);
	buf_char(&b, '}');
	c->input.kind = INPUT_JSON;
	return json_parse(c->cx->mem, b.data, b.len, JSON_BODY,
			  &c->input.document, &fault);
}

static void
take_cookies(struct resp *rs, const struct resp *answer)
{
	static const char cookie[] = "Set-Cookie: ";
	const char *line = answer->headers.data;

	while (*line != '\0') {
		size_t len = strcspn(line, "\n") + 1;

		if (text_starts(line, cookie))
			buf_add(&rs->headers, line, len);
		line += len;
	}
}

enum err
page_run(struct call *c, route_handler *handler, const char **body)
{
	struct resp *rs = c->rs;
	struct resp answer;
	enum err e;

	resp_init(&answer, rs->mem);
	c->rs = &answer;
	e = handler(c);
	c->rs = rs;
	rs->detail = answer.detail;
	take_cookies(rs, &answer);
	if (body != NULL)
		*body = answer.body.data;
	return e;
}

/* The password of who sits there, for what cannot be undone. */
static enum err
confirm(struct page_view *v)
{
	struct call *c = v->c;
	const char *password = page_parameter(c, "current_password");
	struct page_fault fault = {.field = "current_password"};
	struct user same = {0};
	enum err e = ERR_LOGIN_BAD_CREDENTIALS;

	fault.key = "fault.missing";
	if (password != NULL && *password != '\0') {
		fault.key = "fault.current_password";
		e = account_authenticate(c->cx, c->user.email, password, &same);
	}
	if (e == ERR_LOGIN_BAD_CREDENTIALS)
		v->faults[v->fault_count++] = fault;
	else if (e == OK && strcmp(same.id, c->user.id) != 0)
		return ERR_UNAUTHORIZED;
	return e;
}

static void
miss(struct page_view *v, const char *field)
{
	if (v->fault_count < PAGE_FAULTS_LIMIT)
		v->faults[v->fault_count++] = (struct page_fault){
			.field = field, .key = "fault.missing"};
}

/* What would be left as it was, and was meant to be changed. */
static enum err
demand(struct page_view *v, const struct page_form *form)
{
	const struct user_fields *custom = v->c->api->custom.fields;
	const struct form *sent = v->c->input.form;

	for (size_t i = 0; i < form->count; i++) {
		const char *value = form_value(sent, form->fields[i].name);

		if (value == NULL || *value == '\0')
			miss(v, form->fields[i].name);
	}
	for (size_t i = 0; form->has_custom && i < custom->count; i++) {
		const struct user_field *f = &custom->items[i];
		const char *value = form_value(sent, f->name);

		if (value != NULL && *value == '\0' &&
		    page_form_keeps(v, form, f))
			miss(v, f->name);
	}
	return v->fault_count > 0 ? ERR_UNPROCESSABLE : OK;
}

static enum err
run(struct page_view *v, const struct page_form *form, const char **answer)
{
	struct call *c = v->c;

	if (form->has_tag)
		c->form_tag = page_form_tag(v);
	if (form->is_change)
		TRY(demand(v, form));
	if (form->needs_password)
		TRY(confirm(v));
	TRY(document_read(c, form));
	return page_run(c, form->handler, answer);
}

static void
leave(struct page_view *v, const struct page_form *form)
{
	if (form->makes_account && v->c->user.id == NULL) {
		page_say_next(v->c, verify_is_on(v->c->cx->conf)
					    ? "said.confirm_first"
					    : "said.made");
		page_send_to(v->c, page_place_to_sign_in(v->c, v->return_to));
		return;
	}
	if (form->said != NULL)
		page_say_next(v->c, form->said);
	page_send_to(v->c, form->next != NULL
				   ? page_address(v->c, form->next)
				   : page_place_signed_in(v->c, v->return_to));
}

static enum err
show_again(struct page_view *v, const struct page_form *form, enum err e)
{
	v->sent = form;
	v->is_stale = e == ERR_PRECONDITION_FAILED;
	if (e == ERR_TOO_MANY_REQUESTS)
		v->c->rs->retry_after = v->c->cx->retry_after;
	if (e == ERR_NOT_FOUND && form->gone != NULL)
		v->faults[v->fault_count++] =
			(struct page_fault){.key = form->gone};
	if (v->fault_count == 0)
		page_faults_read(v, e);
	resp_failure(v->c->rs, e);
	return page_show(v, v->c->rs->status);
}

/* POST …: 303 to where a success leads, or the page again, with what is
 * wrong. */
enum err
post_page(struct call *c)
{
	const struct page_form *form;
	const struct page *page = page_find(c->route->path, &form);
	struct page_view v;
	const char *answer;
	enum err e;

	/* Each row of a POST has its form. */
	if (form == NULL)
		return ERR_INTERNAL;
	page_view_open(&v, c, page);
	if (!page_token_fits(c, form->path)) {
		v.faults[v.fault_count++] =
			(struct page_fault){.key = "fault.form_expired"};
		return show_again(&v, form, ERR_FORBIDDEN);
	}
	e = run(&v, form, &answer);
	if (e == ERR_UNAUTHORIZED)
		return e;
	if (e != OK)
		return show_again(&v, form, e);
	if (form->shows != NULL)
		form->shows(&v, answer);
	else
		leave(&v, form);
	return OK;
}
