/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CANONICAL "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"
#define BARE "0b5e2ab41a0e4b9e9d7a3f2c1d0e9b8a"
#define ONES "11111111111111111111111111"

static void
new_ones_are_random_and_of_version_4(void **state)
{
	(void)state;
	char one[UUID_SIZE];
	char two[UUID_SIZE];
	char read[UUID_SIZE];

	for (int i = 0; i < 100; i++) {
		uuid_new(one);
		uuid_new(two);

		assert_string_not_equal(one, two);
		assert_int_equal(strlen(one), 36);
		assert_int_equal(one[14], '4');
		assert_non_null(strchr("89ab", one[19]));
		assert_true(uuid_parse(one, read));
		assert_string_equal(read, one);
	}
}

static void
every_spelling_of_python_becomes_the_canonical_one(void **state)
{
	static const char *const spellings[] = {
		CANONICAL,
		BARE,
		"0B5E2AB4-1A0E-4B9E-9D7A-3F2C1D0E9B8A",
		"{" CANONICAL "}",
		"{{" BARE,
		BARE "}}{",
		"urn:uuid:" CANONICAL,
		"uuid:" CANONICAL,
		"urn:" CANONICAL,
		"uuid:urn:" CANONICAL,
		CANONICAL "urn:",
		"0b5e2ab4urn:1a0e4b9euuid:9d7a3f2c1d0e9b8a",
		"uuurn:id:" BARE,
		"-" BARE "-",
		"0b5e2ab41a0e4b9e9d7a3f2c1d0e9b8-a--",
		"{0b-5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a}",
	};
	char out[UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < countof(spellings); i++) {
		assert_true(uuid_parse(spellings[i], out));
		assert_string_equal(out, CANONICAL);
	}
}

/* 32 characters that int(text, 16) takes are enough for Python. */
static void
numbers_as_python_reads_them_are_taken(void **state)
{
	static const char *const pairs[][2] = {
		{"0x" ONES "1111", "00111111-1111-1111-1111-111111111111"},
		{"0X_" ONES "111", "00011111-1111-1111-1111-111111111111"},
		{"+" ONES "11111", "01111111-1111-1111-1111-111111111111"},
		{" \t" ONES "11\n\r", "00001111-1111-1111-1111-111111111111"},
		{"1_1_1_" ONES, "00011111-1111-1111-1111-111111111111"},
		{"  +0x" ONES "1", "00000111-1111-1111-1111-111111111111"},
	};
	char out[UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < countof(pairs); i++) {
		assert_true(uuid_parse(pairs[i][0], out));
		assert_string_equal(out, pairs[i][1]);
	}
}

static void
anything_else_is_none_and_leaves_the_answer_alone(void **state)
{
	static const char *const refused[] = {
		"",
		"me",
		"-",
		"{}",
		"urn:uuid:",
		"0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8",
		CANONICAL "0",
		"gb5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a",
		"URN:UUID:" CANONICAL,
		" " CANONICAL,
		CANONICAL "\n",
		"(" CANONICAL ")",
		"0b5e{}2ab41a0e4b9e9d7a3f2c1d0e9b8a",
		"-{" BARE "}-",
		"_" ONES "11111",
		ONES "11111_",
		"1__1" ONES "11",
		"0x_",
		"0x                              ",
		"+ " ONES "1111",
		"++" ONES "1111",
		"0x0x" ONES "11",
		"                                ",
		"\x1c" ONES "11111",
		BARE "\xc3\xa9",
		"urnn:" CANONICAL,
		"00000000-0000-0000-0000-0000000000001",
	};
	char out[UUID_SIZE] = "untouched";

	(void)state;
	for (size_t i = 0; i < countof(refused); i++) {
		assert_false(uuid_parse(refused[i], out));
		assert_string_equal(out, "untouched");
	}
}

static void
a_text_without_end_is_none(void **state)
{
	(void)state;
	char text[5000];
	char out[UUID_SIZE];

	memset(text, '-', sizeof(text));
	memcpy(text, BARE, strlen(BARE));
	text[sizeof(text) - 1] = '\0';

	assert_false(uuid_parse(text, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_ones_are_random_and_of_version_4),
		cmocka_unit_test(
			every_spelling_of_python_becomes_the_canonical_one),
		cmocka_unit_test(numbers_as_python_reads_them_are_taken),
		cmocka_unit_test(
			anything_else_is_none_and_leaves_the_answer_alone),
		cmocka_unit_test(a_text_without_end_is_none),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
