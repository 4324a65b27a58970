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
#include "base/tally.h"

#define MODE 0660
/* Milliseconds between two looks; what is waited for takes far longer. */
#define PAUSE_FIRST 1
#define PAUSE_OTHERS 4
#define NONE SIZE_MAX
/*
 * Who waits stands in a line, or whoever has just given a slot back would
 * nearly always take it again before the others look. Its places are bytes of
 * the file too, far behind the slots: each is held by one who waits, who moves
 * up when the one before is free, and the first looks for a slot.
 */
#define LINE ((off_t)1 << 24)
#define LINE_PLACES ((size_t)4096)
/* And each use has slots and a line of its own, further behind. */
#define USE_SIZE ((off_t)1 << 26)

struct slots {
	int fd;
	off_t first; /* byte of its use */
	size_t count;
	size_t held;   /* NONE when no slot is */
	size_t place;  /* in the line, NONE when in none */
	size_t next;   /* where to look first */
	bool hashes;   /* what is held is counted */
	int64_t since; /* when that began, in microseconds */
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
	return slots_open_for(SLOTS_HASHING, path, count, out);
}

enum err
slots_open_for(enum slots_use use, const char *path, size_t count,
	       struct slots **out)
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
	s->first = (off_t)use * USE_SIZE;
	s->hashes = use == SLOTS_HASHING;
	s->count = count;
	s->held = NONE;
	s->place = NONE;
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
byte_lock(const struct slots *s, off_t at, short type)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = s->first + at,
		.l_len = 1,
	};

	return fcntl(s->fd, F_OFD_SETLK, &lock) == 0;
}

static bool
slot_find(struct slots *s)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t slot = (s->next + i) % s->count;

		if (!byte_lock(s, (off_t)slot, F_WRLCK))
			continue;
		s->held = slot;
		s->next = slot;
		return true;
	}
	return false;
}

/* The place behind everybody who waits: 0 when nobody does. */
static size_t
line_end(const struct slots *s)
{
	size_t end = 0;

	while (end < LINE_PLACES) {
		struct flock lock = {
			.l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = s->first + LINE + (off_t)end,
			.l_len = (off_t)(LINE_PLACES - end),
		};

		if (fcntl(s->fd, F_OFD_GETLK, &lock) < 0 ||
		    lock.l_type == F_UNLCK)
			break;
		end = (size_t)(lock.l_start + lock.l_len - s->first - LINE);
	}
	return end;
}

/* Enters the line, or moves up as far as it goes. */
static void
line_move(struct slots *s)
{
	if (s->place == NONE) {
		size_t end = line_end(s);

		if (end == LINE_PLACES ||
		    !byte_lock(s, LINE + (off_t)end, F_WRLCK))
			return;
		s->place = end;
	}
	while (s->place > 0 &&
	       byte_lock(s, LINE + (off_t)s->place - 1, F_WRLCK)) {
		(void)byte_lock(s, LINE + (off_t)s->place, F_UNLCK);
		s->place--;
	}
}

static void
line_leave(struct slots *s)
{
	if (s->place != NONE)
		(void)byte_lock(s, LINE + (off_t)s->place, F_UNLCK);
	s->place = NONE;
}

static void
line_wait(const struct slots *s)
{
	const long pause = s->place == 0 ? PAUSE_FIRST : PAUSE_OTHERS;
	const struct timespec t = {.tv_nsec = pause * 1000000L};

	(void)nanosleep(&t, NULL);
}

static enum err
take(struct slots *s, int64_t deadline)
{
	enum err e = OK;

	/* Who has waited too long elsewhere is gone: work for him delays those
	 * who are not. */
	if (clock_monotonic() >= deadline)
		return ERR_BUSY;
	if (line_end(s) == 0 && slot_find(s))
		return OK;
	for (;;) {
		line_move(s);
		if (s->place == 0 && slot_find(s))
			break;
		if (clock_monotonic() >= deadline) {
			e = ERR_BUSY;
			break;
		}
		line_wait(s);
	}
	line_leave(s);
	return e;
}

enum err
slots_take(struct slots *s, int64_t deadline)
{
	int64_t began = clock_micros();
	enum err e;

	if (s->held != NONE)
		abort();
	if (!s->hashes)
		return take(s, deadline);
	tally_set(TALLY_HASHES_WAITING, 1);
	e = take(s, deadline);
	s->since = clock_micros();
	tally_set(TALLY_HASHES_WAITING, 0);
	tally_set(TALLY_HASHES_RUNNING, e == OK);
	tally_add(TALLY_HASH_WAIT, (uint64_t)(s->since - began));
	tally_add(e == OK ? TALLY_HASHES : TALLY_HASHES_REFUSED, 1);
	return e;
}

void
slots_give(struct slots *s)
{
	if (s->held == NONE)
		return;
	if (s->hashes) {
		tally_set(TALLY_HASHES_RUNNING, 0);
		tally_add(TALLY_HASH_TIME,
			  (uint64_t)(clock_micros() - s->since));
	}
	(void)byte_lock(s, (off_t)s->held, F_UNLCK);
	s->held = NONE;
}
