/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
parse_bytes(const char *bytes, size_t len, enum json_rules rules,
	    const struct json **out, struct json_fault *fault)
{
	return json_parse(mem, bytes, len, rules, out, fault);
}

static const struct json *
parsed(const char *text)
{
	const struct json *v = NULL;
	struct json_fault fault;

	assert_int_equal(parse_bytes(text, strlen(text), JSON_BODY, &v, &fault),
			 OK);
	assert_non_null(v);
	return v;
}

static const char *
written(const char *text)
{
	struct buf b;

	buf_init(&b, mem, 16);
	json_write(&b, parsed(text));
	assert_int_equal(strlen(b.data), b.len);
	return b.data;
}

static void
assert_fault(const char *bytes, size_t len, enum json_rules rules,
	     const char *reason, size_t position)
{
	const struct json *v = NULL;
	struct json_fault fault;

	assert_int_equal(parse_bytes(bytes, len, rules, &v, &fault),
			 ERR_UNPROCESSABLE);
	assert_null(v);
	assert_string_equal(fault.reason, reason);
	assert_int_equal(fault.position, position);
}

static void
assert_too_much(const char *text)
{
	const struct json *v = NULL;
	struct json_fault fault;

	assert_int_equal(parse_bytes(text, strlen(text), JSON_BODY, &v, &fault),
			 ERR_BODY_UNREADABLE);
	assert_null(v);
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

struct complaint {
	const char *text;
	const char *reason;
	size_t position;
};

static const char value[] = "Expecting value";
static const char name[] = "Expecting property name enclosed in double quotes";
static const char colon[] = "Expecting ':' delimiter";
static const char comma[] = "Expecting ',' delimiter";
static const char extra[] = "Extra data";
static const char open_end[] = "Unterminated string starting at";
static const char control[] = "Invalid control character at";
static const char escape[] = "Invalid \\escape";
static const char unicode[] = "Invalid \\uXXXX escape";
static const char encoding[] = "Invalid UTF-8";

static const struct complaint complaints[] = {
	{"", value, 0},
	{" \n\t\r", value, 4},
	{"\f1", value, 0},
	{"}", value, 0},
	{"nul", value, 0},
	{"+1", value, 0},
	{".5", value, 0},
	{"-", value, 0},
	{"-Inf", value, 0},
	{"'a'", value, 0},
	{"[", value, 1},
	{"[1,]", value, 3},
	{"[ , ]", value, 2},
	{"{\"a\":}", value, 5},
	{"{\"a\": ", value, 6},
	{"{", name, 1},
	{"{ a", name, 2},
	{"{1:2}", name, 1},
	{"{\"a\":1,}", name, 7},
	{"{\"a\":1, ", name, 8},
	{"{\"a\"", colon, 4},
	{"{\"a\" 1", colon, 5},
	{"{\"a\",", colon, 4},
	{"{\"a\":1", comma, 6},
	{"{\"a\":1]", comma, 6},
	{"[1", comma, 2},
	{"[1 2]", comma, 3},
	{"[1}", comma, 2},
	{"[01]", comma, 2},
	{"{} x", extra, 3},
	{"01", extra, 1},
	{"1.", extra, 1},
	{"1.e1", extra, 1},
	{"1e", extra, 1},
	{"1e+", extra, 1},
	{"falsee", extra, 5},
	{"[]]", extra, 2},
	{"\"abc", open_end, 0},
	{"[\"\\", open_end, 1},
	{"\"a\tb\"", control, 2},
	{"\"\x1f\"", control, 1},
	{"\"a\\x\"", escape, 2},
	{"\"\\'\"", escape, 1},
	{"\"\\u12\"", unicode, 2},
	{"\"\\u12G4\"", unicode, 2},
	{"\"\\u0041", unicode, 2},
	{"\"\\ud83d\\u12\"", unicode, 8},
	{"\"\\ud83d\\ude00", unicode, 8},
	{"[\"é😀\" 1]", comma, 6},
	{"\"é\\x\"", escape, 2},
	{"\xef\xbb\xbf x", value, 1},
	{"\xef\xbb\xbf\xef\xbb\xbf{}", value, 0},
	{"[\"é\xff\"]", encoding, 3},
	{"\"\xc0\x80\"", encoding, 1},
	{"\"\xed\xa0\x80\"", encoding, 1},
	{"\"\xf4\x90\x80\x80\"", encoding, 1},
	{"\"é\xc3", encoding, 2},
	{"} \xff", encoding, 2},
};

static void
complaints_are_pythons(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(complaints); i++)
		assert_fault(complaints[i].text, strlen(complaints[i].text),
			     JSON_BODY, complaints[i].reason,
			     complaints[i].position);
}

