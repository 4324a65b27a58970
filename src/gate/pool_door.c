/* SPDX-License-Identifier: MIT */
#include "gate/pool_door.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/slots.h"
#include "base/text.h"

#define PROCESS_FILE "fastcgi-users.pid"
#define HOST_MAX 256
/* The workers of a supervisor that was killed leave within this time. */
#define TAKEOVER_TRIES 40
#define TAKEOVER_PAUSE_NS 50000000L

static bool
is_path(const char *address)
{
	return strchr(address, '/') != NULL;
}

static bool
unix_address(const char *path, struct sockaddr_un *out)
{
	size_t len = strlen(path);

	if (len >= sizeof(out->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, path, len + 1);
	return true;
}

/* Whether somebody listens there. */
static bool
unix_is_alive(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
		(errno != ECONNREFUSED && errno != ENOENT);
	(void)close(fd);
	return alive;
}

/* Makes way for a new socket: removes one that nobody serves any more. */
static bool
unix_clear(const struct sockaddr_un *at)
{
	const struct timespec pause = {.tv_nsec = TAKEOVER_PAUSE_NS};
	struct stat st;

	if (lstat(at->sun_path, &st) < 0)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	for (int i = 0; unix_is_alive(at); i++) {
		if (i == TAKEOVER_TRIES) {
			errno = EADDRINUSE;
			return false;
		}
		(void)nanosleep(&pause, NULL);
	}
	return unlink(at->sun_path) == 0 || errno == ENOENT;
}

/*
 * Opens the file of a socket as such, never what a link in its place names:
 * we may be root, and the folder somebody else's. -1 with errno.
 */
static int
unix_file_open(const char *path, struct stat *st)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISSOCK(st->st_mode) && st->st_nlink == 1)
		return fd;
	(void)close(fd);
	errno = EEXIST;
	return -1;
}

