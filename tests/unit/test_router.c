/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static bool
matches(struct arena *mem, const char *pattern, const char *path)
{
	struct route_parts parts;

	return route_matches(mem, "/users", pattern, path, &parts);
}

static void
a_fixed_pattern_matches_only_itself(void **state)
{
	assert_true(matches(*state, "/me", "/users/me"));
	assert_false(matches(*state, "/me", "/users/me/"));
	assert_false(matches(*state, "/me", "/users/mee"));
	assert_false(matches(*state, "/me", "/users/m"));
	assert_false(matches(*state, "/me", "/Users/me"));
	assert_false(matches(*state, "/me", "//users/me"));
	assert_false(matches(*state, "/me", ""));
}

static void
a_placeholder_takes_one_segment_that_is_not_empty(void **state)
{
	struct route_parts parts;

	assert_true(
		route_matches(*state, "/users", "/{id}", "/users/a b", &parts));
	assert_string_equal(parts.id, "a b");
	assert_null(parts.key);
	assert_false(matches(*state, "/{id}", "/users/"));
	assert_false(matches(*state, "/{id}", "/users/a/b"));
	assert_false(matches(*state, "/{id}", "/users//a"));
	assert_true(matches(*state, "/{id}/end", "/users/a/end"));
	assert_false(matches(*state, "/{id}/end", "/users/a/ends"));
	assert_true(route_matches(*state, "/users", "/{id}/keys/{key}",
				  "/users/a/keys/b", &parts));
	assert_string_equal(parts.id, "a");
	assert_string_equal(parts.key, "b");
	assert_false(matches(*state, "/{id}/keys/{key}", "/users/a/keys/"));
	assert_false(matches(*state, "/{id}/keys/{key}", "/users/a/keys/b/"));
	assert_false(matches(*state, "/{id}/keys/{key}", "/users//keys/b"));
}

static void
slashes_at_the_end_are_taken_off_and_nothing_else(void **state)
{
	assert_string_equal(route_without_slash(*state, "/users/me//"),
			    "/users/me");
	assert_null(route_without_slash(*state, "/users/me"));
	assert_null(route_without_slash(*state, "///"));
	assert_null(route_without_slash(*state, ""));
}

static void
a_location_holds_no_byte_that_a_header_may_not(void **state)
{
	assert_string_equal(route_encode_path(*state, "/a b\r\n\xc3\xa9?"),
			    "/a%20b%0D%0A%C3%A9%3F");
	assert_string_equal(route_encode_path(*state, "/users/urn:uuid:(a+b)"),
			    "/users/urn:uuid:(a+b)");
	assert_string_equal(route_encode_query(*state, "a=1&b=%20\r\n\x01"),
			    "a=1&b=%20%0D%0A%01");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_pattern_matches_only_itself),
		cmocka_unit_test(
			a_placeholder_takes_one_segment_that_is_not_empty),
		cmocka_unit_test(
			slashes_at_the_end_are_taken_off_and_nothing_else),
		cmocka_unit_test(
			a_location_holds_no_byte_that_a_header_may_not),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
