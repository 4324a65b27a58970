/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/etag.h"
#include "base/json.h"
#include "http/input.h"
#include "store/user_id.h"

#define BATCH_MOST 1000 /* as the setting's bounds */

/* The body of a batch. */
struct batch {
	const struct json *users;
	const bool *all_or_none;
};

static const struct field_bounds batch_bounds = {
	.has_min = true, .has_max = true, .min = 1, .max = BATCH_MOST};

#define USERS_FIELD(schema)                                                    \
	.name = "users", .type = FIELD_OBJECTS, .need = FIELD_REQUIRED,        \
	.bounds = &batch_bounds, .items = &(schema),                           \
	.offset = offsetof(struct batch, users)
#define ALL_OR_NONE_FIELD                                                      \
	.name = "all_or_none", .type = FIELD_BOOL, .need = FIELD_OPTIONAL,     \
	.initial = "false", .offset = offsetof(struct batch, all_or_none),     \
	.help = "In one transaction, or not at all."

static const struct field batch_create_fields[] = {
	{USERS_FIELD(register_schema)},
	{ALL_OR_NONE_FIELD},
};

const struct schema batch_create_schema = {
	.fields = batch_create_fields, .count = countof(batch_create_fields)};

static const struct field batch_change_fields[] = {
	{USERS_FIELD(batch_change_item_schema)},
	{ALL_OR_NONE_FIELD},
};

const struct schema batch_change_schema = {
	.fields = batch_change_fields, .count = countof(batch_change_fields)};

/* Besides what a PATCH of one user holds. */
static const struct field item_fields[] = {
	{.name = "id",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .is_id = true,
	 .format = "uuid"},
	{.name = "if_match",
	 .type = FIELD_TEXT,
	 .need = FIELD_OPTIONAL,
	 .help = "The user's ETag: he is changed only while that is his."},
	{.name = "password", .type = FIELD_TEXT, .need = FIELD_OPTIONAL},
	{.name = "email",
	 .type = FIELD_TEXT,
	 .need = FIELD_OPTIONAL,
	 .format = "email"},
	{.name = "is_active", .type = FIELD_BOOL, .need = FIELD_OPTIONAL},
	{.name = "is_superuser", .type = FIELD_BOOL, .need = FIELD_OPTIONAL},
	{.name = "is_verified", .type = FIELD_BOOL, .need = FIELD_OPTIONAL},
};

const struct schema batch_change_item_schema = {.fields = item_fields,
						.count = countof(item_fields)};

static const struct field result_fields[] = {
	{.name = "status",
	 .type = FIELD_INTEGER,
	 .need = FIELD_REQUIRED,
	 .help = "As if it had been a request of its own."},
	{.name = "user",
	 .type = FIELD_OBJECT,
	 .need = FIELD_DEFAULTED,
	 .items = &user_schema,
	 .help = "Of a success."},
	{.name = "detail",
	 .type = FIELD_OBJECT,
	 .need = FIELD_DEFAULTED,
	 .help = "Of a failure."},
};

const struct schema batch_result_schema = {.fields = result_fields,
					   .count = countof(result_fields)};

#define RESULTS_FIELD                                                          \
	.name = "results", .type = FIELD_OBJECTS, .need = FIELD_REQUIRED,      \
	.items = &batch_result_schema, .help = "In the order of the request."
#define COUNT_FIELD(called)                                                    \
	.name = (called), .type = FIELD_INTEGER, .need = FIELD_REQUIRED

static const struct field batch_fields[] = {
	{RESULTS_FIELD},
	{COUNT_FIELD("succeeded")},
	{COUNT_FIELD("failed")},
};

const struct schema batch_schema = {.fields = batch_fields,
				    .count = countof(batch_fields)};

static const char *const not_applied_code[] = {"BATCH_NOT_APPLIED"};
static const struct field_bounds code_bounds = {
	.choices = not_applied_code, .choice_count = countof(not_applied_code)};

/* The same as the detail of a refusal. */
static const struct field not_applied_fields[] = {
	{.name = "code",
	 .type = FIELD_CHOICE,
	 .need = FIELD_REQUIRED,
	 .bounds = &code_bounds},
	{RESULTS_FIELD},
	{COUNT_FIELD("succeeded")},
	{COUNT_FIELD("failed")},
};

const struct schema batch_not_applied_schema = {
	.fields = not_applied_fields, .count = countof(not_applied_fields)};

static const struct field refusal_fields[] = {
	{.name = "detail",
	 .type = FIELD_OBJECT,
	 .need = FIELD_REQUIRED,
	 .items = &batch_not_applied_schema},
};

const struct schema batch_refusal_schema = {.fields = refusal_fields,
					    .count = countof(refusal_fields)};

/* Many at once: what each of them asks for, and what is said of it. */
struct batch_run {
	struct account_item *items;
	struct resp *said; /* a scratch answer each, for its detail */
	size_t count;
};

static size_t
length_of(const struct json *list)
{
	size_t count = 0;

	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v))
		count++;
	return count;
}

static enum err
run_begin(struct call *c, const struct schema *schema, struct batch *in,
	  struct batch_run *run)
{
	struct arena *mem = c->cx->mem;

	TRY(input_read(c->rq, &c->input, schema, c->rs, in));
	run->count = length_of(in->users);
	if (run->count > (size_t)c->cx->conf->admin.batch_limit)
		return ERR_CONTENT_TOO_LARGE;
	run->items = arena_array(mem, run->count, sizeof(*run->items));
	run->said = arena_array(mem, run->count, sizeof(*run->said));
	for (size_t i = 0; i < run->count; i++) {
		resp_init(&run->said[i], mem);
		run->items[i].by = call_actor(c);
	}
	return OK;
}

