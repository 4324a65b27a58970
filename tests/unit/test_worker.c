/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker_fixture.h"

/* The exit status; the worker must end by itself. */
static int
worker_wait(struct fixture *f)
{
	int64_t until = clock_monotonic() + PATIENCE;
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(f->pid, &status, WNOHANG)) == 0 &&
	       clock_monotonic() < until)
		pause_ms(1);
	assert_int_equal(pid, f->pid);
	f->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The worker counts a request when its answer is out, so we may be first. */
static void
expect_counted(const struct fixture *f, uint64_t requests)
{
	int64_t deadline = clock_monotonic() + PATIENCE;

	while (f->score->requests != requests && clock_monotonic() < deadline)
		(void)poll(NULL, 0, 1);
	assert_int_equal(f->score->requests, requests);
}

static void
requests_follow_each_other_on_a_kept_connection(void **state)
{
	struct fixture *f = *state;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	for (int i = 0; i < 3; i++) {
		request_open(f, "/echo", "5", true);
		record(f, 5, "hello", 5);
		record(f, 5, "", 0);
		request_send(f, fd);
		expect(fd, "Status: 200", "/echohello");
	}
	assert_int_equal(f->shared->served, 3);
	expect_counted(f, 3);
	(void)close(fd);
}

static void
connection_is_closed_when_it_is_not_to_be_kept(void **state)
{
	struct fixture *f = *state;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	request_open(f, "/once", "0", false);
	record(f, 5, "", 0);
	request_send(f, fd);

	expect(fd, "Status: 200", "/once");
	expect_end(fd);
	(void)close(fd);
}

static void
silent_connections_do_not_delay_others(void **state)
{
	struct fixture *f = *state;
	int silent[8];
	int fd;

	worker_start(f);
	for (size_t i = 0; i < countof(silent); i++) {
		silent[i] = connect_to(f);
		if (i % 2 == 0)
			assert_int_equal(write(silent[i], "\1\1\0", 3), 3);
	}
	fd = connect_to(f);
	for (int i = 0; i < 20; i++) {
		ask(f, fd, "/echo");
		expect(fd, "Status: 200", "/echo");
	}
	(void)close(fd);
	for (size_t i = 0; i < countof(silent); i++)
		(void)close(silent[i]);
}

static void
half_a_request_is_given_up_at_the_arrival_limit(void **state)
{
	struct fixture *f = *state;
	int64_t start;
	int half, idle;

	worker_start(f);
	half = connect_to(f);
	idle = connect_to(f);
	ask(f, idle, "/echo");
	expect(idle, "Status: 200", "/echo");
	start = clock_monotonic();
	request_open(f, "/echo", "5", true);
	record(f, 5, "hello", 5);
	f->len -= 5;
	request_send(f, half);
	/* Dripping does not help. */
	for (int i = 0; i < 4; i++) {
		pause_ms(100);
		assert_int_equal(send(half, "h", 1, MSG_NOSIGNAL), 1);
	}

	expect_end(half);
	assert_in_range(clock_monotonic() - start, 900, 2500);
	ask(f, idle, "/alive");
	expect(idle, "Status: 200", "/alive");
	(void)close(half);
	(void)close(idle);
}

static void
idle_connection_is_closed_at_the_idle_limit(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.server.idle_limit = 1;
	worker_start(f);
	fd = connect_to(f);
	ask(f, fd, "/echo");
	expect(fd, "Status: 200", "/echo");

	expect_end(fd);
	(void)close(fd);
}

static void
half_closed_connection_still_gets_its_answer(void **state)
{
	struct fixture *f = *state;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	ask(f, fd, "/echo");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);

	expect(fd, "Status: 200", "/echo");
	expect_end(fd);
	(void)close(fd);
}

static void
broken_record_closes_the_connection_alone(void **state)
{
	struct fixture *f = *state;
	int bad, good;

	worker_start(f);
	bad = connect_to(f);
	good = connect_to(f);
	assert_int_equal(write(bad, "\7\1\0\1\0\0\0\0", 8), 8);
	expect_end(bad);
	ask(f, good, "/echo");

	expect(good, "Status: 200", "/echo");
	(void)close(bad);
	(void)close(good);
}

