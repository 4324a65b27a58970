/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/pool.h"

/*
 * A real supervisor in a child. Its workers note in shared memory that they
 * are there, and then serve or misbehave as the test wants.
 */

#define PATIENCE 20000 /* milliseconds until a test gives up */
#define WORKERS 2

enum behaviour { SERVE, FAIL_AT_START, FAIL_AFTER_RELOAD };

struct shared {
	_Atomic int behaviour;
	_Atomic int started; /* workers that came to worker_main */
	_Atomic int reloads;
	_Atomic bool bad; /* the next configuration is */
	char run_dir[64]; /* of the next configuration */
	char user[64];
	_Atomic pid_t newest;
	_Atomic int open_files; /* of the newest worker */
	_Atomic bool is_sealed;
	_Atomic int couriers;
	_Atomic pid_t courier;
	_Atomic bool may_gain;
};

struct fixture {
	char folder[32];
	char address[64];
	char process_file[64];
	struct pool_group groups[2];
	struct pool_plan plan;
	struct shared *shared;
	struct config conf;
	pid_t pid;
};

static void
pause_ms(long milliseconds)
{
	const struct timespec t = {.tv_nsec = milliseconds * 1000000L};

	(void)nanosleep(&t, NULL);
}

static int
count_files(pid_t pid)
{
	char path[40];
	DIR *folder;
	int count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	folder = opendir(path);
	if (folder == NULL)
		return -1;
	while (readdir(folder) != NULL)
		count++;
	(void)closedir(folder);
	return count;
}

/* --- in the child */

static void
serve(void *worker, struct req *rq, struct resp *rs)
{
	(void)worker;
	if (strcmp(rq->path, "/hang") == 0)
		(void)sleep(60);
	if (strcmp(rq->path, "/crash") == 0)
		(void)raise(SIGKILL);
	resp_json(rs, 200);
	buf_number(&rs->body, getpid());
}

static bool
is_sealed(void)
{
	struct rlimit core;

	return prctl(PR_GET_DUMPABLE) == 0 &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	       getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 &&
	       umask(077) == 077 && fcntl(0, F_GETFD) >= 0 &&
	       fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0;
}

/* Of a group without a socket. */
static int
courier_main(struct fixture *f, const struct pool_worker *w)
{
	sigset_t ends;
	int number;

	f->shared->may_gain = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
			      prctl(PR_GET_DUMPABLE) == 0;
	f->shared->courier = getpid();
	f->shared->couriers++;
	w->post.score->state = SCORE_READY;
	w->post.score->busy_since = clock_monotonic();
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	return sigwait(&ends, &number);
}

static int
worker_main(void *to, const struct pool_worker *w)
{
	struct fixture *f = to;
	struct gate_service service = {.serve = serve, .conf = &f->conf};
	int status;

	if (w->group->address == NULL)
		return courier_main(f, w);
	f->shared->open_files = count_files(getpid());
	f->shared->is_sealed = is_sealed();
	f->shared->newest = getpid();
	f->shared->started++;
	if (f->shared->behaviour == FAIL_AT_START ||
	    (f->shared->behaviour == FAIL_AFTER_RELOAD &&
	     w->plan->setup != NULL))
		return 3;
	service.mem = arena_open(65536, (size_t)16 << 20);
	status = gate_fcgi_serve(&service, &w->post);
	arena_close(service.mem);
	return status;
}

static struct pool_plan *
reload(void *to)
{
	struct fixture *f = to;
	struct pool_plan *plan;

	f->shared->reloads++;
	if (f->shared->bad)
		return NULL;
	plan = malloc(sizeof(*plan));
	*plan = f->plan;
	plan->setup = f;
	if (f->shared->run_dir[0] != '\0')
		plan->run_dir = f->shared->run_dir;
	if (f->shared->user[0] != '\0')
		plan->user = f->shared->user;
	return plan;
}

static void
release(void *to, struct pool_plan *plan)
{
	(void)to;
	free(plan);
}

static int
run(struct fixture *f)
{
	const struct pool_calls calls = {reload, release, worker_main, f, NULL};
	struct pool_plan *plan = malloc(sizeof(*plan));
	struct sigaction usual = {.sa_handler = SIG_DFL};

	*plan = f->plan;
	(void)sigaction(SIGCHLD, &usual, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pool_run(plan, &calls);
}

/* --- in the test */

static pid_t
start_another(struct fixture *f)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run(f));
	return pid;
}

static void
wait_for(const _Atomic int *number, int at_least)
{
	int64_t until = clock_monotonic() + PATIENCE;

	while (*number < at_least && clock_monotonic() < until)
		pause_ms(1);
	assert_true(*number >= at_least);
}

