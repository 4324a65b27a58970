/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/form.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=b"
#define FIELD "Content-Disposition: form-data; name="

static struct arena *mem;

static int
open_arena(void **state)
{
	(void)state;
	mem = arena_open(0, 1 << 28);
	return 0;
}

static int
close_arena(void **state)
{
	(void)state;
	arena_close(mem);
	return 0;
}

static enum err
parse(const char *type, const char *body, size_t len, const struct form **out,
      const char **detail)
{
	struct req rq = {.mem = mem,
			 .content_type = type,
			 .body = body,
			 .body_len = len};
	struct resp rs;
	enum err e;

	resp_init(&rs, mem);
	e = form_parse(&rq, &rs, out);
	*detail = rs.detail;
	return e;
}

static const struct form *
form_of(const char *type, const char *body)
{
	const struct form *f = NULL;
	const char *detail;

	assert_int_equal(parse(type, body, strlen(body), &f, &detail), OK);
	assert_null(detail);
	assert_non_null(f);
	return f;
}

static size_t
fields_of(const struct form *f)
{
	size_t count = 0;

	for (const struct form_entry *e = f->last; e != NULL; e = e->before)
		count++;
	return count;
}

static void
assert_field(const char *type, const char *body, const char *name,
	     const char *value)
{
	const char *found = form_value(form_of(type, body), name);

	if (value == NULL) {
		assert_null(found);
	} else {
		assert_non_null(found);
		assert_string_equal(found, value);
	}
}

static void
assert_refused(const char *type, const char *body, const char *expected)
{
	const struct form *f;
	const char *detail;

	assert_int_equal(parse(type, body, strlen(body), &f, &detail),
			 ERR_BODY_UNREADABLE);
	assert_non_null(detail);
	assert_string_equal(detail, expected);
}

/* `unit` many times between the two others. */
static const char *
repeated(const char *before, const char *unit, size_t times, const char *behind)
{
	struct buf b;

	buf_init(&b, mem, 1024);
	buf_text(&b, before);
	for (size_t i = 0; i < times; i++)
		buf_text(&b, unit);
	buf_text(&b, behind);
	return b.data;
}

static void
json_is_known_by_its_type(void **state)
{
	static const char *const types[] = {
		"application/json",        "Application/JSON; charset=x",
		" application/json ;",     "application/problem+json",
		"application/+json",       "application/vnd.api+JSON;a=b",
		"application/json;,text/x"};

	(void)state;
	for (size_t i = 0; i < countof(types); i++)
		assert_true(body_is_json(types[i]));
}

static void
other_types_are_not_json(void **state)
{
	static const char *const types[] = {"",
					    "json",
					    "application",
					    "application/",
					    "text/json",
					    "application/json, text/plain",
					    "application/jsonx",
					    "application/json-seq",
					    "application/xjson",
					    "application/ json",
					    "application/json foo",
					    "\"application/json\"",
					    "application//json",
					    "application/x/y+json",
					    "application/x+json+xml",
					    ";application/json"};

	(void)state;
	for (size_t i = 0; i < countof(types); i++)
		assert_false(body_is_json(types[i]));
	assert_false(body_is_json(NULL));
}

static void
a_body_of_another_type_has_no_fields(void **state)
{
	static const char *const types[] = {
		"application/json",
		"text/plain",
		"application/x-www-form-urlencoded, x",
		"",
		"application/x-www-form-urlencodedx",
		"multipart/mixed"};

	(void)state;
	for (size_t i = 0; i < countof(types); i++)
		assert_int_equal(fields_of(form_of(types[i], "a=b")), 0);
	assert_int_equal(fields_of(form_of(NULL, "a=b")), 0);
	assert_int_equal(fields_of(form_of(URLENCODED, "")), 0);
	assert_int_equal(fields_of(form_of(MULTIPART, "")), 0);
}

static void
the_type_of_a_form_may_be_spelled_freely(void **state)
{
	(void)state;
	assert_field(" Application/X-WWW-Form-URLencoded ; charset=latin1",
		     "a=b", "a", "b");
	assert_field("MULTIPART/Form-Data;x=y; Boundary = \"b\"",
		     "--b\r\n" FIELD "a\r\n\r\n1\r\n--b--", "a", "1");
}

struct sample {
	const char *body;
	const char *value; /* of the field "a" */
};