static void
answer_waits_for_a_slow_reader_and_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	int slow, fast;
	char *text;
	size_t len;

	worker_start(f);
	slow = connect_to(f);
	fast = connect_to(f);
	ask(f, slow, "/big");
	pause_ms(50);
	ask(f, fast, "/echo");
	expect(fast, "Status: 200", "/echo");
	text = answer(slow, &len);

	assert_non_null(text);
	assert_true(len > BIG_SIZE);
	free(text);
	ask(f, slow, "/echo");
	expect(slow, "Status: 200", "/echo");
	(void)close(slow);
	(void)close(fast);
}

static void
reader_that_never_reads_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct pollfd gone = {.events = 0};

	worker_start(f);
	gone.fd = connect_to(f);
	ask(f, gone.fd, "/big");

	assert_int_equal(poll(&gone, 1, PATIENCE), 1);
	assert_true((gone.revents & POLLHUP) != 0);
	(void)close(gone.fd);
}

static void
body_too_large_gets_its_answer_while_it_is_sent(void **state)
{
	struct fixture *f = *state;
	const char part[1000] = {0};
	int fd;

	worker_start(f);
	fd = connect_to(f);
	request_open(f, "/echo", "100001", true);
	request_send(f, fd);
	expect(fd, "Status: 413", "}");
	for (int i = 0; i < 100; i++) {
		record(f, 5, part, sizeof(part));
		request_send(f, fd);
	}
	record(f, 5, "x", 1);
	record(f, 5, "", 0);
	request_send(f, fd);
	ask(f, fd, "/kept");

	expect(fd, "Status: 200", "/kept");
	(void)close(fd);
}

static void
aborted_request_in_the_queue_is_not_run(void **state)
{
	struct fixture *f = *state;
	int slow, aborted, last;
	size_t len;
	char *text;

	worker_start(f);
	slow = connect_to(f);
	aborted = connect_to(f);
	last = connect_to(f);
	ask(f, slow, "/slow");
	pause_ms(20);
	ask(f, aborted, "/never");
	record(f, 2, "", 0);
	request_send(f, aborted);
	ask(f, last, "/last");

	expect(slow, "Status: 200", "/slow");
	expect(last, "Status: 200", "/last");
	text = answer(aborted, &len);
	assert_non_null(text);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(f->shared->served, 2);
	(void)close(slow);
	(void)close(aborted);
	(void)close(last);
}

static void
request_whose_sender_left_the_queue_is_not_run(void **state)
{
	struct fixture *f = *state;
	int slow, left, last;

	worker_start(f);
	slow = connect_to(f);
	left = connect_to(f);
	last = connect_to(f);
	ask(f, left, "/echo");
	expect(left, "Status: 200", "/echo");
	ask(f, slow, "/slow");
	pause_ms(20);
	ask(f, left, "/never");
	pause_ms(SLOW_MS / 4);
	ask(f, last, "/slow");
	expect(slow, "Status: 200", "/slow");
	/* It was read by now, and waits behind /slow or is being run. */
	(void)close(left);
	expect(last, "Status: 200", "/slow");

	assert_in_range(f->shared->served, 3, 4);
	(void)close(slow);
	(void)close(last);
}

/* Connections that the worker has heard of. */
static void
connect_known(struct fixture *f, int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fds[i] = connect_to(f);
		ask(f, fds[i], "/hello");
		expect(fds[i], "Status: 200", "\n/hello");
	}
}

static void
close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
}

/* The first keeps the worker busy while the others ask for /0, /1 … */
static void
ask_together(struct fixture *f, const int *fds, size_t count)
{
	char path[] = "/0";

	ask(f, fds[0], "/slow");
	pause_ms(20);
	for (size_t i = 1; i < count; i++, path[1]++)
		ask(f, fds[i], path);
	/* Who is alone is not foreseen: his words would have been told. */
	expect(fds[0], "Status: 200", "\n/slow");
}