static void
start(struct fixture *f)
{
	f->pid = start_another(f);
	wait_for(&f->shared->started, WORKERS);
}

static int
wait_end(pid_t pid)
{
	int64_t until = clock_monotonic() + PATIENCE;
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 &&
	       clock_monotonic() < until)
		pause_ms(1);
	assert_int_equal(ended, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
stop(struct fixture *f, int signal_number)
{
	pid_t pid = f->pid;

	assert_int_equal(kill(pid, signal_number), 0);
	f->pid = 0;
	return wait_end(pid);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memcpy(f->folder, "/tmp/pool.XXXXXX", 17);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->address, sizeof(f->address), "%s/s", f->folder);
	(void)snprintf(f->process_file, sizeof(f->process_file),
		       "%s/fastcgi-users.pid", f->folder);
	f->groups[0] = (struct pool_group){
		.name = "api",
		.address = f->address,
		.mode = 0640,
		.backlog = 16,
		.workers = WORKERS,
	};
	f->groups[1] = (struct pool_group){
		.name = "courier",
		.workers = 1,
		.request_limit = 60,
		.may_gain = true,
	};
	f->plan = (struct pool_plan){
		.run_dir = f->folder,
		.request_limit = 1,
		.drain_limit = 2,
		.idle_limit = 60,
		.connections = 16,
		.groups = f->groups,
		.count = 1,
	};
	f->conf.server.prefix = "";
	f->conf.server.body_limit = 1000;
	f->conf.server.arrival_limit = 5;
	f->conf.server.idle_limit = 60;
	f->conf.server.drain_limit = 2;
	f->conf.server.connections_per_worker = 16;
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pid != 0)
		(void)stop(f, SIGTERM);
	(void)munmap(f->shared, sizeof(*f->shared));
	(void)unlink(f->address);
	(void)unlink(f->process_file);
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = PATIENCE / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				    sizeof(patience)),
			 0);
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
send_request(int fd, const char *path)
{
	char bytes[256];
	size_t len = strlen(path);
	int total =
		snprintf(bytes, sizeof(bytes),
			 "%c%c%c%c%c%c%c%c" /* BEGIN, kept */
			 "%c%c%c%c%c%c%c%c"
			 "%c%c%c%c%c%c%c%c" /* PARAMS */
			 "%c%cREQUEST_METHODGET%c%cPATH_INFO%s"
			 "%c%c%c%c%c%c%c%c" /* their end */
			 "%c%c%c%c%c%c%c%c" /* no body */,
			 1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 4,
			 0, 1, 0, (int)(30 + len), 0, 0, 14, 3, 9, (int)len,
			 path, 1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0, 1, 0, 0, 0, 0);

	assert_int_equal(send(fd, bytes, (size_t)total, MSG_NOSIGNAL), total);
}

/* The pid that answered; 0 when the connection was cut. */
static pid_t
read_pid(int fd)
{
	char text[4096];
	const char *body;
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n <= 8)
		return 0;
	text[n] = '\0';
	body = strstr(text + 8, "\r\n\r\n");
	assert_non_null(body);
	return (pid_t)strtol(body + 4, NULL, 10);
}

static pid_t
ask_pid(int fd)
{
	send_request(fd, "/");
	return read_pid(fd);
}

static void
pool_serves_until_it_is_told_to_stop(void **state)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGQUIT};
	struct fixture *f = *state;
	struct stat st;

	for (size_t i = 0; i < countof(numbers); i++) {
		int fd;

		f->shared->started = 0;
		start(f);
		assert_int_equal(stat(f->address, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0640);
		assert_int_equal(stat(f->process_file, &st), 0);
		fd = connect_to(f->address);
		assert_true(ask_pid(fd) > 0);
		(void)close(fd);
		assert_int_equal(stop(f, numbers[i]), 0);
		assert_int_equal(stat(f->address, &st), -1);
		assert_int_equal(stat(f->process_file, &st), -1);
	}
}

static void
workers_have_given_up_what_they_do_not_need(void **state)
{
	struct fixture *f = *state;

	start(f);

	assert_true(f->shared->is_sealed);
}

