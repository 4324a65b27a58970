/* SPDX-License-Identifier: MIT */
#include "http/input.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "http/body.h"
#include "http/form.h"
#include "http/input_value.h"

/* The array of faults that a 422 shows. */
struct faults {
	struct buf json;
	size_t count;
};

/* A fault's kinds in Pydantic's words. */
struct fault_kind {
	const char *type;
	const char *message;
};

static const struct fault_kind missing = {"missing", "Field required"};
static const struct fault_kind no_object = {
	"model_attributes_type",
	"Input should be a valid dictionary or object to extract fields from"};
static const struct fault_kind no_text = {"string_type",
					  "Input should be a valid string"};
static const struct fault_kind no_unicode = {
	"string_unicode", "Input should be a valid string, unable to parse raw "
			  "data as a unicode string"};
static const struct fault_kind no_bool = {"bool_type",
					  "Input should be a valid boolean"};
static const struct fault_kind strange_bool = {
	"bool_parsing",
	"Input should be a valid boolean, unable to interpret input"};

/* A value of a field as it was sent: JSON, a form's text, or not at all. */
struct given {
	const struct json *json;
	const char *text;
	bool is_file; /* an upload, which is no text whatever it holds */
};

static void
write_given(struct buf *out, const struct given *g)
{
	if (g->json != NULL)
		json_write(out, g->json);
	else if (g->text != NULL)
		json_write_text(out, g->text);
	else
		buf_text(out, "null");
}

/* field NULL: the body itself; context: JSON, NULL for none. */
static void
fault_add(struct faults *f, const char *type, const char *field,
	  const char *message, const struct given *input, const char *context)
{
	struct buf *b = &f->json;

	buf_text(b, f->count++ > 0 ? ",{\"type\":" : "{\"type\":");
	json_write_text(b, type);
	buf_text(b, ",\"loc\":[\"body\"");
	if (field != NULL) {
		buf_char(b, ',');
		json_write_text(b, field);
	}
	buf_text(b, "],\"msg\":");
	json_write_text(b, message);
	buf_text(b, ",\"input\":");
	write_given(b, input);
	if (context != NULL) {
		buf_text(b, ",\"ctx\":");
		buf_text(b, context);
	}
	buf_char(b, '}');
}

static void
fault_kind_add(struct faults *f, const struct fault_kind *kind,
	       const char *field, const struct given *input)
{
	fault_add(f, kind->type, field, kind->message, input, NULL);
}

/* {"name": text} */
static const char *
context_of(struct arena *mem, const char *name, const char *text)
{
	struct buf b;

	buf_init(&b, mem, 64);
	buf_char(&b, '{');
	json_write_text(&b, name);
	buf_char(&b, ':');
	json_write_text(&b, text);
	buf_char(&b, '}');
	return b.data;
}

static void
fault_email(struct faults *f, const char *field, const struct given *input,
	    const char *reason)
{
	struct arena *mem = f->json.mem;

	fault_add(f, "value_error", field,
		  arena_printf(mem, "value is not a valid email address: %s",
			       reason),
		  input, context_of(mem, "reason", reason));
}

static void
fault_pattern(struct faults *f, const char *field, const struct given *input,
	      const char *fixed)
{
	struct arena *mem = f->json.mem;
	const char *pattern = arena_printf(mem, "^%s$", fixed);

	fault_add(
		f, "string_pattern_mismatch", field,
		arena_printf(mem, "String should match pattern '%s'", pattern),
		input, context_of(mem, "pattern", pattern));
}

static const bool yes = true;
static const bool no = false;

struct bool_word {
	const char *word;
	const bool *value;
};

static const struct bool_word bool_words[] = {
	{"true", &yes}, {"false", &no}, {"1", &yes},  {"0", &no},
	{"t", &yes},    {"f", &no},     {"y", &yes},  {"n", &no},
	{"yes", &yes},  {"no", &no},    {"on", &yes}, {"off", &no},
};

static const bool *
bool_from_text(const char *text)
{
	for (size_t i = 0; i < countof(bool_words); i++)
		if (text_same(bool_words[i].word, text))
			return bool_words[i].value;
	return NULL;
}

/* Pydantic reads numbers as 64-bit integers where they are whole. */
static bool
is_whole_int64(const struct json *v)
{
	double number = json_number(v);
	int64_t whole;

	if (json_number_is_int(v))
		return json_number_int64(v, &whole);
	return number == trunc(number) && fabs(number) < 0x1p63;
}

static const bool *
bool_from_number(const struct json *v, const struct fault_kind **fault)
{
	double number = json_number(v);

	if (number == 0.0 || number == 1.0)
		return number == 1.0 ? &yes : &no;
	*fault = is_whole_int64(v) ? &strange_bool : &no_bool;
	return NULL;
}

