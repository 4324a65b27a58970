/* SPDX-License-Identifier: MIT */
/* A worker and web servers that leave, push, flood and do not listen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "worker_fixture.h"

#define FLOOD_SIZE ((size_t)64 * 1024)

/* Until so many requests are being run or have been. */
static void
wait_for_start(const struct fixture *f, int count)
{
	int64_t until = clock_monotonic() + PATIENCE;

	while (f->shared->served < count && clock_monotonic() < until)
		pause_ms(1);
	assert_int_equal(f->shared->served, count);
}

/* A record of the end of request `id`, with the protocol's status. */
static void
expect_refusal(int fd, unsigned char id, unsigned char status)
{
	const unsigned char wanted[16] = {1, 3, 0, id, 0, 8,     0,
					  0, 0, 0, 0,  0, status};
	unsigned char got[16];

	assert_true(read_all(fd, got, sizeof(got)));
	assert_memory_equal(got, wanted, sizeof(wanted));
}

static void
second_request_of_another_id_is_sent_away_and_the_first_answered(void **state)
{
	static const unsigned char second[] = {
		1, 1, 0, 2, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, /* BEGIN */
		1, 4, 0, 2, 0, 0, 0, 0, 1, 5, 0, 2, 0, 0, 0, 0};
	struct fixture *f = *state;
	int slow, fd;

	worker_start(f);
	slow = connect_to(f);
	fd = connect_to(f);
	ask(f, slow, "/slow");
	pause_ms(20);
	request_open(f, "/first", "0", true);
	record(f, 5, "", 0);
	memcpy(f->bytes + f->len, second, sizeof(second));
	f->len += sizeof(second);
	request_send(f, fd);

	expect_refusal(fd, 2, 1);
	expect(fd, "Status: 200", "/first");
	ask(f, fd, "/next");
	expect(fd, "Status: 200", "/next");
	expect(slow, "Status: 200", "/slow");
	assert_int_equal(f->shared->served, 3);
	(void)close(slow);
	(void)close(fd);
}

static void
request_behind_one_of_the_same_id_is_not_run(void **state)
{
	struct fixture *f = *state;
	size_t len;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	request_open(f, "/first", "0", true);
	record(f, 5, "", 0);
	len = f->len;
	memcpy(f->bytes + len, f->bytes, len);
	f->len += len;
	request_send(f, fd);

	expect(fd, "Status: 200", "/first");
	expect_end(fd);
	assert_int_equal(f->shared->served, 1);
	(void)close(fd);
}

static void
management_is_answered_on_the_wire(void **state)
{
	static const unsigned char asked[] = {
		1,   9,   0,   0,   0,   17,  0,   0,   15,  0,   'F',
		'C', 'G', 'I', '_', 'M', 'P', 'X', 'S', '_', 'C', 'O',
		'N', 'N', 'S', 1,   77,  0,   0,   0,   0,   0,   0};
	static const unsigned char wanted[] = {
		1,   10,  0,   0,   0,   18,  0,   0,   15,  1,   'F',
		'C', 'G', 'I', '_', 'M', 'P', 'X', 'S', '_', 'C', 'O',
		'N', 'N', 'S', '0', 1,   11,  0,   0,   0,   8,   0,
		0,   77,  0,   0,   0,   0,   0,   0,   0};
	struct fixture *f = *state;
	unsigned char got[sizeof(wanted)];
	int fd;

	worker_start(f);
	fd = connect_to(f);
	assert_int_equal(write(fd, asked, sizeof(asked)), sizeof(asked));

	assert_true(read_all(fd, got, sizeof(got)));
	assert_memory_equal(got, wanted, sizeof(wanted));
	ask(f, fd, "/echo");
	expect(fd, "Status: 200", "/echo");
	(void)close(fd);
}

static void
senders_that_leave_anywhere_cost_nobody_an_answer(void **state)
{
	struct fixture *f = *state;
	size_t whole = SIZE_MAX;
	int good;

	worker_start(f);
	good = connect_to(f);
	for (size_t cut = 0; cut <= whole; cut++) {
		int leaver = connect_to(f);

		request_open(f, "/leaver", "5", cut % 2 == 0);
		record(f, 5, "hello", 5);
		record(f, 5, "", 0);
		whole = f->len;
		f->len = cut;
		request_send(f, leaver);
		if (cut % 8 == 0)
			ask(f, good, "/good");
		(void)close(leaver);
		if (cut % 8 == 0)
			expect(good, "Status: 200", "/good");
	}
	/* The one that came whole may have been run. */
	assert_in_range(f->shared->served, whole / 8 + 1, whole / 8 + 2);
	(void)close(good);
}