static void
workers_cannot_write_to_the_folder_that_root_made(void **state)
{
	struct fixture *f = *state;
	char folder[40], locks[64], process_file[80];
	struct stat st;

	if (geteuid() != 0)
		skip();
	(void)snprintf(folder, sizeof(folder), "%s/run", f->folder);
	(void)snprintf(locks, sizeof(locks), "%s/hash.slots", folder);
	(void)snprintf(process_file, sizeof(process_file),
		       "%s/fastcgi-users.pid", folder);
	assert_int_equal(chmod(f->folder, 0755), 0);
	f->plan.run_dir = folder;
	f->plan.user = "nobody";
	start(f);

	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(stat(process_file, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(locks, &st), 0);
	assert_int_not_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 0777, 0660);

	/* Locks that are gone are there again for the next workers. */
	assert_int_equal(unlink(locks), 0);
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->started, 2 * WORKERS);
	assert_int_equal(stat(locks, &st), 0);
	assert_int_equal(stop(f, SIGTERM), 0);
	assert_int_equal(unlink(locks), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
a_process_file_with_a_second_name_is_not_written_to(void **state)
{
	struct fixture *f = *state;
	char other[64];
	struct stat st;
	int fd;

	(void)snprintf(other, sizeof(other), "%s/other", f->folder);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(close(fd), 0);
	assert_int_equal(link(other, f->process_file), 0);

	assert_int_equal(wait_end(start_another(f)), EX_OSERR);

	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(unlink(other), 0);
}

static void
a_group_without_a_socket_is_kept_alive_and_replaced(void **state)
{
	struct fixture *f = *state;
	pid_t first;
	int64_t until;

	f->plan.count = 2;
	start(f);
	wait_for(&f->shared->couriers, 1);
	assert_true(f->shared->may_gain);
	/* It is busy for longer than the workers may be. */
	pause_ms(900);
	pause_ms(900);
	assert_int_equal(f->shared->couriers, 1);

	assert_int_equal(kill(f->shared->courier, SIGKILL), 0);
	wait_for(&f->shared->couriers, 2);
	first = f->shared->courier;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->couriers, 3);
	until = clock_monotonic() + PATIENCE;
	while (kill(first, 0) == 0 && clock_monotonic() < until)
		pause_ms(1);
	assert_int_equal(kill(first, 0), -1);

	assert_int_equal(stop(f, SIGTERM), 0);
	assert_int_equal(kill(f->shared->courier, 0), -1);
}

static void
killed_worker_is_replaced_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t start_time;

	start(f);
	for (int i = 0; i < 10; i++) {
		pid_t pid = f->shared->newest;

		start_time = clock_monotonic();
		assert_int_equal(kill(pid, SIGKILL), 0);
		wait_for(&f->shared->started, WORKERS + 1 + i);
		assert_in_range(clock_monotonic() - start_time, 0, 500);
		pause_ms(20);
	}
}

static void
deaths_leak_no_descriptors(void **state)
{
	struct fixture *f = *state;
	int supervisor, worker;

	start(f);
	pause_ms(50);
	supervisor = count_files(f->pid);
	worker = f->shared->open_files;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(kill(f->shared->newest, SIGKILL), 0);
		wait_for(&f->shared->started, WORKERS + 1 + i);
		pause_ms(10);
	}

	assert_int_equal(count_files(f->pid), supervisor);
	assert_int_equal(f->shared->open_files, worker);
}

static void
workers_that_cannot_start_are_tried_ever_more_slowly(void **state)
{
	struct fixture *f = *state;
	int early;

	f->shared->behaviour = FAIL_AT_START;
	start(f);
	pause_ms(700);
	early = f->shared->started;
	assert_in_range(early, 3, 8);
	f->shared->behaviour = SERVE;
	wait_for(&f->shared->started, early + WORKERS);
	pause_ms(200);

	assert_int_equal(f->shared->started, early + WORKERS);
}

static void
hanging_worker_is_killed_and_replaced(void **state)
{
	struct fixture *f = *state;
	int64_t begin;
	int fd;

	start(f);
	fd = connect_to(f->address);
	begin = clock_monotonic();
	send_request(fd, "/hang");

	assert_int_equal(read_pid(fd), 0);
	assert_in_range(clock_monotonic() - begin, 900, 3000);
	(void)close(fd);
	wait_for(&f->shared->started, WORKERS + 1);
}

static void
reload_replaces_workers_and_keeps_connections(void **state)
{
	struct fixture *f = *state;
	pid_t before;
	int fds[6];

	start(f);
	for (size_t i = 0; i < countof(fds); i++) {
		fds[i] = connect_to(f->address);
		assert_true(ask_pid(fds[i]) > 0);
	}
	before = ask_pid(fds[0]);
	for (int round = 1; round <= 5; round++) {
		int64_t until = clock_monotonic() + PATIENCE;
		pid_t now = before;

		assert_int_equal(kill(f->pid, SIGHUP), 0);
		wait_for(&f->shared->reloads, round);
		while (now == before && clock_monotonic() < until) {
			for (size_t i = 0; i < countof(fds); i++)
				assert_true(ask_pid(fds[i]) > 0);
			now = ask_pid(fds[0]);
		}
		assert_true(now != before);
		before = now;
	}
	for (size_t i = 0; i < countof(fds); i++)
		(void)close(fds[i]);
}

