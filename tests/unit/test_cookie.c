/* SPDX-License-Identifier: MIT */
#include "http/cookie.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"

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

struct sample {
	const char *header;
	const char *value; /* of the cookie "s"; NULL: none */
};

static void
assert_values(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = cookie_value(mem, samples[i].header, "s");

		if (samples[i].value == NULL) {
			assert_null(value);
		} else {
			assert_non_null(value);
			assert_string_equal(value, samples[i].value);
		}
	}
}

static void
a_cookie_is_found_by_its_exact_name(void **state)
{
	static const struct sample samples[] = {
		{"s=x", "x"},
		{"a=1; s=x; b=2", "x"},
		{"a=1;s=x;b=2", "x"},
		{" s\t= x ;", "x"},
		{"s=x=y==", "x=y=="},
		{"S=x", NULL},
		{"ss=x", NULL},
		{"a=s=x", NULL},
		{"x; =s; s", NULL},
		{";;=;", NULL},
		{"", NULL},
		{"s=%41+b", "%41+b"},
		{"s=a b", "a b"},
		{"s=a,t=b", "a,t=b"},
		{"$Version=1; s=x", "x"},
	};

	(void)state;
	assert_values(samples, countof(samples));
}

static void
the_last_of_several_wins(void **state)
{
	static const struct sample samples[] = {
		{"s=x; s=y", "y"}, {"s=x; s=", NULL}, {"s=x; s", "x"},
		{"s=; s=x", "x"},  {"s=x; S=y", "x"},
	};

	(void)state;
	assert_values(samples, countof(samples));
}

static void
quoted_values_are_unquoted(void **state)
{
	static const struct sample samples[] = {
		{"s=\"x\"", "x"},
		{"s=\"\"", NULL},
		{"s=\"", "\""},
		{"s=\"x", "\"x"},
		{"s=x\"", "x\""},
		{"s=\"a\\\"b\\\\c\"", "a\"b\\c"},
		{"s=\"\\141\\054\"", "a,"},
		{"s=\"\\400\\08\"", "40008"},
		{"s=\"\\\\141\"", "\\141"},
		{"s=\"a\\\"", "a\\"},
		{"s=a\\141", "a\\141"},
		/* A semicolon ends the cookie even between quotes. */
		{"s=\"x;y\"", "\"x"},
	};

	(void)state;
	assert_values(samples, countof(samples));
}

static void
values_that_are_no_plain_text_do_not_count(void **state)
{
	static const struct sample samples[] = {
		{"s=é", NULL},           {"s=a\xff", NULL},
		{"s=a\tb", NULL},        {"s=a\x7f", NULL},
		{"s=\"a\\000b\"", NULL}, {"s=\"\\000\"", NULL},
		{"s=\"a\\012\"", NULL},  {"s=\"\\351\"", NULL},
	};

	(void)state;
	assert_values(samples, countof(samples));
}

static void
large_headers_hold_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, mem, 1024);
	for (size_t i = 0; i < COOKIE_PAIRS_LIMIT - 1; i++)
		buf_text(&b, "a=1;");
	buf_text(&b, "s=x");
	assert_string_equal(cookie_value(mem, b.data, "s"), "x");
	buf_text(&b, ";");
	assert_null(cookie_value(mem, b.data, "s"));

	buf_reset(&b);
	buf_text(&b, "s=");
	while (b.len < COOKIE_SIZE_LIMIT)
		buf_char(&b, 'x');
	assert_non_null(cookie_value(mem, b.data, "s"));
	buf_char(&b, 'x');
	assert_null(cookie_value(mem, b.data, "s"));
}

static const char *
set(struct cookie c)
{
	struct resp rs;

	resp_init(&rs, mem);
	cookie_set(&rs, &c);
	return rs.headers.data;
}

static const struct cookie login = {.name = "fastapiusersauth",
				    .value = "e30.x-_1",
				    .domain = "",
				    .path = "/",
				    .samesite = "lax",
				    .max_age = -1,
				    .secure = true,
				    .httponly = true};

static void
a_login_is_spelled_as_the_reference_does(void **state)
{
	struct cookie c = login;

	(void)state;
	assert_string_equal(set(c),
			    "Set-Cookie: fastapiusersauth=e30.x-_1; HttpOnly; "
			    "Path=/; SameSite=lax; Secure\r\n");
	c.max_age = 3600;
	c.domain = "camelot.bt";
	assert_string_equal(set(c),
			    "Set-Cookie: fastapiusersauth=e30.x-_1; "
			    "Domain=camelot.bt; HttpOnly; Max-Age=3600; "
			    "Path=/; SameSite=lax; Secure\r\n");
}

static void
a_logout_is_spelled_as_the_reference_does(void **state)
{
	struct cookie c = login;

	(void)state;
	c.value = "";
	c.max_age = 0;
	assert_string_equal(set(c),
			    "Set-Cookie: fastapiusersauth=\"\"; HttpOnly; "
			    "Max-Age=0; Path=/; SameSite=lax; Secure\r\n");
}

static void
attributes_may_be_absent(void **state)
{
	struct cookie c = login;

	(void)state;
	c.secure = false;
	c.httponly = false;
	c.samesite = "strict";
	c.path = "";
	assert_string_equal(set(c), "Set-Cookie: fastapiusersauth=e30.x-_1; "
				    "SameSite=strict\r\n");
}

static void
unusual_values_are_quoted(void **state)
{
	struct cookie c = login;

	(void)state;
	c.value = "a/b=";
	assert_non_null(strstr(set(c), "auth=\"a/b=\"; HttpOnly"));
	c.value = "a:b~c";
	assert_non_null(strstr(set(c), "auth=a:b~c; HttpOnly"));
}

static bool
is_fatal(const char *value)
{
	struct cookie c = login;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		c.value = value;
		(void)set(c);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
values_that_would_break_out_are_fatal(void **state)
{
	static const char *const values[] = {"a;b",      "a b",  "a\r\nX: y",
					     "a\"b",     "a\\b", "a,b",
					     "\xc3\xa9", "a\tb", "\x7f"};

	(void)state;
	for (size_t i = 0; i < countof(values); i++)
		assert_true(is_fatal(values[i]));
	assert_false(is_fatal("a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_is_found_by_its_exact_name),
		cmocka_unit_test(the_last_of_several_wins),
		cmocka_unit_test(quoted_values_are_unquoted),
		cmocka_unit_test(values_that_are_no_plain_text_do_not_count),
		cmocka_unit_test(large_headers_hold_nothing),
		cmocka_unit_test(a_login_is_spelled_as_the_reference_does),
		cmocka_unit_test(a_logout_is_spelled_as_the_reference_does),
		cmocka_unit_test(attributes_may_be_absent),
		cmocka_unit_test(unusual_values_are_quoted),
		cmocka_unit_test(values_that_would_break_out_are_fatal),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
