/* SPDX-License-Identifier: MIT */
#include "remote/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Milliseconds that an answer may come later than the program's limit. */
#define GRACE 2000
#define MEMORY_KEPT ((size_t)64 * 1024)
#define MEMORY_LIMIT ((size_t)64 * 1024 * 1024)
#define INPUT_LIMIT ((uint64_t)32 * 1024 * 1024)

struct question {
	uint64_t program;
	uint64_t len; /* of the input that follows */
};

struct answer {
	int32_t end;
	int32_t number;
	uint32_t output_len; /* of the texts that follow */
	uint32_t errors_len;
};

struct asker {
	const struct program *programs;
	size_t count;
	pid_t pid;
	int fd;
	bool gone;
};

/* The asker's side. */

static bool
all_read(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
all_write(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
question_serve(const struct asker *a, struct arena *mem)
{
	struct program_result result;
	struct question q;
	struct answer reply;
	char *input;

	if (!all_read(a->fd, &q, sizeof(q)) || q.program >= a->count ||
	    q.len > INPUT_LIMIT)
		return false;
	input = arena_alloc(mem, (size_t)q.len + 1);
	if (!all_read(a->fd, input, (size_t)q.len))
		return false;
	program_run(mem, &a->programs[q.program], input, (size_t)q.len,
		    &result);
	reply = (struct answer){
		.end = (int32_t)result.end,
		.number = result.number,
		.output_len = (uint32_t)strlen(result.output),
		.errors_len = (uint32_t)strlen(result.errors),
	};
	return all_write(a->fd, &reply, sizeof(reply)) &&
	       all_write(a->fd, result.output, reply.output_len) &&
	       all_write(a->fd, result.errors, reply.errors_len);
}

/* Whoever ends the worker ends the asker; whatever asks the worker to end
 * must not, since requests in flight may still ask. */
static bool
asker_settle(pid_t parent)
{
	static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE,
				      SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
	sigset_t none;

	for (size_t i = 0; i < countof(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && getppid() == parent;
}

/* Descriptor 0 may be a socket that listens, and more may be open. */
static bool
files_settle(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool done = null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		    dup2(null, STDOUT_FILENO) >= 0;

	/* A kernel that knows no close_range leaves them open, which costs
	 * the programs nothing: they close what there is by themselves. */
	if (keep > 3)
		(void)close_range(3, (unsigned)keep - 1, 0);
	(void)close_range((unsigned)keep + 1, ~0U, 0);
	return done;
}

static NORETURN void
asker_main(const struct asker *a, pid_t parent)
{
	struct arena *mem = arena_open(MEMORY_KEPT, MEMORY_LIMIT);

	if (asker_settle(parent) && files_settle(a->fd))
		while (question_serve(a, mem))
			arena_reset(mem);
	arena_close(mem);
	_exit(0);
}

/* The side of who asks. */

enum err
asker_open(const struct program *programs, size_t count, struct asker **out)
{
	struct asker *a = calloc(1, sizeof(*a));
	pid_t parent = getpid();
	enum err e = ERR_IO;
	int fds[2] = {-1, -1};

	*out = NULL;
	if (a == NULL)
		return ERR_INTERNAL;
	a->programs = programs;
	a->count = count;
	a->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		goto out;
	a->pid = fork();
	if (a->pid < 0)
		goto out;
	if (a->pid == 0) {
		a->fd = fds[1];
		(void)close(fds[0]);
		asker_main(a, parent);
	}
	a->fd = fds[0];
	fds[0] = -1;
	*out = a;
	e = OK;
out:
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	if (e != OK) {
		log_event(LEVEL_ERROR, log_is("asker_failed"),
			  log_text("error", strerror(errno)));
		free(a);
	}
	return e;
}

void
asker_close(struct asker *a)
{
	if (a == NULL)
		return;
	/* It reads the end, unless a program keeps it until its limit. */
	(void)close(a->fd);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	free(a);
}

static bool
wait_for(const struct asker *a, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd fd = {.fd = a->fd, .events = events};
		int64_t left = deadline - clock_monotonic();
		int n = poll(&fd, 1, left > 0 ? (int)left : 0);

		if (n > 0 || (n == 0 && left <= 0))
			return n > 0;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static bool
part_send(const struct asker *a, const void *bytes, size_t len,
	  int64_t deadline)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(a->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(a, POLLOUT, deadline))
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
part_receive(const struct asker *a, void *bytes, size_t len, int64_t deadline)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = recv(a->fd, at, len, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(a, POLLIN, deadline))
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
ask(const struct asker *a, struct arena *mem, const struct question *q,
    const char *input, struct program_result *out)
{
	int64_t started = clock_monotonic();
	int64_t deadline = started + a->programs[q->program].limit + GRACE;
	struct answer reply;
	char *output;
	char *errors;

	if (!part_send(a, q, sizeof(*q), deadline) ||
	    !part_send(a, input, (size_t)q->len, deadline) ||
	    !part_receive(a, &reply, sizeof(reply), deadline) ||
	    reply.output_len > PROGRAM_OUTPUT_LIMIT ||
	    reply.errors_len > PROGRAM_OUTPUT_LIMIT)
		return false;
	output = arena_alloc(mem, reply.output_len + 1);
	errors = arena_alloc(mem, reply.errors_len + 1);
	*out = (struct program_result){
		.end = (enum program_end)reply.end,
		.number = reply.number,
		.output = output,
		.errors = errors,
	};
	if (!part_receive(a, output, reply.output_len, deadline) ||
	    !part_receive(a, errors, reply.errors_len, deadline))
		return false;
	out->took = clock_monotonic() - started;
	return true;
}

/*
 * A supervised worker reads its signals between requests and is replaced when
 * it ends. Who has them delivered as usual is alone, and better serves what
 * needs no program than nothing.
 */
static void
replacement_ask(void)
{
	sigset_t blocked;

	if (sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
	    sigismember(&blocked, SIGTERM) == 1)
		(void)raise(SIGTERM);
}

enum err
asker_run(struct asker *a, struct arena *mem, size_t program, const char *input,
	  size_t len, struct program_result *out)
{
	const struct question q = {.program = program, .len = len};

	if (program >= a->count || len > INPUT_LIMIT)
		return ERR_INTERNAL;
	if (!a->gone && ask(a, mem, &q, input, out))
		return OK;
	log_event(LEVEL_ERROR, log_is("asker_gone"),
		  log_number("pid", (int64_t)a->pid));
	if (!a->gone)
		replacement_ask();
	a->gone = true;
	return ERR_IO;
}