static void
bad_configuration_changes_nothing(void **state)
{
	struct fixture *f = *state;
	pid_t before;
	int fd;

	start(f);
	fd = connect_to(f->address);
	before = ask_pid(fd);
	f->shared->bad = true;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->reloads, 1);
	pause_ms(50);

	assert_int_equal(ask_pid(fd), before);
	assert_int_equal(f->shared->started, WORKERS);
	(void)close(fd);
}

static void
configuration_whose_workers_fail_leaves_the_old_ones(void **state)
{
	struct fixture *f = *state;
	pid_t before;
	int fd;

	start(f);
	fd = connect_to(f->address);
	before = ask_pid(fd);
	f->shared->behaviour = FAIL_AT_START;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->started, 2 * WORKERS + 1);

	assert_int_equal(ask_pid(fd), before);
	(void)close(fd);
}

static pid_t
ask_anew(const struct fixture *f)
{
	int fd = connect_to(f->address);
	pid_t pid = ask_pid(fd);

	(void)close(fd);
	return pid;
}

/* Kills who serves until `count` have been replaced. */
static void
expect_replacements(const struct fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		int64_t until = clock_monotonic() + PATIENCE;
		pid_t pid = ask_anew(f);

		assert_true(pid > 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (kill(pid, 0) == 0 && clock_monotonic() < until)
			pause_ms(1);
	}
	assert_true(ask_anew(f) > 0);
}

static void
dead_are_replaced_while_a_reload_fails(void **state)
{
	struct fixture *f = *state;
	int64_t until;
	int seen = 0;

	start(f);
	assert_true(ask_anew(f) > 0);
	f->shared->behaviour = FAIL_AFTER_RELOAD;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->started, WORKERS + 2);

	/* More than there were. */
	expect_replacements(f, WORKERS + 2);
	/* The attempts end; from then on all is as before. */
	until = clock_monotonic() + PATIENCE;
	while (clock_monotonic() < until && seen != f->shared->started) {
		seen = f->shared->started;
		pause_ms(900);
		pause_ms(900);
	}
	assert_int_equal(seen, f->shared->started);
	expect_replacements(f, WORKERS + 2);

	/* And a good configuration is taken. */
	f->shared->behaviour = SERVE;
	seen = f->shared->started;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->started, seen + WORKERS);
	expect_replacements(f, WORKERS + 2);
}

static void
reload_after_a_failing_one_is_taken(void **state)
{
	struct fixture *f = *state;
	start(f);
	assert_true(ask_anew(f) > 0);
	f->shared->behaviour = FAIL_AFTER_RELOAD;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->started, WORKERS + 2);
	f->shared->behaviour = SERVE;
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->reloads, 2);
	wait_for(&f->shared->started, 2 * WORKERS + 2);
	pause_ms(100);

	expect_replacements(f, WORKERS + 2);
	assert_int_equal(stop(f, SIGTERM), 0);
}

static void
expect_reload_is_refused(struct fixture *f)
{
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	wait_for(&f->shared->reloads, 1);
	pause_ms(200);
	assert_int_equal(f->shared->started, WORKERS);
	expect_replacements(f, WORKERS + 1);
}

static void
reload_to_a_folder_that_cannot_be_made_is_refused(void **state)
{
	struct fixture *f = *state;

	start(f);
	(void)snprintf(f->shared->run_dir, sizeof(f->shared->run_dir),
		       "%s/is/not/there", f->folder);
	expect_reload_is_refused(f);
}

static void
reload_to_a_user_who_does_not_exist_is_refused(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	start(f);
	(void)snprintf(f->shared->user, sizeof(f->shared->user),
		       "nobody-of-that-name");
	expect_reload_is_refused(f);
}

static void
root_changes_no_file_that_took_the_place_of_the_socket(void **state)
{
	struct fixture *f = *state;
	char victim[64];
	struct stat st;

	if (geteuid() != 0)
		skip();
	(void)snprintf(victim, sizeof(victim), "%s/victim", f->folder);
	assert_int_equal(close(open(victim, O_WRONLY | O_CREAT, 0600)), 0);
	assert_int_equal(chmod(f->folder, 0755), 0);
	f->plan.user = "nobody";
	start(f);
	assert_int_equal(stat(f->address, &st), 0);
	assert_int_not_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(unlink(f->address), 0);
	for (int i = 0; i < 2; i++) {
		int done = i == 0 ? symlink(victim, f->address)
				  : link(victim, f->address);

		assert_int_equal(done, 0);
		assert_int_equal(kill(f->pid, SIGHUP), 0);
		wait_for(&f->shared->started, (i + 2) * WORKERS);
		assert_int_equal(stat(victim, &st), 0);
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(unlink(f->address), 0);
	}
	assert_int_equal(stop(f, SIGTERM), 0);
	assert_int_equal(unlink(victim), 0);
	(void)snprintf(victim, sizeof(victim), "%s/hash.slots", f->folder);
	(void)unlink(victim);
}

