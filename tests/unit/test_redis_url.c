/* SPDX-License-Identifier: MIT */
#include "base/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int
open_arena(void **state)
{
	*state = arena_open(0, 1 << 20);
	return 0;
}

static int
close_arena(void **state)
{
	arena_close(*state);
	return 0;
}

static void
assert_same(const char *got, const char *expected)
{
	if (expected == NULL)
		assert_null(got);
	else
		assert_string_equal(got, expected);
}

static void
each_part_of_an_address_is_found(void **state)
{
	static const struct {
		const char *url;
		struct redis_url parts;
	} cases[] = {
		{"redis://cache", {NULL, "cache", 6379, 0, NULL, NULL}},
		{"redis://cache/", {NULL, "cache", 6379, 0, NULL, NULL}},
		{"redis://10.0.0.1:7000/3",
		 {NULL, "10.0.0.1", 7000, 3, NULL, NULL}},
		{"redis://[::1]:7000", {NULL, "::1", 7000, 0, NULL, NULL}},
		{"redis://[::1]/2", {NULL, "::1", 6379, 2, NULL, NULL}},
		{"redis://:pass@cache", {NULL, "cache", 6379, 0, NULL, "pass"}},
		{"redis://me:a%3Ab%40%2f%25@cache:1/0",
		 {NULL, "cache", 1, 0, "me", "a:b@/%"}},
		{"redis://me:p@ss@cache",
		 {NULL, "cache", 6379, 0, "me", "p@ss"}},
		{"unix:/run/redis.sock",
		 {"/run/redis.sock", NULL, 0, 0, NULL, NULL}},
		{"unix:/r?database=4&password=%41b",
		 {"/r", NULL, 0, 4, NULL, "Ab"}},
		{"unix:/r?password=a", {"/r", NULL, 0, 0, NULL, "a"}},
	};

	for (size_t i = 0; i < countof(cases); i++) {
		struct redis_url got;

		assert_null(redis_url_read(*state, cases[i].url, &got));
		assert_same(got.path, cases[i].parts.path);
		assert_same(got.host, cases[i].parts.host);
		assert_int_equal(got.port, cases[i].parts.port);
		assert_int_equal(got.database, cases[i].parts.database);
		assert_same(got.user, cases[i].parts.user);
		assert_same(got.password, cases[i].parts.password);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"redis",
		"redis://",
		"redis:///0",
		"redis://:7000",
		"redis://cache:",
		"redis://cache:0",
		"redis://cache:65536",
		"redis://cache:7a",
		"redis://cache/x",
		"redis://cache/-1",
		"redis://cache/1/2",
		"redis://cache?database=1",
		"redis://pass@cache",
		"redis://me:@cache",
		"redis://me:a%4@cache",
		"redis://me:a%@cache",
		"redis://me:a%zz@cache",
		"redis://me:a%00@cache",
		"redis://[::1",
		"redis://[]:1",
		"redis://[::1]7000",
		"rediss://cache",
		"http://cache",
		"unix:",
		"unix:redis.sock",
		"unix:/r?x=1",
		"unix:/r?database=x",
		"unix:/r?database=1&",
		"unix:/r?password=%4",
		"unix:/"
		"123456789012345678901234567890123456789012345678901234567890"
		"123456789012345678901234567890123456789012345678901234567890",
	};
	struct redis_url parts;

	for (size_t i = 0; i < countof(refused); i++) {
		const char *why = redis_url_read(*state, refused[i], &parts);

		if (why == NULL)
			fail_msg("%s is taken", refused[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_of_an_address_is_found),
		cmocka_unit_test(what_is_no_address_is_refused),
	};

	return cmocka_run_group_tests_name("redis_url", tests, open_arena,
					   close_arena);
}
