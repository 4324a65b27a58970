/* SPDX-License-Identifier: MIT */
#include "remote/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"

#define EXIT_NOT_STARTED 127
/* Milliseconds between two looks whether it has ended. */
#define LOOK_OFTEN 1 /* its outputs are closed, so it must end soon */
#define LOOK_SELDOM 20
/* Bytes of its standard error that a sentence about it shows. */
#define LAST_WORDS 200

/* The two ends of a pipe; -1 when closed. */
struct ends {
	int ours;
	int theirs;
};

/* One output as far as it has come. */
struct capture {
	int fd;
	char *bytes;
	size_t len;
};

struct run {
	const struct program *program;
	pid_t pid;
	int64_t deadline; /* clock_monotonic milliseconds */
	int input;
	const char *rest; /* of the input */
	size_t rest_len;
	struct capture outputs[2];
	int status;
	int fault; /* errno when its status cannot be had */
	bool ended;
};

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static bool
ends_open(struct ends *e, bool they_read)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	e->ours = fds[they_read ? 1 : 0];
	e->theirs = fds[they_read ? 0 : 1];
	return fcntl(e->ours, F_SETFL, O_NONBLOCK) == 0;
}

/* In the child. */
static bool
standard_files_set(const struct ends files[3])
{
	int fds[3];

	/* Out of each other's way first. */
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(files[i].theirs, F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			return false;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return false;
	return true;
}

static void
others_close(int keep)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (close_range(3, (unsigned)keep - 1, 0) == 0 &&
	    close_range((unsigned)keep + 1, ~0U, 0) == 0)
		return;
	for (int fd = 3; fd < limit; fd++)
		if (fd != keep)
			(void)close(fd);
}

static void
signals_restore(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The child. Whatever fails goes to `fault` as errno. */
static NORETURN void
child_run(const struct program *p, const struct ends files[3], pid_t parent,
	  int fault)
{
	const char *const *arguments = p->arguments;
	const char *const *environment = p->environment;
	int error;

	fault = fcntl(fault, F_DUPFD_CLOEXEC, 4);
	(void)setpgid(0, 0);
	signals_restore();
	(void)umask(077);
	if (fault >= 0 && standard_files_set(files) && chdir("/") == 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	    getppid() == parent) {
		others_close(fault);
		/* execve takes no const, and changes nothing. */
		(void)execve(arguments[0], (char *const *)(intptr_t)arguments,
			     (char *const *)(intptr_t)environment);
	}
	error = errno;
	if (write(fault, &error, sizeof(error)) < 0)
		_exit(EXIT_NOT_STARTED);
	_exit(EXIT_NOT_STARTED);
}

/* Waits until the program runs; its errno when it does not. */
static int
start_fault(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static void
status_take(struct run *r, int options)
{
	pid_t got;

	do
		got = waitpid(r->pid, &r->status, options);
	while (got < 0 && errno == EINTR);
	r->fault = got < 0 ? errno : 0;
	r->ended = got != 0;
}

/* 0, or the errno that kept it from starting. */
static int
start(struct run *r)
{
	struct ends files[3] = {{-1, -1}, {-1, -1}, {-1, -1}};
	pid_t parent = getpid();
	int fault[2] = {-1, -1};
	int error = 0;

	for (int i = 0; i < 3; i++)
		if (!ends_open(&files[i], i == 0))
			error = errno;
	if (error != 0 || pipe2(fault, O_CLOEXEC) < 0) {
		error = errno;
		goto out;
	}
	r->pid = fork();
	if (r->pid == 0)
		child_run(r->program, files, parent, fault[1]);
	if (r->pid < 0) {
		error = errno;
		goto out;
	}
	(void)setpgid(r->pid, r->pid);
	fd_close(&fault[1]);
	error = start_fault(fault[0]);
	if (error != 0)
		status_take(r, 0);
out:
	for (int i = 0; i < 3; i++) {
		fd_close(&files[i].theirs);
		if (error != 0)
			fd_close(&files[i].ours);
	}
	fd_close(&fault[0]);
	fd_close(&fault[1]);
	r->input = files[0].ours;
	r->outputs[0].fd = files[1].ours;
	r->outputs[1].fd = files[2].ours;
	return error;
}

static void
input_give(struct run *r)
{
	ssize_t n = write(r->input, r->rest, r->rest_len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Who does not want to hear all of it need not. */
	if (n < 0)
		r->rest_len = 0;
	if (n > 0) {
		r->rest += n;
		r->rest_len -= (size_t)n;
	}
	if (r->rest_len == 0)
		fd_close(&r->input);
}

/* One reading. False when there is no more for now, or at all. */
static bool
output_take(struct capture *c)
{
	char chunk[1024];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));
	size_t kept;

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		fd_close(&c->fd);
		return false;
	}
	kept = PROGRAM_OUTPUT_LIMIT - c->len;
	if (kept > (size_t)n)
		kept = (size_t)n;
	memcpy(c->bytes + c->len, chunk, kept);
	c->len += kept;
	crypto_wipe(chunk, sizeof(chunk));
	return true;
}

