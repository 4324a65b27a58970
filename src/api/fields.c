/* SPDX-License-Identifier: MIT */
#include "api/fields.h"

#include <stdint.h>

#include "base/json.h"

static const enum field_type types[] = {
	[USER_FIELD_TEXT] = FIELD_TEXT,
	[USER_FIELD_INTEGER] = FIELD_INTEGER,
	[USER_FIELD_NUMBER] = FIELD_NUMBER,
	[USER_FIELD_BOOLEAN] = FIELD_BOOL,
	[USER_FIELD_DATE] = FIELD_DATE,
	[USER_FIELD_DATETIME] = FIELD_DATETIME,
	[USER_FIELD_UUID] = FIELD_UUID,
	[USER_FIELD_CHOICE] = FIELD_CHOICE,
};

static const struct field_bounds *
bounds_of(struct arena *mem, const struct user_field *f)
{
	struct field_bounds *b = arena_new(mem, struct field_bounds);

	*b = (struct field_bounds){
		.has_min = f->has_min,
		.has_max = f->has_max,
		.min = f->min,
		.max = f->max,
		.real_min = f->real_min,
		.real_max = f->real_max,
		.choices = f->choices.items,
		.choice_count = f->choices.count,
	};
	return b;
}

static struct field
field_of(struct arena *mem, const struct user_field *f, size_t place,
	 enum field_need need)
{
	return (struct field){
		.name = f->name,
		.type = types[f->type],
		.need = need,
		.offset = place * sizeof(struct field_value),
		.is_value = true,
		.bounds = bounds_of(mem, f),
		.help = *f->help != '\0' ? f->help : NULL,
	};
}

static enum field_need
need_of(const struct user_field *f)
{
	if (f->is_required)
		return FIELD_REQUIRED;
	return f->is_nullable ? FIELD_OPTIONAL : FIELD_DEFAULTED;
}

/* What the API's description says of an absent one. */
static const char *
initial_of(struct arena *mem, const struct user_field *f)
{
	struct buf b;

	if (f->initial.type == DB_NULL)
		return NULL;
	buf_init(&b, mem, 32);
	user_field_write(&b, f, &f->initial);
	return b.data;
}

static void
schema_add(struct schema *s, const struct field *f)
{
	((struct field *)(uintptr_t)s->fields)[s->count++] = *f;
}

static struct schema
schema_new(struct arena *mem, size_t room)
{
	return (struct schema){
		.fields = arena_array(mem, room + 1, sizeof(struct field)),
	};
}

/* Nobody need filter, and only what may be null is ever found by it. */
static void
add_filter(struct schema *s, const struct field *read,
	   const struct user_field *f)
{
	struct field row = *read;

	row.initial = NULL;
	row.need = f->is_nullable ? FIELD_OPTIONAL : FIELD_DEFAULTED;
	schema_add(s, &row);
}

void
custom_schemas_make(struct arena *mem, const struct user_fields *fields,
		    struct custom_schemas *out)
{
	*out = (struct custom_schemas){
		.fields = fields,
		.create = schema_new(mem, fields->count),
		.change = schema_new(mem, fields->count),
		.read_self = schema_new(mem, fields->count),
		.read_admin = schema_new(mem, fields->count),
		.filter = schema_new(mem, fields->count),
	};
	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];
		struct field row = field_of(mem, f, i, need_of(f));

		row.initial = initial_of(mem, f);
		schema_add(&out->read_admin, &row);
		add_filter(&out->filter, &row, f);
		if (f->read == ACCESS_SELF)
			schema_add(&out->read_self, &row);
		if (f->write == ACCESS_NONE)
			continue;
		schema_add(&out->create, &row);
		row.initial = NULL;
		row.need = FIELD_OPTIONAL;
		schema_add(&out->change, &row);
	}
}

struct field_value *
custom_values_new(struct arena *mem, const struct custom_schemas *s)
{
	return arena_array(mem, s->fields->count + 1,
			   sizeof(struct field_value));
}

static struct db_value
value_of(const struct user_field *f, const struct field_value *given)
{
	if (given->is_null)
		return db_null();
	switch (types[f->type]) {
	case FIELD_INTEGER:
		return db_int(given->number);
	case FIELD_BOOL:
		return db_bool(given->number != 0);
	case FIELD_NUMBER:
		return db_real(given->real);
	case FIELD_TEXT:
	case FIELD_LIST:
	case FIELD_DATE:
	case FIELD_DATETIME:
	case FIELD_UUID:
	case FIELD_CHOICE:
	case FIELD_OBJECTS:
	case FIELD_OBJECT:
		break;
	}
	return db_text_or_null(given->text);
}

static bool
may_write(const struct user_field *f, bool by_admin)
{
	return f->write == ACCESS_SELF ||
	       (f->write == ACCESS_ADMIN && by_admin);
}

const struct db_value *
custom_signup(struct arena *mem, const struct custom_schemas *s,
	      const struct field_value *given, bool by_admin)
{
	const struct user_fields *fields = s->fields;
	struct db_value *values;

	if (fields->count == 0)
		return NULL;
	values = arena_array(mem, fields->count, sizeof(*values));
	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];

		values[i] = given[i].is_given && may_write(f, by_admin)
				    ? value_of(f, &given[i])
				    : f->initial;
	}
	return values;
}

const struct user_value *
custom_change(struct arena *mem, const struct custom_schemas *s,
	      const struct field_value *given, bool by_admin)
{
	const struct user_fields *fields = s->fields;
	struct user_value *values;

	if (fields->count == 0)
		return NULL;
	values = arena_array(mem, fields->count, sizeof(*values));
	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];

		if (!may_write(f, by_admin) || !given[i].is_given ||
		    (given[i].is_null && !f->is_nullable))
			continue;
		values[i].is_given = true;
		values[i].value = value_of(f, &given[i]);
	}
	return values;
}

const struct user_value *
custom_filter(struct arena *mem, const struct custom_schemas *s,
	      const struct field_value *given)
{
	const struct user_fields *fields = s->fields;
	struct user_value *values =
		arena_array(mem, fields->count + 1, sizeof(*values));

	for (size_t i = 0; i < fields->count; i++) {
		values[i].is_given = given[i].is_given;
		if (given[i].is_given)
			values[i].value =
				value_of(&fields->items[i], &given[i]);
	}
	return values;
}

static enum err
read_one(struct arena *mem, const struct user_field *f, const struct json *json,
	 const char *text, struct db_value *out, const char **why)
{
	const struct field row = field_of(mem, f, 0, FIELD_REQUIRED);
	struct value_fault fault = {0};
	struct field_value value;
	enum err e = input_value_read(mem, &row, json, text, &value, &fault);

	*why = fault.message;
	if (e == OK)
		*out = value_of(f, &value);
	return e;
}

enum err
custom_read(struct arena *mem, const struct user_field *f, const char *text,
	    struct db_value *out, const char **why)
{
	return read_one(mem, f, NULL, text, out, why);
}

enum err
custom_read_json(struct arena *mem, const struct user_field *f,
		 const struct json *json, struct db_value *out,
		 const char **why)
{
	if (json_type(json) == JSON_NULL && f->is_nullable) {
		*out = db_null();
		return OK;
	}
	return read_one(mem, f, json, NULL, out, why);
}