static void
expect_foreseen(int fd, size_t i)
{
	char words[] = "foreseen /0 as /0";

	words[10] = words[16] = (char)('0' + i);
	expect(fd, "Status: 200", words);
}

static void
requests_that_wait_are_foreseen_together(void **state)
{
	struct fixture *f = *state;
	int fds[5];

	f->foresees = true;
	worker_start(f);
	connect_known(f, fds, countof(fds));
	for (int round = 1; round < 3; round++) {
		ask_together(f, fds, countof(fds));
		for (size_t i = 1; i < countof(fds); i++)
			expect_foreseen(fds[i], i - 1);
		assert_int_equal(f->shared->foreseen, 4 * round);
	}
	close_all(fds, countof(fds));
}

static void
more_wait_than_are_foreseen_at_once(void **state)
{
	struct fixture *f = *state;
	int fds[41];

	f->conf.server.connections_per_worker = 64;
	f->foresees = true;
	worker_start(f);
	connect_known(f, fds, countof(fds));
	ask_together(f, fds, countof(fds));

	for (size_t i = 1; i < countof(fds); i++)
		expect_foreseen(fds[i], i - 1);
	assert_int_equal(f->shared->foreseen, 40);
	close_all(fds, countof(fds));
}

static void
who_leaves_when_foreseen_takes_nothing_from_others(void **state)
{
	struct fixture *f = *state;
	int fds[5];

	f->foresees = true;
	worker_start(f);
	connect_known(f, fds, countof(fds));
	ask(f, fds[0], "/slow");
	pause_ms(20);
	ask(f, fds[1], "/slow");
	for (size_t i = 2; i < countof(fds); i++)
		ask(f, fds[i], "/7");
	expect(fds[0], "Status: 200", "\n/slow");
	/* All of the others have been read. */
	pause_ms(SLOW_MS / 4);
	(void)close(fds[2]);

	expect(fds[1], "Status: 200", "foreseen /slow as /slow");
	expect_foreseen(fds[3], 7);
	expect_foreseen(fds[4], 7);
	assert_int_equal(f->shared->foreseen, 4);
	assert_int_equal(f->shared->served, 9);
	fds[2] = fds[4];
	ask_together(f, fds, 3);
	expect_foreseen(fds[1], 0);
	expect_foreseen(fds[2], 1);
	assert_int_equal(f->shared->foreseen, 6);
	close_all(fds, 4);
}

static void
abort_of_a_foreseen_request_comes_too_late(void **state)
{
	struct fixture *f = *state;
	int fds[3];

	f->foresees = true;
	worker_start(f);
	connect_known(f, fds, countof(fds));
	ask(f, fds[0], "/slow");
	pause_ms(20);
	ask(f, fds[1], "/slow");
	ask(f, fds[2], "/1");
	expect(fds[0], "Status: 200", "\n/slow");
	/* Both have been read. */
	pause_ms(SLOW_MS / 4);
	record(f, 2, "", 0);
	request_send(f, fds[2]);

	expect(fds[1], "Status: 200", "foreseen /slow as /slow");
	expect_foreseen(fds[2], 1);
	ask(f, fds[2], "/2");
	expect(fds[2], "Status: 200", "\n/2");
	close_all(fds, countof(fds));
}

static void
waiting_counts_from_the_arrival(void **state)
{
	struct fixture *f = *state;
	int slow[3];
	int fd;
	char *text;
	size_t len;

	worker_start(f);
	for (size_t i = 0; i < countof(slow); i++)
		slow[i] = connect_to(f);
	for (size_t i = 0; i < countof(slow); i++)
		ask(f, slow[i], "/slow");
	pause_ms(10);
	/* A new connection: let in after the first request at the latest. */
	fd = connect_to(f);
	ask(f, fd, "/age");
	text = answer(fd, &len);

	assert_non_null(text);
	text[len - strlen("/age")] = '\0';
	assert_in_range(strtol(strrchr(text, '\n') + 1, NULL, 10), SLOW_MS,
			3L * SLOW_MS);
	free(text);
	for (size_t i = 0; i < countof(slow); i++)
		(void)close(slow[i]);
	(void)close(fd);
}

