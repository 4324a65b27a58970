/* SPDX-License-Identifier: MIT */
#include "http/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	const char *name;
	const char *kind;
	const bool *flag;
	const char *word;
};

static enum err
no_shouting(struct arena *mem, const char *text, const char **out,
	    const char **reason)
{
	(void)mem;
	*out = text;
	*reason = "too loud";
	return strchr(text, '!') == NULL ? OK : ERR_UNPROCESSABLE;
}

static const struct field fields[] = {
	{.name = "name",
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct sample, name),
	 .normalise = no_shouting},
	{.name = "kind",
	 .need = FIELD_OPTIONAL,
	 .offset = offsetof(struct sample, kind),
	 .fixed = "x"},
	{.name = "flag",
	 .type = FIELD_BOOL,
	 .need = FIELD_OPTIONAL,
	 .offset = offsetof(struct sample, flag)},
	{.name = "word",
	 .need = FIELD_DEFAULTED,
	 .offset = offsetof(struct sample, word),
	 .initial = "\"\""},
};
static const struct schema schema = {.fields = fields,
				     .count = countof(fields)};

static struct arena *mem;

static int
open_arena(void **state)
{
	(void)state;
	mem = arena_open(0, 1 << 24);
	return 0;
}

static int
close_arena(void **state)
{
	(void)state;
	arena_close(mem);
	return 0;
}

/* The detail that a body gets, NULL when it is fine. */
static const char *
detail_as(const char *type, const char *body, struct sample *out)
{
	struct req rq = {.mem = mem,
			 .content_type = type,
			 .body = body,
			 .body_len = strlen(body)};
	struct resp rs;
	struct input in;
	enum err e;

	*out = (struct sample){0};
	resp_init(&rs, mem);
	e = strstr(type, "form") != NULL ? input_parse_form(&rq, &rs, &in)
					 : input_parse_json(&rq, &rs, &in);
	if (e == OK)
		e = input_read(&rq, &in, &schema, &rs, out);
	if (e != OK)
		assert_int_equal(e, ERR_UNPROCESSABLE);
	return e == OK ? NULL : rs.detail;
}

static const char *
detail(const char *body)
{
	struct sample out;

	return detail_as("application/json", body, &out);
}

static void
a_good_body_fills_the_struct(void **state)
{
	struct sample out;

	(void)state;
	assert_null(detail_as("application/json",
			      "{\"name\":\"a\",\"kind\":\"x\",\"flag\":\"YES\","
			      "\"other\":[1]}",
			      &out));
	assert_string_equal(out.name, "a");
	assert_string_equal(out.kind, "x");
	assert_true(*out.flag);
}

static void
null_and_absence_leave_an_optional_field_alone(void **state)
{
	struct sample out;

	(void)state;
	assert_null(detail_as("application/json",
			      "{\"name\":\"a\",\"kind\":null}", &out));
	assert_null(out.kind);
	assert_null(out.flag);
}

static void
every_fault_is_named_in_the_order_of_the_table(void **state)
{
	(void)state;
	assert_string_equal(
		detail("{\"flag\":2,\"kind\":\"y\"}"),
		"[{\"type\":\"missing\",\"loc\":[\"body\",\"name\"],"
		"\"msg\":\"Field required\","
		"\"input\":{\"flag\":2,\"kind\":\"y\"}},"
		"{\"type\":\"string_pattern_mismatch\","
		"\"loc\":[\"body\",\"kind\"],"
		"\"msg\":\"String should match pattern '^x$'\","
		"\"input\":\"y\",\"ctx\":{\"pattern\":\"^x$\"}},"
		"{\"type\":\"bool_parsing\",\"loc\":[\"body\",\"flag\"],"
		"\"msg\":\"Input should be a valid boolean, unable to "
		"interpret input\",\"input\":2}]");
}

static void
null_is_no_value_for_a_required_field(void **state)
{
	(void)state;
	assert_string_equal(detail("{\"name\":null}"),
			    "[{\"type\":\"string_type\","
			    "\"loc\":[\"body\",\"name\"],"
			    "\"msg\":\"Input should be a valid string\","
			    "\"input\":null}]");
}

static void
null_is_no_value_where_a_default_stands_for_absence(void **state)
{
	struct sample out;

	(void)state;
	assert_null(detail("{\"name\":\"a\"}"));
	assert_string_equal(detail("{\"name\":\"a\",\"word\":null}"),
			    "[{\"type\":\"string_type\","
			    "\"loc\":[\"body\",\"word\"],"
			    "\"msg\":\"Input should be a valid string\","
			    "\"input\":null}]");
	assert_null(detail_as("application/json",
			      "{\"name\":\"a\",\"word\":\"b\"}", &out));
	assert_string_equal(out.word, "b");
}

static void
a_refused_text_says_why(void **state)
{
	(void)state;
	assert_string_equal(
		detail("{\"name\":\"a!\"}"),
		"[{\"type\":\"value_error\",\"loc\":[\"body\",\"name\"],"
		"\"msg\":\"value is not a valid email address: too loud\","
		"\"input\":\"a!\",\"ctx\":{\"reason\":\"too loud\"}}]");
}

static void
a_nul_in_a_text_is_named_and_not_shown(void **state)
{
	(void)state;
	assert_string_equal(
		detail("{\"name\":\"a\\u0000b\"}"),
		"[{\"type\":\"string_unicode\",\"loc\":[\"body\",\"name\"],"
		"\"msg\":\"Input should be a valid string, unable to parse "
		"raw data as a unicode string\","
		"\"input\":\"a\xef\xbf\xbd"
		"b\"}]");
}

