/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "base/tally.h"

#define PLACES 3

static int
set_up(void **state)
{
	(void)state;
	return tally_open(PLACES) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	tally_close();
	return 0;
}

static uint64_t
value(size_t row, enum tally_metric metric)
{
	return tally_row(row)->values[metric];
}

static void
without_a_board_counting_does_nothing(void **state)
{
	int64_t known;

	(void)state;
	tally_close();
	tally_add(TALLY_HASHES, 1);
	tally_set(TALLY_HASHES, 1);
	tally_request(0, 200, 1, 1);
	tally_board_add(TALLY_RELOADED, 1);
	tally_remember(5, 1);
	assert_null(tally_take("api"));
	tally_give(NULL);
	assert_int_equal(tally_count(), 0);
	assert_int_equal(tally_board_get(TALLY_RELOADED), 0);
	assert_false(tally_recall(5, &known));
	assert_false(tally_is_open());
	assert_true(tally_open(PLACES));
}

/* Counts in a process of its own, which is then killed as it were. */
static void
live_and_die(const char *pool, uint64_t count)
{
	struct tally *row = tally_take(pool);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		tally_use(row);
		tally_add(TALLY_HASHES, count);
		tally_set(TALLY_CONNECTIONS, count);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(tally_row(0)->values[TALLY_CONNECTIONS], count);
	tally_give(row);
}

static void
a_successor_counts_on_where_its_predecessor_ended(void **state)
{
	(void)state;
	live_and_die("api", 3);
	assert_int_equal(value(0, TALLY_HASHES), 3);
	live_and_die("api", 4);
	assert_int_equal(tally_count(), 1);
	assert_int_equal(value(0, TALLY_HASHES), 7);
}

static void
what_a_dead_process_had_is_gone(void **state)
{
	(void)state;
	live_and_die("api", 3);
	assert_int_equal(value(0, TALLY_CONNECTIONS), 0);
}

static void
a_row_stays_with_its_pool(void **state)
{
	struct tally *api = tally_take("api");
	struct tally *other;

	(void)state;
	tally_give(api);
	other = tally_take("password");
	assert_ptr_not_equal(other, api);
	assert_string_equal(tally_row(1)->pool, "password");
	assert_ptr_equal(tally_take("api"), api);
}

static void
who_finds_no_place_is_counted_himself(void **state)
{
	(void)state;
	for (int i = 0; i < PLACES; i++)
		assert_non_null(tally_take("api"));
	assert_null(tally_take("api"));
	assert_int_equal(tally_board_get(TALLY_UNCOUNTED), 1);
}

static void
a_request_is_in_one_bucket_by_its_upper_bound(void **state)
{
	const struct tally_route *r;

	(void)state;
	tally_use(tally_take("api"));
	tally_request(2, 200, 1000, -5);
	tally_request(2, 200, 1001, 2600);
	tally_request(2, 418, 10000001, 0);
	r = &tally_row(0)->routes[2];
	assert_int_equal(r->statuses[0], 2);
	assert_int_equal(r->statuses[TALLY_STATUSES - 1], 1);
	assert_int_equal(r->time.buckets[0], 1);
	assert_int_equal(r->time.buckets[1], 1);
	assert_int_equal(r->time.buckets[TALLY_BUCKETS - 1], 1);
	assert_int_equal(r->time.micros, 10002002);
	assert_int_equal(tally_row(0)->wait.buckets[0], 2);
	assert_int_equal(tally_row(0)->wait.micros, 2600);
}

static void
a_route_that_is_none_has_a_place_too(void **state)
{
	(void)state;
	tally_use(tally_take("api"));
	tally_request(TALLY_NO_ROUTE, 404, 1, 1);
	tally_request(SIZE_MAX, 404, 1, 1);
	assert_int_equal(tally_row(0)->routes[TALLY_NO_ROUTE].time.buckets[0],
			 2);
}

static void
what_was_found_out_is_good_for_a_second(void **state)
{
	int64_t known = 0;

	(void)state;
	assert_false(tally_recall(5000, &known));
	tally_remember(5000, 3);
	assert_true(tally_recall(5000, &known));
	assert_int_equal(known, 3);
	assert_true(tally_recall(5999, &known));
	assert_false(tally_recall(6000, &known));
	/* Another one's clock was read later than ours. */
	assert_false(tally_recall(4999, &known));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_board_counting_does_nothing),
		TEST(a_successor_counts_on_where_its_predecessor_ended),
		TEST(what_a_dead_process_had_is_gone),
		TEST(a_row_stays_with_its_pool),
		TEST(who_finds_no_place_is_counted_himself),
		TEST(a_request_is_in_one_bucket_by_its_upper_bound),
		TEST(a_route_that_is_none_has_a_place_too),
		TEST(what_was_found_out_is_good_for_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