static const struct sample urlencoded[] = {
	{"a=b", "b"},
	{"x=1&a=b&y=2", "b"},
	{"a=b&a=c", "c"},
	{"a=b&a=", ""},
	{"a=b&a", ""},
	{"&&a=b&&", "b"},
	{"%61=b", "b"},
	{"A=b", NULL},
	{"a==b=", "=b="},
	{"x=1;a=b", NULL},
	{"a=b+c%2B%20d", "b c+ d"},
	{"a=%zz%4%", "%zz%4%"},
	{"a=%4", "%4"},
	{"a=%C3%A9%f0%9F%98%80", "é😀"},
	{"a=\xc3\xa9", "Ã©"},
	{"a=%C3\xa9", "\xff©"},
	{"a=x%00y", "x\xffy"},
	{"a=%ffx%C3(", "\xffx\xff("},
	{"a=%ED%A0%80", "\xff\xff\xff"},
	{"a=%C0%80", "\xff\xff"},
	{"a%00=b", NULL},
	{"a=\r\n\t", "\r\n\t"},
};

static void
urlencoded_fields_are_decoded_as_the_reference_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(urlencoded); i++)
		assert_field(URLENCODED, urlencoded[i].body, "a",
			     urlencoded[i].value);
}

static void
a_raw_nul_in_a_field_is_no_text(void **state)
{
	static const char plain[] = "a=x\0y&b\0=1";
	static const char part[] = "--b\r\n" FIELD "a\r\n\r\nx\0y\r\n--b--";
	const struct form *f;
	const char *detail;

	(void)state;
	assert_int_equal(
		parse(URLENCODED, plain, sizeof(plain) - 1, &f, &detail), OK);
	assert_string_equal(form_value(f, "a"), "x\xffy");
	assert_null(form_value(f, "b"));
	assert_int_equal(parse(MULTIPART, part, sizeof(part) - 1, &f, &detail),
			 OK);
	assert_string_equal(form_value(f, "a"), "x\xffy");
}

static void
too_many_fields_are_refused(void **state)
{
	static const char detail[] =
		"\"Too many fields. Maximum number of fields is 1000.\"";
	const char *part = "--b\r\n" FIELD "a\r\n\r\n1\r\n";
	const char *file = "--b\r\n" FIELD "a;filename=x\r\n\r\n1\r\n";

	(void)state;
	assert_int_equal(fields_of(form_of(URLENCODED,
					   repeated("&", "a=1&", 1000, "&&"))),
			 1000);
	assert_refused(URLENCODED, repeated("", "a&", 1001, ""), detail);
	assert_int_equal(fields_of(form_of(MULTIPART,
					   repeated("", part, 1000, "--b--"))),
			 1000);
	assert_refused(MULTIPART, repeated("", part, 1001, "--b--"), detail);
	assert_refused(MULTIPART, repeated("", file, 1001, "--b--"),
		       "\"Too many files. Maximum number of files is 1000.\"");
}

static void
too_large_fields_are_refused(void **state)
{
	static const char start[] = "--b\r\n" FIELD "a\r\n\r\n";
	const size_t most = (size_t)1024 * 1024;

	(void)state;
	assert_int_equal(fields_of(form_of(URLENCODED,
					   repeated("a=", "x", most - 1, ""))),
			 1);
	assert_refused(URLENCODED, repeated("a=", "x", most, ""),
		       "\"Field exceeded maximum size of 1024KB.\"");
	assert_int_equal(fields_of(form_of(MULTIPART, repeated(start, "x", most,
							       "\r\n--b--"))),
			 1);
	assert_refused(MULTIPART, repeated(start, "x", most + 1, "\r\n--b--"),
		       "\"Part exceeded maximum size of 1024KB.\"");
}

