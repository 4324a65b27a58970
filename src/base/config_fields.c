/* SPDX-License-Identifier: MIT */
/* The configured fields of users, judged. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_table.h"
#include "base/moment.h"
#include "base/text.h"
#include "base/uuid.h"

/* A column of a longer text would be one without a limit. */
#define LENGTH_LIMIT 65535

/* What every user has, or what is about to be shown beside it. */
static const char *const taken[] = {
	"id",        "email",        "password",    "hashed_password",
	"is_active", "is_superuser", "is_verified", "oauth_accounts",
};

/* What the forms of the pages hold besides. */
static const char *const of_forms[] = {
	"form_token",
	"form_tag",
	"current_password",
	"return_to",
};

/* What the program asks of a number. */
static bool
is_real(const char *text, double *out)
{
	char *end;

	if (text[strspn(text, "0123456789+-.eE")] != '\0')
		return false;
	*out = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*out);
}

static bool
is_whole(const char *text)
{
	int64_t number;

	return text_number(text, INT64_MIN, INT64_MAX, &number);
}

static bool
is_of_type(const struct field_settings *f, const char *text)
{
	char id[UUID_SIZE];
	struct moment m;
	double real;

	if (strcmp(f->type, "integer") == 0)
		return is_whole(text);
	if (strcmp(f->type, "number") == 0)
		return is_real(text, &real);
	if (strcmp(f->type, "boolean") == 0)
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	if (strcmp(f->type, "date") == 0)
		return moment_read_date(text, &m) == NULL;
	if (strcmp(f->type, "datetime") == 0)
		return moment_read_time(text, &m) == NULL && moment_to_utc(&m);
	if (strcmp(f->type, "uuid") == 0)
		return uuid_parse(text, id);
	return strcmp(f->type, "choice") != 0 ||
	       text_list_has(&f->choices, text);
}

static bool
has_bounds(const struct field_settings *f)
{
	return strcmp(f->type, "text") == 0 ||
	       strcmp(f->type, "integer") == 0 ||
	       strcmp(f->type, "number") == 0;
}

/* NULL, or why it cannot be a bound. */
static const char *
bound_fault(const struct field_settings *f, const char *text)
{
	int64_t whole;
	double real;

	if (!has_bounds(f))
		return "is for text, integer and number only";
	if (strcmp(f->type, "number") == 0)
		return is_real(text, &real) ? NULL : "is not a number";
	if (!text_number(text, INT64_MIN, INT64_MAX, &whole))
		return "is not a whole number";
	if (strcmp(f->type, "text") == 0 && (whole < 0 || whole > LENGTH_LIMIT))
		return "is not from 0 to 65535";
	return NULL;
}

static bool
is_below(const struct field_settings *f, const char *a, const char *b)
{
	double x = 0;
	double y = 0;
	int64_t i = 0;
	int64_t k = 0;

	if (strcmp(f->type, "number") == 0)
		return is_real(a, &x) && is_real(b, &y) && x < y;
	return text_number(a, INT64_MIN, INT64_MAX, &i) &&
	       text_number(b, INT64_MIN, INT64_MAX, &k) && i < k;
}

static void
bounds_check(struct reading *r, size_t i)
{
	const struct field_settings *f = &r->conf->field[i];
	const char *texts[] = {f->min, f->max};
	static const char *const names[] = {"min", "max"};

	for (size_t k = 0; k < countof(texts); k++) {
		const char *why =
			*texts[k] != '\0' ? bound_fault(f, texts[k]) : NULL;
		if (why != NULL)
			config_blame(r, "field", i, names[k], "\"%s\" %s",
				     texts[k], why);
	}
	if (*f->min != '\0' && *f->max != '\0' && is_below(f, f->max, f->min))
		config_blame(r, "field", i, "max", "\"%s\" is below min",
			     f->max);
}

static void
choices_check(struct reading *r, size_t i)
{
	const struct field_settings *f = &r->conf->field[i];
	bool is_wanted = strcmp(f->type, "choice") == 0;

	if (is_wanted && f->choices.count == 0)
		config_blame(r, "field", i, "choices",
			     "a choice needs some, such as "
			     "{\"red\", \"green\"}");
	if (!is_wanted && f->choices.count > 0)
		config_blame(r, "field", i, "choices", "is for choice only");
}

/* Where an initial value is, too short or too large must not be asked of
 * others. */
static bool
is_within(const struct field_settings *f, const char *text)
{
	size_t count = text_utf8_count(text, strlen(text));
	char number[24];

	if (!has_bounds(f))
		return true;
	if (strcmp(f->type, "text") == 0) {
		(void)snprintf(number, sizeof(number), "%zu", count);
		text = number;
	}
	return (*f->min == '\0' || !is_below(f, text, f->min)) &&
	       (*f->max == '\0' || !is_below(f, f->max, text));
}

static void
initial_check(struct reading *r, size_t i)
{
	const struct field_settings *f = &r->conf->field[i];

	if (*f->initial == '\0')
		return;
	if (f->required)
		config_blame(r, "field", i, "initial",
			     "what is required is never absent");
	else if (!is_of_type(f, f->initial) || !is_within(f, f->initial))
		config_blame(r, "field", i, "initial",
			     "\"%s\" is no value of this field", f->initial);
}

/* Columns of the table of users, which its other names may not be. */
static const char *
column_fault(const struct config *c, size_t i, const char *column)
{
	const struct tables_settings *t = &c->tables;
	const char *known[] = {
		t->user_id,
		t->user_email,
		t->user_hashed_password,
		t->user_is_active,
		t->user_is_superuser,
		t->user_is_verified,
	};
	const char *why = config_identifier_fault(column, strlen(column));

	for (size_t k = 0; why == NULL && k < countof(known); k++)
		if (text_same(column, known[k]))
			why = "is another column of users already";
	for (size_t k = 0; why == NULL && k < i; k++) {
		const struct field_settings *f = &c->field[k];

		if (text_same(column,
			      *f->column != '\0' ? f->column : f->title))
			why = "is the column of another field already";
	}
	return why;
}

static void
field_check(struct reading *r, size_t i)
{
	const struct field_settings *f = &r->conf->field[i];
	const char *column = *f->column != '\0' ? f->column : f->title;
	const char *why = column_fault(r->conf, i, column);

	for (size_t k = 0; k < countof(taken); k++)
		if (strcmp(f->title, taken[k]) == 0)
			why = "is the name of what all users have";
	for (size_t k = 0; k < countof(of_forms); k++)
		if (strcmp(f->title, of_forms[k]) == 0)
			why = "is what forms are told apart by";
	if (why != NULL)
		config_blame(r, "field", i, "column", "\"%s\" %s", column, why);
	if (f->required && strcmp(f->write, "self") != 0)
		config_blame(r, "field", i, "required",
			     "nobody could register: write = %s", f->write);
	choices_check(r, i);
	bounds_check(r, i);
	initial_check(r, i);
}

void
config_check_fields(struct reading *r)
{
	for (size_t i = 0; i < r->conf->field_count; i++)
		field_check(r, i);
}
