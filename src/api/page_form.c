/* SPDX-License-Identifier: MIT */
/* Forms: a label, an element, a hint and what is wrong, for each field. */
#include <string.h>

#include "api/bound.h"
#include "api/etag.h"
#include "api/page.h"
#include "base/json.h"
#include "http/body.h"
#include "http/html.h"

static const char *const custom_types[] = {
	[USER_FIELD_TEXT] = "text",     [USER_FIELD_INTEGER] = "number",
	[USER_FIELD_NUMBER] = "number", [USER_FIELD_BOOLEAN] = "checkbox",
	[USER_FIELD_DATE] = "date",     [USER_FIELD_DATETIME] = "text",
	[USER_FIELD_UUID] = "text",     [USER_FIELD_CHOICE] = "select",
};

static void
attribute(struct page_view *v, const char *name, const char *value)
{
	buf_printf(v->out, " %s=\"", name);
	html_text(v->out, value);
	buf_char(v->out, '"');
}

/* "account-email" */
static const char *
form_id(struct page_view *v, const struct page_form *form)
{
	char *id = arena_text(v->c->cx->mem, form->key);

	for (char *p = id; *p != '\0'; p++)
		if (*p == '.')
			*p = '-';
	return id;
}

static const char *
element_id(struct page_view *v, const struct page_form *form,
	   const struct page_field *f)
{
	return arena_printf(v->c->cx->mem, "%s-%s", form_id(v, form), f->name);
}

static const struct page_fault *
fault_of(const struct page_view *v, const struct page_form *form,
	 const char *name)
{
	if (v->sent != form)
		return NULL;
	for (size_t i = 0; i < v->fault_count; i++)
		if (v->faults[i].field != NULL &&
		    strcmp(v->faults[i].field, name) == 0)
			return &v->faults[i];
	return NULL;
}

/* What somebody may change and not see is no element: it would show him what
 * it holds, or take it away. */
bool
page_subject_has(enum page_subject subject, const struct user_field *f)
{
	switch (subject) {
	case SUBJECT_SELF:
		return f->write == ACCESS_SELF && f->read == ACCESS_SELF;
	case SUBJECT_COMER:
		return f->write == ACCESS_SELF;
	case SUBJECT_TARGET:
	case SUBJECT_NEW:
		break;
	}
	return f->write == ACCESS_SELF || f->write == ACCESS_ADMIN;
}

static const char *
text_of_flag(const struct user *u, const char *name)
{
	static const char *const texts[] = {"false", "true"};

	if (strcmp(name, "is_active") == 0)
		return texts[u->is_active];
	if (strcmp(name, "is_superuser") == 0)
		return texts[u->is_superuser];
	return strcmp(name, "is_verified") == 0 ? texts[u->is_verified] : "";
}

/* What a user has who is only being made. */
static const char *
initial_value(const struct page_view *v, const struct page_field *f)
{
	if (f->custom != NULL)
		return user_field_text(v->c->cx->mem, f->custom,
				       &f->custom->initial);
	return text_of_flag(&(struct user){.is_active = true}, f->name);
}

/* What the field of the user whom the form is about holds. */
static const char *
stored_value(const struct page_view *v, const struct page_form *form,
	     const struct page_field *f)
{
	const struct user *u =
		form->subject == SUBJECT_TARGET ? &v->c->target : &v->c->user;
	const struct user_field *first = v->c->api->custom.fields->items;

	if (form->subject == SUBJECT_NEW || form->subject == SUBJECT_COMER)
		return initial_value(v, f);
	if (u->id == NULL)
		return "";
	if (f->custom != NULL)
		return user_field_text(v->c->cx->mem, f->custom,
				       &u->fields[f->custom - first]);
	return strcmp(f->name, "email") == 0 ? u->email
					     : text_of_flag(u, f->name);
}

/* What was entered, and never a password. */
static const char *
value_of(const struct page_view *v, const struct page_form *form,
	 const struct page_field *f)
{
	const char *given = NULL;

	if (strcmp(f->type, "password") == 0)
		return "";
	if ((v->sent == form || strcmp(f->type, "hidden") == 0) &&
	    v->c->input.form != NULL)
		given = form_value(v->c->input.form, f->name);
	if (given != NULL)
		return given;
	return v->sent == form ? "" : stored_value(v, form, f);
}

/* What somebody has there cannot be taken away; who has nothing there, which
 * the API allows, keeps that. */
static bool
is_kept(const struct page_view *v, const struct page_form *form,
	const struct page_field *f)
{
	return !f->custom->is_nullable && *stored_value(v, form, f) != '\0';
}

bool
page_form_keeps(const struct page_view *v, const struct page_form *form,
		const struct user_field *f)
{
	const struct page_field row = {.name = f->name, .custom = f};

	return page_subject_has(form->subject, f) && is_kept(v, form, &row);
}

/* A new user has the initial value where nothing is given. */
static bool
is_required(const struct page_view *v, const struct page_form *form,
	    const struct page_field *f)
{
	if (f->custom == NULL)
		return true;
	return form->is_change ? is_kept(v, form, f) : f->custom->is_required;
}