static const bool *
bool_from_json(const struct json *v, const struct fault_kind **fault)
{
	const bool *value = NULL;

	*fault = &no_bool;
	switch (json_type(v)) {
	case JSON_TRUE:
		return &yes;
	case JSON_FALSE:
		return &no;
	case JSON_TEXT:
		*fault = &strange_bool;
		return bool_from_text(json_text(v));
	case JSON_NUMBER:
		value = bool_from_number(v, fault);
		break;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return value;
}

const bool *
input_bool(const struct json *json, const char *text, const char **type,
	   const char **message)
{
	const struct fault_kind *fault = &strange_bool;
	const bool *value = json != NULL ? bool_from_json(json, &fault)
					 : bool_from_text(text);

	*type = fault->type;
	*message = fault->message;
	return value;
}

static void
store(void *out, const struct field *f, const void *value)
{
	memcpy((char *)out + f->offset, &value, sizeof(value));
}

static void
read_bool(const struct field *f, const struct given *g, struct faults *faults,
	  void *out)
{
	const struct fault_kind *fault = &no_bool;
	const bool *value =
		g->json != NULL ? bool_from_json(g->json, &fault) : NULL;

	if (value != NULL)
		store(out, f, value);
	else
		fault_kind_add(faults, fault, f->name, g);
}

static void
read_text(const struct field *f, const struct given *g, struct faults *faults,
	  void *out)
{
	const char *text = g->json != NULL ? json_text(g->json) : g->text;
	const char *reason = NULL;

	if (text == NULL) {
		fault_kind_add(faults, &no_text, f->name, g);
	} else if (!json_text_is_clean(text)) {
		fault_kind_add(faults, &no_unicode, f->name, g);
	} else if (f->fixed != NULL && strcmp(f->fixed, text) != 0) {
		fault_pattern(faults, f->name, g, f->fixed);
	} else if (f->normalise != NULL &&
		   f->normalise(faults->json.mem, text, &text, &reason) != OK) {
		fault_email(faults, f->name, g, reason);
	} else {
		store(out, f, text);
	}
}

static void
read_value(const struct field *f, const struct given *g, struct faults *faults,
	   void *out)
{
	struct field_value *value = (void *)((char *)out + f->offset);
	struct value_fault fault;

	if (g->is_file || input_value_read(faults->json.mem, f, g->json,
					   g->text, value, &fault) == OK)
		return;
	fault_add(faults, fault.type, f->name, fault.message, g, fault.context);
}

/* Null, of a field that may be: it is told from one that is not there. */
static void
read_null(const struct field *f, const struct given *g, void *out)
{
	struct field_value *value = (void *)((char *)out + f->offset);

	if (f->is_value && g->json != NULL)
		*value =
			(struct field_value){.is_given = true, .is_null = true};
}

static const struct fault_kind no_list = {"list_type",
					  "Input should be a valid list"};

/* {"field_type":"List","max_length":2,"actual_length":3} */
static void
fault_length(struct faults *faults, const struct field *f,
	     const struct given *g, size_t count)
{
	const struct field_bounds *b = f->bounds;
	bool is_long = (int64_t)count > b->max;
	int64_t bound = is_long ? b->max : b->min;
	struct arena *mem = faults->json.mem;

	fault_add(faults, is_long ? "too_long" : "too_short", f->name,
		  arena_printf(mem,
			       "List should have at %s %lld item%s after "
			       "validation, not %zu",
			       is_long ? "most" : "least", (long long)bound,
			       bound == 1 ? "" : "s", count),
		  g,
		  arena_printf(mem,
			       "{\"field_type\":\"List\",\"%s\":%lld,"
			       "\"actual_length\":%zu}",
			       is_long ? "max_length" : "min_length",
			       (long long)bound, count));
}

/* What the elements are, each is read for itself. */
static void
read_list(const struct field *f, const struct given *g, struct faults *faults,
	  void *out)
{
	size_t count = 0;

	if (g->json == NULL || json_type(g->json) != JSON_ARRAY) {
		fault_kind_add(faults, &no_list, f->name, g);
		return;
	}
	for (const struct json *v = json_first(g->json); v != NULL;
	     v = json_next(v))
		count++;
	if ((int64_t)count < f->bounds->min || (int64_t)count > f->bounds->max)
		fault_length(faults, f, g, count);
	else
		store(out, f, g->json);
}

static bool
is_absent(const struct field *f, const struct given *g)
{
	if (g->json == NULL)
		return g->text == NULL && !g->is_file;
	return f->need == FIELD_OPTIONAL && json_type(g->json) == JSON_NULL;
}

static struct given
given_of(const struct input *in, const char *name)
{
	struct given g = {0};
	const char *text;

	if (in->kind == INPUT_JSON) {
		g.json = json_member(in->document, name);
		return g;
	}
	text = in->form != NULL ? form_value(in->form, name) : NULL;
	/* An empty field of a form counts as missing. */
	if (text == NULL || *text == '\0')
		return g;
	g.is_file = form_is_file(in->form, name);
	g.text = g.is_file ? NULL : text;
	return g;
}

static void
read_field(const struct input *in, const struct schema *schema,
	   const struct field *f, struct faults *faults, void *out)
{
	struct given g = given_of(in, f->name);
	struct given whole = {.json = schema->is_loose ? NULL : in->document};

	if (is_absent(f, &g)) {
		if (f->need == FIELD_REQUIRED)
			fault_kind_add(faults, &missing, f->name, &whole);
		else
			read_null(f, &g, out);
	} else if (f->type == FIELD_OBJECTS) {
		read_list(f, &g, faults, out);
	} else if (f->is_value) {
		read_value(f, &g, faults, out);
	} else if (f->type == FIELD_TEXT) {
		read_text(f, &g, faults, out);
	} else {
		read_bool(f, &g, faults, out);
	}
}

/* Whether there are fields to look at, else the one fault that says why. */
static bool
has_fields(const struct input *in, struct faults *faults)
{
	struct given g = {.json = in->document, .text = in->raw};

	if (in->kind == INPUT_FORM)
		return true;
	if (in->kind == INPUT_NOTHING) {
		fault_kind_add(faults, &missing, NULL, &g);
		return false;
	}
	if (in->document != NULL && json_type(in->document) == JSON_OBJECT)
		return true;
	fault_kind_add(faults, &no_object, NULL, &g);
	return false;
}

static void
read_fields(const struct input *in, const struct schema *schema,
	    struct faults *faults, void *out)
{
	for (size_t i = 0; i < schema->count; i++)
		read_field(in, schema, &schema->fields[i], faults, out);
}

enum err
input_read_both(const struct req *rq, const struct input *in,
		const struct schema *schema, void *out,
		const struct schema *more, void *more_out, struct resp *rs)
{
	struct faults faults = {0};

	buf_init(&faults.json, rq->mem, 256);
	buf_char(&faults.json, '[');
	if (schema->is_loose || has_fields(in, &faults)) {
		read_fields(in, schema, &faults, out);
		read_fields(in, more, &faults, more_out);
	}
	if (faults.count == 0)
		return OK;
	buf_char(&faults.json, ']');
	resp_detail(rs, faults.json.data);
	return ERR_UNPROCESSABLE;
}

void
input_read_query(struct arena *mem, const struct input *in,
		 const struct schema *schema, void *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *f = &schema->fields[i];
		struct text_list list = {0};

		if (f->type != FIELD_LIST) {
			store(out, f, form_value(in->form, f->name));
			continue;
		}
		list.count = form_values(in->form, mem, f->name, &list.items);
		memcpy((char *)out + f->offset, &list, sizeof(list));
	}
}