static void
second_supervisor_says_who_is_there(void **state)
{
	struct fixture *f = *state;
	char text[1024], pid[32];
	int said[2];
	ssize_t n;
	pid_t other;

	start(f);
	assert_int_equal(pipe(said), 0);
	other = fork();
	assert_true(other >= 0);
	if (other == 0) {
		(void)dup2(said[1], STDERR_FILENO);
		_exit(run(f));
	}
	assert_int_equal(wait_end(other), EX_OSERR);
	n = read(said[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	(void)snprintf(pid, sizeof(pid), "pid=%ld", (long)f->pid);

	assert_non_null(strstr(text, pid));
	assert_non_null(strstr(text, f->process_file));
	(void)close(said[0]);
	(void)close(said[1]);
}

static void
second_supervisor_is_refused(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f);
	assert_int_equal(wait_end(start_another(f)), EX_OSERR);
	fd = connect_to(f->address);

	assert_true(ask_pid(fd) > 0);
	(void)close(fd);
}

static void
killed_supervisor_takes_its_workers_along(void **state)
{
	struct fixture *f = *state;
	int64_t until = clock_monotonic() + PATIENCE;
	int fd, half;

	f->plan.drain_limit = f->conf.server.drain_limit = 30;
	f->conf.server.arrival_limit = 30;
	start(f);
	/* It is being waited for, which must not keep the socket open. */
	half = connect_to(f->address);
	assert_int_equal(send(half, "\1\1\0\1\0\10\0\0", 8, MSG_NOSIGNAL), 8);
	pause_ms(50);
	assert_int_equal(stop(f, SIGKILL), -SIGKILL);
	while ((fd = connect_to(f->address)) >= 0 && clock_monotonic() < until)
		(void)close(fd);
	assert_int_equal(fd, -1);
	/* Its socket and its process file are no obstacles. */
	f->shared->started = 0;
	start(f);
	fd = connect_to(f->address);

	assert_true(ask_pid(fd) > 0);
	(void)close(fd);
	(void)close(half);
}

static void
file_that_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	int fd = open(f->address, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	(void)close(fd);

	assert_int_equal(wait_end(start_another(f)), EX_OSERR);
	assert_int_equal(stat(f->address, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void
socket_of_somebody_alive_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct stat before, after;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", f->address);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(stat(f->address, &before), 0);

	assert_int_equal(wait_end(start_another(f)), EX_OSERR);
	assert_int_equal(stat(f->address, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	(void)close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pool_serves_until_it_is_told_to_stop),
		TEST(workers_have_given_up_what_they_do_not_need),
		TEST(workers_cannot_write_to_the_folder_that_root_made),
		TEST(a_process_file_with_a_second_name_is_not_written_to),
		TEST(a_group_without_a_socket_is_kept_alive_and_replaced),
		TEST(killed_worker_is_replaced_at_once),
		TEST(deaths_leak_no_descriptors),
		TEST(workers_that_cannot_start_are_tried_ever_more_slowly),
		TEST(hanging_worker_is_killed_and_replaced),
		TEST(reload_replaces_workers_and_keeps_connections),
		TEST(bad_configuration_changes_nothing),
		TEST(configuration_whose_workers_fail_leaves_the_old_ones),
		TEST(dead_are_replaced_while_a_reload_fails),
		TEST(reload_after_a_failing_one_is_taken),
		TEST(reload_to_a_folder_that_cannot_be_made_is_refused),
		TEST(reload_to_a_user_who_does_not_exist_is_refused),
		TEST(root_changes_no_file_that_took_the_place_of_the_socket),
		TEST(second_supervisor_says_who_is_there),
		TEST(second_supervisor_is_refused),
		TEST(killed_supervisor_takes_its_workers_along),
		TEST(file_that_is_no_socket_is_left_alone),
		TEST(socket_of_somebody_alive_is_left_alone),
	};

	/* What the supervisors say is not of interest, unless a test fails. */
	if (getenv("V") == NULL)
		log_set_level(LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