/* Waits for something to happen, and lets it. */
static void
step(struct run *r)
{
	struct pollfd fds[3] = {
		{.fd = r->input, .events = POLLOUT},
		{.fd = r->outputs[0].fd, .events = POLLIN},
		{.fd = r->outputs[1].fd, .events = POLLIN},
	};
	bool closed = r->outputs[0].fd < 0 && r->outputs[1].fd < 0;

	if (poll(fds, 3, closed ? LOOK_OFTEN : LOOK_SELDOM) < 0)
		return;
	if (fds[0].revents != 0)
		input_give(r);
	for (int i = 0; i < 2; i++)
		if (fds[i + 1].revents != 0)
			(void)output_take(&r->outputs[i]);
}

static void
attend(struct run *r)
{
	if (r->rest_len == 0)
		fd_close(&r->input);
	for (;;) {
		status_take(r, WNOHANG);
		if (r->ended || clock_monotonic() >= r->deadline)
			break;
		step(r);
	}
	if (!r->ended)
		return;
	/* What it said last. The limit is on those it left behind, who may
	 * still be talking. */
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < PROGRAM_OUTPUT_LIMIT; k++)
			if (r->outputs[i].fd < 0 ||
			    !output_take(&r->outputs[i]))
				break;
}

static void
result_fill(struct run *r, struct program_result *out)
{
	if (!r->ended) {
		(void)kill(-r->pid, SIGKILL);
		status_take(r, 0);
		out->end = PROGRAM_LATE;
	} else if (r->fault != 0) {
		/* A status that nobody saw must not be taken for consent. */
		out->end = PROGRAM_NOT_STARTED;
		out->number = r->fault;
	} else if (WIFEXITED(r->status)) {
		out->end = PROGRAM_EXITED;
		out->number = WEXITSTATUS(r->status);
	} else {
		out->end = PROGRAM_SIGNALLED;
		out->number = WTERMSIG(r->status);
	}
}

void
program_run(struct arena *mem, const struct program *p, const char *input,
	    size_t len, struct program_result *out)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	int64_t started = clock_monotonic();
	struct sigaction before;
	struct run r = {
		.program = p,
		.deadline = started + p->limit,
		.rest = input,
		.rest_len = len,
	};

	for (int i = 0; i < 2; i++)
		r.outputs[i].bytes = arena_alloc(mem, PROGRAM_OUTPUT_LIMIT + 1);
	*out = (struct program_result){
		.output = r.outputs[0].bytes,
		.errors = r.outputs[1].bytes,
	};
	/* It may close its standard input while we write. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	out->number = start(&r);
	if (out->number == 0) {
		attend(&r);
		result_fill(&r, out);
	} else {
		out->end = PROGRAM_NOT_STARTED;
	}
	fd_close(&r.input);
	for (int i = 0; i < 2; i++)
		fd_close(&r.outputs[i].fd);
	(void)sigaction(SIGPIPE, &before, NULL);
	out->took = clock_monotonic() - started;
}

const char *
program_result_text(struct arena *mem, const struct program_result *r)
{
	static const char *const words[] = {
		[PROGRAM_EXITED] = "exit status",
		[PROGRAM_SIGNALLED] = "signal",
		[PROGRAM_LATE] = "late",
		[PROGRAM_NOT_STARTED] = "not started, errno",
	};
	size_t len = strlen(r->errors);
	const char *from =
		r->errors + (len > LAST_WORDS ? len - LAST_WORDS : 0);
	bool started = r->end != PROGRAM_NOT_STARTED;
	char *text = arena_printf(mem, "%s %d%s%s%s%s", words[r->end],
				  r->number, started ? "" : ", ",
				  started ? "" : strerror(r->number),
				  *from != '\0' ? ": " : "", from);

	len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = *c == '\n' ? ' ' : '?';
	return text;
}
