/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define KEEP ((size_t)64 * 1024)
#define LIMIT ((size_t)1024 * 1024)

/* Where blocks go that nobody looks at. */
static const volatile void *taken;

static int
set_up(void **state)
{
	*state = arena_open(KEEP, LIMIT);
	return 0;
}

static int
tear_down(void **state)
{
	arena_close(*state);
	return 0;
}

static bool
is_zero(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void
memory_is_zeroed_and_aligned(void **state)
{
	for (size_t size = 0; size < 200; size++) {
		unsigned char *block = arena_alloc(*state, size);

		assert_int_equal((uintptr_t)block % 16, 0);
		assert_true(is_zero(block, size));
		memset(block, 0xaa, size);
	}
}

static void
blocks_do_not_overlap(void **state)
{
	unsigned char *blocks[100];

	for (size_t i = 0; i < 100; i++) {
		blocks[i] = arena_alloc(*state, 1000);
		memset(blocks[i], (int)i, 1000);
	}
	for (size_t i = 0; i < 100; i++)
		for (size_t k = 0; k < 1000; k++)
			assert_int_equal(blocks[i][k], i);
}

static void
a_reset_wipes_and_starts_anew(void **state)
{
	struct arena *a = *state;
	unsigned char *first = arena_alloc(a, 100);

	memset(first, 0xaa, 100);
	taken = arena_alloc(a, 2 * KEEP);
	assert_true(arena_used(a) >= 2 * KEEP + 100);
	arena_reset(a);

	assert_int_equal(arena_used(a), 0);
	assert_true(is_zero(first, 100));
	assert_ptr_equal(arena_alloc(a, 100), first);
}

static void
copies_end_with_nul_and_keep_inner_ones(void **state)
{
	const char *copy = arena_copy(*state, "a\0b", 3);

	assert_memory_equal(copy, "a\0b\0", 4);
	assert_string_equal(arena_copy(*state, NULL, 0), "");
	assert_string_equal(arena_text(*state, "text"), "text");
	assert_string_equal(arena_printf(*state, "%d-%s", 5, "x"), "5-x");
}

static void
the_newest_block_grows_in_place(void **state)
{
	char *block = arena_copy(*state, "0123456789", 10);
	char *grown = arena_grow(*state, block, 11, 1000);

	assert_ptr_equal(grown, block);
	assert_string_equal(grown, "0123456789");
	assert_true(is_zero((unsigned char *)grown + 11, 1000 - 11));
}

static void
an_older_block_moves_and_its_old_place_is_wiped(void **state)
{
	unsigned char *block = arena_alloc(*state, 32);
	const char *behind = arena_text(*state, "behind");
	unsigned char *grown;

	memset(block, 0xaa, 32);
	grown = arena_grow(*state, block, 32, 64);

	assert_ptr_not_equal(grown, block);
	assert_true(is_zero(block, 32));
	assert_int_equal(grown[31], 0xaa);
	assert_int_equal(grown[32], 0);
	assert_string_equal(behind, "behind");
}

static void
growing_nothing_gives_a_block_and_shrinking_keeps_it(void **state)
{
	char *block = arena_grow(*state, NULL, 0, 10);

	assert_non_null(block);
	assert_ptr_equal(arena_grow(*state, block, 10, 5), block);
}

static void
what_the_heap_held_before_is_not_seen(void **state)
{
	static const char zeros[5000];
	size_t size = (size_t)65 * 1024;
	char *before = malloc(size);
	struct arena *a;
	char *block;

	(void)state;
	assert_non_null(before);
	memset(before, 0xa5, size);
	free(before);

	a = arena_open(0, size);
	block = arena_alloc(a, 100);
	assert_memory_equal(block, zeros, 100);
	block = arena_grow(a, block, 100, sizeof(zeros));
	assert_memory_equal(block, zeros, sizeof(zeros));
	memset(block, 'x', sizeof(zeros));
	assert_memory_equal(arena_alloc(a, 100), zeros, 100);
	assert_int_equal(block[0], 'x');
	assert_int_equal(block[sizeof(zeros) - 1], 'x');
	arena_close(a);
}

static void
growth_across_the_chunk_keeps_the_content(void **state)
{
	size_t size = 16;
	unsigned char *block = arena_alloc(*state, size);

	for (size_t i = 0; i < size; i++)
		block[i] = (unsigned char)i;
	while (size < LIMIT / 4) {
		block = arena_grow(*state, block, size, size * 2);
		for (size_t i = size; i < size * 2; i++) {
			assert_int_equal(block[i], 0);
			block[i] = (unsigned char)i;
		}
		size *= 2;
	}
	for (size_t i = 0; i < size; i++)
		assert_int_equal(block[i], (unsigned char)i);
}

/* What a process that calls `ask` ends with. */
static int
exit_status_of(void (*ask)(struct arena *a), struct arena *a)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		ask(a);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ask_up_to_the_limit(struct arena *a)
{
	for (size_t i = 0; i < 16; i++)
		taken = arena_alloc(a, LIMIT / 16);
}

static void
ask_past_the_limit(struct arena *a)
{
	for (size_t i = 0; i < 17; i++)
		taken = arena_alloc(a, LIMIT / 16);
}

static void
ask_for_an_overflow(struct arena *a)
{
	volatile size_t count = SIZE_MAX / 2;

	taken = arena_array(a, count, 3);
}

static void
ask_for_everything(struct arena *a)
{
	volatile size_t size = SIZE_MAX;

	taken = arena_copy(a, "", size);
}

static void
grow_past_the_limit(struct arena *a)
{
	char *block = arena_alloc(a, 16);

	taken = arena_grow(a, block, 16, LIMIT + 1);
}

static void
the_limit_ends_the_process(void **state)
{
	assert_int_equal(exit_status_of(ask_up_to_the_limit, *state), 0);
	assert_int_equal(exit_status_of(ask_past_the_limit, *state), 71);
	assert_int_equal(exit_status_of(ask_for_an_overflow, *state), 71);
	assert_int_equal(exit_status_of(ask_for_everything, *state), 71);
	assert_int_equal(exit_status_of(grow_past_the_limit, *state), 71);
}

static void
closing_nothing_is_allowed(void **state)
{
	(void)state;
	arena_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_zeroed_and_aligned),
		TEST(blocks_do_not_overlap),
		TEST(a_reset_wipes_and_starts_anew),
		TEST(copies_end_with_nul_and_keep_inner_ones),
		TEST(the_newest_block_grows_in_place),
		TEST(an_older_block_moves_and_its_old_place_is_wiped),
		TEST(growing_nothing_gives_a_block_and_shrinking_keeps_it),
		TEST(what_the_heap_held_before_is_not_seen),
		TEST(growth_across_the_chunk_keeps_the_content),
		TEST(the_limit_ends_the_process),
		TEST(closing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
