/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/once.h"

#define SECRET "twenty characters it"

struct fixture {
	char folder[32];
	char path[64];
	char tries[64];
	struct once once;
};

static void
secret_write(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->path, 0600), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memcpy(f->folder, "/tmp/once.XXXXXXX", 18);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/secret", f->folder);
	(void)snprintf(f->tries, sizeof(f->tries), "%s/secret.tries",
		       f->folder);
	secret_write(f, SECRET "\n");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	(void)unlink(f->tries);
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

/* Whether it can be had, and if so by what. */
static bool
opens_to(struct fixture *f, const char *given, int64_t now)
{
	bool good;

	if (!once_open(f->path, now, &f->once))
		return false;
	good = once_try(&f->once, given);
	once_close(&f->once);
	return good;
}

static void
the_text_without_its_line_end_is_the_secret(void **state)
{
	struct fixture *f = *state;

	assert_true(opens_to(f, SECRET, clock_now()));
	assert_false(opens_to(f, SECRET "\n", clock_now()));
	assert_false(opens_to(f, "", clock_now()));
}

static void
a_day_later_it_is_too_old(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();

	assert_true(opens_to(f, SECRET, now + ONCE_LIFETIME - 60));
	assert_false(opens_to(f, SECRET, now + ONCE_LIFETIME + 60));
	assert_string_equal(f->once.fault,
			    "it is older than a day: put it there anew");
}

static void
a_file_that_claims_to_be_of_the_future_gains_no_time(void **state)
{
	const struct timespec later[2] = {{.tv_sec = 4000000000},
					  {.tv_sec = 4000000000}};
	struct fixture *f = *state;

	assert_int_equal(utimensat(AT_FDCWD, f->path, later, 0), 0);

	assert_false(opens_to(f, SECRET, clock_now() + ONCE_LIFETIME + 60));
}

static void
wrong_tries_are_counted_until_one_is_right(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < ONCE_TRIES - 1; i++)
		assert_false(opens_to(f, "wrong", clock_now()));
	assert_true(opens_to(f, SECRET, clock_now()));
	for (int i = 0; i < ONCE_TRIES; i++)
		assert_false(opens_to(f, "wrong", clock_now()));
	assert_false(opens_to(f, SECRET, clock_now()));
}

static void
what_cannot_be_counted_is_wrong(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink(f->path, f->tries), 0);

	assert_false(opens_to(f, SECRET, clock_now()));
}

static void
a_spent_one_is_gone(void **state)
{
	struct fixture *f = *state;

	assert_true(once_open(f->path, clock_now(), &f->once));
	assert_true(once_spend(&f->once));
	once_close(&f->once);

	assert_false(once_open(f->path, clock_now(), &f->once));
	assert_null(f->once.fault);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void
nothing_of_it_stays_in_memory(void **state)
{
	static const char nothing[ONCE_LONGEST + 1] = {0};
	struct fixture *f = *state;

	assert_true(once_open(f->path, clock_now(), &f->once));
	once_close(&f->once);

	assert_memory_equal(f->once.text, nothing, sizeof(nothing));
}

static void
short_ones_and_what_is_no_file_are_none(void **state)
{
	struct fixture *f = *state;

	secret_write(f, "nineteen characters\n\n\n");
	assert_false(opens_to(f, "nineteen characters", clock_now()));
	secret_write(f, "");
	assert_false(opens_to(f, "", clock_now()));
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_false(opens_to(f, "", clock_now()));
	assert_string_equal(f->once.fault, "it is no file");
	assert_int_equal(rmdir(f->path), 0);
}

static void
where_others_may_read_it_it_is_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(f->path, 0644), 0);
	assert_true(opens_to(f, SECRET, clock_now()));
	assert_int_equal(chmod(f->folder, 0755), 0);
	assert_false(opens_to(f, SECRET, clock_now()));
}

#define CASE(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_text_without_its_line_end_is_the_secret),
		CASE(a_day_later_it_is_too_old),
		CASE(a_file_that_claims_to_be_of_the_future_gains_no_time),
		CASE(wrong_tries_are_counted_until_one_is_right),
		CASE(what_cannot_be_counted_is_wrong),
		CASE(a_spent_one_is_gone),
		CASE(nothing_of_it_stays_in_memory),
		CASE(short_ones_and_what_is_no_file_are_none),
		CASE(where_others_may_read_it_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