enum err
input_read(const struct req *rq, const struct input *in,
	   const struct schema *schema, struct resp *rs, void *out)
{
	static const struct schema none = {0};

	return input_read_both(rq, in, schema, out, &none, NULL, rs);
}

static const char *
json_fault_detail(struct arena *mem, const struct json_fault *fault)
{
	struct buf b;

	buf_init(&b, mem, 192);
	buf_text(&b, "[{\"type\":\"json_invalid\",\"loc\":[\"body\",");
	buf_number(&b, (int64_t)fault->position);
	buf_text(&b, "],\"msg\":\"JSON decode error\",\"input\":{},"
		     "\"ctx\":{\"error\":");
	json_write_text(&b, fault->reason);
	buf_text(&b, "}}]");
	return b.data;
}

static const char *
raw_text(struct arena *mem, const char *bytes, size_t len)
{
	char *text = arena_copy(mem, bytes, len);

	form_mark_unclean(text, len);
	return text;
}

enum err
input_parse_json(const struct req *rq, struct resp *rs, struct input *out)
{
	struct json_fault fault = {0};
	enum err e;

	*out = (struct input){.kind = INPUT_NOTHING};
	if (rq->body_len == 0)
		return OK;
	if (!body_is_json(rq->content_type)) {
		out->kind = INPUT_RAW;
		out->raw = raw_text(rq->mem, rq->body, rq->body_len);
		return OK;
	}
	out->kind = INPUT_JSON;
	e = json_parse(rq->mem, rq->body, rq->body_len, JSON_BODY,
		       &out->document, &fault);
	if (e == ERR_UNPROCESSABLE)
		resp_detail(rs, json_fault_detail(rq->mem, &fault));
	return e;
}

enum err
input_parse_form(const struct req *rq, struct resp *rs, struct input *out)
{
	*out = (struct input){.kind = INPUT_FORM};
	return form_parse(rq, rs, &out->form);
}

enum err
input_parse_query(const struct req *rq, struct input *out)
{
	*out = (struct input){.kind = INPUT_FORM};
	return form_parse_query(rq, &out->form);
}
