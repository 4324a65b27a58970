/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/sandbox.h"

#define NOT_ENTERED 111

/* Runs a call inside the sandbox, in a child; its wait status. */
static int
inside(int (*call)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!sandbox_enter())
			_exit(NOT_ENTERED);
		_exit(call());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
is_filtered(void)
{
	/* Outside it says 0; inside, the question itself is refused. */
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 ? 0 : 1;
}

static void
skip_without_filter(void)
{
	int status = inside(is_filtered);

	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		skip();
}

static int
call_execve(void)
{
	static char path[] = "/bin/true";
	char *const argv[] = {path, NULL};

	return execve(path, argv, NULL);
}

static int
call_fork(void)
{
	return fork() == 0 ? 0 : 1;
}

static int
call_vfork(void)
{
	return (int)syscall(SYS_clone, SIGCHLD | CLONE_VM | CLONE_VFORK, NULL,
			    NULL, NULL, NULL);
}

static int
call_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
call_kill(void)
{
	return kill(getppid(), 0);
}

static int
call_setuid(void)
{
	return (int)syscall(SYS_setuid, getuid());
}

static int
call_chroot(void)
{
	return chroot("/");
}

static int
call_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
call_memfd(void)
{
	return memfd_create("code", 0);
}

static int
call_process_read(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0,
			    0);
}

static int
call_symlink(void)
{
	return symlink("/etc/passwd", "/tmp/never");
}

static void
forbidden_calls_end_the_process(void **state)
{
	static int (*const calls[])(void) = {
		call_execve, call_fork,    call_vfork,        call_ptrace,
		call_kill,   call_setuid,  call_chroot,       call_unshare,
		call_memfd,  call_symlink, call_process_read,
	};

	(void)state;
	skip_without_filter();
	for (size_t i = 0; i < countof(calls); i++) {
		int status = inside(calls[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("call %zu ended with %d", i, status);
	}
}

static int
refused_sockets(void)
{
	static const int families[] = {AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK};

	for (size_t i = 0; i < countof(families); i++) {
		if (socket(families[i], SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 ||
		    errno != EAFNOSUPPORT)
			return 1;
	}
	return 0;
}

static int
refused_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 1;
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 || errno != EPERM)
		return 2;
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page != MAP_FAILED || errno != EPERM ? 3 : 0;
}

static int
refused_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) != 0)
		return 1;
	return setrlimit(RLIMIT_CORE, &limit) == 0 || errno != EPERM ? 2 : 0;
}

static int
refused_doors(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 1;
	return listen(fd, 1) == 0 || errno != EPERM ? 2 : 0;
}

static void
what_libraries_try_is_refused_without_ending_the_process(void **state)
{
	static int (*const calls[])(void) = {refused_sockets, refused_code,
					     refused_limits, refused_doors};

	(void)state;
	skip_without_filter();
	for (size_t i = 0; i < countof(calls); i++) {
		int status = inside(calls[i]);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("call %zu ended with %d", i, status);
	}
}

/* What a worker does all day. */
static int
allowed_files(void)
{
	char path[] = "/tmp/sandbox.XXXXXX";
	char other[64];
	struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
	struct flock other_lock = {.l_type = F_WRLCK, .l_start = 1, .l_len = 1};
	void *page;
	int fd = mkstemp(path);

	(void)snprintf(other, sizeof(other), "%s-journal", path);
	if (fd < 0 || ftruncate(fd, 4096) != 0 ||
	    fcntl(fd, F_OFD_SETLK, &lock) != 0 ||
	    fcntl(fd, F_SETLK, &other_lock) != 0 || fsync(fd) != 0 ||
	    fdatasync(fd) != 0 || pwrite(fd, "x", 1, 0) != 1)
		return 1;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED || munmap(page, 4096) != 0)
		return 2;
	if (rename(path, other) != 0 || unlink(other) != 0 || close(fd) != 0)
		return 3;
	return 0;
}

static int
allowed_sockets(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

	for (size_t i = 0; i < countof(families); i++) {
		int fd = socket(families[i], SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 && errno != EAFNOSUPPORT)
			return 1;
		(void)close(fd);
	}
	return 0;
}

static int
allowed_memory(void)
{
	char *block = malloc((size_t)64 << 20);

	if (block == NULL)
		return 1;
	memset(block, 1, (size_t)64 << 20);
	(void)madvise(block, (size_t)64 << 20, MADV_HUGEPAGE);
	block = realloc(block, (size_t)128 << 20);
	free(block);
	return block == NULL ? 2 : 0;
}

static void
ordinary_work_goes_on(void **state)
{
	static int (*const calls[])(void) = {allowed_files, allowed_sockets,
					     allowed_memory};

	(void)state;
	for (size_t i = 0; i < countof(calls); i++) {
		int status = inside(calls[i]);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("call %zu ended with %d", i, status);
	}
}

static int
call_abort(void)
{
	abort();
}

static void
abort_is_seen_as_such(void **state)
{
	int status;

	(void)state;
	status = inside(call_abort);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_end_the_process),
		cmocka_unit_test(
			what_libraries_try_is_refused_without_ending_the_process),
		cmocka_unit_test(ordinary_work_goes_on),
		cmocka_unit_test(abort_is_seen_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
