/* SPDX-License-Identifier: MIT */
/* Programs that are run, and the process that runs them for a worker. */
#include "remote/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/trust.h"
#include "remote/asker.h"

#define PATIENCE 20000

struct fixture {
	char folder[32];
	char path[64]; /* of the program */
	struct arena *mem;
	const char *arguments[3];
	const char *environment[2];
	struct program program;
	struct program_result result;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/program.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/run", f->folder);
	f->mem = arena_open(0, (size_t)64 << 20);
	f->arguments[0] = f->path;
	f->environment[0] = "GREETING=hello";
	f->program = (struct program){
		.arguments = f->arguments,
		.environment = f->environment,
		.limit = PATIENCE,
	};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	arena_close(f->mem);
	free(f);
	return 0;
}

static void
script(const struct fixture *f, const char *lines)
{
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	assert_true(fprintf(file, "#!/bin/sh\n%s\n", lines) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->path, 0755), 0);
}

static const struct program_result *
run(struct fixture *f, const char *lines, const char *input)
{
	script(f, lines);
	program_run(f->mem, &f->program, input, strlen(input), &f->result);
	return &f->result;
}

static void
it_gets_its_input_and_its_words_come_back(void **state)
{
	const struct program_result *r =
		run(*state, "cat; echo trouble >&2; exit 3", "question");

	assert_int_equal(r->end, PROGRAM_EXITED);
	assert_int_equal(r->number, 3);
	assert_string_equal(r->output, "question");
	assert_string_equal(r->errors, "trouble\n");
}

static void
input_larger_than_a_pipe_arrives_whole(void **state)
{
	struct fixture *f = *state;
	size_t len = (size_t)1 << 20;
	char *input = arena_alloc(f->mem, len + 1);

	memset(input, 'x', len);
	run(f, "wc -c", input);
	assert_string_equal(f->result.output, "1048576\n");
}

static void
who_does_not_read_his_input_is_not_a_failure(void **state)
{
	struct fixture *f = *state;
	size_t len = (size_t)1 << 20;
	char *input = arena_alloc(f->mem, len + 1);

	memset(input, 'x', len);
	run(f, "exec 0<&-; echo done", input);
	assert_int_equal(f->result.end, PROGRAM_EXITED);
	assert_int_equal(f->result.number, 0);
	assert_string_equal(f->result.output, "done\n");
}

static void
it_has_no_environment_but_what_it_is_given(void **state)
{
	const struct program_result *r;

	assert_int_equal(setenv("FCU_TEST_LEAK", "1", 1), 0);
	r = run(*state, "echo \"$GREETING $FCU_TEST_LEAK\"; pwd", "");
	assert_string_equal(r->output, "hello \n/\n");
}

