/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/fcgi.h"
#include "gate/gate.h"
#include "gate/handover.h"

/*
 * A real worker in a child; the tests are its web server. Its service says
 * the path and the body back, and waits when the path asks for it.
 */

#define SLOW_MS 150
#define SHORT_MS 10
#define BIG_SIZE ((size_t)3 * 1024 * 1024)
#define PATIENCE 5000 /* milliseconds until a test gives up */

struct shared {
	_Atomic int served;
};

struct fixture {
	char folder[32];
	struct sockaddr_un at;
	int listen_fd;
	struct handover channel;
	struct score *score;
	struct shared *shared;
	struct config conf;
	pid_t pid;
	unsigned char bytes[4096];
	size_t len; /* of a request being made */
};

/* --- the worker's side */

static void
pause_ms(long milliseconds)
{
	const struct timespec t = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = milliseconds % 1000 * 1000000L,
	};

	(void)nanosleep(&t, NULL);
}

/* As many as a database would need. */
static bool
can_open_files(void)
{
	int fds[20];
	bool done = true;

	for (size_t i = 0; i < countof(fds); i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		done = done && fds[i] >= 0;
	}
	for (size_t i = 0; i < countof(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	return done;
}

static void
serve(void *worker, struct req *rq, struct resp *rs)
{
	struct shared *shared = worker;

	shared->served++;
	if (rq->refused != OK) {
		resp_problem(rs, rq->refused);
		return;
	}
	if (strcmp(rq->path, "/slow") == 0)
		pause_ms(SLOW_MS);
	if (strcmp(rq->path, "/short") == 0)
		pause_ms(SHORT_MS);
	if (strcmp(rq->path, "/file") == 0 && !can_open_files()) {
		resp_problem(rs, ERR_IO);
		return;
	}
	resp_json(rs, 200);
	if (strcmp(rq->path, "/big") == 0) {
		char *big = arena_alloc(rs->mem, BIG_SIZE);

		memset(big, 'x', BIG_SIZE);
		buf_add(&rs->body, big, BIG_SIZE);
	}
	if (strcmp(rq->path, "/age") == 0)
		buf_number(&rs->body, clock_monotonic() - rq->arrived);
	buf_text(&rs->body, rq->path);
	buf_add(&rs->body, rq->body, rq->body_len);
}

static void
worker_start(struct fixture *f)
{
	const struct fcgi_post post = {
		.listen_fd = f->listen_fd,
		.handover = f->channel,
		.wake_fd = -1,
		.score = f->score,
	};
	struct gate_service service = {
		.serve = serve,
		.worker = f->shared,
		.conf = &f->conf,
	};
	int64_t until = clock_monotonic() + PATIENCE;

	f->score->state = SCORE_STARTING;
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		int status;

		/* A test program that crashes leaves nothing behind. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);

		service.mem = arena_open(65536, (size_t)64 << 20);
		status = gate_fcgi_serve(&service, &post);
		arena_close(service.mem);
		_exit(status);
	}
	while (f->score->state == SCORE_STARTING && clock_monotonic() < until)
		pause_ms(1);
	assert_int_equal(f->score->state, SCORE_READY);
}

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

static void
socket_open(struct fixture *f)
{
	f->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listen_fd, (const struct sockaddr *)&f->at,
			      sizeof(f->at)),
			 0);
	assert_int_equal(listen(f->listen_fd, 128), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memcpy(f->folder, "/tmp/worker.XXXXXX", 19);
	assert_non_null(mkdtemp(f->folder));
	f->at.sun_family = AF_UNIX;
	(void)snprintf(f->at.sun_path, sizeof(f->at.sun_path), "%s/s",
		       f->folder);
	socket_open(f);
	assert_true(handover_open(&f->channel));
	f->score = score_map(1);
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	f->conf.server.prefix = "";
	f->conf.server.body_limit = 100000;
	f->conf.server.arrival_limit = 1;
	f->conf.server.idle_limit = 60;
	f->conf.server.drain_limit = 5;
	f->conf.server.request_limit = 5;
	f->conf.server.connections_per_worker = 16;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pid != 0) {
		(void)kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
	}
	(void)close(f->listen_fd);
	handover_close(&f->channel);
	score_unmap(f->score, 1);
	(void)munmap(f->shared, sizeof(*f->shared));
	(void)unlink(f->at.sun_path);
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

/* --- the web server's side */

static int
connect_to(const struct fixture *f)
{
	const struct timeval patience = {.tv_sec = PATIENCE / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				    sizeof(patience)),
			 0);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)&f->at, sizeof(f->at)), 0);
	return fd;
}

