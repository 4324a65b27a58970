/* SPDX-License-Identifier: MIT */
#include "cmd/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/adoption.h"
#include "cmd/database.h"
#include "cmd/home_files.h"
#include "db/migrate.h"
#include "store/user_columns.h"

#define MEMORY_LIMIT ((size_t)1024 * 1024)
#define STAMP "settled"
#define STAMP_SIZE 128
#define LOCK "lock"
#define LOCK_LIMIT 10000    /* milliseconds */
#define LOCK_PAUSE 20000000 /* nanoseconds */

static enum err
fail(enum err e, const char *why)
{
	(void)command_fail(0, "%s", why);
	return e;
}

/* What is not possible with the folder or in it; errno says why. */
static enum err
fail_at(const struct home *h, const char *action, const char *name)
{
	int why = errno;

	(void)command_fail(0,
			   "cannot %s %s%s%s: %s; the program runs as user "
			   "number %u",
			   action, h->path, *name != '\0' ? "/" : "", name,
			   strerror(why), (unsigned)h->clues.user);
	return ERR_IO;
}

static enum err
folder_judge(const struct home *h)
{
	struct stat st;

	if (fstat(h->fd, &st) < 0)
		return fail_at(h, "look at", "");
	if (st.st_uid != h->clues.user) {
		(void)command_fail(
			0,
			"%s belongs to user number %u, and the program runs "
			"as number %u: it must be the same",
			h->path, (unsigned)st.st_uid, (unsigned)h->clues.user);
		return ERR_CONFIGURATION;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		(void)command_fail(0,
				   "others may enter %s: take that away by "
				   "chmod 700",
				   h->path);
		return ERR_CONFIGURATION;
	}
	if (faccessat(h->fd, ".", W_OK, 0) < 0)
		return fail_at(h, "write in", "");
	return OK;
}

static enum err
folder_open(struct home *h)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	h->fd = open(h->path, how);
	if (h->fd < 0 && errno == ENOENT) {
		if (mkdir(h->path, 0700) < 0 && errno != EEXIST)
			return fail_at(h, "make the folder", "");
		h->fd = open(h->path, how);
	}
	return h->fd < 0 ? fail_at(h, "open the folder", "") : folder_judge(h);
}

static int64_t
newest_migration(void)
{
	int64_t newest = 0;

	for (size_t i = 0; i < migrations_count; i++)
		if (migrations[i].version > newest)
			newest = migrations[i].version;
	return newest;
}

/* What must not have changed since the database was brought up to date: the
 * program's migrations and the configuration. False when there is none. */
static bool
stamp_spell(const struct home *h, char out[STAMP_SIZE])
{
	struct stat st;

	if (fstatat(h->fd, HOME_CONFIG, &st, 0) < 0)
		return false;
	(void)snprintf(out, STAMP_SIZE, "%lld %lld %lld.%09ld %lld\n",
		       (long long)newest_migration(), (long long)st.st_ino,
		       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		       (long long)st.st_size);
	return true;
}

static bool
is_settled(const struct home *h)
{
	char wanted[STAMP_SIZE];
	char found[STAMP_SIZE];
	ssize_t n;
	int fd;

	if (!stamp_spell(h, wanted))
		return false;
	fd = openat(h->fd, STAMP, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, found, sizeof(found) - 1);
	(void)close(fd);
	found[n > 0 ? n : 0] = '\0';
	return strcmp(found, wanted) == 0;
}

