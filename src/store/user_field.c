/* SPDX-License-Identifier: MIT */
#include "store/user_field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/moment.h"
#include "base/text.h"
#include "base/uuid.h"

struct word {
	const char *word;
	int value;
};

static const struct word types[] = {
	{"text", USER_FIELD_TEXT},
	{"integer", USER_FIELD_INTEGER},
	{"number", USER_FIELD_NUMBER},
	{"boolean", USER_FIELD_BOOLEAN},
	{"date", USER_FIELD_DATE},
	{"datetime", USER_FIELD_DATETIME},
	{"uuid", USER_FIELD_UUID},
	{"choice", USER_FIELD_CHOICE},
	{NULL, 0},
};

static const struct word accesses[] = {
	{"self", ACCESS_SELF},
	{"admin", ACCESS_ADMIN},
	{"none", ACCESS_NONE},
	{NULL, 0},
};

static const char letters[] = {
	[USER_FIELD_TEXT] = 't',   [USER_FIELD_INTEGER] = 'i',
	[USER_FIELD_NUMBER] = 'r', [USER_FIELD_BOOLEAN] = 'b',
	[USER_FIELD_DATE] = 't',   [USER_FIELD_DATETIME] = 't',
	[USER_FIELD_UUID] = 't',   [USER_FIELD_CHOICE] = 't',
};

/* The configuration allows no other word. */
static int
value_of(const struct word *words, const char *text)
{
	for (; words->word != NULL; words++)
		if (strcmp(words->word, text) == 0)
			return words->value;
	abort();
}

/* Judged by the configuration; what is not said stays as it is. */
static bool
bound_read(const struct user_field *f, const char *text, int64_t *whole,
	   double *real)
{
	if (*text == '\0')
		return false;
	if (f->type == USER_FIELD_NUMBER)
		*real = strtod(text, NULL);
	else
		(void)!text_number(text, INT64_MIN, INT64_MAX, whole);
	return true;
}

/* Judged by the configuration, too. */
static struct db_value
initial_read(struct arena *mem, const struct user_field *f, const char *text)
{
	char *id = arena_alloc(mem, UUID_SIZE);
	int64_t number = 0;
	struct moment m;

	if (*text == '\0')
		return db_null();
	switch (f->type) {
	case USER_FIELD_INTEGER:
		(void)!text_number(text, INT64_MIN, INT64_MAX, &number);
		return db_int(number);
	case USER_FIELD_NUMBER:
		return db_real(strtod(text, NULL));
	case USER_FIELD_BOOLEAN:
		return db_bool(strcmp(text, "true") == 0);
	case USER_FIELD_DATETIME:
		if (moment_read_time(text, &m) == NULL && moment_to_utc(&m))
			return db_text(moment_time_text(mem, &m));
		break;
	case USER_FIELD_UUID:
		if (uuid_parse(text, id))
			return db_text(id);
		break;
	case USER_FIELD_TEXT:
	case USER_FIELD_DATE:
	case USER_FIELD_CHOICE:
		break;
	}
	return db_text(text);
}

static struct user_field
field_make(struct arena *mem, const struct field_settings *s)
{
	struct user_field f = {
		.name = s->title,
		.column = *s->column != '\0' ? s->column : s->title,
		.help = s->help,
		.type = (enum user_field_type)value_of(types, s->type),
		.is_required = s->required,
		.is_nullable = !s->required && *s->initial == '\0',
		.choices = s->choices,
		.write = (enum user_field_access)value_of(accesses, s->write),
		.read = (enum user_field_access)value_of(accesses, s->read),
		.min = INT64_MIN,
		.max = INT64_MAX,
	};

	f.has_min = bound_read(&f, s->min, &f.min, &f.real_min);
	f.has_max = bound_read(&f, s->max, &f.max, &f.real_max);
	/* No column holds more. */
	if (f.type == USER_FIELD_INTEGER)
		f.has_min = f.has_max = true;
	f.initial = initial_read(mem, &f, s->initial);
	return f;
}

const struct user_fields *
user_fields_make(struct arena *mem, const struct config *conf)
{
	struct user_field *items =
		arena_array(mem, conf->field_count + 1, sizeof(*items));
	struct user_fields *fields = arena_new(mem, struct user_fields);

	for (size_t i = 0; i < conf->field_count; i++)
		items[i] = field_make(mem, &conf->field[i]);
	fields->items = items;
	fields->count = conf->field_count;
	return fields;
}

const struct user_field *
user_field_named(const struct user_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->items[i].name, name) == 0)
			return &fields->items[i];
	return NULL;
}

const struct db_value *
user_fields_initial(struct arena *mem, const struct user_fields *fields)
{
	struct db_value *values;

	if (fields->count == 0)
		return NULL;
	values = arena_array(mem, fields->count, sizeof(*values));
	for (size_t i = 0; i < fields->count; i++)
		values[i] = fields->items[i].initial;
	return values;
}

static const char *
datetime_text(struct arena *mem, const struct db_value *value)
{
	struct moment m;

	/* What somebody else wrote, and nobody can read, is shown as it is. */
	if (moment_read_time(value->text, &m) != NULL || !moment_to_utc(&m))
		return value->text;
	return moment_json_text(mem, &m);
}

void
user_field_write(struct buf *out, const struct user_field *f,
		 const struct db_value *value)
{
	switch (value->type) {
	case DB_NULL:
		buf_text(out, "null");
		return;
	case DB_TEXT:
		json_write_text(out, user_field_text(out->mem, f, value));
		return;
	case DB_INT:
	case DB_TIME:
		buf_number(out, value->number);
		return;
	case DB_BOOL:
		buf_text(out, value->number != 0 ? "true" : "false");
		return;
	case DB_REAL:
		json_write_real(out, value->real);
		return;
	}
}

const char *
user_field_text(struct arena *mem, const struct user_field *f,
		const struct db_value *value)
{
	struct buf b;

	if (value->type == DB_NULL)
		return "";
	if (value->type == DB_TEXT)
		return f->type == USER_FIELD_DATETIME
			       ? datetime_text(mem, value)
			       : value->text;
	buf_init(&b, mem, 32);
	user_field_write(&b, f, value);
	return b.data;
}

struct db_value
user_field_to_db(const struct db *db, struct arena *mem,
		 const struct user_field *f, const struct db_value *value)
{
	/* A zone, where the column could take another for granted. */
	if (f->type == USER_FIELD_DATETIME && value->type == DB_TEXT &&
	    strcmp(db_driver(db), "postgresql") == 0)
		return db_text(arena_printf(mem, "%s+00", value->text));
	return *value;
}

struct db_value
user_field_from_db(struct arena *mem, const struct user_field *f,
		   const struct db_value *value)
{
	char id[UUID_SIZE];
	struct moment m;

	if (value->type == DB_NULL)
		return f->initial;
	if (value->type != DB_TEXT)
		return *value;
	if (f->type == USER_FIELD_DATETIME &&
	    moment_read_time(value->text, &m) == NULL && moment_to_utc(&m))
		return db_text(moment_time_text(mem, &m));
	/* SQLAlchemy keeps a UUID without hyphens where there is no type. */
	if (f->type == USER_FIELD_UUID && uuid_parse(value->text, id))
		return db_text(arena_text(mem, id));
	return *value;
}

char
user_field_letter(const struct user_field *f)
{
	return letters[f->type];
}