static const struct sample multipart[] = {
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b--\r\n", "1"},
	{"--b\r\n" FIELD "\"a\"\r\n\r\n1\r\n--b--", "1"},
	{"\r\n\n--b\r\n" FIELD "a\r\n\r\n1\r\n--b--", "1"},
	{"--b\r\ncontent-disposition:attachment; NAME = a\r\n\r\n1\r\n--b--",
	 "1"},
	{"--b\r\n" FIELD "x;name=\"a\"\r\n\r\n1\r\n--b--", "1"},
	{"--b\r\n" FIELD "a; name*=x\r\n\r\n1\r\n--b--", "1"},
	{"--b\r\n" FIELD "'a'\r\n\r\n1\r\n--b--", NULL},
	{"--b\r\n" FIELD "A\r\n\r\n1\r\n--b--", NULL},
	{"--b\r\n" FIELD "\"a;b\"\r\n\r\n1\r\n--b--", NULL},
	{"--b\r\nContent-Transfer-Encoding: base64\r\n" FIELD
	 "a\r\nX-Y:\r\n\r\nMQ==\r\n--b--",
	 "MQ=="},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b\r\n" FIELD "a\r\n\r\n2\r\n--b--",
	 "2"},
	{"--b\r\n" FIELD "a\r\n\r\n\r\n--b--", ""},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b--\r\n--b\r\n" FIELD
	 "a\r\n\r\n2\r\n--b--",
	 "1"},
	{"--b\r\n" FIELD "a\r\n\r\n\r\n--bb\n--b\r\n--b-x\r\n--b\rx\r\n--b--",
	 "\r\n--bb\n--b\r\n--b-x\r\n--b\rx"},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b \t\r\n", "1"},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b\r\n", "1"},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b\r\n" FIELD "a\r\n\r\n2", "1"},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b", NULL},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b-", NULL},
	{"--b\r\n" FIELD "a\r\n\r\n1\r\n--b ", NULL},
	{"--b\r\n" FIELD "a\r\n\r\n1", NULL},
	{"--b\r\n" FIELD "a\r\n\r", NULL},
	{"--b\r\n" FIELD "a", NULL},
	{"--b\r\nContent", NULL},
	{"--b--", NULL},
	{"--b", NULL},
	{"-", NULL},
	{"\r\n", NULL},
	{"--b\r\n" FIELD "a\r\n\r\né%41+\r\n--b--", "é%41+"},
	{"--b\r\n" FIELD "a\r\n\r\n\xe9x\r\n--b--", "\xffx"},
};

static void
parts_are_read_as_the_reference_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(multipart); i++)
		assert_field(MULTIPART, multipart[i].body, "a",
			     multipart[i].value);
}

static void
malformed_parts_are_refused(void **state)
{
	static const char *const bodies[] = {
		"x--b\r\n",
		" --b\r\n",
		"--c\r\n",
		"--b\n",
		"--b \r\n",
		"--b\rx",
		"--b-x",
		"--b\r\n\rx",
		"--b\r\nX\r\n\r\n",
		"--b\r\n: x\r\n\r\n",
		"--b\r\nX Y: x\r\n\r\n",
		"--b\r\nX: y\rz",
		"--b\n" FIELD "a\n\n1\n--b--",
		"--b\r\n" FIELD "a\r\n\r\n1\r\n--b x",
		"--b\r\n" FIELD "a\r\n\r\n1\r\n--b --",
		"--b\r\n" FIELD "a\r\n\r\n1\r\n--b\r\n: x"};
	const char *line = "--b\r\n" FIELD "a\r\nX:";

	(void)state;
	for (size_t i = 0; i < countof(bodies); i++)
		assert_refused(MULTIPART, bodies[i],
			       "\"Invalid multipart data.\"");
	assert_refused(MULTIPART, repeated("--b\r\n", "X: y\r\n", 9, "\r\n"),
		       "\"Invalid multipart data.\"");
	assert_refused(MULTIPART, repeated(line, "y", 4223, "\r\n"),
		       "\"Invalid multipart data.\"");
	assert_refused(MULTIPART, repeated("--b\r\n", "y", 5000, ": 1\r\n"),
		       "\"Invalid multipart data.\"");
	assert_field(MULTIPART, repeated(line, "y", 4222, "\r\n\r\n1\r\n--b--"),
		     "a", "1");
}

static void
a_part_needs_a_name(void **state)
{
	static const char detail[] = "\"The Content-Disposition header field "
				     "\\\"name\\\" must be provided.\"";

	(void)state;
	assert_refused(MULTIPART, "--b\r\n\r\n1\r\n--b--", detail);
	assert_refused(MULTIPART, "--b\r\nX: name=a\r\n\r\n", detail);
	assert_refused(MULTIPART,
		       "--b\r\nContent-Disposition: form-data; name*=a\r\n\r\n",
		       detail);
}

