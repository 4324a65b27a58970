/* SPDX-License-Identifier: MIT */
#include "base/once.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"

static bool
counter_path(const struct once *o, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s.tries", o->path);

	return n > 0 && n < PATH_MAX;
}

/* A folder that is closed to others closes its files to them. */
static bool
others_may_read(const char *path, const struct stat *st)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	struct stat above;

	if ((st->st_mode & S_IROTH) == 0)
		return false;
	if (len == 0 || len >= sizeof(folder))
		return true;
	memcpy(folder, path, len);
	folder[len] = '\0';
	return stat(folder, &above) < 0 || (above.st_mode & S_IXOTH) != 0;
}

/* Tries count since the file was last put there. */
static int64_t
tries_made(const struct once *o, const struct stat *secret)
{
	char path[PATH_MAX];
	struct stat st;

	if (!counter_path(o, path) || lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : ONCE_TRIES;
	if (st.st_mtim.tv_sec < secret->st_ctim.tv_sec)
		return unlink(path) == 0 ? 0 : ONCE_TRIES;
	return st.st_size;
}

static size_t
file_read(int fd, char *text, size_t most)
{
	ssize_t n = pread(fd, text, most, 0);
	size_t len = n > 0 ? (size_t)n : 0;

	while (len > 0 && (unsigned char)text[len - 1] <= ' ')
		len--;
	text[len] = '\0';
	return len;
}

/* NULL when the secret is good. The time that counts is that of the file's
 * last change of any kind: no upload can set it. */
static const char *
fault_of(struct once *o, int64_t now)
{
	struct stat st;

	if (fstat(o->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "it is no file";
	if (others_may_read(o->path, &st))
		return "others may read it: take that away by chmod 600";
	if (now - (int64_t)st.st_ctim.tv_sec > ONCE_LIFETIME)
		return "it is older than a day: put it there anew";
	o->len = file_read(o->fd, o->text, ONCE_LONGEST);
	if (o->len < ONCE_SHORTEST)
		return "it has less than 20 bytes";
	if (tries_made(o, &st) >= ONCE_TRIES)
		return "there were 20 wrong tries: put another one there";
	return NULL;
}

bool
once_open(const char *path, int64_t now, struct once *out)
{
	struct stat st;

	*out = (struct once){.path = path};
	out->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (out->fd < 0) {
		if (errno != ENOENT)
			out->fault = "it cannot be read";
		return false;
	}
	while (flock(out->fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			out->fault = "it cannot be locked";
			once_close(out);
			return false;
		}
	/* Who waited may come too late. */
	if (fstat(out->fd, &st) == 0 && st.st_nlink == 0) {
		once_close(out);
		return false;
	}
	out->fault = fault_of(out, now);
	if (out->fault != NULL)
		once_close(out);
	return out->fault == NULL;
}

static bool
try_count(const struct once *o)
{
	char path[PATH_MAX];
	int fd;
	bool done;

	if (!counter_path(o, path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return false;
	done = write(fd, ".", 1) == 1;
	return close(fd) == 0 && done;
}

static void
tries_forget(const struct once *o)
{
	char path[PATH_MAX];

	if (counter_path(o, path))
		(void)unlink(path);
}

bool
once_try(const struct once *o, const char *given)
{
	if (!try_count(o) || strlen(given) != o->len ||
	    !crypto_equal(given, o->text, o->len))
		return false;
	tries_forget(o);
	return true;
}

bool
once_spend(const struct once *o)
{
	tries_forget(o);
	return unlink(o->path) == 0;
}

void
once_close(struct once *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	o->fd = -1;
	crypto_wipe(o->text, sizeof(o->text));
}
