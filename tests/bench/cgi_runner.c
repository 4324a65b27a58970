/* SPDX-License-Identifier: MIT */
/*
 * cgi_runner COUNT PROGRAM: runs a CGI program so often, one after the other,
 * with this environment, and prints of each run the microseconds from its start
 * to its end, and those of the processor. What a web server does around that
 * is none of its business.
 */
#include "ceiling.h"

#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* The whole answer, which must be a good one. */
static void
check(const char *answer, int status)
{
	if (status == 0 && (strncmp(answer, "Content-Type:", 13) == 0 ||
			    strncmp(answer, "Status: 200", 11) == 0))
		return;
	fprintf(stderr, "status %d: %s\n", status, answer);
	_exit(1);
}

static void
run(char *program, char **environment)
{
	struct rusage spent;
	int64_t begun = now();
	char *argv[] = {program, NULL};
	char answer[8192];
	size_t len = 0;
	posix_spawn_file_actions_t actions;
	int status = 0;
	int ends[2];
	pid_t pid;
	ssize_t n;

	if (pipe(ends) != 0)
		ceiling_fail("pipe");
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, ends[1], 1) != 0 ||
	    posix_spawn_file_actions_addclose(&actions, ends[0]) != 0 ||
	    posix_spawn_file_actions_addclose(&actions, ends[1]) != 0 ||
	    posix_spawn(&pid, program, &actions, NULL, argv, environment) != 0)
		ceiling_fail(program);
	(void)close(ends[1]);
	while ((n = read(ends[0], answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	(void)close(ends[0]);
	if (wait4(pid, &status, 0, &spent) != pid)
		ceiling_fail("wait4");
	printf("%lld %lld\n", (long long)(now() - begun),
	       (long long)(microseconds(spent.ru_utime) +
			   microseconds(spent.ru_stime)));
	(void)posix_spawn_file_actions_destroy(&actions);
	check(answer, status);
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	for (int left = ceiling_number(argv[1]); left > 0; left--)
		run(argv[2], environ);
	return 0;
}