static void
no_more_connections_are_taken_than_configured(void **state)
{
	struct fixture *f = *state;
	struct pollfd waits = {.events = POLLIN};
	int fds[2];

	f->conf.server.connections_per_worker = 2;
	worker_start(f);
	for (size_t i = 0; i < countof(fds); i++) {
		fds[i] = connect_to(f);
		ask(f, fds[i], "/echo");
		expect(fds[i], "Status: 200", "/echo");
	}
	waits.fd = connect_to(f);
	ask(f, waits.fd, "/echo");
	assert_int_equal(poll(&waits, 1, 100), 0);
	(void)close(fds[0]);

	expect(waits.fd, "Status: 200", "/echo");
	(void)close(waits.fd);
	(void)close(fds[1]);
}

static void
term_answers_what_has_arrived_and_ends(void **state)
{
	struct fixture *f = *state;
	int idle, first, second;

	worker_start(f);
	idle = connect_to(f);
	ask(f, idle, "/echo");
	expect(idle, "Status: 200", "/echo");
	first = connect_to(f);
	second = connect_to(f);
	ask(f, first, "/slow");
	pause_ms(20);
	ask(f, second, "/second");
	assert_int_equal(kill(f->pid, SIGTERM), 0);

	expect(first, "Status: 200", "/slow");
	expect(second, "Status: 200", "/second");
	expect_end(idle);
	assert_int_equal(worker_wait(f), 0);
	(void)close(idle);
	(void)close(first);
	(void)close(second);
}

static void
term_waits_for_the_rest_of_a_request(void **state)
{
	struct fixture *f = *state;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	request_open(f, "/rest", "0", true);
	request_send(f, fd);
	pause_ms(20);
	assert_int_equal(kill(f->pid, SIGTERM), 0);
	pause_ms(50);
	record(f, 5, "", 0);
	request_send(f, fd);

	expect(fd, "Status: 200", "/rest");
	assert_int_equal(worker_wait(f), 0);
	(void)close(fd);
}

static int
take(struct fixture *f, int64_t *arrived)
{
	struct pollfd channel = {.fd = f->channel.receive, .events = POLLIN};

	assert_int_equal(poll(&channel, 1, PATIENCE), 1);
	return handover_take(&f->channel, arrived);
}

static void
retiring_worker_gives_its_connections_away(void **state)
{
	struct fixture *f = *state;
	int64_t arrived = 1;
	char bytes[4096];
	int idle, busy, taken;

	worker_start(f);
	idle = connect_to(f);
	ask(f, idle, "/echo");
	expect(idle, "Status: 200", "/echo");
	busy = connect_to(f);
	request_open(f, "/busy", "0", true);
	request_send(f, busy);
	pause_ms(20);
	assert_int_equal(kill(f->pid, SIGUSR1), 0);

	taken = take(f, &arrived);
	assert_true(taken >= 0);
	assert_int_equal(arrived, 0);
	/* What is sent now reaches the new owner. */
	ask(f, idle, "/new");
	assert_true(recv(taken, bytes, sizeof(bytes), 0) > 0);
	(void)close(taken);
	expect_end(idle);
	/* The other one is served first. */
	record(f, 5, "", 0);
	request_send(f, busy);
	expect(busy, "Status: 200", "/busy");
	taken = take(f, &arrived);
	assert_true(taken >= 0);
	(void)close(taken);
	assert_int_equal(worker_wait(f), 0);
	(void)close(idle);
	(void)close(busy);
}

static void
given_connection_is_served_by_who_takes_it(void **state)
{
	struct fixture *f = *state;
	int pair[2];

	worker_start(f);
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	assert_true(handover_give(&f->channel, pair[0], 0));
	(void)close(pair[0]);
	ask(f, pair[1], "/adopted");
	assert_int_equal(fcntl(pair[1], F_SETFL, 0), 0);

	expect(pair[1], "Status: 200", "/adopted");
	(void)close(pair[1]);
}