static void
describe(struct page_view *v, const char *id, const struct page_field *f,
	 const struct page_fault *fault)
{
	if (f->hint != NULL || fault != NULL)
		buf_printf(v->out, " aria-describedby=\"%s%s%s%s%s\"",
			   f->hint != NULL ? id : "",
			   f->hint != NULL ? "-hint" : "",
			   f->hint != NULL && fault != NULL ? " " : "",
			   fault != NULL ? id : "",
			   fault != NULL ? "-fault" : "");
	if (fault != NULL)
		buf_text(v->out, " aria-invalid=\"true\"");
}

static void
write_option(struct page_view *v, const char *value, const char *text,
	     const char *chosen)
{
	buf_text(v->out, "<option");
	attribute(v, "value", value);
	if (strcmp(value, chosen) == 0)
		buf_text(v->out, " selected");
	buf_char(v->out, '>');
	html_text(v->out, text);
	buf_text(v->out, "</option>");
}

static void
write_options(struct page_view *v, const struct page_field *f,
	      const char *value)
{
	const struct page_choice *own =
		f->choices != NULL ? f->choices(v) : NULL;

	if (f->custom != NULL) {
		const struct text_list *list = &f->custom->choices;

		write_option(v, "", page_say(v->language, "field.choose"),
			     value);
		for (size_t i = 0; i < list->count; i++)
			write_option(v, list->items[i], list->items[i], value);
	}
	for (; own != NULL && own->value != NULL; own++)
		write_option(v, own->value, page_say(v->language, own->label),
			     value);
	buf_text(v->out, "</select>\n");
}

static void
write_bounds(struct page_view *v, const struct page_field *f)
{
	const struct user_field *custom = f->custom;

	if (custom == NULL)
		return;
	if (custom->type == USER_FIELD_NUMBER)
		buf_text(v->out, " step=\"any\"");
	if (custom->type != USER_FIELD_TEXT &&
	    custom->type != USER_FIELD_INTEGER)
		return;
	if (custom->has_min)
		buf_printf(v->out, " min%s=\"%lld\"",
			   custom->type == USER_FIELD_TEXT ? "length" : "",
			   (long long)custom->min);
	if (custom->has_max)
		buf_printf(v->out, " max%s=\"%lld\"",
			   custom->type == USER_FIELD_TEXT ? "length" : "",
			   (long long)custom->max);
}

static void
write_element(struct page_view *v, const struct page_form *form,
	      const struct page_field *f, const struct page_fault *fault)
{
	const char *id = element_id(v, form, f);
	const char *value = value_of(v, form, f);
	bool is_select = strcmp(f->type, "select") == 0;
	bool is_box = strcmp(f->type, "checkbox") == 0;

	buf_text(v->out, is_select ? "<select" : "<input");
	attribute(v, "id", id);
	attribute(v, "name", f->name);
	if (!is_select)
		attribute(v, "type", f->type);
	attribute(v, "autocomplete",
		  f->autocomplete != NULL ? f->autocomplete : "off");
	if (is_required(v, form, f) && !is_box)
		buf_text(v->out, " required");
	describe(v, id, f, fault);
	write_bounds(v, f);
	if (is_select) {
		buf_char(v->out, '>');
		write_options(v, f, value);
		return;
	}
	if (is_box && (strcmp(value, "true") == 0))
		buf_text(v->out, " checked");
	attribute(v, "value", is_box ? "true" : value);
	buf_text(v->out, ">\n");
}

static void
write_label(struct page_view *v, const char *id, const struct page_form *form,
	    const struct page_field *f)
{
	buf_text(v->out, "<label for=\"");
	html_text(v->out, id);
	buf_text(v->out, "\">");
	if (f->custom != NULL)
		html_text(v->out, *f->custom->help != '\0' ? f->custom->help
							   : f->custom->name);
	else
		html_text(v->out, page_say(v->language, f->label));
	if (!is_required(v, form, f)) {
		buf_text(v->out, " <small>");
		html_text(v->out, page_say(v->language, "field.optional"));
		buf_text(v->out, "</small>");
	}
	buf_text(v->out, "</label>\n");
}

static void
write_hint(struct page_view *v, const char *id, const struct page_field *f)
{
	const char *least =
		arena_printf(v->c->cx->mem, "%lld",
			     (long long)v->c->cx->conf->password.min_length);

	buf_printf(v->out, "<p class=\"hint\" id=\"%s-hint\">", id);
	page_write_text(v->out, page_say(v->language, f->hint), "min", least);
	buf_text(v->out, "</p>\n");
}

