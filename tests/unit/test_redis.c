/* SPDX-License-Identifier: MIT */
/* Against a server in a child that says what a test wants it to. */
#include "remote/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define LIMIT 150 /* milliseconds */
#define LATE "late"
#define ANSWER "$2\r\nid\r\n$-1\r\n:3500\r\n"

static const struct redis_command commands[] = {
	{{"GET", "key"}},
	{{"GET", "other"}},
	{{"PTTL", "key"}},
};

struct shared {
	_Atomic int connections;
	char heard[512]; /* the last thing */
};

struct fixture {
	struct arena *mem;
	char folder[32];
	char url[64];
	struct config conf;
	struct redis *redis;
	struct shared *shared;
	pid_t pid;
	struct redis_reply replies[3];
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->mem = arena_open(0, 1 << 20);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/fcu-redis-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->url, sizeof(f->url), "unix:%s/s", f->folder);
	f->conf.redis.url = f->url;
	f->conf.redis.time_limit = LIMIT;
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f->shared != MAP_FAILED);
	log_set_level(LEVEL_ERROR);
	*state = f;
	return 0;
}

static void
server_stop(struct fixture *f)
{
	if (f->pid == 0)
		return;
	(void)kill(f->pid, SIGKILL);
	(void)waitpid(f->pid, NULL, 0);
	(void)unlink(f->url + strlen("unix:"));
	f->pid = 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	server_stop(f);
	redis_close(f->redis);
	(void)rmdir(f->folder);
	(void)munmap(f->shared, sizeof(*f->shared));
	arena_close(f->mem);
	free(f);
	return 0;
}

/* One connection: after each thing heard the same thing is said, or nothing;
 * an empty text hangs up. */
static void
speak(struct shared *shared, int fd, const char *says)
{
	ssize_t n;

	while ((n = read(fd, shared->heard, sizeof(shared->heard) - 1)) > 0) {
		shared->heard[n] = '\0';
		if (*says == '\0')
			return;
		if (strcmp(says, LATE) != 0 &&
		    write(fd, says, strlen(says)) < 0)
			return;
	}
}

/* `says` has a text for each connection, the last one for all further. */
static void
server_start(struct fixture *f, const char *const *says)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s",
		       f->url + strlen("unix:"));
	assert_true(door >= 0);
	assert_int_equal(bind(door, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(door, 8), 0);
	f->shared->connections = 0;
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGPIPE, SIG_IGN);
		for (;;) {
			int fd = accept(door, NULL, NULL);

			f->shared->connections++;
			speak(f->shared, fd, *says);
			(void)close(fd);
			if (says[1] != NULL)
				says++;
		}
	}
	(void)close(door);
}

static void
client_open(struct fixture *f)
{
	assert_int_equal(redis_open(&f->conf, &f->redis), OK);
}

static enum err
run(struct fixture *f)
{
	return redis_run(f->redis, f->mem, commands, countof(commands),
			 f->replies);
}

/* Until the server may be asked again. */
static void
pause_passes(long milliseconds)
{
	const struct timespec t = {milliseconds / 1000,
				   milliseconds % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

static void
replies_come_in_the_order_of_the_commands(void **state)
{
	static const char *const says[] = {ANSWER, NULL};
	struct fixture *f = *state;

	server_start(f, says);
	client_open(f);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(run(f), OK);
		assert_string_equal(f->replies[0].text, "id");
		assert_null(f->replies[1].text);
		assert_int_equal(f->replies[2].number, 3500);
	}
	assert_int_equal(f->shared->connections, 1);
	assert_string_equal(f->shared->heard,
			    "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"
			    "*2\r\n$3\r\nGET\r\n$5\r\nother\r\n"
			    "*2\r\n$4\r\nPTTL\r\n$3\r\nkey\r\n");
}

static void
a_lost_connection_is_made_again_at_once(void **state)
{
	static const char *const says[] = {ANSWER, NULL};
	struct fixture *f = *state;

	server_start(f, says);
	client_open(f);
	assert_int_equal(run(f), OK);
	server_stop(f);
	server_start(f, says);

	assert_int_equal(run(f), OK);
	assert_string_equal(f->replies[0].text, "id");
}

static void
nobody_there_is_asked_again_after_a_pause_only(void **state)
{
	static const char *const says[] = {ANSWER, NULL};
	struct fixture *f = *state;

	client_open(f);
	assert_int_equal(run(f), ERR_REDIS_DOWN);
	server_start(f, says);
	assert_int_equal(run(f), ERR_REDIS_DOWN);
	assert_int_equal(f->shared->connections, 0);

	pause_passes(120);

	assert_int_equal(run(f), OK);
	assert_int_equal(f->shared->connections, 1);
}

static void
a_late_answer_is_waited_for_once_and_not_mistaken_later(void **state)
{
	static const char *const says[] = {LATE, ANSWER, NULL};
	struct fixture *f = *state;
	int64_t begun = clock_monotonic();

	server_start(f, says);
	client_open(f);

	assert_int_equal(run(f), ERR_REDIS_DOWN);
	assert_true(clock_monotonic() - begun >= LIMIT - 1);
	assert_int_equal(f->shared->connections, 1);
	pause_passes(120);
	assert_int_equal(run(f), OK);
	assert_int_equal(f->shared->connections, 2);
}

static void
what_is_no_answer_is_none(void **state)
{
	static const char *const refused[] = {
		"",
		"HTTP/1.1 200 OK\r\n\r\n",
		"$2\r\nid\r\n$-1\r\n-ERR no\r\n",
		"-NOAUTH Authentication required.\r\n$-1\r\n:1\r\n",
		"$2\r\nid\r\n$-1\r\n*1\r\n:1\r\n",
		"$99999999999999999999\r\n",
		"$2\r\nid",
		":x\r\n$-1\r\n:1\r\n",
		"*-7\r\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(refused); i++) {
		const char *const says[] = {refused[i], NULL};

		server_start(f, says);
		client_open(f);
		assert_int_equal(run(f), ERR_REDIS_DOWN);
		redis_close(f->redis);
		f->redis = NULL;
		server_stop(f);
	}
}

static void
an_address_that_is_none_does_not_open(void **state)
{
	struct fixture *f = *state;

	f->conf.redis.url = "http://cache";

	assert_int_equal(redis_open(&f->conf, &f->redis), ERR_CONFIGURATION);
	assert_null(f->redis);
	redis_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replies_come_in_the_order_of_the_commands),
		TEST(a_lost_connection_is_made_again_at_once),
		TEST(nobody_there_is_asked_again_after_a_pause_only),
		TEST(a_late_answer_is_waited_for_once_and_not_mistaken_later),
		TEST(what_is_no_answer_is_none),
		TEST(an_address_that_is_none_does_not_open),
	};

#ifndef HAVE_HIREDIS
	/* What automake takes for "skipped". */
	return 77;
#endif
	/* As in the program: a lost connection is no reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