static bool
unix_file_own(int fd, unsigned mode, const struct pool_plan *plan)
{
	struct identity ids;
	char path[40];

	/* fchmod takes no descriptor of this kind. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!pool_identity(plan, &ids) || chmod(path, (mode_t)mode) < 0)
		return false;
	return (ids.user == IDENTITY_SAME && ids.group == IDENTITY_SAME) ||
	       fchownat(fd, "", ids.user, ids.group, AT_EMPTY_PATH) == 0;
}

/* Sets permissions of the door's own file, and remembers which that is when
 * it is new. */
static bool
unix_own(struct door *d, unsigned mode, const struct pool_plan *plan, bool new)
{
	struct stat st;
	int fd = unix_file_open(d->address, &st);
	bool done;

	if (fd < 0)
		return false;
	if (new) {
		d->device = st.st_dev;
		d->file = st.st_ino;
	}
	errno = EEXIST;
	done = st.st_dev == d->device && st.st_ino == d->file &&
	       unix_file_own(fd, mode, plan);
	(void)close(fd);
	return done;
}

static int
unix_open(struct door *d, const struct pool_group *group,
	  const struct pool_plan *plan)
{
	struct sockaddr_un at;
	mode_t mask;
	int fd, bound, error;

	if (!unix_address(group->address, &at) || !unix_clear(&at))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* Nobody may connect before the permissions are right. */
	mask = umask(0777);
	bound = bind(fd, (const struct sockaddr *)&at, sizeof(at));
	(void)umask(mask);
	if (bound == 0 && unix_own(d, group->mode, plan, true))
		return fd;
	error = errno;
	if (bound == 0)
		(void)unlink(at.sun_path);
	(void)close(fd);
	errno = error;
	return -1;
}

/* "127.0.0.1:9000" or "[::1]:9000" is taken apart. */
static bool
inet_split(const char *address, char host[HOST_MAX], const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;
	int64_t number;

	if (len == 0 || len >= HOST_MAX ||
	    !text_number(colon + 1, 1, 65535, &number)) {
		errno = EINVAL;
		return false;
	}
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static int
inet_bind(const struct addrinfo *at)
{
	int fd = socket(at->ai_family,
			at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0)
		return -1;
	/* Accepted sockets inherit TCP_NODELAY. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    bind(fd, at->ai_addr, at->ai_addrlen) < 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int
inet_open(const char *address)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *found;
	char host[HOST_MAX];
	const char *port;
	int fd = -1;

	if (!inet_split(address, host, &port))
		return -1;
	if (getaddrinfo(host, port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	for (const struct addrinfo *at = found; at != NULL && fd < 0;
	     at = at->ai_next)
		fd = inet_bind(at);
	freeaddrinfo(found);
	return fd;
}

struct door *
door_open(const struct pool_group *group, const struct pool_plan *plan)
{
	struct door *d = calloc(1, sizeof(*d));
	int error;

	if (d == NULL)
		return NULL;
	d->fd = -1;
	d->channel = (struct handover){.send = -1, .receive = -1};
	d->wanted = true;
	d->address = strdup(group->address);
	if (d->address == NULL)
		goto out;
	d->fd = is_path(group->address) ? unix_open(d, group, plan)
					: inet_open(group->address);
	if (d->fd >= 0 && listen(d->fd, group->backlog) == 0 &&
	    handover_open(&d->channel))
		return d;
out:
	error = errno;
	door_close(d);
	errno = error;
	return NULL;
}

static bool
is_listening(int fd)
{
	int on = 0, type = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return false;
	errno = EINVAL;
	return on != 0 && type == SOCK_STREAM;
}

static bool
fd_prepare(int fd, bool is_inet)
{
	const int on = 1;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       (!is_inet ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
}

struct door *
door_take(int fd, const char *address, const char *lent,
	  const struct handover *channel)
{
	struct door *d;
	struct stat st;

	if (!is_listening(fd) || !fd_prepare(fd, !is_path(address)))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->fd = fd;
	d->channel = (struct handover){.send = -1, .receive = -1};
	d->address = strdup(address);
	d->lent = lent != NULL ? strdup(lent) : NULL;
	if (lent == NULL && is_path(address) && lstat(address, &st) == 0) {
		d->device = st.st_dev;
		d->file = st.st_ino;
	}
	if (channel != NULL)
		d->channel = *channel;
	if (d->address != NULL && (lent == NULL || d->lent != NULL) &&
	    (channel != NULL || handover_open(&d->channel)))
		return d;
	door_leave(d);
	return NULL;
}

void
door_adjust(struct door *d, const struct pool_group *group,
	    const struct pool_plan *plan)
{
	if (d->lent != NULL)
		return;
	(void)listen(d->fd, group->backlog);
	if (is_path(d->address))
		(void)unix_own(d, group->mode, plan, false);
}

void
door_close(struct door *d)
{
	struct stat st;

	if (d->fd >= 0 && d->lent == NULL && is_path(d->address) &&
	    lstat(d->address, &st) == 0 && st.st_dev == d->device &&
	    st.st_ino == d->file)
		(void)unlink(d->address);
	door_leave(d);
}

void
door_leave(struct door *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	handover_close(&d->channel);
	free(d->address);
	free(d->lent);
	free(d);
}

static bool
process_file_path(const char *run_dir, char *out, size_t room)
{
	int len = snprintf(out, room, "%s/%s", run_dir, PROCESS_FILE);

	errno = ENAMETOOLONG;
	return len > 0 && (size_t)len < room;
}

bool
run_dir_make(const struct pool_plan *plan)
{
	struct identity id;

	return pool_identity(plan, &id) &&
	       identity_make_folder(&id, plan->run_dir) &&
	       slots_make(plan->run_dir, &id);
}

/* A predecessor may remove the name while we lock what it stood for. */
static bool
is_named(int fd, const char *path)
{
	struct stat held, named;

	/* A second name: whoever may write to the folder could have given it
	 * to a file that is another's. */
	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 &&
	       S_ISREG(held.st_mode) && held.st_nlink == 1 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

bool
process_file_is(const struct pool_plan *plan, int fd)
{
	char path[4096];

	return process_file_path(plan->run_dir, path, sizeof(path)) &&
	       is_named(fd, path);
}

static bool
process_file_fill(int fd, pid_t pid)
{
	char line[24];
	int len = snprintf(line, sizeof(line), "%ld\n", (long)pid);

	return pwrite(fd, line, (size_t)len, 0) == len &&
	       ftruncate(fd, len) == 0;
}

void
process_file_write(int fd, pid_t pid)
{
	if (!process_file_fill(fd, pid))
		log_event(LEVEL_WARNING, log_is("process_file_failed"),
			  log_text("error", strerror(errno)));
}

int
process_file_open(const struct pool_plan *plan)
{
	char path[4096];
	int fd, error;

	if (!process_file_path(plan->run_dir, path, sizeof(path)))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_named(fd, path))
		errno = EBUSY;
	else if (process_file_fill(fd, getpid()))
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int
process_file_look(const char *run_dir)
{
	char path[4096];

	if (!process_file_path(run_dir, path, sizeof(path)))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

void
process_file_log(const char *run_dir)
{
	char path[4096] = "";
	char line[24] = {0};
	int fd = process_file_look(run_dir);

	(void)process_file_path(run_dir, path, sizeof(path));
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) >= 0)
		line[strcspn(line, "\n")] = '\0';
	if (fd >= 0)
		(void)close(fd);
	log_event(LEVEL_ERROR, log_is("pool_failed"),
		  log_text("error", "another supervisor is running"),
		  log_text("file", path), log_text("pid", line));
}

void
process_file_close(const char *run_dir, int fd)
{
	char path[4096];

	/* First the name, then the lock, or a successor's would be removed. */
	if (process_file_path(run_dir, path, sizeof(path)))
		(void)unlink(path);
	(void)close(fd);
}

bool
pool_identity(const struct pool_plan *plan, struct identity *out)
{
	return identity_find(plan->user, plan->group, out);
}
