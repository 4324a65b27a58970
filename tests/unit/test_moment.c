/* SPDX-License-Identifier: MIT */
#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"

static const char *
json_of(struct arena *mem, const char *text)
{
	struct moment m;
	const char *why = moment_read_time(text, &m);

	if (why != NULL)
		return why;
	return moment_to_utc(&m) ? moment_json_text(mem, &m) : "not in UTC";
}

static void
times_are_read_as_pydantic_reads_them_and_shown_in_utc(void **state)
{
	static const char *const cases[][2] = {
		{"2020-01-01T10:20", "2020-01-01T10:20:00Z"},
		{"2020-01-01 10:20:30.123456789",
		 "2020-01-01T10:20:30.123456Z"},
		{"2020-01-01T10:20:30,5", "2020-01-01T10:20:30.500000Z"},
		{"2020-01-01t10:20z", "2020-01-01T10:20:00Z"},
		{"2020-01-01_10:20:30+02:00", "2020-01-01T08:20:30Z"},
		{"2020-01-01T10:20:30-0230", "2020-01-01T12:50:30Z"},
		{"2020-01-01 10:20:30+02", "2020-01-01T08:20:30Z"},
		{"2020-01-01T00:00:00+00:01", "2019-12-31T23:59:00Z"},
		{"2000-02-29T23:59:59-23:59", "2000-03-01T23:58:59Z"},
		{"1", "1970-01-01T00:00:01Z"},
		{"-1", "1969-12-31T23:59:59Z"},
		{"-1.5", "1969-12-31T23:59:58.500000Z"},
		{".5", "1970-01-01T00:00:00.500000Z"},
		{"5.", "1970-01-01T00:00:05Z"},
		{"1577836800", "2020-01-01T00:00:00Z"},
		{"1577836800000", "2020-01-01T00:00:00Z"},
		{"-62135596800", "1968-01-12T20:06:43.200000Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		{"9999-12-31T23:59:59-00:01", "not in UTC"},
		{"0001-01-01T00:00:00+00:01", "not in UTC"},
		{"0000-01-01T00:00:00", "not in UTC"},
		{"", "input is too short"},
		{"2020-01-01", "input is too short"},
		{"2020-01-01T", "input is too short"},
		{"2020-01-01T10:2", "input is too short"},
		{"2020-01-01T10:20:3", "input is too short"},
		{"20x0-01-01T10:20", "invalid character in year"},
		{"2020/01-01T10:20", "invalid date separator, expected `-`"},
		{"2020-13-01T10:20",
		 "month value is outside expected range of 1-12"},
		{"2021-02-29T10:20", "day value is outside expected range"},
		{"1900-02-29T10:20", "day value is outside expected range"},
		{"2020-01-01x10:20", "invalid datetime separator, expected "
				     "`T`, `t`, `_` or space"},
		{"2020-01-01T24:00",
		 "hour value is outside expected range of 0-23"},
		{"2020-01-01T10:60",
		 "minute value is outside expected range of 0-59"},
		{"2020-01-01T10:20:60",
		 "second value is outside expected range of 0-59"},
		{"2020-01-01T10:20:30+24:00",
		 "timezone offset must be less than 24 hours"},
		{"2020-01-01T10:20:30Z ",
		 "unexpected extra characters at the end of the input"},
		{"2020-01-01T10:20:30.",
		 "second fraction digits missing after `.`"},
		{"1e400", "input is too short"},
	};
	struct arena *mem = arena_open(0, (size_t)1 << 20);

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *found = json_of(mem, cases[i][0]);

		if (strcmp(found, cases[i][1]) != 0)
			fail_msg("%s: %s", cases[i][0], found);
	}
	arena_close(mem);
}

static void
a_date_is_a_day_there_is(void **state)
{
	static const char *const good[] = {"2020-02-29", "0001-01-01",
					   "9999-12-31"};
	static const char *const bad[] = {
		"2020-02-30", "2020-1-1",    "2020-00-01",  "2020-01-00",
		"2020-01-32", "2020-01-01 ", " 2020-01-01", "20200101",
		"",           "-020-01-01",  "2020-01-0x"};
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct moment m;

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		assert_null(moment_read_date(good[i], &m));
		assert_string_equal(moment_date_text(mem, &m), good[i]);
	}
	for (size_t i = 0; i < countof(bad); i++)
		assert_non_null(moment_read_date(bad[i], &m));
	arena_close(mem);
}

/* Each day from 1600 to 2400, there and back again. */
static void
every_day_comes_back_from_its_number(void **state)
{
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct moment last = {.year = 1599, .month = 12, .day = 31};

	(void)state;
	for (int64_t day = -135140; day < 157054; day++) {
		struct moment m;
		struct moment again;

		assert_null(moment_from_number((double)day * 86400 / 1000, &m));
		assert_null(moment_from_number((double)day * 86400, &m));
		again = m;
		assert_true(moment_to_utc(&again));
		assert_memory_equal(&again, &m, sizeof(m));
		assert_true(m.year > last.year ||
			    (m.year == last.year &&
			     (m.month > last.month ||
			      (m.month == last.month && m.day > last.day))));
		last = m;
	}
	assert_string_equal(moment_date_text(mem, &last), "2399-12-31");
	arena_close(mem);
}

/* Some twelve days apart, from year 1 to 9999. */
static void
seconds_are_split_as_the_system_splits_them(void **state)
{
	(void)state;
	for (int64_t at = INT64_C(-62135596800); at < INT64_C(253402300800);
	     at += 1000003) {
		time_t when = (time_t)at;
		struct tm tm;
		struct moment m = {0};

		assert_non_null(gmtime_r(&when, &tm));
		moment_from_seconds(&m, at);
		assert_int_equal(m.year, tm.tm_year + 1900);
		assert_int_equal(m.month, tm.tm_mon + 1);
		assert_int_equal(m.day, tm.tm_mday);
		assert_int_equal(m.hour, tm.tm_hour);
		assert_int_equal(m.minute, tm.tm_min);
		assert_int_equal(m.second, tm.tm_sec);
	}
}

static void
numbers_that_are_no_times_are_refused(void **state)
{
	struct moment m;

	(void)state;
	assert_non_null(moment_from_number(__builtin_nan(""), &m));
	assert_non_null(moment_from_number(__builtin_inf(), &m));
	assert_non_null(moment_from_number(-__builtin_inf(), &m));
	assert_non_null(moment_from_number(1e18, &m));
	assert_non_null(moment_from_number(-1e18, &m));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			times_are_read_as_pydantic_reads_them_and_shown_in_utc),
		cmocka_unit_test(a_date_is_a_day_there_is),
		cmocka_unit_test(every_day_comes_back_from_its_number),
		cmocka_unit_test(seconds_are_split_as_the_system_splits_them),
		cmocka_unit_test(numbers_that_are_no_times_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