static void
given_request_is_not_passed_for_ever_by_kept_connections(void **state)
{
	struct fixture *f = *state;
	int kept[2], pair[2];
	struct pollfd given = {.events = POLLIN};
	int rounds = 0;

	worker_start(f);
	for (size_t i = 0; i < countof(kept); i++) {
		kept[i] = connect_to(f);
		ask(f, kept[i], "/short");
	}
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	/* Each asks anew before the other one has its answer. */
	for (; rounds < 6; rounds++) {
		expect(kept[rounds % 2], "Status: 200", "/short");
		ask(f, kept[rounds % 2], "/short");
	}
	ask(f, pair[1], "/given");
	assert_true(handover_give(&f->channel, pair[0], clock_monotonic()));
	(void)close(pair[0]);
	given.fd = pair[1];
	while (rounds < 20 && poll(&given, 1, 0) == 0) {
		int fd = kept[rounds++ % 2];

		expect(fd, "Status: 200", "/short");
		ask(f, fd, "/short");
	}

	assert_in_range(rounds, 6, 10);
	expect(pair[1], "Status: 200", "/given");
	(void)close(pair[1]);
	for (size_t i = 0; i < countof(kept); i++)
		(void)close(kept[i]);
}

static void
connection_that_says_nothing_is_closed_at_the_arrival_limit(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_monotonic();
	int silent, kept;

	worker_start(f);
	kept = connect_to(f);
	ask(f, kept, "/echo");
	expect(kept, "Status: 200", "/echo");
	silent = connect_to(f);

	expect_end(silent);
	assert_in_range(clock_monotonic() - start, 900, 2500);
	ask(f, kept, "/kept");
	expect(kept, "Status: 200", "/kept");
	(void)close(silent);
	(void)close(kept);
}

static void
silent_connections_make_way_when_all_places_are_taken(void **state)
{
	struct fixture *f = *state;
	int64_t start;
	int silent[3];
	int kept, fd;

	f->conf.server.connections_per_worker = 4;
	f->conf.server.arrival_limit = 30;
	worker_start(f);
	kept = connect_to(f);
	ask(f, kept, "/echo");
	expect(kept, "Status: 200", "/echo");
	for (size_t i = 0; i < countof(silent); i++) {
		silent[i] = connect_to(f);
		pause_ms(10);
	}
	start = clock_monotonic();
	fd = connect_to(f);
	ask(f, fd, "/echo");

	expect(fd, "Status: 200", "/echo");
	assert_in_range(clock_monotonic() - start, 0, 1000);
	/* It was the one that had been silent longest. */
	expect_end(silent[0]);
	ask(f, silent[1], "/late");
	expect(silent[1], "Status: 200", "/late");
	ask(f, kept, "/kept");
	expect(kept, "Status: 200", "/kept");
	(void)close(fd);
	(void)close(kept);
	for (size_t i = 0; i < countof(silent); i++)
		(void)close(silent[i]);
}

static void
connections_leave_descriptors_for_others(void **state)
{
	struct fixture *f = *state;
	struct rlimit usual, low;
	int fds[80];

	f->conf.server.connections_per_worker = 1000;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	low = usual;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	worker_start(f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	/* More of them than there is room for; the worker's socket waits. */
	for (size_t i = 0; i < countof(fds); i++) {
		fds[i] = connect_to(f);
		ask(f, fds[i], "/echo");
	}
	for (size_t i = 0; i < countof(fds); i++)
		expect(fds[i], "Status: 200", "/echo");
	/* The last one has not had to make way. */
	ask(f, fds[countof(fds) - 1], "/file");

	expect(fds[countof(fds) - 1], "Status: 200", "/file");
	for (size_t i = 0; i < countof(fds); i++)
		(void)close(fds[i]);
}

static void
room_for_connections_is_what_the_files_leave(void **state)
{
	(void)state;
	assert_int_equal(fcgi_connections(500, RLIM_INFINITY), 500);
	assert_int_equal(fcgi_connections(500, 1024), 500);
	assert_int_equal(fcgi_connections(1000, 1024), 896);
	assert_int_equal(fcgi_connections(500, 256), 128);
	assert_int_equal(fcgi_connections(500, 64), 32);
	assert_int_equal(fcgi_connections(500, 1), 1);
}

static void
worker_that_leaves_keeps_no_socket_open(void **state)
{
	static const int signals[] = {SIGTERM, SIGUSR1};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(signals); i++) {
		int64_t until = clock_monotonic() + PATIENCE;
		int fd, other;

		worker_start(f);
		fd = connect_to(f);
		request_open(f, "/rest", "0", false);
		request_send(f, fd);
		pause_ms(20);
		assert_int_equal(kill(f->pid, signals[i]), 0);
		/* Ours is the last one. */
		(void)close(f->listen_fd);
		do {
			other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
			if (connect(other, (const struct sockaddr *)&f->at,
				    sizeof(f->at)) < 0)
				break;
			(void)close(other);
			pause_ms(1);
		} while (clock_monotonic() < until);
		assert_int_equal(errno, ECONNREFUSED);
		assert_true(clock_monotonic() < until);
		(void)close(other);
		record(f, 5, "", 0);
		request_send(f, fd);
		expect(fd, "Status: 200", "/rest");
		(void)close(fd);
		assert_int_equal(worker_wait(f), 0);
		assert_int_equal(unlink(f->at.sun_path), 0);
		socket_open(f);
	}
}

