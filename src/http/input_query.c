/* SPDX-License-Identifier: MIT */
#include "http/input_query.h"

#include <string.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/form.h"
#include "http/input_value.h"

/* The array of faults that a 422 shows. */
struct faults {
	struct buf json;
	size_t count;
};

static void
fault_add(struct faults *f, const char *name, const struct value_fault *fault,
	  const char *given)
{
	struct buf *b = &f->json;

	buf_text(b, f->count++ > 0 ? ",{\"type\":" : "{\"type\":");
	json_write_text(b, fault->type);
	buf_text(b, ",\"loc\":[\"query\",");
	json_write_text(b, name);
	buf_text(b, "],\"msg\":");
	json_write_text(b, fault->message);
	buf_text(b, ",\"input\":");
	json_write_text(b, given);
	if (fault->context != NULL) {
		buf_text(b, ",\"ctx\":");
		buf_text(b, fault->context);
	}
	buf_char(b, '}');
}

static void
faults_begin(struct faults *f, struct arena *mem)
{
	*f = (struct faults){0};
	buf_init(&f->json, mem, 256);
	buf_char(&f->json, '[');
}

static enum err
faults_end(struct faults *f, struct resp *rs)
{
	if (f->count == 0)
		return OK;
	buf_char(&f->json, ']');
	resp_detail(rs, f->json.data);
	return ERR_UNPROCESSABLE;
}

static bool
knows(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return true;
	return false;
}

static void
read_fields(const struct input *in, const struct schema *schema,
	    const struct schema *hidden_by, struct faults *faults, void *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *f = &schema->fields[i];
		struct field_value *value = (void *)((char *)out + f->offset);
		const char *given = form_value(in->form, f->name);
		struct value_fault fault = {0};

		if (given == NULL || knows(hidden_by, f->name))
			continue;
		if (*given == '\0' && f->need == FIELD_OPTIONAL)
			*value = (struct field_value){.is_given = true,
						      .is_null = true};
		else if (input_value_read(faults->json.mem, f, NULL, given,
					  value, &fault) != OK)
			fault_add(faults, f->name, &fault, given);
	}
}

static void
find_strangers(const struct input *in, const struct schema *schema,
	       const struct schema *more, struct faults *faults)
{
	static const struct value_fault extra = {
		.type = "extra_forbidden",
		.message = "Extra inputs are not permitted",
	};

	for (const struct form_entry *e = in->form->last; e != NULL;
	     e = e->before)
		if (!knows(schema, e->name) && !knows(more, e->name))
			fault_add(faults, e->name, &extra, e->value);
}

enum err
input_read_filter(const struct input *in, const struct schema *schema,
		  void *out, const struct schema *more, void *more_out,
		  struct resp *rs)
{
	static const struct schema none = {0};
	struct faults faults;

	if (in->form == NULL)
		return OK;
	faults_begin(&faults, rs->mem);
	read_fields(in, schema, &none, &faults, out);
	read_fields(in, more, schema, &faults, more_out);
	find_strangers(in, schema, more, &faults);
	return faults_end(&faults, rs);
}

enum err
input_refuse_query(struct resp *rs, const char *name, const char *message,
		   const char *given)
{
	const struct value_fault fault = {
		.type = "value_error",
		.message = arena_printf(rs->mem, "Value error, %s", message),
	};
	struct faults faults;

	faults_begin(&faults, rs->mem);
	fault_add(&faults, name, &fault, given);
	return faults_end(&faults, rs);
}
