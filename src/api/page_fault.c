/* SPDX-License-Identifier: MIT */
/* What a handler refuses, in the words of the pages. */
#include <string.h>

#include "api/page.h"
#include "base/json.h"
#include "base/text.h"
#include "core/password.h"
#include "http/html.h"

/* A kind of fault in a field, as the 422 names it; `context` is the member of
 * its context that the text shows, under `name`. */
struct kind {
	const char *type;
	const char *key;
	const char *name;
	const char *context;
};

static const struct kind kinds[] = {
	{"missing", "fault.missing", NULL, NULL},
	{"value_error", "fault.email", "reason", "reason"},
	{"string_too_short", "fault.too_short", "min", "min_length"},
	{"string_too_long", "fault.too_long", "max", "max_length"},
	{"greater_than_equal", "fault.too_small", "min", "ge"},
	{"less_than_equal", "fault.too_large", "max", "le"},
	{"int_parsing", "fault.number", NULL, NULL},
	{"float_parsing", "fault.number", NULL, NULL},
	{"int_from_float", "fault.number", NULL, NULL},
	{"date_from_datetime_parsing", "fault.date", NULL, NULL},
	{"datetime_from_date_parsing", "fault.date", NULL, NULL},
	{"literal_error", "fault.choice", NULL, NULL},
	{"enum", "fault.choice", NULL, NULL},
};

/* What an outcome is about; field NULL: the form as a whole. */
struct outcome {
	enum err e;
	const char *field;
	const char *key;
};

static const struct outcome outcomes[] = {
	{ERR_LOGIN_BAD_CREDENTIALS, NULL, "fault.credentials"},
	{ERR_LOGIN_USER_NOT_VERIFIED, NULL, "fault.not_verified"},
	{ERR_REGISTER_USER_ALREADY_EXISTS, "email", "fault.email_taken"},
	{ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS, "email", "fault.email_taken"},
	{ERR_RESET_PASSWORD_BAD_TOKEN, NULL, "fault.reset_token"},
	{ERR_VERIFY_USER_BAD_TOKEN, NULL, "fault.verify_token"},
	{ERR_VERIFY_USER_ALREADY_VERIFIED, NULL, "fault.already_verified"},
	{ERR_OAUTH_USER_ALREADY_EXISTS, NULL, "fault.provider_taken"},
	{ERR_OAUTH_NOT_AVAILABLE_EMAIL, NULL, "fault.provider_email"},
	{ERR_OAUTH_PROVIDER_ERROR, NULL, "fault.provider"},
	{ERR_OAUTH_INVALID_STATE, NULL, "fault.provider"},
	{ERR_ACCESS_TOKEN_DECODE_ERROR, NULL, "fault.provider"},
	{ERR_ACCESS_TOKEN_ALREADY_EXPIRED, NULL, "fault.provider"},
	{ERR_BAD_REQUEST, NULL, "fault.provider"},
	{ERR_API_KEY_TOO_MANY, NULL, "fault.too_many_keys"},
	{ERR_DELETE_ME_NEEDS_PASSWORD, "password", "fault.missing"},
	{ERR_LAST_SUPERUSER, NULL, "fault.last_superuser"},
	{ERR_PRECONDITION_FAILED, NULL, "fault.changed_meanwhile"},
	{ERR_FORBIDDEN, NULL, "fault.forbidden"},
	{ERR_NOT_FOUND, NULL, "fault.not_found"},
	{ERR_METHOD_NOT_ALLOWED, NULL, "fault.not_found"},
};

/* The words of a password's refusal that are known here; the number in one is
 * its shortest length. */
static const struct {
	const char *starts;
	const char *key;
} password_reasons[] = {
	{"Password should be at least ", "fault.password_short"},
	{"This password is too common", "fault.password_common"},
};

static void
add(struct page_view *v, const struct page_fault *f)
{
	if (v->fault_count < PAGE_FAULTS_LIMIT)
		v->faults[v->fault_count++] = *f;
}

static const char *
text_of(struct arena *mem, const struct json *value)
{
	struct buf b;

	if (value == NULL)
		return "";
	if (json_text(value) != NULL)
		return json_text(value);
	buf_init(&b, mem, 32);
	json_write(&b, value);
	return b.data;
}