static void
tired_worker_says_so_and_goes_on(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.server.requests_per_worker = 2;
	worker_start(f);
	fd = connect_to(f);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f->score->state,
				 i < 2 ? SCORE_READY : SCORE_TIRED);
		ask(f, fd, "/echo");
		expect(fd, "Status: 200", "/echo");
		/* The answer leaves before it is counted. */
		pause_ms(20);
	}
	(void)close(fd);
}

static void
score_tells_since_when_a_request_runs(void **state)
{
	struct fixture *f = *state;
	int64_t before = clock_monotonic() - 5;
	int fd;

	worker_start(f);
	fd = connect_to(f);
	assert_int_equal(f->score->busy_since, 0);
	ask(f, fd, "/slow");
	pause_ms(SLOW_MS / 3);
	assert_in_range(f->score->busy_since, before, clock_monotonic());
	expect(fd, "Status: 200", "/slow");
	pause_ms(20);

	assert_int_equal(f->score->busy_since, 0);
	(void)close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_follow_each_other_on_a_kept_connection),
		TEST(connection_is_closed_when_it_is_not_to_be_kept),
		TEST(silent_connections_do_not_delay_others),
		TEST(half_a_request_is_given_up_at_the_arrival_limit),
		TEST(idle_connection_is_closed_at_the_idle_limit),
		TEST(half_closed_connection_still_gets_its_answer),
		TEST(broken_record_closes_the_connection_alone),
		TEST(answer_waits_for_a_slow_reader_and_holds_nobody_up),
		TEST(reader_that_never_reads_is_given_up),
		TEST(body_too_large_gets_its_answer_while_it_is_sent),
		TEST(aborted_request_in_the_queue_is_not_run),
		TEST(request_whose_sender_left_the_queue_is_not_run),
		TEST(requests_that_wait_are_foreseen_together),
		TEST(more_wait_than_are_foreseen_at_once),
		TEST(who_leaves_when_foreseen_takes_nothing_from_others),
		TEST(abort_of_a_foreseen_request_comes_too_late),
		TEST(waiting_counts_from_the_arrival),
		TEST(no_more_connections_are_taken_than_configured),
		TEST(term_answers_what_has_arrived_and_ends),
		TEST(term_waits_for_the_rest_of_a_request),
		TEST(retiring_worker_gives_its_connections_away),
		TEST(given_connection_is_served_by_who_takes_it),
		TEST(given_request_is_not_passed_for_ever_by_kept_connections),
		TEST(connection_that_says_nothing_is_closed_at_the_arrival_limit),
		TEST(silent_connections_make_way_when_all_places_are_taken),
		TEST(connections_leave_descriptors_for_others),
		TEST(room_for_connections_is_what_the_files_leave),
		TEST(worker_that_leaves_keeps_no_socket_open),
		TEST(tired_worker_says_so_and_goes_on),
		TEST(score_tells_since_when_a_request_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