struct asked {
	struct text_list scopes;
	const char *code;
};

static const struct field query_fields[] = {
	{.name = "scopes",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct asked, scopes)},
	{.name = "code",
	 .need = FIELD_OPTIONAL,
	 .offset = offsetof(struct asked, code)},
};
static const struct schema query_schema = {.fields = query_fields,
					   .count = countof(query_fields)};

static struct asked
asked_by(const char *query)
{
	struct req rq = {.mem = mem, .query = query};
	struct asked out = {0};
	struct input in;

	assert_int_equal(input_parse_query(&rq, &in), OK);
	input_read_query(mem, &in, &query_schema, &out);
	return out;
}

static void
a_query_gives_lists_in_their_order_and_the_last_of_each_text(void **state)
{
	struct asked out =
		asked_by("scopes=a&code=1&scopes=b%20c&x=y&code=2&scopes");

	(void)state;
	assert_int_equal(out.scopes.count, 3);
	assert_string_equal(out.scopes.items[0], "a");
	assert_string_equal(out.scopes.items[1], "b c");
	assert_string_equal(out.scopes.items[2], "");
	assert_string_equal(out.code, "2");
}

static void
what_a_query_does_not_say_is_absent_and_what_is_empty_is_there(void **state)
{
	struct asked out = asked_by("");

	(void)state;
	assert_int_equal(out.scopes.count, 0);
	assert_null(out.code);
	assert_string_equal(asked_by("code=").code, "");
	assert_string_equal(asked_by("code=%00").code, "\xff");
}

static void
a_body_that_is_no_object_is_shown(void **state)
{
	struct sample out;

	(void)state;
	assert_non_null(strstr(detail("[1,2]"), "\"model_attributes_type\","
						"\"loc\":[\"body\"]"));
	assert_non_null(strstr(detail("[1,2]"), "\"input\":[1,2]"));
	assert_non_null(strstr(detail_as("text/plain", "{\"a\":1}", &out),
			       "\"input\":\"{\\\"a\\\":1}\""));
	assert_non_null(strstr(detail(""), "\"type\":\"missing\","
					   "\"loc\":[\"body\"]"));
}

static void
broken_json_is_told_with_its_place(void **state)
{
	(void)state;
	assert_string_equal(detail("{\"name\":}"),
			    "[{\"type\":\"json_invalid\",\"loc\":[\"body\",8],"
			    "\"msg\":\"JSON decode error\",\"input\":{},"
			    "\"ctx\":{\"error\":\"Expecting value\"}}]");
}

static void
a_boolean_is_taken_as_the_reference_takes_it(void **state)
{
	static const char *const taken[] = {"true", "false",  "0",
					    "1",    "-0",     "1.0",
					    "1e0",  "\"oN\"", "\"f\""};
	static const char *const parsed[] = {"2", "2.0", "\"\"", "\"01\"",
					     "-1"};
	static const char *const typed[] = {"0.5", "[]", "{}",
					    "9223372036854775808", "1e400"};
	char body[80];

	(void)state;
	for (size_t i = 0; i < countof(taken); i++) {
		(void)snprintf(body, sizeof(body),
			       "{\"name\":\"a\",\"flag\":%s}", taken[i]);
		assert_null(detail(body));
	}
	for (size_t i = 0; i < countof(parsed); i++) {
		(void)snprintf(body, sizeof(body),
			       "{\"name\":\"a\",\"flag\":%s}", parsed[i]);
		assert_non_null(strstr(detail(body), "\"bool_parsing\""));
	}
	for (size_t i = 0; i < countof(typed); i++) {
		(void)snprintf(body, sizeof(body),
			       "{\"name\":\"a\",\"flag\":%s}", typed[i]);
		assert_non_null(strstr(detail(body), "\"bool_type\""));
	}
}

static void
an_empty_field_of_a_form_counts_as_missing(void **state)
{
	struct sample out;

	(void)state;
	assert_string_equal(
		detail_as("application/x-www-form-urlencoded",
			  "name=&kind=", &out),
		"[{\"type\":\"missing\",\"loc\":[\"body\",\"name\"],"
		"\"msg\":\"Field required\",\"input\":null}]");
	assert_null(detail_as("application/x-www-form-urlencoded", "name=a+b",
			      &out));
	assert_string_equal(out.name, "a b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_body_fills_the_struct),
		cmocka_unit_test(
			null_and_absence_leave_an_optional_field_alone),
		cmocka_unit_test(
			every_fault_is_named_in_the_order_of_the_table),
		cmocka_unit_test(null_is_no_value_for_a_required_field),
		cmocka_unit_test(
			null_is_no_value_where_a_default_stands_for_absence),
		cmocka_unit_test(a_refused_text_says_why),
		cmocka_unit_test(a_nul_in_a_text_is_named_and_not_shown),
		cmocka_unit_test(
			a_query_gives_lists_in_their_order_and_the_last_of_each_text),
		cmocka_unit_test(
			what_a_query_does_not_say_is_absent_and_what_is_empty_is_there),
		cmocka_unit_test(a_body_that_is_no_object_is_shown),
		cmocka_unit_test(broken_json_is_told_with_its_place),
		cmocka_unit_test(a_boolean_is_taken_as_the_reference_takes_it),
		cmocka_unit_test(an_empty_field_of_a_form_counts_as_missing),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
