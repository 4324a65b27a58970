/* SPDX-License-Identifier: MIT */
#include "gate/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_SECCOMP
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include "base/log.h"

#ifdef HAVE_SECCOMP

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||     \
	__has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

/* Memory checkers make system calls of their own. */
static bool
is_watched(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return WATCHED ||
	       (preload != NULL && strstr(preload, "vgpreload") != NULL);
}

#define CALL(name) SCMP_SYS(name)

/* Allowed whatever the arguments. A call that this machine does not have is
 * a negative number, which libseccomp leaves out. */
static const int allowed[] = {
	/* descriptors */
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(write),
	CALL(writev),
	CALL(pwrite64),
	CALL(close),
	CALL(lseek),
	CALL(_llseek),
	CALL(dup),
	CALL(poll),
	CALL(ppoll),
	CALL(select),
	CALL(_newselect),
	CALL(pselect6),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(pipe2),
	CALL(eventfd2),
	/* sockets; which families there may be is decided below */
	CALL(connect),
	CALL(accept4),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(recvmmsg),
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(shutdown),
	CALL(getsockname),
	CALL(getpeername),
	CALL(getsockopt),
	CALL(setsockopt),
	/* files: the database and its journal, locks, the resolver's */
	CALL(open),
	CALL(openat),
	CALL(stat),
	CALL(fstat),
	CALL(lstat),
	CALL(newfstatat),
	CALL(fstat64),
	CALL(stat64),
	CALL(lstat64),
	CALL(fstatat64),
	CALL(statx),
	CALL(statfs),
	CALL(fstatfs),
	CALL(access),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getcwd),
	CALL(fcntl),
	CALL(fcntl64),
	CALL(ftruncate),
	CALL(ftruncate64),
	CALL(fallocate),
	CALL(fsync),
	CALL(fdatasync),
	CALL(unlink),
	CALL(unlinkat),
	CALL(rename),
	CALL(renameat),
	CALL(renameat2),
	CALL(fchmod),
	CALL(fchown),
	CALL(utimensat),
	CALL(umask),
	CALL(flock),
	/* memory; mmap and mprotect are below */
	CALL(munmap),
	CALL(mremap),
	CALL(brk),
	CALL(madvise),
	CALL(mlock),
	CALL(munlock),
	CALL(msync),
	/* time, numbers, signals */
	CALL(clock_gettime),
	CALL(clock_gettime64),
	CALL(clock_getres),
	CALL(clock_nanosleep),
	CALL(clock_nanosleep_time64),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(time),
	CALL(times),
	CALL(getrandom),
	CALL(uname),
	CALL(sysinfo),
	CALL(getpid),
	CALL(gettid),
	CALL(getppid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getrusage),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(futex),
	CALL(rseq),
	CALL(set_robust_list),
	CALL(restart_syscall),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigpending),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(alarm),
	CALL(setitimer),
	CALL(signalfd4),
	CALL(exit),
	CALL(exit_group),
	/* the asker, when the worker ends */
	CALL(wait4),
};

/* What libraries try and can do without. */
static const int refused[] = {
	CALL(socketpair),
	CALL(bind),
	CALL(listen),
	CALL(setrlimit),
	CALL(chmod),
	CALL(chown),
	CALL(fchownat),
	CALL(fchmodat),
	CALL(mkdir),
	CALL(mbind),
	CALL(sched_setscheduler),
	CALL(io_uring_setup),
	CALL(setpriority),
};

/* One argument decides; `error` 0 allows. */
struct condition {
	int call;
	int error;
	struct scmp_arg_cmp argument;
};

static int
conditions_add(scmp_filter_ctx filter)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const struct condition conditions[] = {
		{CALL(socket), 0, SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX)},
		{CALL(socket), 0, SCMP_A0_64(SCMP_CMP_EQ, AF_INET)},
		{CALL(socket), 0, SCMP_A0_64(SCMP_CMP_EQ, AF_INET6)},
		{CALL(socket), EAFNOSUPPORT, SCMP_A0_64(SCMP_CMP_GT, AF_INET6)},
		/* Memory yes, but none that could hold new code. */
		{CALL(mmap), 0, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{CALL(mmap), EPERM,
		 SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
		{CALL(mmap2), 0, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{CALL(mprotect), 0,
		 SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{CALL(mprotect), EPERM,
		 SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
		/* The resolver asks how long an answer is. */
		{CALL(ioctl), 0, SCMP_A1_64(SCMP_CMP_EQ, FIONREAD)},
		{CALL(ioctl), ENOTTY, SCMP_A1_64(SCMP_CMP_NE, FIONREAD)},
		{CALL(prctl), 0, SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME)},
		{CALL(prctl), EPERM, SCMP_A0_64(SCMP_CMP_NE, PR_SET_NAME)},
		/* Reading limits has this newer name; setting them has too. */
		{CALL(prlimit64), 0, SCMP_A2_64(SCMP_CMP_EQ, 0)},
		{CALL(prlimit64), EPERM, SCMP_A2_64(SCMP_CMP_NE, 0)},
		/* abort() signals its own process. */
		{CALL(tgkill), 0, SCMP_A0_64(SCMP_CMP_EQ, self)},
		{CALL(tgkill), EPERM, SCMP_A0_64(SCMP_CMP_NE, self)},
	};
	int failed = 0;

	for (size_t i = 0; i < countof(conditions); i++) {
		const struct condition *c = &conditions[i];
		uint32_t action = c->error == 0
					  ? SCMP_ACT_ALLOW
					  : SCMP_ACT_ERRNO((uint16_t)c->error);

		failed |= seccomp_rule_add_array(filter, action, c->call, 1,
						 &c->argument);
	}
	return failed;
}

static int
rules_add(scmp_filter_ctx filter)
{
	int failed = 0;

	for (size_t i = 0; i < countof(allowed); i++)
		failed |=
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < countof(refused); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
					   refused[i], 0);
	return failed | conditions_add(filter);
}

/* A kernel that has filters complains of the address, else of the request. */
bool
sandbox_is_possible(void)
{
	return is_watched() ||
	       (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 &&
		errno == EFAULT);
}

bool
sandbox_enter(void)
{
	scmp_filter_ctx filter;
	bool done = false;

	if (is_watched()) {
		log_event(LEVEL_INFO, log_is("sandbox_skipped"));
		return true;
	}
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return false;
	/* A tree of comparisons instead of a list. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		goto out;
	if (rules_add(filter) != 0) {
		errno = EINVAL;
		goto out;
	}
	done = seccomp_load(filter) == 0;
out:
	seccomp_release(filter);
	return done;
}

#else

bool
sandbox_is_possible(void)
{
	return true;
}

bool
sandbox_enter(void)
{
	log_event(LEVEL_DEBUG, log_is("sandbox_missing"));
	return true;
}

#endif
