/* SPDX-License-Identifier: MIT */
/*
 * A real worker in a child, for test_worker.c and test_worker_peers.c. The
 * tests are its web server. Its service says the path and the body back, and
 * waits when the path asks for it.
 */
#ifndef WORKER_FIXTURE_H
#define WORKER_FIXTURE_H

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
#include "base/text.h"
#include "gate/fcgi.h"
#include "gate/gate.h"
#include "gate/handover.h"

#define SLOW_MS 150
#define SHORT_MS 10
#define BIG_SIZE ((size_t)3 * 1024 * 1024)
#define PATIENCE 20000 /* milliseconds until a test gives up */

struct shared {
	_Atomic int served;
	_Atomic int foreseen;
};

struct fixture {
	char folder[32];
	struct sockaddr_un at;
	int listen_fd;
	struct handover channel;
	struct score *score;
	struct shared *shared;
	struct config conf;
	bool foresees;
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

/* How many descriptors there may be; 0: no new ones. */
static void
files_allow(rlim_t count)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
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
	if (strcmp(rq->path, "/no-files") == 0)
		files_allow(0);
	if (strcmp(rq->path, "/files") == 0)
		files_allow(256);
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
	if (text_starts(rq->request_id, "foreseen "))
		buf_text(&rs->body, rq->request_id);
	buf_text(&rs->body, rq->path);
	buf_add(&rs->body, rq->body, rq->body_len);
}

/* Leaves a word in memory that has to last. */
static void
foresee(void *worker, struct req *const *requests, size_t count,
	struct arena *mem)
{
	struct shared *shared = worker;

	shared->foreseen += (int)count;
	for (size_t i = 0; i < count; i++)
		requests[i]->request_id =
			arena_printf(mem, "foreseen %s as ", requests[i]->path);
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
		.foresee = f->foresees ? foresee : NULL,
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
	f->conf.server.memory_per_request = 64 * 100000;
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

#endif