static void
show_detail(struct buf *out, const struct account_item *item, struct resp *said)
{
	enum err e = item->outcome;

	if (item->reason != NULL && (e == ERR_REGISTER_INVALID_PASSWORD ||
				     e == ERR_UPDATE_USER_INVALID_PASSWORD))
		reason_detail(said, e, item->reason);
	if (said->detail != NULL)
		json_add_raw(out, "detail", said->detail);
	else
		json_add_text(out, "detail", err_detail(e));
}

static void
add_number(struct buf *out, const char *name, int64_t number)
{
	json_add_raw(out, name,
		     arena_printf(out->mem, "%lld", (long long)number));
}

static void
show_result(struct buf *out, struct account_item *item, struct resp *said,
	    int success)
{
	struct buf user;

	json_begin(out, NULL, '{');
	add_number(out, "status",
		   item->outcome == OK ? success : err_status(item->outcome));
	if (item->outcome == OK) {
		buf_init(&user, out->mem, 256);
		user_show(&user, &item->user);
		json_add_raw(out, "user", user.data);
	} else {
		show_detail(out, item, said);
	}
	json_end(out, '}');
}

/* {"results":[…],"succeeded":1,"failed":0} */
static void
show_run(struct buf *out, const struct batch_run *run, const char *code,
	 int success)
{
	size_t failed = 0;

	json_begin(out, NULL, '{');
	if (code != NULL)
		json_add_text(out, "code", code);
	json_begin(out, "results", '[');
	for (size_t i = 0; i < run->count; i++) {
		show_result(out, &run->items[i], &run->said[i], success);
		failed += run->items[i].outcome != OK;
	}
	json_end(out, ']');
	add_number(out, "succeeded", (int64_t)(run->count - failed));
	add_number(out, "failed", (int64_t)failed);
	json_end(out, '}');
}

static enum err
run_finish(struct call *c, const struct batch *in, struct batch_run *run,
	   int success)
{
	bool all = in->all_or_none != NULL && *in->all_or_none;
	enum err e = account_batch(c->cx, run->items, run->count, all);
	struct buf detail;

	if (e == ERR_BATCH_NOT_APPLIED) {
		buf_init(&detail, c->cx->mem, 1024);
		show_run(&detail, run, err_detail(e), success);
		resp_detail(c->rs, detail.data);
	}
	TRY(e);
	resp_json(c->rs, c->route->status);
	show_run(&c->rs->body, run, NULL, success);
	return OK;
}

/* An element as a body of its own. */
static struct input
input_of(const struct json *element)
{
	return (struct input){.kind = INPUT_JSON, .document = element};
}

/* POST /users/batch: 200 with what became of each. */
enum err
post_batch(struct call *c)
{
	struct batch_run run;
	struct batch in = {0};
	size_t i = 0;

	TRY(run_begin(c, &batch_create_schema, &in, &run));
	for (const struct json *v = json_first(in.users); v != NULL;
	     v = json_next(v), i++) {
		const struct input input = input_of(v);
		struct signup *signup = arena_new(c->cx->mem, struct signup);

		run.items[i].outcome =
			signup_read(c, &input, &run.said[i], signup);
		signup->by = &run.items[i].by;
		run.items[i].signup = signup;
	}
	return run_finish(c, &in, &run, 201);
}

/* An id is a text, or a number where ids are. */
static enum err
read_id(struct call *c, const struct json *element, const char **out)
{
	const struct json *id = json_member(element, "id");
	const char *text = NULL;

	if (id != NULL && json_type(id) == JSON_TEXT)
		text = json_text(id);
	else if (id != NULL && json_type(id) == JSON_NUMBER &&
		 json_number_is_int(id))
		text = json_number_text(id);
	if (text == NULL || !json_text_is_clean(text))
		return ERR_NOT_FOUND;
	return user_id_read(c->cx->db, c->cx->mem, text, out);
}

/* As the header of that name: what is no text is no tag of his either. */
static void
read_condition(const struct call *c, const struct json *element,
	       struct actor *by)
{
	const struct json *v = json_member(element, "if_match");
	const char *text;

	if (v == NULL || json_type(v) == JSON_NULL || !c->cx->conf->users.etag)
		return;
	text = json_text(v);
	by->expects = etag_expected_as(c, text != NULL ? text : "");
}

static enum err
read_item(struct call *c, const struct json *element, struct resp *said,
	  struct account_item *item)
{
	const struct input input = input_of(element);
	struct account_change *change =
		arena_new(c->cx->mem, struct account_change);

	*change = (struct account_change){0};
	item->change = change;
	TRY(read_id(c, element, &item->id));
	read_condition(c, element, &item->by);
	return change_read(c, &input, said, change);
}

/* PATCH /users/batch: 200 with what became of each. */
enum err
patch_batch(struct call *c)
{
	struct batch_run run;
	struct batch in = {0};
	size_t i = 0;

	TRY(run_begin(c, &batch_change_schema, &in, &run));
	for (const struct json *v = json_first(in.users); v != NULL;
	     v = json_next(v), i++)
		run.items[i].outcome =
			read_item(c, v, &run.said[i], &run.items[i]);
	return run_finish(c, &in, &run, 200);
}
