/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slots.h"

struct fixture {
	char folder[32];
	char path[64];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memcpy(f->folder, "/tmp/slots.XXXXXX", 18);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/" SLOTS_FILE, f->folder);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

static struct slots *
open_slots(const struct fixture *f, size_t count)
{
	struct slots *s;

	assert_int_equal(slots_open(f->path, count, &s), OK);
	return s;
}

static int64_t
in(int64_t milliseconds)
{
	return clock_monotonic() + milliseconds;
}

/* A child that holds a slot until it is told by a signal to end. */
static pid_t
start_holder(const struct fixture *f, size_t count)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct slots *s;

		if (slots_open(f->path, count, &s) != OK ||
		    slots_take(s, in(1000)) != OK ||
		    write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void
end_holder(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
slot_can_be_taken_and_given_back(void **state)
{
	struct slots *s = open_slots(*state, 1);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(slots_take(s, in(100)), OK);
		slots_give(s);
	}
	slots_give(s);
	slots_close(s);
}

static void
there_are_as_many_slots_as_told(void **state)
{
	struct slots *held[3];
	struct slots *s;

	for (size_t i = 0; i < countof(held); i++) {
		held[i] = open_slots(*state, 3);
		assert_int_equal(slots_take(held[i], in(100)), OK);
	}
	s = open_slots(*state, 3);
	assert_int_equal(slots_take(s, in(20)), ERR_BUSY);
	slots_give(held[1]);
	assert_int_equal(slots_take(s, in(100)), OK);

	slots_close(s);
	for (size_t i = 0; i < countof(held); i++)
		slots_close(held[i]);
}

static void
past_deadline_is_busy_at_once_even_with_a_free_slot(void **state)
{
	struct slots *s = open_slots(*state, 1);

	assert_int_equal(slots_take(s, 0), ERR_BUSY);
	assert_int_equal(slots_take(s, clock_monotonic()), ERR_BUSY);
	assert_int_equal(slots_take(s, in(100)), OK);
	slots_close(s);
}

static void
waiting_ends_at_the_deadline(void **state)
{
	struct slots *holder = open_slots(*state, 1);
	struct slots *s = open_slots(*state, 1);
	int64_t start = clock_monotonic();

	assert_int_equal(slots_take(holder, in(100)), OK);
	assert_int_equal(slots_take(s, start + 60), ERR_BUSY);
	assert_true(clock_monotonic() >= start + 60);
	assert_true(clock_monotonic() < start + 1000);

	slots_close(s);
	slots_close(holder);
}

/* A child that gives its slot back now and then, and takes it again at once. */
static pid_t
start_greedy(const struct fixture *f)
{
	const struct timespec hold = {.tv_nsec = 10 * 1000000L};
	struct slots *s;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	/* A test that fails leaves nobody behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (slots_open(f->path, 1, &s) != OK)
		_exit(1);
	for (;;) {
		if (slots_take(s, in(10000)) != OK)
			_exit(1);
		(void)nanosleep(&hold, NULL);
		slots_give(s);
	}
}

static void
those_who_wait_come_before_those_who_had_theirs(void **state)
{
	struct slots *s = open_slots(*state, 1);
	const struct timespec pause = {.tv_nsec = 5 * 1000000L};
	pid_t greedy[3];

	for (size_t i = 0; i < countof(greedy); i++)
		greedy[i] = start_greedy(*state);
	(void)nanosleep(&pause, NULL);
	/* Three others, ten milliseconds each; many times that for safety. */
	for (int i = 0; i < 20; i++) {
		int64_t start = clock_monotonic();

		assert_int_equal(slots_take(s, in(10000)), OK);
		assert_in_range(clock_monotonic() - start, 0, 150);
		slots_give(s);
		(void)nanosleep(&pause, NULL);
	}
	for (size_t i = 0; i < countof(greedy); i++)
		end_holder(greedy[i]);
	slots_close(s);
}

/* A child that waits for a slot, and tells how many came before it. */
static pid_t
start_waiter(const struct fixture *f, int order, const int told[2])
{
	const char byte = (char)order;
	struct slots *s;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	/* A test that fails leaves nobody behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (slots_open(f->path, 1, &s) != OK || slots_take(s, in(5000)) != OK ||
	    write(told[1], &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

static void
slots_come_in_the_order_of_asking_even_when_one_dies(void **state)
{
	struct slots *holder = open_slots(*state, 1);
	const struct timespec pause = {.tv_nsec = 150 * 1000000L};
	pid_t waiters[5];
	int told[2];
	char byte;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(slots_take(holder, in(1000)), OK);
	for (int i = 0; i < 5; i++) {
		waiters[i] = start_waiter(*state, i, told);
		(void)nanosleep(&pause, NULL);
	}
	end_holder(waiters[1]);
	slots_give(holder);
	for (int i = 0; i < 5; i++) {
		if (i == 1)
			continue;
		assert_int_equal(read(told[0], &byte, 1), 1);
		assert_int_equal(byte, i);
		assert_int_equal(waitpid(waiters[i], NULL, 0), waiters[i]);
	}
	(void)close(told[0]);
	(void)close(told[1]);
	slots_close(holder);
}

static void
process_that_is_killed_gives_its_slot_back(void **state)
{
	pid_t pid = start_holder(*state, 1);
	struct slots *s = open_slots(*state, 1);

	assert_int_equal(slots_take(s, in(20)), ERR_BUSY);
	end_holder(pid);
	assert_int_equal(slots_take(s, in(1000)), OK);
	slots_close(s);
}

static void
closing_gives_the_slot_back(void **state)
{
	struct slots *s = open_slots(*state, 1);

	assert_int_equal(slots_take(s, in(100)), OK);
	slots_close(s);
	s = open_slots(*state, 1);
	assert_int_equal(slots_take(s, in(100)), OK);
	slots_close(s);
	slots_close(NULL);
}

static void
file_is_for_the_group_and_nobody_else(void **state)
{
	struct fixture *f = *state;
	mode_t mask = umask(077);
	struct slots *s = open_slots(f, 1);
	struct stat st;

	(void)umask(mask);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	slots_close(s);
}

static void
link_in_the_place_of_the_file_is_not_followed(void **state)
{
	struct fixture *f = *state;
	struct slots *s = NULL;

	assert_int_equal(symlink("/dev/null", f->path), 0);
	assert_int_equal(slots_open(f->path, 1, &s), ERR_IO);
	assert_null(s);
}

/* Somebody who is not root. */
static const struct identity somebody = {"nobody", 65534, 65534};

static void
file_made_by_root_is_its_users_in_a_folder_that_is_not(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	if (geteuid() != 0)
		skip();
	for (int i = 0; i < 2; i++) {
		assert_true(slots_make(f->folder, &somebody));
		assert_int_equal(stat(f->path, &st), 0);
		assert_int_equal(st.st_uid, 65534);
		assert_int_equal(st.st_gid, 65534);
		assert_int_equal(st.st_mode & 0777, 0660);
		/* The user may have been another one. */
		assert_int_equal(chown(f->path, 1, 1), 0);
	}
	assert_int_equal(stat(f->folder, &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void
root_gives_no_file_of_others_away(void **state)
{
	struct fixture *f = *state;
	char other[64];
	struct stat st;

	if (geteuid() != 0)
		skip();
	(void)snprintf(other, sizeof(other), "%s/other", f->folder);
	slots_close(open_slots(f, 1));
	assert_int_equal(rename(f->path, other), 0);
	assert_int_equal(symlink(other, f->path), 0);
	assert_false(slots_make(f->folder, &somebody));
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(link(other, f->path), 0);
	assert_false(slots_make(f->folder, &somebody));

	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(unlink(other), 0);
}

static void
each_use_of_the_file_has_slots_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct slots *hashing = open_slots(f, 1);
	struct slots *waiting;
	struct slots *also;

	assert_int_equal(slots_open_for(SLOTS_WAITING, f->path, 1, &waiting),
			 OK);
	assert_int_equal(slots_open_for(SLOTS_WAITING, f->path, 1, &also), OK);
	assert_int_equal(slots_take(hashing, in(60000)), OK);
	assert_int_equal(slots_take(waiting, in(60000)), OK);
	assert_int_equal(slots_take(also, in(20)), ERR_BUSY);
	slots_give(hashing);
	assert_int_equal(slots_take(also, in(20)), ERR_BUSY);
	slots_give(waiting);
	assert_int_equal(slots_take(also, in(60000)), OK);
	slots_close(hashing);
	slots_close(waiting);
	slots_close(also);
}

static void
nothing_is_made_for_oneself(void **state)
{
	const struct identity same = {NULL, IDENTITY_SAME, IDENTITY_SAME};
	struct fixture *f = *state;
	struct stat st;

	assert_true(slots_make(f->folder, &same));
	assert_int_equal(stat(f->path, &st), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slot_can_be_taken_and_given_back),
		TEST(each_use_of_the_file_has_slots_of_its_own),
		TEST(there_are_as_many_slots_as_told),
		TEST(past_deadline_is_busy_at_once_even_with_a_free_slot),
		TEST(waiting_ends_at_the_deadline),
		TEST(those_who_wait_come_before_those_who_had_theirs),
		TEST(slots_come_in_the_order_of_asking_even_when_one_dies),
		TEST(process_that_is_killed_gives_its_slot_back),
		TEST(closing_gives_the_slot_back),
		TEST(file_is_for_the_group_and_nobody_else),
		TEST(link_in_the_place_of_the_file_is_not_followed),
		TEST(file_made_by_root_is_its_users_in_a_folder_that_is_not),
		TEST(root_gives_no_file_of_others_away),
		TEST(nothing_is_made_for_oneself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