static void
a_raw_nul_is_refused(void **state)
{
	(void)state;
	assert_fault("\"a\0b\"", 5, JSON_BODY, control, 2);
	assert_fault("{}\0", 3, JSON_BODY, extra, 2);
	assert_fault("\0", 1, JSON_BODY, value, 0);
	assert_fault("[1\0,2]", 6, JSON_BODY, comma, 2);
}

static void
members_are_found_by_their_exact_name(void **state)
{
	const struct json *v = parsed("{\"Email\":1,\"email\":\"x\"}");

	(void)state;
	assert_string_equal(json_text(json_member(v, "email")), "x");
	assert_null(json_text(json_member(v, "Email")));
	assert_null(json_member(v, "EMAIL"));
	assert_null(json_member(parsed("[\"email\"]"), "email"));
	assert_null(json_member(parsed("1"), "email"));
}

static void
elements_come_in_order(void **state)
{
	const struct json *v = json_first(parsed("{\"b\":null,\"a\":[false]}"));

	(void)state;
	assert_string_equal(json_name(v), "b");
	assert_int_equal(json_type(v), JSON_NULL);
	v = json_next(v);
	assert_string_equal(json_name(v), "a");
	assert_int_equal(json_type(v), JSON_ARRAY);
	assert_null(json_next(v));
	assert_int_equal(json_type(json_first(v)), JSON_FALSE);
	assert_null(json_first(parsed("{}")));
	assert_null(json_first(parsed("\"x\"")));
}

static void
the_last_duplicate_wins_at_the_place_of_the_first(void **state)
{
	(void)state;
	assert_string_equal(
		written("{\"a\":1,\"b\":{\"c\":1,\"c\":2},\"a\":[3,4],\"d\":5}"),
		"{\"a\":[3,4],\"b\":{\"c\":2},\"d\":5}");
	assert_string_equal(written("{\"a\":[1],\"\\u0061\":2.50,\"a\":7}"),
			    "{\"a\":7}");
	assert_string_equal(written("[{\"a\":1,\"a\":2},3]"), "[{\"a\":2},3]");
}

static void
tokens_may_not_be_ambiguous(void **state)
{
	const struct json *v;
	struct json_fault fault;

	(void)state;
	assert_int_equal(parse_bytes("{\"a\":{\"b\":1,\"b\":1}}", 19,
				     JSON_TOKEN, &v, &fault),
			 ERR_UNPROCESSABLE);
	assert_fault("[NaN]", 5, JSON_TOKEN, value, 1);
	assert_fault("-Infinity", 9, JSON_TOKEN, value, 0);
	assert_fault("\xef\xbb\xbf{}", 5, JSON_TOKEN, value, 0);
	assert_int_equal(
		parse_bytes("{\"a\":1,\"A\":1}", 13, JSON_TOKEN, &v, &fault),
		OK);
}

static void
what_text_cannot_hold_is_marked(void **state)
{
	const char *text = json_text(parsed("\"a\\u0000b\\ud800c\\uDC00\""));

	(void)state;
	assert_string_equal(text, "a\xff"
				  "b\xff"
				  "c\xff");
	assert_false(json_text_is_clean(text));
	assert_false(json_text_is_clean(json_text(parsed("\"\\ud83dx\""))));
	assert_false(json_text_is_clean(
		json_text(parsed("\"\\ud83d\\u0041\\ude00\""))));
	text = json_text(parsed("\"\\ud83d\\ude00 \\u00ff \\\\u0000\""));
	assert_string_equal(text, "😀 ÿ \\u0000");
	assert_true(json_text_is_clean(text));
	assert_string_equal(written("[\"\\u0000\"]"), "[\"\xef\xbf\xbd\"]");
}

