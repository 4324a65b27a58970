/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

static int
set_up(void **state)
{
	*state = arena_open(0, (size_t)1 << 24);
	log_set_level(LEVEL_INFO);
	log_set_request(NULL);
	return 0;
}

static int
tear_down(void **state)
{
	arena_close(*state);
	return 0;
}

/* Growing texts. */

static void
a_new_buf_is_an_empty_text(void **state)
{
	struct buf b;

	buf_init(&b, *state, 0);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

static void
everything_is_appended_in_order(void **state)
{
	struct buf b;

	buf_init(&b, *state, 0);
	buf_text(&b, "text ");
	buf_char(&b, 'c');
	buf_add(&b, " bytes", 6);
	buf_add(&b, NULL, 0);
	buf_char(&b, ' ');
	buf_number(&b, -17);
	buf_printf(&b, " %s=%d", "x", 5);
	assert_string_equal(b.data, "text c bytes -17 x=5");
	assert_int_equal(b.len, strlen(b.data));
}

static void
numbers_of_all_sizes_are_written(void **state)
{
	struct buf b;

	buf_init(&b, *state, 0);
	buf_number(&b, 0);
	buf_char(&b, ' ');
	buf_number(&b, INT64_MAX);
	buf_char(&b, ' ');
	buf_number(&b, INT64_MIN);
	assert_string_equal(b.data,
			    "0 9223372036854775807 -9223372036854775808");
}

static void
a_buf_grows_past_every_boundary(void **state)
{
	struct buf b;

	buf_init(&b, *state, 0);
	for (size_t i = 0; i < 100000; i++) {
		assert_int_equal(b.len, i);
		assert_int_equal(b.data[b.len], '\0');
		buf_char(&b, (char)('a' + i % 26));
	}
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
}

static void
formatting_fits_exactly_at_each_length(void **state)
{
	for (int len = 0; len < 100; len++) {
		struct buf b;

		buf_init(&b, *state, 16);
		buf_printf(&b, "%*s", len, "");
		assert_int_equal(b.len, len);
		assert_int_equal(strlen(b.data), len);
	}
}

static void
a_reset_keeps_the_room(void **state)
{
	struct buf b;
	const char *before;

	buf_init(&b, *state, 100);
	buf_text(&b, "something");
	before = b.data;
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_text(&b, "else");
	assert_ptr_equal(b.data, before);
}

static void
inner_nul_bytes_are_kept(void **state)
{
	struct buf b;

	buf_init(&b, *state, 0);
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b\0", 4);
}

/* The log. Its standard error goes to a pipe while a line is written. */

static char line[8192];

static const char *
line_of(enum log_level level, const struct log_field *fields)
{
	int ends[2];
	int kept = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_write(level, fields);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	n = read(ends[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	(void)close(kept);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return line;
}

/* The line from its level on. */
static const char *
text_of(enum log_level level, const struct log_field *fields)
{
	const char *text = line_of(level, fields);
	const char *start = strstr(text, "level=");

	assert_non_null(start);
	return start;
}

static void
a_line_starts_with_the_time_and_the_level(void **state)
{
	const struct log_field fields[] = {log_is("started"), {0}};
	const char *text = line_of(LEVEL_INFO, fields);

	(void)state;
	assert_memory_equal(text, "ts=2", 4);
	assert_int_equal(text[13], 'T');
	assert_string_equal(text + 27, " level=info event=started\n");
}

static void
fields_follow_in_order(void **state)
{
	const struct log_field fields[] = {
		log_is("x"),
		log_text("a", "b"),
		log_number("n", -5),
		log_text("empty", ""),
		log_text("none", NULL),
		{0},
	};

	(void)state;
	assert_string_equal(text_of(LEVEL_WARNING, fields),
			    "level=warning event=x a=b n=-5 empty=\"\" "
			    "none=\"\"\n");
}

static void
no_byte_of_a_value_starts_a_line_or_a_field(void **state)
{
	const struct log_field fields[] = {
		log_is("x"),
		log_text("v", "a b\nevent=y \"q\" \\ \x7f\xc3\xa4\x01"),
		{0},
	};

	(void)state;
	assert_string_equal(text_of(LEVEL_ERROR, fields),
			    "level=error event=x v=\"a b\\x0aevent=y \\\"q\\\" "
			    "\\\\ \\x7f\\xc3\\xa4\\x01\"\n");
}

static void
the_request_id_is_on_every_line_until_it_is_taken_away(void **state)
{
	const struct log_field fields[] = {log_is("x"), {0}};

	(void)state;
	log_set_request("r 1");
	assert_string_equal(text_of(LEVEL_INFO, fields),
			    "level=info event=x request=\"r 1\"\n");
	log_set_request(NULL);
	assert_string_equal(text_of(LEVEL_INFO, fields),
			    "level=info event=x\n");
}

static void
lines_above_the_level_are_dropped(void **state)
{
	const struct log_field fields[] = {log_is("x"), {0}};

	(void)state;
	log_set_level(LEVEL_WARNING);
	assert_false(log_wants(LEVEL_INFO));
	assert_true(log_wants(LEVEL_WARNING));
	assert_string_equal(line_of(LEVEL_INFO, fields), "");
	assert_string_not_equal(line_of(LEVEL_ERROR, fields), "");
}

static void
a_long_value_is_cut_and_what_follows_stays(void **state)
{
	char path[4091];
	const struct log_field fields[] = {log_is("request"),
					   log_text("method", path),
					   log_text("path", path),
					   log_number("status", 404),
					   {0}};
	const char *text;

	(void)state;
	for (int round = 0; round < 2; round++) {
		memset(path, round == 0 ? 'a' : '\n', sizeof(path) - 1);
		path[0] = '/';
		path[sizeof(path) - 1] = '\0';
		log_set_request("r1");
		text = text_of(LEVEL_INFO, fields);
		assert_non_null(strstr(text, "...\" status=404 request=r1\n"));
		assert_true(strlen(text) < 700);
	}
}

static void
a_value_is_cut_behind_its_256th_byte_and_not_within_an_escape(void **state)
{
	char value[300] = "";
	const struct log_field fields[] = {
		log_is("x"), log_text("v", value), {0}};
	const char *text;

	(void)state;
	memset(value, 'a', 256);
	text = text_of(LEVEL_INFO, fields);
	assert_int_equal(strlen(text), strlen("level=info event=x v=\n") + 256);
	assert_null(strstr(text, "..."));

	value[256] = 'b';
	text = text_of(LEVEL_INFO, fields);
	assert_int_equal(strlen(text),
			 strlen("level=info event=x v=\"...\"\n") + 256);
	assert_non_null(strstr(text, "a...\"\n"));

	memcpy(value + 253, "\n", 2);
	text = text_of(LEVEL_INFO, fields);
	assert_non_null(strstr(text, "a...\"\n"));
}

/* As many lines as no pipe holds; an unread log would block for ever. */
static void
a_log_that_nobody_reads_stops_nothing_and_counts_what_it_lost(void **state)
{
	const struct log_field fields[] = {log_is("full"), {0}};
	char last[65536] = "";
	int kept = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	for (int i = 0; i < 20000; i++)
		log_write(LEVEL_INFO, fields);
	while ((n = read(ends[0], last, sizeof(last))) > 0)
		continue;
	log_write(LEVEL_INFO, fields);
	n = read(ends[0], last, sizeof(last) - 1);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	assert_true(n > 0);
	last[n] = '\0';
	assert_non_null(strstr(last, "event=full dropped="));
	(void)close(kept);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
a_long_line_is_cut_and_still_ends(void **state)
{
	static char value[3 * 4096];
	struct log_field fields[32] = {log_is("x")};
	const char *text;

	(void)state;
	for (size_t i = 1; i < countof(fields) - 1; i++)
		fields[i] = log_text("v", value);
	memset(value, '\n', sizeof(value) - 1);
	text = line_of(LEVEL_INFO, fields);
	assert_int_equal(strlen(text), 4096);
	assert_ptr_equal(strchr(text, '\n'), text + 4095);
}

/* The line as an object, its time taken off. */
static const char *
object_of(const struct log_field *fields)
{
	static const char begin[] = "{\"time\":\"";
	const char *text;

	log_as_json(true);
	text = line_of(LEVEL_INFO, fields);
	log_as_json(false);
	assert_memory_equal(text, begin, sizeof(begin) - 1);
	text += sizeof(begin) - 1;
	assert_int_equal(text[10], 'T');
	assert_memory_equal(text + 23, "Z\",", 3);
	return text + 26;
}

static void
an_object_has_the_same_fields_as_a_line(void **state)
{
	const struct log_field fields[] = {log_is("request"),
					   log_text("user", NULL),
					   log_number("status", 200),
					   {0}};

	(void)state;
	log_set_request("r1");
	assert_string_equal(object_of(fields),
			    "\"level\":\"info\",\"event\":\"request\","
			    "\"user\":\"\",\"status\":200,"
			    "\"request\":\"r1\"}\n");
}

static void
no_byte_of_a_value_ends_its_string(void **state)
{
	const struct log_field fields[] = {
		log_text("v", "\"}\n{\\\x7f\xc2\x9b\xc3\xa9\xe2\x80\xa8"
			      "\xf0\x9f\x98\x80|\xff\xc3|\xed\xa0\x80\xe2\x80"),
		{0}};

	(void)state;
	assert_string_equal(object_of(fields),
			    "\"level\":\"info\",\"v\":\""
			    "\\\"}\\u000a{\\\\\\u007f\\u009b\\u00e9\\u2028"
			    "\\ud83d\\ude00|\\ufffd\\ufffd|\\ufffd\\ufffd"
			    "\\ufffd\\ufffd\\ufffd\"}\n");
}

static void
an_object_that_is_too_long_loses_fields_and_still_ends(void **state)
{
	static char value[3 * 4096];
	struct log_field fields[32] = {log_is("x")};
	const char *text;

	(void)state;
	memset(value, '\n', sizeof(value) - 1);
	for (size_t length = 1; length < 300; length++) {
		value[length] = '\0';
		for (size_t i = 1; i < countof(fields) - 1; i++)
			fields[i] = log_text("v", value);
		text = object_of(fields);
		assert_true(strlen(text) < 4096);
		assert_string_equal(text + strlen(text) - 3, "\"}\n");
		value[length] = '\n';
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_buf_is_an_empty_text),
		TEST(everything_is_appended_in_order),
		TEST(numbers_of_all_sizes_are_written),
		TEST(a_buf_grows_past_every_boundary),
		TEST(formatting_fits_exactly_at_each_length),
		TEST(a_reset_keeps_the_room),
		TEST(inner_nul_bytes_are_kept),
		TEST(a_line_starts_with_the_time_and_the_level),
		TEST(fields_follow_in_order),
		TEST(no_byte_of_a_value_starts_a_line_or_a_field),
		TEST(the_request_id_is_on_every_line_until_it_is_taken_away),
		TEST(lines_above_the_level_are_dropped),
		TEST(a_long_value_is_cut_and_what_follows_stays),
		TEST(a_value_is_cut_behind_its_256th_byte_and_not_within_an_escape),
		TEST(a_long_line_is_cut_and_still_ends),
		TEST(an_object_has_the_same_fields_as_a_line),
		TEST(no_byte_of_a_value_ends_its_string),
		TEST(an_object_that_is_too_long_loses_fields_and_still_ends),
		TEST(a_log_that_nobody_reads_stops_nothing_and_counts_what_it_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