static void
abort_at_any_record_is_answered_and_the_connection_goes_on(void **state)
{
	struct fixture *f = *state;
	size_t ends[8];
	size_t count = 0;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	request_open(f, "/never", "5", true);
	record(f, 5, "hel", 3);
	for (size_t at = 0; at < f->len;) {
		at += 8 + ((size_t)f->bytes[at + 4] << 8 | f->bytes[at + 5]);
		ends[count++] = at;
	}
	for (size_t i = 0; i < count; i++) {
		request_open(f, "/never", "5", true);
		record(f, 5, "hel", 3);
		f->len = ends[i];
		record(f, 2, "", 0);
		request_send(f, fd);
		expect_refusal(fd, 1, 0);
	}
	ask(f, fd, "/echo");
	expect(fd, "Status: 200", "/echo");
	assert_int_equal(f->shared->served, 1);
	(void)close(fd);
}

static void
abort_while_the_request_runs_comes_too_late(void **state)
{
	struct fixture *f = *state;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	ask(f, fd, "/slow");
	wait_for_start(f, 1);
	record(f, 2, "", 0);
	request_send(f, fd);

	expect(fd, "Status: 200", "/slow");
	ask(f, fd, "/echo");
	expect(fd, "Status: 200", "/echo");
	(void)close(fd);
}

static void
sender_that_leaves_while_its_request_runs_harms_nobody(void **state)
{
	struct fixture *f = *state;
	int leaver, good;

	worker_start(f);
	good = connect_to(f);
	leaver = connect_to(f);
	ask(f, leaver, "/slow");
	wait_for_start(f, 1);
	ask(f, good, "/good");
	(void)close(leaver);

	expect(good, "Status: 200", "/good");
	assert_int_equal(f->shared->served, 2);
	(void)close(good);
}

/* Empty records of no request; each is read and means nothing. */
static void
flood_make(unsigned char flood[FLOOD_SIZE], unsigned char type,
	   unsigned char id)
{
	memset(flood, 0, FLOOD_SIZE);
	for (size_t at = 0; at < FLOOD_SIZE; at += 8) {
		flood[at] = 1;
		flood[at + 1] = type;
		flood[at + 3] = id;
	}
}

static void
floods_of_empty_records_hold_nobody_up(void **state)
{
	struct fixture *f = *state;
	unsigned char *flood = malloc(FLOOD_SIZE);
	int flooders[4];
	int good;

	flood_make(flood, 8, 9);
	worker_start(f);
	good = connect_to(f);
	for (size_t i = 0; i < countof(flooders); i++)
		flooders[i] = connect_to(f);
	for (int round = 0; round < 50; round++) {
		/* As much as goes in, each time. */
		for (size_t i = 0; i < countof(flooders); i++)
			while (send(flooders[i], flood, FLOOD_SIZE,
				    MSG_NOSIGNAL | MSG_DONTWAIT) ==
			       (ssize_t)FLOOD_SIZE)
				continue;
		ask(f, good, "/good");
		expect(good, "Status: 200", "/good");
	}
	for (size_t i = 0; i < countof(flooders); i++)
		(void)close(flooders[i]);
	(void)close(good);
	free(flood);
}

/* Bytes that go in until the connection ends. */
static size_t
flood_until_end(int fd, const unsigned char *flood)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	size_t total = 0;

	for (;;) {
		ssize_t n = send(fd, flood, FLOOD_SIZE,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return total;
		if (n > 0)
			total += (size_t)n;
		assert_int_equal(poll(&room, 1, PATIENCE), 1);
	}
}

/* Questions to which the answers are longer, and nobody reads those: in the
 * middle of a body, and behind a request that has been answered already. */
static void
who_asks_without_reading_is_cut_off(void **state)
{
	static const char *const lengths[] = {"5", "100001"};
	struct fixture *f = *state;
	unsigned char *flood = malloc(FLOOD_SIZE);

	flood_make(flood, 77, 0);
	worker_start(f);
	for (size_t i = 0; i < countof(lengths); i++) {
		int fd = connect_to(f);

		request_open(f, "/echo", lengths[i], true);
		request_send(f, fd);
		assert_in_range(flood_until_end(fd, flood), 1, 1024L * 1024);
		(void)close(fd);
	}
	free(flood);
}