static void
write_field(struct page_view *v, const struct page_form *form,
	    const struct page_field *f)
{
	const struct page_fault *fault = fault_of(v, form, f->name);
	const char *id = element_id(v, form, f);

	if (strcmp(f->type, "hidden") == 0) {
		buf_printf(v->out, "<input type=\"hidden\" name=\"%s\"",
			   f->name);
		attribute(v, "value", value_of(v, form, f));
		buf_text(v->out, ">\n");
		return;
	}
	buf_printf(v->out, "<div class=\"field %s\">\n", f->type);
	/* An empty box is not sent at all; this is, and the last one counts. */
	if (strcmp(f->type, "checkbox") == 0)
		buf_printf(v->out,
			   "<input type=\"hidden\" name=\"%s\" "
			   "value=\"false\">\n",
			   f->name);
	write_label(v, id, form, f);
	write_element(v, form, f, fault);
	if (f->hint != NULL)
		write_hint(v, id, f);
	if (fault != NULL) {
		buf_printf(v->out, "<div class=\"fault\" id=\"%s-fault\">", id);
		page_fault_write(v, fault);
		buf_text(v->out, "</div>\n");
	}
	buf_text(v->out, "</div>\n");
}

static void
write_custom(struct page_view *v, const struct page_form *form)
{
	const struct user_fields *fields = v->c->api->custom.fields;

	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];
		struct page_field row = {
			.name = f->name,
			.type = custom_types[f->type],
			.custom = f,
		};

		if (page_subject_has(form->subject, f))
			write_field(v, form, &row);
	}
}

static void
write_text(struct page_view *v, const struct page_form *form, const char *part,
	   const char *element)
{
	const char *text =
		page_say_if(v->language, arena_printf(v->c->cx->mem, "%s.%s",
						      form->key, part));

	/* What a page says of its only form stands above it already. */
	if (text == NULL || strcmp(form->key, v->page->key) == 0)
		return;
	buf_printf(v->out, "<%s>", element);
	html_text(v->out, text);
	buf_printf(v->out, "</%s>\n", element);
}

#define TAG "form_tag"

const char *
page_form_tag(const struct page_view *v)
{
	const char *tag = page_parameter(v->c, TAG);

	return tag != NULL ? tag : "";
}

/*
 * The state that is shown, so that nobody changes another one unseen. Who was
 * told that it is another one has been told, and may.
 */
static void
write_tag(struct page_view *v, const struct page_form *form)
{
	const char *tag = page_form_tag(v);
	struct buf shown;

	if (v->sent != form || v->is_stale) {
		if (user_write(v->c, &v->c->target, &shown) != OK)
			return;
		tag = etag_of(v->c->cx->mem, &shown);
	}
	buf_text(v->out, "<input type=\"hidden\" name=\"" TAG "\"");
	attribute(v, "value", tag);
	buf_text(v->out, ">\n");
}

static const struct page_field return_to = {.name = "return_to",
					    .type = "hidden"};
static const struct page_field current_password = {
	.name = "current_password",
	.label = "field.current_password",
	.type = "password",
	.autocomplete = "current-password",
};

/* The element for a new password; NULL: there is none. */
static const struct page_field *
password_of(const struct page_form *form)
{
	for (size_t i = 0; i < form->count; i++)
		if (form->fields[i].autocomplete != NULL &&
		    strcmp(form->fields[i].autocomplete, "new-password") == 0)
			return &form->fields[i];
	return NULL;
}

/* For password managers, which want to know whose new password that is. */
static void
write_owner(struct page_view *v, const struct page_form *form)
{
	if (v->c->user.id == NULL || !form->needs_password ||
	    password_of(form) == NULL)
		return;
	buf_text(v->out, "<input type=\"text\" name=\"username\" "
			 "autocomplete=\"username\" hidden readonly");
	attribute(v, "value", v->c->user.email);
	buf_text(v->out, ">\n");
}

static void
write_fields(struct page_view *v, const struct page_form *form)
{
	write_owner(v, form);
	for (size_t i = 0; i < form->count; i++)
		write_field(v, form, &form->fields[i]);
	if (form->has_custom)
		write_custom(v, form);
	if (form->needs_password)
		write_field(v, form, &current_password);
	if (form->next == NULL && v->return_to != NULL)
		write_field(v, form, &return_to);
}

void
page_form_write(struct page_view *v, const struct page_form *form)
{
	buf_text(v->out, "<form class=\"main\" method=\"post\" id=\"");
	html_text(v->out, form_id(v, form));
	buf_text(v->out, "\" action=\"");
	html_text(v->out, page_address(v->c, form->path));
	buf_text(v->out, "\">\n<input type=\"hidden\" name=\"form_token\" "
			 "value=\"");
	html_text(v->out, page_token(v->c, form->path));
	buf_text(v->out, "\">\n");
	if (form->has_tag)
		write_tag(v, form);
	write_text(v, form, "title", "h2");
	write_text(v, form, "intro", "p");
	write_fields(v, form);
	buf_printf(v->out, "<button%s>",
		   form->is_dangerous ? " class=\"danger\"" : "");
	html_text(v->out,
		  page_say(v->language, arena_printf(v->c->cx->mem, "%s.button",
						     form->key)));
	buf_text(v->out, "</button>\n</form>\n");
}
