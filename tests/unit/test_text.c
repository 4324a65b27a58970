/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

static void
numbers_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"+1",
		" 1",
		"1 ",
		"1.0",
		"0x1",
		"1e3",
		"1a",
		"\xd9\xa1",
		"--1",
		"9223372036854775808",
		"-9223372036854775809",
		"99999999999999999999999",
	};
	int64_t n = 77;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(text_number(bad[i], INT64_MIN, INT64_MAX, &n));
	assert_int_equal(n, 77);
	assert_true(text_number("007", 0, 10, &n));
	assert_int_equal(n, 7);
	assert_true(text_number("-5", -10, 10, &n));
	assert_int_equal(n, -5);
	assert_true(text_number("9223372036854775807", 0, INT64_MAX, &n));
	assert_true(n == INT64_MAX);
	assert_true(text_number("-9223372036854775808", INT64_MIN, 0, &n));
	assert_true(n == INT64_MIN);
}

static void
numbers_out_of_their_bounds_are_refused(void **state)
{
	int64_t n = 77;

	(void)state;
	assert_true(text_number("1", 1, 3, &n));
	assert_true(text_number("3", 1, 3, &n));
	assert_false(text_number("0", 1, 3, &n));
	assert_false(text_number("4", 1, 3, &n));
	assert_int_equal(n, 3);
}

static bool
is_utf8(const char *text)
{
	return text_is_utf8(text, strlen(text));
}

static void
well_formed_utf8_is_told_from_the_rest(void **state)
{
	static const char *const good[] = {
		"",
		"a",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc2",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc2\x41",
		"\xe2\x82\x41",
		"\xf0\x9f\x98\x41",
		"a\xffz",
	};

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		assert_true(is_utf8(good[i]));
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(is_utf8(bad[i]));
	assert_true(text_is_utf8("a\0b", 3));
	assert_false(text_is_utf8("\xc3\xa4", 1));
}

static void
characters_are_counted_and_measured(void **state)
{
	const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";

	(void)state;
	assert_int_equal(text_utf8_count(text, strlen(text)), 4);
	assert_int_equal(text_utf8_count("", 0), 0);
	assert_int_equal(text_utf8_length('a'), 1);
	assert_int_equal(text_utf8_length(0xc3), 2);
	assert_int_equal(text_utf8_length(0xe2), 3);
	assert_int_equal(text_utf8_length(0xf0), 4);
	assert_int_equal(text_utf8_length(0x80), 0);
	assert_int_equal(text_utf8_length(0xc1), 0);
	assert_int_equal(text_utf8_length(0xf5), 0);
}

static void
case_of_ascii_letters_does_not_count(void **state)
{
	(void)state;
	assert_true(text_same("Content-Type", "content-TYPE"));
	assert_false(text_same("a", "ab"));
	assert_false(text_same("\xc3\xa4", "\xc3\x84"));
	assert_true(text_same_n("Bearer x", "bearer", 6));
	assert_string_equal(text_lower((char[]){"AZ[az\xc3\x84"}),
			    "az[az\xc3\x84");
	assert_false(text_same_n("Bearer", "Basic", 5));
	assert_true(text_starts("prefix", "pre"));
	assert_true(text_starts("x", ""));
	assert_false(text_starts("pre", "prefix"));
	assert_false(text_starts("Prefix", "pre"));
}

static void
hexadecimal_digits_have_values(void **state)
{
	(void)state;
	assert_int_equal(text_hex_value('0'), 0);
	assert_int_equal(text_hex_value('9'), 9);
	assert_int_equal(text_hex_value('a'), 10);
	assert_int_equal(text_hex_value('F'), 15);
	assert_int_equal(text_hex_value('g'), -1);
	assert_int_equal(text_hex_value('/'), -1);
	assert_int_equal(text_hex_value(':'), -1);
	assert_int_equal(text_hex_value('\xff'), -1);
}

static void
times_are_written_as_rfc_3339(void **state)
{
	struct arena *mem = arena_open(0, 1 << 20);

	(void)state;
	assert_string_equal(clock_text(mem, 0), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_text(mem, 951782400), "2000-02-29T00:00:00Z");
	assert_string_equal(clock_text(mem, 4102444799),
			    "2099-12-31T23:59:59Z");
	assert_true(clock_now() > 1600000000);
	arena_close(mem);
}

static void
the_monotonic_clock_is_never_set_back(void **state)
{
	int64_t before = clock_monotonic();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t after = clock_monotonic();

		assert_true(after >= before);
		before = after;
	}
}

static void
every_outcome_has_a_status_and_words(void **state)
{
	(void)state;
	assert_int_equal(err_status(OK), 200);
	assert_string_equal(err_detail(OK), "OK");
	for (int e = OK + 1; e < ERR__COUNT; e++) {
		assert_in_range(err_status((enum err)e), 400, 599);
		assert_string_not_equal(err_detail((enum err)e), "");
		assert_string_not_equal(err_name((enum err)e), "");
		assert_string_not_equal(err_sentence((enum err)e), "");
	}
	assert_int_equal(err_status(ERR_UNPROCESSABLE), 422);
	assert_string_equal(err_name(ERR_DATABASE_DOWN), "DATABASE_DOWN");
	assert_string_equal(err_detail(ERR_UNAUTHORIZED), "Unauthorized");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_strictly),
		cmocka_unit_test(numbers_out_of_their_bounds_are_refused),
		cmocka_unit_test(well_formed_utf8_is_told_from_the_rest),
		cmocka_unit_test(characters_are_counted_and_measured),
		cmocka_unit_test(case_of_ascii_letters_does_not_count),
		cmocka_unit_test(hexadecimal_digits_have_values),
		cmocka_unit_test(times_are_written_as_rfc_3339),
		cmocka_unit_test(the_monotonic_clock_is_never_set_back),
		cmocka_unit_test(every_outcome_has_a_status_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