static enum err
lock_take(const struct home *h, int *out)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE};
	int64_t deadline = clock_monotonic() + LOCK_LIMIT;

	*out = openat(h->fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (*out < 0)
		return fail_at(h, "make", LOCK);
	while (flock(*out, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_at(h, "lock", LOCK);
		if (clock_monotonic() > deadline)
			return fail(ERR_BUSY, "another process still makes the "
					      "database ready");
		(void)nanosleep(&pause, NULL);
	}
	return OK;
}

static enum err
database_update(const struct config *conf)
{
	const struct migrate_watch watch = {.check = adoption_check};
	struct user_columns columns = {0};
	struct database d = {0};
	const char *why = NULL;
	enum err e = database_open(conf, true, &d);

	if (e == OK) {
		e = migrate_apply(d.db, d.mem, clock_now(), &watch, &why);
		if (e == OK)
			e = user_columns_add(d.db, d.mem, &columns, &why);
		if (e != OK)
			(void)command_fail(0, "the database: %s",
					   why != NULL ? why : err_sentence(e));
	}
	database_close(&d);
	return e;
}

static enum err
settle_locked(const struct home *h)
{
	const char *missing = home_files_make(h->clues.mem, h->fd);
	struct config *conf = NULL;
	char stamp[STAMP_SIZE];
	enum err e;

	if (missing != NULL)
		return fail_at(h, "make", missing);
	/* Before the configuration is read: if that changes meanwhile, this
	 * is done again. */
	if (!stamp_spell(h, stamp))
		return fail_at(h, "look at", HOME_CONFIG);
	e = command_configure(h->file, &conf);
	if (e == OK)
		e = database_update(conf);
	config_free(conf);
	if (e == OK && !home_file_write(h->fd, STAMP, stamp, 0600))
		return fail_at(h, "make", STAMP);
	if (e == OK)
		log_event(LEVEL_INFO, log_is("home_settled"),
			  log_text("folder", h->path));
	if (e == OK && home_is_shared(&h->clues))
		log_event(LEVEL_WARNING, log_is("home_shared"),
			  log_text("folder", h->path),
			  log_number("user", (int64_t)h->clues.user));
	return e;
}

static enum err
settle(const struct home *h)
{
	int lock;
	enum err e = lock_take(h, &lock);

	if (e == OK && !is_settled(h))
		e = settle_locked(h);
	if (lock >= 0)
		(void)close(lock);
	return e;
}

/* The environment is the web server's, not a client's. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

enum err
home_open(enum home_life life, struct home *out)
{
	struct home_clues *c = &out->clues;
	const char *why = NULL;
	enum err e;

	*out = (struct home){.fd = -1};
	c->mem = arena_open(0, MEMORY_LIMIT);
	c->life = life;
	c->user = geteuid();
	c->named = variable(HOME_VARIABLE);
	c->roots[0] = variable("DOCUMENT_ROOT");
	c->roots[1] = variable("CONTEXT_DOCUMENT_ROOT");
	c->program = home_program(c->mem);
	if (c->program == NULL)
		return fail(ERR_CONFIGURATION,
			    "the program does not find its own file");
	e = home_place(c, &out->path, &why);
	if (e != OK)
		return fail(e, why);
	out->file = arena_printf(c->mem, "%s/" HOME_CONFIG, out->path);
	if (setenv(HOME_VARIABLE, out->path, 1) < 0)
		return ERR_INTERNAL;
	e = folder_open(out);
	return e == OK && !is_settled(out) ? settle(out) : e;
}

void
home_close(struct home *h)
{
	if (h->fd >= 0)
		(void)close(h->fd);
	arena_close(h->clues.mem);
	*h = (struct home){.fd = -1};
}

const char *
home_fault(const struct home *h, const struct req *rq, const char *file)
{
	struct home_clues c = h->clues;
	size_t len = strlen(h->path);
	const char *why = NULL;

	c.mem = rq->mem;
	c.roots[0] = rq->document_root;
	c.roots[1] = rq->context_root;
	/* In a CGI program the folder was judged before it was made. */
	if (c.life != HOME_CGI)
		why = home_exposure(&c, h->path);
	if (why != NULL || file == NULL ||
	    (strncmp(file, h->path, len) == 0 && file[len] == '/' &&
	     strchr(file + len + 1, '/') == NULL))
		return why;
	file = home_resolve(rq->mem, file);
	return file != NULL ? home_exposure(&c, file) : NULL;
}
