/* SPDX-License-Identifier: MIT */
#include "base/integer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

/* What CPython 3.11 makes of int(text). */
static void
what_python_reads_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} cases[] = {
		{"7", 7},
		{"0", 0},
		{"-0", 0},
		{"+7", 7},
		{"-7", -7},
		{" 7 ", 7},
		{"\t\n\v\f\r 7\r\n", 7},
		{"007", 7},
		{"0_7", 7},
		{"1_000", 1000},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
		{"00000000000000000000000000000000000007", 7},
		{"\xd9\xa7", 7},         /* ARABIC-INDIC SEVEN */
		{"1\xd9\xa7", 17},       /* two scripts */
		{"\xef\xbc\x99", 9},     /* FULLWIDTH NINE */
		{"\xf0\x9d\x9f\x95", 7}, /* DOUBLE-STRUCK SEVEN */
		{"\xe3\x80\x80"
		 "7\xc2\xa0",
		 7}, /* wide blanks */
		{"\xc2\x85"
		 "7",
		 7},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		int64_t number = 42;

		if (!integer_parse(cases[i].text, &number) ||
		    number != cases[i].number)
			fail_msg("%s", cases[i].text);
	}
}

static void
what_python_refuses_or_nothing_can_hold_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"+",
		"-",
		"_",
		"_1",
		"1_",
		"1__0",
		"+_1",
		"- 7",
		"+-1",
		"7 7",
		"0x10",
		"7.0",
		"1e3",
		"seven",
		"\x1c"
		"7",
		"\xe2\x80\x8b"
		"7", /* ZERO WIDTH SPACE */
		"\xef\xbb\xbf"
		"7", /* BYTE ORDER MARK */
		"\xe2\x88\x92"
		"7",        /* MINUS SIGN */
		"\xc2\xb2", /* SUPERSCRIPT TWO */
		"\xc2\xbd", /* ONE HALF */
		"\xd9",     /* not UTF-8 */
		"7\xff",
		"9223372036854775808",
		"-9223372036854775809",
		"99999999999999999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		int64_t number = 42;

		if (integer_parse(texts[i], &number))
			fail_msg("%s", texts[i]);
		assert_int_equal(number, 42);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_python_reads_is_read),
		cmocka_unit_test(
			what_python_refuses_or_nothing_can_hold_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