static void
record(struct fixture *f, int type, const void *content, size_t len)
{
	const unsigned char header[8] = {
		1, (unsigned char)type,       0,
		1, (unsigned char)(len >> 8), (unsigned char)len};

	assert_true(f->len + 8 + len <= sizeof(f->bytes));
	memcpy(f->bytes + f->len, header, 8);
	memcpy(f->bytes + f->len + 8, content, len);
	f->len += 8 + len;
}

static void
pair(struct fixture *f, const char *name, const char *value)
{
	char content[128];
	int len =
		snprintf(content, sizeof(content), "%c%c%s%s",
			 (char)strlen(name), (char)strlen(value), name, value);

	record(f, 4, content, (size_t)len);
}

/* All of a request but the end of its body. */
static void
request_open(struct fixture *f, const char *path, const char *length, bool keep)
{
	f->len = 0;
	record(f, 1, keep ? "\0\1\1\0\0\0\0\0" : "\0\1\0\0\0\0\0\0", 8);
	pair(f, "REQUEST_METHOD", "POST");
	pair(f, "PATH_INFO", path);
	pair(f, "CONTENT_LENGTH", length);
	record(f, 4, "", 0);
}

static void
request_send(struct fixture *f, int fd)
{
	assert_int_equal(send(fd, f->bytes, f->len, MSG_NOSIGNAL), f->len);
	f->len = 0;
}

static void
ask(struct fixture *f, int fd, const char *path)
{
	request_open(f, path, "0", true);
	record(f, 5, "", 0);
	request_send(f, fd);
}

static bool
read_all(int fd, void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* The text of an answer up to END_REQUEST, heap; NULL when the connection
 * ended before. */
static char *
answer(int fd, size_t *len)
{
	size_t room = 2 * BIG_SIZE;
	char *text = malloc(room);
	unsigned char header[8], rest[256];

	*len = 0;
	while (read_all(fd, header, sizeof(header))) {
		size_t part = (size_t)header[4] << 8 | header[5];

		assert_true(*len + part < room);
		if (!read_all(fd, text + *len, part) ||
		    !read_all(fd, rest, header[6]))
			break;
		text[*len + part] = '\0';
		if (header[1] == 3)
			return text;
		*len += part;
	}
	free(text);
	return NULL;
}

static void
expect(int fd, const char *status, const char *end)
{
	size_t len;
	char *text = answer(fd, &len);

	assert_non_null(text);
	text[len] = '\0';
	assert_non_null(strstr(text, status));
	assert_true(len >= strlen(end));
	assert_string_equal(text + len - strlen(end), end);
	free(text);
}

static void
expect_end(int fd)
{
	char byte;
	ssize_t n = read(fd, &byte, 1);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
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

/* --- tests */

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
	ask(f, pair[1], "/given");
	assert_true(handover_give(&f->channel, pair[0], clock_monotonic()));
	(void)close(pair[0]);
	given.fd = pair[1];
	/* Each asks anew before the other one has its answer. */
	while (rounds < 20 && poll(&given, 1, 0) == 0) {
		int fd = kept[rounds++ % 2];

		expect(fd, "Status: 200", "/short");
		ask(f, fd, "/short");
	}

	assert_in_range(rounds, 0, 5);
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
	expect(fds[0], "Status: 200", "/echo");
	pause_ms(50);
	ask(f, fds[0], "/file");

	expect(fds[0], "Status: 200", "/file");
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
