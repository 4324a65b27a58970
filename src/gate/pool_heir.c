/* SPDX-License-Identifier: MIT */
#include "gate/pool_heir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/pool_crew.h"
#include "gate/pool_door.h"

/*
 * What an heir inherits: a line with the form of what follows, the process
 * file and the line to us; then a line for each door. Another form is refused
 * by the program that does not know it, and the old one goes on.
 */
#define VARIABLE "FASTCGI_USERS_HEIR"
#define FORM 1
#define HEIR_LIMIT 90000 /* milliseconds until its workers must serve */
#define EXIT_EXEC 71

/* What is said between the two: a byte. */
enum word {
	WORD_READY = 'r',      /* the heir's workers serve */
	WORD_READY_ELSE = 'e', /* they do, and its process file is another */
	WORD_GO = 'g'          /* it is in charge */
};

static void
word_send(const struct supervisor *s, enum word word)
{
	const char byte = (char)word;

	/* Who is gone is missed elsewhere: its end is seen. */
	if (send(s->kin.fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_event(LEVEL_DEBUG, log_is("kin_not_told"));
}

static void
kin_close(struct supervisor *s)
{
	if (s->kin.fd >= 0)
		(void)close(s->kin.fd);
	s->kin.fd = -1;
}

/* --- in the one that is replaced */

static bool
fd_leave(int fd)
{
	return fcntl(fd, F_SETFD, 0) == 0;
}

/* Heap. NULL when memory or descriptors fail. */
static char *
will_write(const struct supervisor *s, int fd)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool done = out != NULL && fd_leave(fd) && fd_leave(s->lock_fd);

	if (out == NULL)
		return NULL;
	done = done && fprintf(out, "%d\t%d\t%d\n", FORM, s->lock_fd, fd) > 0;
	for (const struct door *d = s->doors; d != NULL; d = d->next) {
		done = done && fd_leave(d->fd) && fd_leave(d->channel.send) &&
		       fd_leave(d->channel.receive) &&
		       fprintf(out, "%d\t%d\t%d\t%s\t%s\n", d->fd,
			       d->channel.send, d->channel.receive,
			       d->lent != NULL ? d->lent : "", d->address) > 0;
	}
	if (fclose(out) == 0 && done)
		return text;
	free(text);
	return NULL;
}

NORETURN static void
heir_run(const struct supervisor *s, int fd)
{
	char *const *command = s->calls->command;
	const char *will = will_write(s, fd);

	/* What the manager said to us, it says to the heir. Our signals stay
	 * blocked: what comes before it looks must wait. */
	if (will != NULL && setenv(VARIABLE, will, 1) == 0 &&
	    unsetenv("WATCHDOG_PID") == 0)
		(void)execvp(command[0], command);
	log_event(LEVEL_ERROR, log_is("pool_failed"),
		  log_text("error", strerror(errno)),
		  log_text("file", command[0]));
	_exit(EXIT_EXEC);
}

static void
refused_log(const char *error, const char *what, int number)
{
	log_event(LEVEL_ERROR, log_is("replace_refused"),
		  log_text("error", error), log_number(what, number));
}

void
heir_start(struct supervisor *s)
{
	int pair[2];

	if (s->calls->command == NULL || s->stopping || s->kin.pid != 0 ||
	    s->kin.heir)
		return;
	/* Where the first process ends, all do. */
	if (getpid() == 1) {
		refused_log("the first process cannot be replaced", "pid", 1);
		process_file_write(s->lock_fd, getpid());
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0, pair) < 0) {
		refused_log("socketpair", "errno", errno);
		return;
	}
	s->kin = (struct kin){
		.fd = pair[0], .pid = fork(), .until = s->now + HEIR_LIMIT};
	if (s->kin.pid == 0)
		heir_run(s, pair[1]);
	(void)close(pair[1]);
	if (s->kin.pid < 0) {
		refused_log("fork", "errno", errno);
		s->kin.pid = 0;
		kin_close(s);
		return;
	}
	log_event(LEVEL_INFO, log_is("pool_replacing"),
		  log_number("pid", s->kin.pid));
}

void
heir_stop(const struct supervisor *s)
{
	if (s->kin.pid != 0)
		(void)kill(s->kin.pid, SIGTERM);
}

bool
heir_bury(struct supervisor *s, pid_t pid, int status)
{
	bool signalled = WIFSIGNALED(status);

	if (pid != s->kin.pid)
		return false;
	s->kin.pid = 0;
	kin_close(s);
	if (s->stopping)
		return true;
	refused_log(s->kin.late ? "late" : "ended",
		    signalled ? "signal" : "status",
		    signalled ? WTERMSIG(status) : WEXITSTATUS(status));
	/* Whoever waits for the outcome sees that the file is a new one. */
	process_file_write(s->lock_fd, getpid());
	return true;
}