static void
it_inherits_no_files_and_no_signals(void **state)
{
	struct fixture *f = *state;
	const struct program_result *r;
	struct sigaction before;
	sigset_t blocked;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[0], 40), 40);
	assert_int_equal(sigaction(SIGTERM, NULL, &before), 0);
	assert_true(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	/* A shell keeps its script open at 10. */
	r = run(f,
		"for fd in 3 4 5 6 7 8 9 11 12 40; do\n"
		"test ! -e /proc/$$/fd/$fd || echo $fd; done; echo no more",
		"");
	assert_string_equal(r->output, "no more\n");
	r = run(f, "kill -TERM $$; sleep 60", "");
	assert_int_equal(r->end, PROGRAM_SIGNALLED);
	assert_int_equal(r->number, SIGTERM);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
	(void)close(40);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
late_one_is_killed_with_its_children(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_monotonic();
	int pid = 0;

	f->program.limit = 300;
	run(f, "sleep 60 & echo $!; wait", "");
	assert_int_equal(f->result.end, PROGRAM_LATE);
	assert_true(clock_monotonic() - start < PATIENCE);
	assert_int_equal(sscanf(f->result.output, "%d", &pid), 1);
	/* Until init has taken it away. */
	while (kill(pid, 0) == 0 && clock_monotonic() - start < PATIENCE) {
		char path[32];
		char state_letter = 'Z';
		FILE *file;

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		file = fopen(path, "re");
		if (file == NULL)
			break;
		if (fscanf(file, "%*d (%*[^)]) %c", &state_letter) != 1)
			state_letter = 'Z';
		(void)fclose(file);
		if (state_letter == 'Z' || state_letter == 'X')
			break;
	}
	assert_true(clock_monotonic() - start < PATIENCE);
}

static void
who_leaves_a_child_behind_is_not_waited_for(void **state)
{
	int64_t start = clock_monotonic();
	const struct program_result *r = run(*state, "sleep 600 & echo $!", "");
	int pid = 0;

	assert_int_equal(r->end, PROGRAM_EXITED);
	assert_int_equal(r->number, 0);
	assert_true(clock_monotonic() - start < PATIENCE);
	assert_int_equal(sscanf(r->output, "%d", &pid), 1);
	/* It runs still: nothing waited for it, and nothing ended it. */
	assert_int_equal(kill(pid, SIGKILL), 0);
}

/* Nobody can say how a child ended that the system takes away by itself. */
static void
an_end_that_nobody_saw_is_no_success(void **state)
{
	static const char *const ends[] = {"exit 0", "exit 3", "kill -9 $$"};
	const struct program_result *r;

	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for (size_t i = 0; i < countof(ends); i++) {
		r = run(*state, ends[i], "");
		assert_int_equal(r->end, PROGRAM_NOT_STARTED);
		assert_int_equal(r->number, ECHILD);
	}
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

static void
endless_output_is_cut_and_read_on(void **state)
{
	const struct program_result *r = run(
		*state, "head -c 300000 /dev/zero | tr '\\0' x; exit 4", "");

	assert_int_equal(r->end, PROGRAM_EXITED);
	assert_int_equal(r->number, 4);
	assert_int_equal(strlen(r->output), PROGRAM_OUTPUT_LIMIT);
}

static void
what_is_not_there_is_not_started(void **state)
{
	struct fixture *f = *state;

	program_run(f->mem, &f->program, "x", 1, &f->result);
	assert_int_equal(f->result.end, PROGRAM_NOT_STARTED);
	assert_int_equal(f->result.number, ENOENT);
	assert_string_equal(f->result.output, "");
	assert_string_equal(f->result.errors, "");
}

static void
what_others_can_write_is_not_to_be_trusted(void **state)
{
	struct fixture *f = *state;

	assert_non_null(trust_program_fault("run"));
	assert_non_null(trust_program_fault(f->path));
	assert_non_null(trust_program_fault(f->folder));
	script(f, "exit 0");
	assert_null(trust_program_fault(f->path));
	assert_int_equal(chmod(f->path, 0644), 0);
	assert_non_null(trust_program_fault(f->path));
	assert_int_equal(chmod(f->path, 0775), 0);
	assert_non_null(trust_program_fault(f->path));
	assert_int_equal(chmod(f->path, 0757), 0);
	assert_non_null(trust_program_fault(f->path));
	assert_int_equal(chmod(f->path, 0755), 0);
	assert_int_equal(chmod(f->folder, 0777), 0);
	assert_non_null(trust_program_fault(f->path));
	assert_int_equal(chmod(f->folder, 0700), 0);
	assert_null(trust_program_fault("/bin/true"));
}

/* The asker. */

static struct asker *
asker_of(struct fixture *f)
{
	struct asker *a;

	assert_int_equal(asker_open(&f->program, 1, &a), OK);
	return a;
}

static void
asker_runs_what_it_knows_again_and_again(void **state)
{
	struct fixture *f = *state;
	struct asker *a;

	script(f, "cat; exit 7");
	a = asker_of(f);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(asker_run(a, f->mem, 0, "abc", 3, &f->result),
				 OK);
		assert_int_equal(f->result.end, PROGRAM_EXITED);
		assert_int_equal(f->result.number, 7);
		assert_string_equal(f->result.output, "abc");
	}
	assert_int_equal(asker_run(a, f->mem, 1, "abc", 3, &f->result),
			 ERR_INTERNAL);
	asker_close(a);
}

static void
asker_tells_of_a_late_program_and_goes_on(void **state)
{
	struct fixture *f = *state;
	struct asker *a;

	script(f, "read -r word; test \"$word\" = quick || sleep 60");
	f->program.limit = 1500;
	a = asker_of(f);
	assert_int_equal(asker_run(a, f->mem, 0, "slow\n", 5, &f->result), OK);
	assert_int_equal(f->result.end, PROGRAM_LATE);
	assert_int_equal(asker_run(a, f->mem, 0, "quick\n", 6, &f->result), OK);
	assert_int_equal(f->result.end, PROGRAM_EXITED);
	asker_close(a);
}

/* The asker is the parent of what it runs. */
static int
asker_pid(struct fixture *f, struct asker *a)
{
	int pid = 0;

	script(f, "echo $PPID");
	assert_int_equal(asker_run(a, f->mem, 0, "", 0, &f->result), OK);
	assert_int_equal(sscanf(f->result.output, "%d", &pid), 1);
	return pid;
}

static void
asker_that_is_closed_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct asker *a = asker_of(f);
	int pid = asker_pid(f, a);

	assert_int_equal(kill(pid, 0), 0);
	asker_close(a);
	/* A zombie could be signalled still. */
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void
asker_that_is_gone_has_a_supervised_process_replaced(void **state)
{
	struct fixture *f = *state;
	struct asker *a = asker_of(f);
	sigset_t blocked;
	sigset_t pending;
	int number = 0;

	assert_int_equal(kill(asker_pid(f, a), SIGKILL), 0);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	/* Alone, it stays. */
	assert_int_equal(asker_run(a, f->mem, 0, "", 0, &f->result), ERR_IO);
	asker_close(a);

	a = asker_of(f);
	assert_int_equal(kill(asker_pid(f, a), SIGKILL), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	assert_int_equal(asker_run(a, f->mem, 0, "", 0, &f->result), ERR_IO);
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGTERM), 1);
	assert_int_equal(sigwait(&pending, &number), 0);
	assert_int_equal(number, SIGTERM);
	assert_int_equal(asker_run(a, f->mem, 0, "", 0, &f->result), ERR_IO);
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGTERM), 0);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	asker_close(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_gets_its_input_and_its_words_come_back),
		TEST(input_larger_than_a_pipe_arrives_whole),
		TEST(who_does_not_read_his_input_is_not_a_failure),
		TEST(it_has_no_environment_but_what_it_is_given),
		TEST(it_inherits_no_files_and_no_signals),
		TEST(late_one_is_killed_with_its_children),
		TEST(who_leaves_a_child_behind_is_not_waited_for),
		TEST(an_end_that_nobody_saw_is_no_success),
		TEST(endless_output_is_cut_and_read_on),
		TEST(what_is_not_there_is_not_started),
		TEST(what_others_can_write_is_not_to_be_trusted),
		TEST(asker_runs_what_it_knows_again_and_again),
		TEST(asker_tells_of_a_late_program_and_goes_on),
		TEST(asker_that_is_closed_leaves_nothing_behind),
		TEST(asker_that_is_gone_has_a_supervised_process_replaced),
	};

	log_set_level(LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