static void
a_boundary_must_be_named(void **state)
{
	static const char *const types[] = {
		"multipart/form-data", "multipart/form-data; boundary*=b",
		"multipart/form-data; x=\"; boundary=b",
		"multipart/form-data; Boundary"};
	const struct form *f;
	const char *detail;

	(void)state;
	for (size_t i = 0; i < countof(types); i++) {
		assert_int_equal(parse(types[i], "--b--", 5, &f, &detail),
				 ERR_MULTIPART_BOUNDARY);
		assert_null(detail);
	}
}

static void
boundaries_may_be_quoted(void **state)
{
	const char *body = "--b;\\\"\r\n" FIELD "a\r\n\r\n1\r\n--b;\\\"--";

	(void)state;
	assert_field("multipart/form-data; x=\"\\\";boundary=q\";"
		     " boundary=\"b;\\\\\\\\\"\"",
		     body, "a", "1");
	assert_field("multipart/form-data; boundary=\"b c\"",
		     "--b c\r\n" FIELD "a\r\n\r\n1\r\n--b c--", "a", "1");
	assert_field("multipart/form-data; boundary=b; boundary=c",
		     "--c\r\n" FIELD "a\r\n\r\n1\r\n--c--", "a", "1");
	assert_field("multipart/form-data; boundary=",
		     "--\r\n" FIELD "a\r\n\r\n1\r\n----", "a", "1");
	assert_refused(repeated(MULTIPART, "b", 256, ""), "--b--",
		       "\"Invalid multipart data.\"");
}

static void
the_charset_of_a_multipart_form_counts(void **state)
{
	static const char body[] = "--b\r\n" FIELD "a\r\n\r\n\xe9x\r\n--b--";

	(void)state;
	assert_field(MULTIPART "; charset=ISO-8859-1", body, "a", "éx");
	assert_field(MULTIPART "; charset=\"latin_1\"", body, "a", "éx");
	assert_field(MULTIPART "; charset=UTF-8", body, "a", "\xffx");
	assert_field(MULTIPART "; charset=koi8-r", body, "a", "\xffx");
	assert_field(MULTIPART "; charset=koi8-r",
		     "--b\r\n" FIELD "a\r\n\r\nx\r\n--b--", "a", "x");
}

static void
files_are_told_from_texts(void **state)
{
	const struct form *f = form_of(
		MULTIPART, "--b\r\n" FIELD "a; filename=x\r\n\r\n1\r\n"
			   "--b\r\n" FIELD "b; filename=\"\"\r\n\r\n\r\n"
			   "--b\r\n" FIELD "c; filename=\"C:\\\"\r\n\r\n\r\n"
			   "--b\r\n" FIELD "d; filename=\"\"\r\n\r\n1\r\n"
			   "--b\r\n" FIELD "e\r\n\r\n1\r\n--b--");

	(void)state;
	assert_true(form_is_file(f, "a"));
	assert_string_equal(form_value(f, "a"), "\xff");
	assert_true(form_is_file(f, "b"));
	assert_string_equal(form_value(f, "b"), "");
	assert_string_equal(form_value(f, "c"), "");
	assert_string_equal(form_value(f, "d"), "\xff");
	assert_false(form_is_file(f, "e"));
	assert_false(form_is_file(f, "f"));
}

static void
what_looks_like_boundaries_takes_linear_time(void **state)
{
	const char *body = repeated("--b\r\n" FIELD "a\r\n\r\n", "\r\n--bx",
				    100000, "\r\n--b--");

	(void)state;
	assert_int_equal(strlen(form_value(form_of(MULTIPART, body), "a")),
			 600000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_known_by_its_type),
		cmocka_unit_test(other_types_are_not_json),
		cmocka_unit_test(a_body_of_another_type_has_no_fields),
		cmocka_unit_test(the_type_of_a_form_may_be_spelled_freely),
		cmocka_unit_test(
			urlencoded_fields_are_decoded_as_the_reference_does),
		cmocka_unit_test(a_raw_nul_in_a_field_is_no_text),
		cmocka_unit_test(too_many_fields_are_refused),
		cmocka_unit_test(too_large_fields_are_refused),
		cmocka_unit_test(parts_are_read_as_the_reference_does),
		cmocka_unit_test(malformed_parts_are_refused),
		cmocka_unit_test(a_part_needs_a_name),
		cmocka_unit_test(a_boundary_must_be_named),
		cmocka_unit_test(boundaries_may_be_quoted),
		cmocka_unit_test(the_charset_of_a_multipart_form_counts),
		cmocka_unit_test(files_are_told_from_texts),
		cmocka_unit_test(what_looks_like_boundaries_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