static int64_t
cpu_ms(pid_t pid)
{
	struct timespec t = {0};
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &t), 0);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
worker_without_descriptors_rests_until_there_are_some(void **state)
{
	struct fixture *f = *state;
	struct pollfd waits = {.events = POLLIN};
	int64_t before;
	int kept;

	worker_start(f);
	kept = connect_to(f);
	ask(f, kept, "/no-files");
	expect(kept, "Status: 200", "/no-files");
	waits.fd = connect_to(f);
	ask(f, waits.fd, "/waits");
	before = cpu_ms(f->pid);
	assert_int_equal(poll(&waits, 1, 1000), 0);
	assert_in_range(cpu_ms(f->pid) - before, 0, 200);
	ask(f, kept, "/files");
	expect(kept, "Status: 200", "/files");

	expect(waits.fd, "Status: 200", "/waits");
	(void)close(waits.fd);
	(void)close(kept);
}

/* Places for two, both taken; *late waits outside. The second one has been
 * idle longer. */
static void
crowd_make(struct fixture *f, int kept[2], int *late)
{
	f->conf.server.connections_per_worker = 2;
	worker_start(f);
	for (size_t i = 2; i-- > 0;) {
		kept[i] = connect_to(f);
		ask(f, kept[i], "/kept");
		expect(kept[i], "Status: 200", "/kept");
	}
	*late = connect_to(f);
	ask(f, *late, "/late");
}

static void
who_never_stops_asking_makes_way_behind_an_answer(void **state)
{
	struct fixture *f = *state;
	int kept[2], late;

	crowd_make(f, kept, &late);
	ask(f, kept[0], "/again");
	expect(kept[0], "Status: 200", "/again");

	expect(late, "Status: 200", "/late");
	expect_end(kept[0]);
	ask(f, kept[1], "/again");
	expect(kept[1], "Status: 200", "/again");
	(void)close(kept[0]);
	(void)close(kept[1]);
	(void)close(late);
}

static void
who_has_not_asked_for_a_while_makes_way(void **state)
{
	struct fixture *f = *state;
	int kept[2], late;

	crowd_make(f, kept, &late);

	expect(late, "Status: 200", "/late");
	expect_end(kept[1]);
	ask(f, kept[0], "/again");
	expect(kept[0], "Status: 200", "/again");
	(void)close(kept[0]);
	(void)close(kept[1]);
	(void)close(late);
}

static void
reader_of_a_byte_at_a_time_is_given_up(void **state)
{
	struct fixture *f = *state;
	int64_t until = clock_monotonic() + PATIENCE;
	struct pollfd gone = {.events = 0};
	char byte;

	worker_start(f);
	gone.fd = connect_to(f);
	ask(f, gone.fd, "/big");
	while (poll(&gone, 1, 20) == 0 && clock_monotonic() < until)
		assert_int_equal(read(gone.fd, &byte, 1), 1);

	assert_true((gone.revents & POLLHUP) != 0);
	(void)close(gone.fd);
}

static void
connections_spread_over_the_workers(void **state)
{
	struct fixture *f = *state;
	struct score *second = score_map(1);
	struct score *first = f->score;
	int64_t until = clock_monotonic() + PATIENCE;
	int fds[32];
	pid_t pid;

	f->conf.server.connections_per_worker = 40;
	worker_start(f);
	pid = f->pid;
	f->score = second;
	worker_start(f);
	f->score = first;
	for (size_t i = 0; i < countof(fds); i++) {
		fds[i] = connect_to(f);
		ask(f, fds[i], "/echo");
		expect(fds[i], "Status: 200", "/echo");
	}
	/* A request is counted when its answer is out. */
	while (first->requests + second->requests < countof(fds) &&
	       clock_monotonic() < until)
		pause_ms(1);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);

	assert_in_range(first->requests, countof(fds) / 4,
			countof(fds) * 3 / 4);
	for (size_t i = 0; i < countof(fds); i++)
		(void)close(fds[i]);
	score_unmap(second, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_request_of_another_id_is_sent_away_and_the_first_answered),
		TEST(request_behind_one_of_the_same_id_is_not_run),
		TEST(management_is_answered_on_the_wire),
		TEST(senders_that_leave_anywhere_cost_nobody_an_answer),
		TEST(abort_at_any_record_is_answered_and_the_connection_goes_on),
		TEST(abort_while_the_request_runs_comes_too_late),
		TEST(sender_that_leaves_while_its_request_runs_harms_nobody),
		TEST(floods_of_empty_records_hold_nobody_up),
		TEST(who_asks_without_reading_is_cut_off),
		TEST(worker_without_descriptors_rests_until_there_are_some),
		TEST(who_never_stops_asking_makes_way_behind_an_answer),
		TEST(who_has_not_asked_for_a_while_makes_way),
		TEST(reader_of_a_byte_at_a_time_is_given_up),
		TEST(connections_spread_over_the_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
