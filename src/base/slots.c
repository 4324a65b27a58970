/* SPDX-License-Identifier: MIT */
#include "base/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MODE 0660
/* Milliseconds between two looks; what is waited for takes far longer. */
#define PAUSE 4
#define NONE SIZE_MAX

struct slots {
	int fd;
	size_t count;
	size_t held; /* NONE when no slot is */
	size_t next; /* where to look first */
};

/* Root hands out no file that has a second name: whoever may write to the
 * folder could have put somebody else's there. */
static bool
file_give(int fd, const struct identity *id)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	errno = EPERM;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	       fchmod(fd, MODE) == 0 && fchown(fd, id->user, id->group) == 0;
}

bool
slots_make(const char *run_dir, const struct identity *id)
{
	char path[PATH_MAX];
	bool done;
	int fd;

	if (id->user == IDENTITY_SAME)
		return true;
	errno = ENAMETOOLONG;
	if (snprintf(path, sizeof(path), "%s/" SLOTS_FILE, run_dir) >=
	    (int)sizeof(path))
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0)
		return false;
	done = file_give(fd, id);
	(void)close(fd);
	return done;
}

enum err
slots_open(const char *path, size_t count, struct slots **out)
{
	struct slots *s = calloc(1, sizeof(*s));
	struct stat st;

	*out = NULL;
	if (s == NULL)
		return ERR_IO;
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (s->fd < 0) {
		log_event(LEVEL_ERROR, log_is("slots_failed"),
			  log_text("path", path),
			  log_text("error", strerror(errno)));
		free(s);
		return ERR_IO;
	}
	/* A strict umask must not lock the group's other processes out. */
	if (fstat(s->fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 0777) != MODE)
		(void)fchmod(s->fd, MODE);
	s->count = count;
	s->held = NONE;
	/* Spreads the processes, so that they seldom try the same one. */
	s->next = count > 0 ? (size_t)getpid() % count : 0;
	*out = s;
	return OK;
}

void
slots_close(struct slots *s)
{
	if (s == NULL)
		return;
	(void)close(s->fd);
	free(s);
}

static bool
slot_lock(const struct slots *s, size_t slot, short type)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)slot,
		.l_len = 1,
	};

	return fcntl(s->fd, F_OFD_SETLK, &lock) == 0;
}

static bool
slot_find(struct slots *s)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t slot = (s->next + i) % s->count;

		if (!slot_lock(s, slot, F_WRLCK))
			continue;
		s->held = slot;
		s->next = slot;
		return true;
	}
	return false;
}

enum err
slots_take(struct slots *s, int64_t deadline)
{
	const struct timespec pause = {.tv_nsec = PAUSE * 1000000L};

	if (s->held != NONE)
		abort();
	while (!slot_find(s)) {
		if (clock_monotonic() >= deadline)
			return ERR_BUSY;
		(void)nanosleep(&pause, NULL);
	}
	return OK;
}

void
slots_give(struct slots *s)
{
	if (s->held == NONE)
		return;
	(void)slot_lock(s, s->held, F_UNLCK);
	s->held = NONE;
}