static void
numbers_keep_their_spelling(void **state)
{
	const struct json *v = json_first(
		parsed("[12345678901234567890123,{\"a\":1.50},-0,2E+3,NaN]"));

	(void)state;
	assert_string_equal(json_number_text(v), "12345678901234567890123");
	assert_true(json_number_is_int(v));
	v = json_next(v);
	assert_null(json_number_text(v));
	assert_string_equal(json_number_text(json_first(v)), "1.50");
	assert_false(json_number_is_int(json_first(v)));
	assert_true(json_number(json_first(v)) == 1.5);
	v = json_next(v);
	assert_string_equal(json_number_text(v), "-0");
	assert_true(json_number_is_int(v));
	v = json_next(v);
	assert_string_equal(json_number_text(v), "2E+3");
	assert_false(json_number_is_int(v));
	v = json_next(v);
	assert_string_equal(json_number_text(v), "NaN");
	assert_false(json_number_is_int(v));
	assert_true(json_number(v) != json_number(v));
}

static void
whole_numbers_are_told_from_others(void **state)
{
	static const char *const others[] = {"9223372036854775808",
					     "-9223372036854775809",
					     "0.5",
					     "1e400",
					     "-Infinity",
					     "NaN",
					     "1e19",
					     "\"1\"",
					     "9223372036854775807.0"};
	int64_t n = 7;

	(void)state;
	assert_true(json_number_int64(parsed("9223372036854775807"), &n));
	assert_true(n == INT64_MAX);
	assert_true(json_number_int64(parsed("-9223372036854775808"), &n));
	assert_true(n == INT64_MIN);
	assert_true(json_number_int64(parsed("1795454066.0"), &n));
	assert_true(n == 1795454066);
	assert_true(json_number_int64(parsed("-0"), &n));
	assert_true(n == 0);
	n = 7;
	for (size_t i = 0; i < countof(others); i++)
		assert_false(json_number_int64(parsed(others[i]), &n));
	assert_true(n == 7);
}

static const char *const echoes[][2] = {
	{" { \"a\" : [ 1 , true , null ] } ", "{\"a\":[1,true,null]}"},
	{"[[],{},[[]],\"\"]", "[[],{},[[]],\"\"]"},
	{"{\"\":{\"b\":[]},\"c\":false}", "{\"\":{\"b\":[]},\"c\":false}"},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\\u007f\\u00e9\\u2028\"",
	 "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7fé\u2028\""},
	{"{\"\\n\\\"\":1}", "{\"\\n\\\"\":1}"},
	{"-0", "0"},
	{"-1", "-1"},
	{"9223372036854775808", "9223372036854775808"},
	{"-0.0", "-0.0"},
	{"0e5", "0.0"},
	{"1.0", "1.0"},
	{"1.50", "1.5"},
	{"1e5", "100000.0"},
	{"123456789.125", "123456789.125"},
	{"1e15", "1000000000000000.0"},
	{"9999999999999998.0", "9999999999999998.0"},
	{"1e16", "1e+16"},
	{"12345678901234567890.0", "1.2345678901234567e+19"},
	{"1E+22", "1e+22"},
	{"1e-4", "0.0001"},
	{"0.00012", "0.00012"},
	{"1e-5", "1e-05"},
	{"-1.5e-7", "-1.5e-07"},
	{"0.1", "0.1"},
	{"0.30000000000000004", "0.30000000000000004"},
	{"5e-324", "5e-324"},
	{"2.2250738585072014e-308", "2.2250738585072014e-308"},
	{"1.7976931348623157e308", "1.7976931348623157e+308"},
	{"1e-400", "0.0"},
	{"[1e400,-1e400,NaN,Infinity,-Infinity]", "[null,null,null,null,null]"},
};

static void
values_are_written_as_python_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(echoes); i++)
		assert_string_equal(written(echoes[i][0]), echoes[i][1]);
}

static void
a_value_is_written_without_its_neighbours(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, mem, 16);
	json_write(&b, json_first(parsed("{\"a\":{\"x\":[1]},\"b\":2}")));
	assert_string_equal(b.data, "{\"x\":[1]}");
}

static void
written_text_is_always_utf8(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, mem, 16);
	json_write_text(&b, "a\xff\xc3(\xed\xa0\x80é\xf0\x9f");
	assert_string_equal(b.data, "\"a\ufffd\ufffd(\ufffd\ufffd\ufffdé"
				    "\ufffd\ufffd\"");
}