/* The heir is in charge; our workers hand over what they have. */
static void
heir_install(struct supervisor *s, bool moved)
{
	if (!moved)
		process_file_write(s->lock_fd, s->kin.pid);
	notify_send("MAINPID=%ld", (long)s->kin.pid);
	word_send(s, WORD_GO);
	log_event(LEVEL_INFO, log_is("pool_replaced"),
		  log_number("pid", s->kin.pid));
	s->kin.moved = moved;
	s->kin.left = true;
	s->kin.pid = 0;
	kin_close(s);
	s->stopping = true;
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->door != NULL && c->door->wanted)
			crew_retire(c, s->now);
		else
			crew_stop(c, s->now);
	}
}

static void
heir_expect(struct supervisor *s)
{
	char byte = 0;
	ssize_t n = recv(s->kin.fd, &byte, 1, MSG_DONTWAIT);

	if (n == 1 && !s->stopping) {
		heir_install(s, byte == WORD_READY_ELSE);
	} else if (s->now > s->kin.until && !s->kin.late) {
		s->kin.late = true;
		(void)kill(s->kin.pid, SIGKILL);
	}
}

/* --- in the heir */

/* The number in front of a tab or the end of a line. */
static bool
number_take(char **at, int *out)
{
	char *text = strsep(at, "\t\n");
	int64_t number;

	if (text == NULL || !text_number(text, 0, INT_MAX, &number))
		return false;
	*out = (int)number;
	return true;
}

static bool
fd_take(char **at, int *out)
{
	int flags;

	if (!number_take(at, out) || (flags = fcntl(*out, F_GETFD)) < 0)
		return false;
	return fcntl(*out, F_SETFD, flags | FD_CLOEXEC) == 0;
}

static bool
door_inherit(struct supervisor *s, char **at)
{
	struct handover channel;
	const char *lent, *address;
	struct door *d;
	int fd;

	if (!fd_take(at, &fd) || !fd_take(at, &channel.send) ||
	    !fd_take(at, &channel.receive))
		return false;
	lent = strsep(at, "\t");
	address = strsep(at, "\n");
	if (lent == NULL || address == NULL)
		return false;
	d = door_take(fd, address, *lent != '\0' ? lent : NULL, &channel);
	if (d == NULL)
		return false;
	d->next = s->doors;
	s->doors = d;
	return true;
}

static bool
will_read(struct supervisor *s, char *text)
{
	char *at = text;
	int form;

	if (!number_take(&at, &form) || form != FORM ||
	    !fd_take(&at, &s->lock_fd) || !fd_take(&at, &s->kin.fd))
		return false;
	s->kin.heir = true;
	while (at != NULL && *at != '\0') {
		if (!door_inherit(s, &at))
			return false;
	}
	return true;
}

bool
heir_open(struct supervisor *s)
{
	const char *will = getenv(VARIABLE);
	char *text;
	bool done;

	if (will == NULL)
		return true;
	text = strdup(will);
	done = text != NULL && unsetenv(VARIABLE) == 0 && will_read(s, text);
	free(text);
	if (!done)
		errno = EINVAL;
	return done;
}

bool
heir_open_process_file(struct supervisor *s)
{
	if (s->kin.heir && process_file_is(s->plan, s->lock_fd))
		return true;
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	s->kin.moved = s->kin.heir;
	s->lock_fd = process_file_open(s->plan);
	return s->lock_fd >= 0;
}

void
heir_prove(struct supervisor *s)
{
	if (s->kin.heir)
		word_send(s, s->kin.moved ? WORD_READY_ELSE : WORD_READY);
}

/* When the old one ends without a word, somebody has to serve. */
static bool
heir_is_called(struct supervisor *s)
{
	char byte = 0;
	ssize_t n = recv(s->kin.fd, &byte, 1, MSG_DONTWAIT);

	if (n < 0 || s->stopping)
		return false;
	if (n == 0 && !s->kin.moved)
		process_file_write(s->lock_fd, getpid());
	kin_close(s);
	s->kin.heir = false;
	s->kin.moved = false;
	return true;
}

/* --- in both */

bool
heir_look(struct supervisor *s)
{
	if (s->kin.fd < 0)
		return false;
	if (s->kin.heir)
		return heir_is_called(s);
	heir_expect(s);
	return false;
}

void
heir_close(struct supervisor *s, const char *run_dir)
{
	bool shared = s->kin.left || s->kin.heir;

	while (s->doors != NULL) {
		struct door *d = s->doors;

		s->doors = d->next;
		if (shared)
			door_leave(d);
		else
			door_close(d);
	}
	if (s->lock_fd >= 0 && shared && !s->kin.moved)
		(void)close(s->lock_fd);
	else if (s->lock_fd >= 0)
		process_file_close(run_dir, s->lock_fd);
	kin_close(s);
}
