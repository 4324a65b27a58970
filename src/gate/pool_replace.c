/* SPDX-License-Identifier: MIT */
#include "gate/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/pool_door.h"

/* Longer than a supervisor gives its heir, in milliseconds. */
#define LIMIT 100000
#define PAUSE_NS 20000000L

/* What the process file says, and when that was written. */
struct saying {
	int64_t pid;
	uid_t owner; /* of the file */
	struct timespec when;
};

/* False with errno. */
static bool
process_file_read(const char *run_dir, struct saying *out)
{
	int fd = process_file_look(run_dir);
	char line[24] = {0};
	struct stat st;
	bool done;

	if (fd < 0)
		return false;
	done = fstat(fd, &st) == 0 && read(fd, line, sizeof(line) - 1) > 0;
	line[strcspn(line, "\n")] = '\0';
	errno = ESRCH;
	/* One that is not locked was left behind. One that has a second name
	 * may be that of another service. */
	done = done && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	       text_number(line, 1, INT32_MAX, &out->pid) &&
	       flock(fd, LOCK_SH | LOCK_NB) < 0;
	if (done) {
		out->when = st.st_mtim;
		out->owner = st.st_uid;
	}
	(void)close(fd);
	if (!done)
		errno = ESRCH;
	return done;
}

static bool
is_rewritten(const struct saying *before, const struct saying *now)
{
	return before->when.tv_sec != now->when.tv_sec ||
	       before->when.tv_nsec != now->when.tv_nsec;
}

/* Whoever may write the file could name any process in it, and root may send
 * signals to all. */
static bool
owner_become(uid_t owner)
{
	return geteuid() != 0 || owner == 0 ||
	       setresuid(owner, owner, owner) == 0;
}

enum pool_replaced
pool_replace(const char *run_dir)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const int64_t until = clock_monotonic() + LIMIT;
	struct saying before, now;

	if (!process_file_read(run_dir, &before) ||
	    !owner_become(before.owner) || kill((pid_t)before.pid, SIGUSR2) < 0)
		return POOL_MISSING;
	while (clock_monotonic() < until) {
		(void)nanosleep(&pause, NULL);
		/* Where the new one keeps its file elsewhere, it goes. */
		if (!process_file_read(run_dir, &now))
			return POOL_REPLACED;
		if (now.pid != before.pid)
			return POOL_REPLACED;
		if (is_rewritten(&before, &now))
			return POOL_KEPT;
	}
	return POOL_KEPT;
}