static const struct kind *
kind_of(const char *type)
{
	static const struct kind other = {"", "fault.invalid", NULL, NULL};

	for (size_t i = 0; i < countof(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return &other;
}

/* The last place of ["body", "email"]. */
static const char *
field_of(struct arena *mem, const struct json *fault)
{
	const struct json *loc = json_member(fault, "loc");
	const struct json *last = NULL;

	for (const struct json *j = loc != NULL ? json_first(loc) : NULL;
	     j != NULL; j = json_next(j))
		last = j;
	return text_of(mem, last);
}

static void
add_field(struct page_view *v, const struct json *fault)
{
	struct arena *mem = v->c->cx->mem;
	const struct kind *k =
		kind_of(text_of(mem, json_member(fault, "type")));
	const struct json *context = json_member(fault, "ctx");
	struct page_fault f = {
		.field = field_of(mem, fault), .key = k->key, .name = k->name};

	if (k->context != NULL)
		f.value =
			context != NULL
				? text_of(mem, json_member(context, k->context))
				: "";
	add(v, &f);
}

static const struct json *
detail_of(const struct page_view *v, const struct resp *rs)
{
	const struct json *detail = NULL;
	struct json_fault fault;

	if (rs->detail == NULL ||
	    json_parse(v->c->cx->mem, rs->detail, strlen(rs->detail), JSON_BODY,
		       &detail, &fault) != OK)
		return NULL;
	return detail;
}

static void
add_password(struct page_view *v, const char *reason)
{
	struct page_fault f = {.field = "password",
			       .key = "fault.refused",
			       .name = "reason",
			       .value = reason};

	for (size_t i = 0; i < countof(password_reasons); i++) {
		if (!text_starts(reason, password_reasons[i].starts))
			continue;
		f.key = password_reasons[i].key;
		f.name = "min";
		f.value = arena_printf(
			v->c->cx->mem, "%lld",
			(long long)v->c->cx->conf->password.min_length);
	}
	add(v, &f);
}

static void
add_outcome(struct page_view *v, enum err e)
{
	struct page_fault f = {.key = "fault.internal"};

	if (err_status(e) == 503)
		f.key = "fault.busy";
	if (err_status(e) == 429)
		f.key = "fault.too_often";
	for (size_t i = 0; i < countof(outcomes); i++) {
		if (outcomes[i].e == e) {
			f.field = outcomes[i].field;
			f.key = outcomes[i].key;
		}
	}
	/* Who is signed in was asked for his own password. */
	if (e == ERR_LOGIN_BAD_CREDENTIALS && v->c->user.id != NULL) {
		f.field = "password";
		f.key = "fault.current_password";
	}
	add(v, &f);
}

static const char *
reason_of(const struct page_view *v, const struct json *detail)
{
	const struct json *reason =
		detail != NULL ? json_member(detail, "reason") : NULL;

	return reason != NULL ? text_of(v->c->cx->mem, reason) : NULL;
}

void
page_faults_read(struct page_view *v, enum err e)
{
	const struct json *detail = detail_of(v, v->c->rs);
	const char *reason = reason_of(v, detail);

	if (e == ERR_UNPROCESSABLE && detail != NULL) {
		for (const struct json *j = json_first(detail); j != NULL;
		     j = json_next(j))
			add_field(v, j);
	} else if (reason != NULL && e != ERR_DELETE_USER_REFUSED &&
		   e != ERR_API_KEY_INVALID) {
		add_password(v, reason);
	} else if (reason != NULL) {
		add(v, &(struct page_fault){.key = "fault.refused",
					    .name = "reason",
					    .value = reason});
	} else {
		add_outcome(v, e);
	}
}

bool
page_has_fault(const struct page_view *v, const char *key)
{
	for (size_t i = 0; i < v->fault_count; i++)
		if (strcmp(v->faults[i].key, key) == 0)
			return true;
	return false;
}

void
page_fault_write(struct page_view *v, const struct page_fault *f)
{
	buf_text(v->out, "<p>");
	page_write_text(v->out, page_say(v->language, f->key), f->name,
			f->value);
	buf_text(v->out, "</p>\n");
}
