/* SPDX-License-Identifier: MIT */
/* How the file of signing keys is changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/key_ring.h"

#define OURS (S_IRUSR | S_IWUSR)

/* PATH with something behind it, on the heap. */
static char *
beside(const char *path, const char *end)
{
	char *name = NULL;

	if (asprintf(&name, "%s%s", path, end) < 0)
		abort();
	return name;
}

int
key_ring_lock(const char *path)
{
	char *name = beside(path, ".lock");
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, OURS);

	free(name);
	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			(void)close(fd);
			return -1;
		}
	return fd;
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* So that the new name is on the disk, too. */
static int
sync_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
	int failed = -1;
	int fd;

	if (slash == NULL)
		abort();
	slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return -1;
	failed = fsync(fd);
	(void)close(fd);
	return failed;
}

int
key_ring_replace(const char *path, const char *text, size_t len)
{
	char *name = beside(path, ".new");
	int failed = -1;
	int fd;

	/* What an interrupted change left behind. */
	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OURS);
	if (fd < 0)
		goto out;
	failed = write_all(fd, text, len);
	if (failed == 0)
		failed = fsync(fd);
	if (close(fd) != 0)
		failed = -1;
	if (failed == 0)
		failed = rename(name, path);
	if (failed != 0) {
		int why = errno;

		(void)unlink(name);
		errno = why;
	} else {
		failed = sync_folder(path);
	}
out:
	free(name);
	return failed;
}
