/* SPDX-License-Identifier: MIT */
/* A field of a table as a schema. */
#include "api/openapi.h"

#include <string.h>

#include "base/json.h"

const char *
openapi_title(struct arena *mem, const char *name)
{
	char *title = arena_text(mem, name);
	bool follows = false; /* a letter */

	for (char *p = title; *p != '\0'; p++) {
		bool small = *p >= 'a' && *p <= 'z';
		bool capital = *p >= 'A' && *p <= 'Z';

		if (small && !follows)
			*p = (char)(*p - 'a' + 'A');
		if (capital && follows)
			*p = (char)(*p - 'A' + 'a');
		if (*p == '_')
			*p = ' ';
		follows = small || capital;
	}
	return title;
}

/* A password is a text like any other, which a page had better not show. */
static bool
is_hint(const char *format)
{
	return strcmp(format, "password") == 0;
}

static const struct {
	const char *name;
	const char *format;
} kinds[] = {
	[FIELD_TEXT] = {"string", NULL},
	[FIELD_BOOL] = {"boolean", NULL},
	[FIELD_LIST] = {"array", NULL},
	[FIELD_INTEGER] = {"integer", NULL},
	[FIELD_NUMBER] = {"number", NULL},
	[FIELD_DATE] = {"string", "date"},
	[FIELD_DATETIME] = {"string", "date-time"},
	[FIELD_UUID] = {"string", "uuid"},
	[FIELD_CHOICE] = {"string", NULL},
	[FIELD_OBJECTS] = {"array", NULL},
	[FIELD_OBJECT] = {"object", NULL},
};

static void
add_bound(struct buf *out, const char *name, const struct field *f,
	  int64_t whole, double real)
{
	struct buf b;

	/* What no column exceeds is no bound that anybody set. */
	if (f->type != FIELD_NUMBER &&
	    (whole == INT64_MIN || whole == INT64_MAX))
		return;
	buf_init(&b, out->mem, 32);
	if (f->type == FIELD_NUMBER)
		json_write_real(&b, real);
	else
		buf_number(&b, whole);
	json_add_raw(out, name, b.data);
}

static void
add_choices(struct buf *out, const struct field_bounds *b)
{
	if (b->choice_count == 1) {
		json_add_text(out, "const", b->choices[0]);
		return;
	}
	json_begin(out, "enum", '[');
	for (size_t i = 0; i < b->choice_count; i++)
		json_add_text(out, NULL, b->choices[i]);
	json_end(out, ']');
}

static void
add_bounds(struct buf *out, const struct field *f)
{
	const struct field_bounds *b = f->bounds;
	bool is_text = f->type == FIELD_TEXT;

	if (f->type == FIELD_CHOICE)
		add_choices(out, b);
	if (b->has_max)
		add_bound(out, is_text ? "maxLength" : "maximum", f, b->max,
			  b->real_max);
	if (b->has_min)
		add_bound(out, is_text ? "minLength" : "minimum", f, b->min,
			  b->real_min);
}

static void
add_ref(struct buf *out, const struct api *api, const struct schema *s)
{
	json_add_text(
		out, "$ref",
		openapi_schema_path(out->mem, openapi_schema_name(api, s)));
}

static void
add_items(struct buf *out, const struct api *api, const struct field *f)
{
	json_begin(out, "items", '{');
	add_ref(out, api, f->items);
	json_end(out, '}');
	/* Only a batch's are counted. */
	if (f->bounds != NULL) {
		add_bound(out, "maxItems", f, api->conf->admin.batch_limit, 0);
		add_bound(out, "minItems", f, f->bounds->min, 0);
	}
}

static void
add_type(struct buf *out, const struct api *api, const struct field *f)
{
	if (f->is_id && api->openapi->ids == USER_ID_INTEGER) {
		json_add_text(out, "type", "integer");
		return;
	}
	if (f->type == FIELD_OBJECT) {
		if (f->items != NULL)
			add_ref(out, api, f->items);
		return;
	}
	json_add_text(out, "type", kinds[f->type].name);
	if (f->type == FIELD_LIST)
		json_add_raw(out, "items", "{\"type\":\"string\"}");
	if (f->type == FIELD_OBJECTS)
		add_items(out, api, f);
	else if (f->bounds != NULL)
		add_bounds(out, f);
	if (kinds[f->type].format != NULL)
		json_add_text(out, "format", kinds[f->type].format);
	if (f->fixed != NULL)
		json_add_text(out, "pattern",
			      arena_printf(out->mem, "^%s$", f->fixed));
	if (f->format != NULL && !is_hint(f->format))
		json_add_text(out, "format", f->format);
}

void
openapi_field(struct buf *out, const struct api *api, const char *member,
	      const struct field *f)
{
	bool nullable = f->need == FIELD_OPTIONAL;

	json_begin(out, member, '{');
	if (nullable) {
		json_begin(out, "anyOf", '[');
		json_begin(out, NULL, '{');
	}
	add_type(out, api, f);
	if (nullable) {
		json_end(out, '}');
		json_add_raw(out, NULL, "{\"type\":\"null\"}");
		json_end(out, ']');
	}
	if (f->format != NULL && is_hint(f->format))
		json_add_text(out, "format", f->format);
	json_add_text(out, "title", openapi_title(out->mem, f->name));
	if (f->help != NULL)
		json_add_text(out, "description", f->help);
	if (f->initial != NULL)
		json_add_raw(out, "default", f->initial);
	json_end(out, '}');
}