static void
a_document_is_built_with_commas_where_they_are_due(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, mem, 8);
	json_begin(&b, NULL, '{');
	json_begin(&b, "empty", '[');
	json_end(&b, ']');
	json_begin(&b, "list", '[');
	json_add_text(&b, NULL, "{");
	json_add_text(&b, NULL, "\"[");
	json_add_raw(&b, NULL, "1");
	json_begin(&b, NULL, '{');
	json_end(&b, '}');
	json_end(&b, ']');
	json_add_text(&b, "a\"", "[");
	json_add_raw(&b, "raw", "null");
	json_end(&b, '}');

	assert_string_equal(b.data,
			    "{\"empty\":[],\"list\":[\"{\",\"\\\"[\",1,{}],"
			    "\"a\\\"\":\"[\",\"raw\":null}");
}

static void
depth_is_limited(void **state)
{
	const char *most = repeated("", "[", JSON_DEPTH_LIMIT, "");

	(void)state;
	assert_string_equal(written(repeated(most, "]", 64, "")),
			    repeated(most, "]", 64, ""));
	assert_too_much(repeated(most, "[", 1, ""));
	assert_too_much(repeated("", "{\"a\":", JSON_DEPTH_LIMIT + 1, ""));
	assert_too_much(repeated("", "[", 100000, ""));
	/* Side by side is not deep. */
	assert_int_equal(json_type(parsed(repeated("[", "[{}],", 200, "1]"))),
			 JSON_ARRAY);
}

static void
members_and_values_are_limited(void **state)
{
	(void)state;
	assert_int_equal(
		json_type(parsed(repeated("{", "\"a\":1,", 255, "\"a\":1}"))),
		JSON_OBJECT);
	assert_too_much(repeated("{", "\"a\":1,", 256, "\"a\":1}"));
	assert_int_equal(json_type(parsed(repeated("[", "1,", 9998, "1]"))),
			 JSON_ARRAY);
	assert_too_much(repeated("[", "1,", 9999, "1]"));
	assert_too_much(repeated("[", "1,", 100000, "1]"));
}

static void
ints_are_as_long_as_python_allows(void **state)
{
	(void)state;
	assert_int_equal(strlen(written(repeated("-", "9", 4300, ""))), 4301);
	assert_too_much(repeated("", "9", 4301, ""));
	assert_string_equal(written(repeated("0.", "9", 100000, "")), "1.0");
}

static void
long_texts_are_read_whole(void **state)
{
	const char *text = repeated("\"", "\\u00e9x", 150000, "\"");

	(void)state;
	assert_int_equal(strlen(json_text(parsed(text))), 450000);
	assert_fault(repeated("\"", "\\\\", 500000, ""), 1000001, JSON_BODY,
		     open_end, 0);
}

static void
the_input_need_not_be_terminated(void **state)
{
	const struct json *v;
	struct json_fault fault;

	(void)state;
	assert_int_equal(parse_bytes("123", 2, JSON_BODY, &v, &fault), OK);
	assert_string_equal(json_number_text(v), "12");
	assert_int_equal(parse_bytes("truex", 4, JSON_BODY, &v, &fault), OK);
	assert_fault("true", 3, JSON_BODY, value, 0);
	assert_fault(NULL, 0, JSON_BODY, value, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaints_are_pythons),
		cmocka_unit_test(a_raw_nul_is_refused),
		cmocka_unit_test(members_are_found_by_their_exact_name),
		cmocka_unit_test(elements_come_in_order),
		cmocka_unit_test(
			the_last_duplicate_wins_at_the_place_of_the_first),
		cmocka_unit_test(tokens_may_not_be_ambiguous),
		cmocka_unit_test(what_text_cannot_hold_is_marked),
		cmocka_unit_test(numbers_keep_their_spelling),
		cmocka_unit_test(whole_numbers_are_told_from_others),
		cmocka_unit_test(values_are_written_as_python_does),
		cmocka_unit_test(a_value_is_written_without_its_neighbours),
		cmocka_unit_test(written_text_is_always_utf8),
		cmocka_unit_test(
			a_document_is_built_with_commas_where_they_are_due),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(members_and_values_are_limited),
		cmocka_unit_test(ints_are_as_long_as_python_allows),
		cmocka_unit_test(long_texts_are_read_whole),
		cmocka_unit_test(the_input_need_not_be_terminated),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
