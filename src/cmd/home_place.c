/* SPDX-License-Identifier: MIT */
#include "cmd/home_place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define FOLDER "fastcgi-users"
#define REMEDY                                                                 \
	"name a folder outside of that by SetEnv " HOME_VARIABLE               \
	", or in the file %s.home"

const char *
home_resolve(struct arena *mem, const char *path)
{
	char *real = realpath(path, NULL);
	const char *out = real != NULL ? arena_text(mem, real) : NULL;

	free(real);
	return out;
}

const char *
home_program(struct arena *mem)
{
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (path == NULL) {
		errno = ENOENT;
		return NULL;
	}
	return home_resolve(mem, path);
}

/* The folder that a path is in. */
static const char *
folder_of(struct arena *mem, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path
		       ? "/"
		       : arena_copy(mem, path, (size_t)(slash - path));
}

/* A folder is in itself, too. */
static bool
is_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* What there is to be said of a place, NULL where there is nothing. */
struct look {
	const char *served;   /* by the web server, and the place is in it */
	const char *writable; /* for everybody, and the place is in it */
};

/* Folders are compared by what they are, whatever they are called; one that is
 * not there is compared by its name. */
static struct look
look_at(const struct home_clues *c, const char *path)
{
	struct look out = {0};
	struct stat roots[HOME_ROOTS] = {0};
	const char *own = folder_of(c->mem, c->program);
	struct stat st;

	if (is_in(path, own))
		out.served = own;
	for (size_t i = 0; i < HOME_ROOTS; i++) {
		if (c->roots[i] == NULL)
			continue;
		if (is_in(path, c->roots[i]))
			out.served = c->roots[i];
		if (stat(c->roots[i], &roots[i]) < 0)
			roots[i] = (struct stat){0};
	}
	for (bool above = false;; above = true) {
		bool there = stat(path, &st) == 0;

		for (size_t i = 0; there && i < HOME_ROOTS; i++)
			if (roots[i].st_ino != 0 && is_same(&st, &roots[i]))
				out.served = c->roots[i];
		if (there && above && (st.st_mode & S_IWOTH) != 0 &&
		    (st.st_mode & S_ISVTX) == 0)
			out.writable = path;
		if (path[1] == '\0')
			return out;
		path = folder_of(c->mem, path);
	}
}

/* Whether all of four numbers are of users who are neither root nor this
 * one. */
static bool
are_others(const char *ids, uid_t user)
{
	for (int i = 0; i < 4; i++) {
		char *end;
		unsigned long id = strtoul(ids, &end, 10);

		if (end == ids || id == 0 || id == user)
			return false;
		ids = end;
	}
	return true;
}

/*
 * Whether the web server, which is our parent, runs as neither us nor root. No
 * other of its processes has more rights to what is ours, so the permissions
 * keep it out, whatever it is configured to send. Where /proc does not tell,
 * nothing is proved.
 */
static bool
server_is_kept_out(uid_t user)
{
	char path[64];
	char line[256];
	bool kept_out = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)getppid());
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (text_starts(line, "Uid:"))
			kept_out = are_others(line + strlen("Uid:"), user);
	(void)fclose(f);
	return kept_out;
}

static const char *
exposure(const struct home_clues *c, const char *path, const char *served,
	 bool may_be_served)
{
	if (served == NULL && c->roots[0] != NULL)
		return NULL;
	if ((served == NULL || may_be_served) && server_is_kept_out(c->user))
		return NULL;
	if (served != NULL)
		return arena_printf(c->mem,
				    "%s is in %s, from which the web server "
				    "may send files to everybody, so the "
				    "database could be downloaded: " REMEDY,
				    path, served, c->program);
	return arena_printf(c->mem,
			    "the web server does not tell by DOCUMENT_ROOT "
			    "which files it sends to everybody, so the "
			    "database in %s might be downloaded",
			    path);
}

const char *
home_exposure(const struct home_clues *c, const char *path)
{
	return exposure(c, path, look_at(c, path).served, true);
}

/* Why the folder cannot be there; NULL when it can. Who may write a folder
 * above can put another one in the place of ours. */
static const char *
place_fault(const struct home_clues *c, const char *path, bool may_be_served)
{
	struct look look = look_at(c, path);

	if (look.writable != NULL)
		return arena_printf(c->mem,
				    "everybody may write %s, and put another "
				    "folder in the place of %s: take that "
				    "away by chmod o-w",
				    look.writable, path);
	if (c->life != HOME_CGI)
		return NULL;
	return exposure(c, path, look.served, may_be_served);
}

/* What the file beside the program names; NULL: nothing. */
static enum err
named_in_file(const struct home_clues *c, const char **out, const char **why)
{
	const char *path = arena_printf(c->mem, "%s.home", c->program);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char text[4096];
	struct stat st;
	ssize_t n;

	*out = NULL;
	if (fd < 0 && errno == ENOENT)
		return OK;
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & S_IWOTH) != 0) {
		*why = arena_printf(c->mem,
				    "%s cannot be read, is no file, or "
				    "everybody may write it",
				    path);
	} else {
		text[n] = '\0';
		*out = arena_copy(c->mem, text, strcspn(text, "\r\n"));
	}
	if (fd >= 0)
		(void)close(fd);
	return *out != NULL ? OK : ERR_CONFIGURATION;
}

/* The folder may be new; the one that it is in may not. */
static enum err
named_place(const struct home_clues *c, const char *named, const char **out,
	    const char **why)
{
	size_t len = strlen(named);
	const char *path;
	const char *above;

	while (len > 1 && named[len - 1] == '/')
		len--;
	path = arena_copy(c->mem, named, len);
	above = home_resolve(c->mem, folder_of(c->mem, path));
	if (*named != '/' || len < 2 || above == NULL) {
		*why = arena_printf(
			c->mem, "\"%s\" is no place for a folder: %s", named,
			*named != '/' || len < 2 ? "a path begins with /"
						 : strerror(errno));
		return ERR_CONFIGURATION;
	}
	*out = arena_printf(c->mem, "%s%s",
			    strcmp(above, "/") == 0 ? "" : above,
			    strrchr(path, '/'));
	*why = place_fault(c, *out, true);
	return *why != NULL ? ERR_CONFIGURATION : OK;
}

/* The highest of the folders above that is the account's own: /home/account
 * of /home/account/public_html/cgi-bin. */
static const char *
account_folder(const struct home_clues *c, const char *path)
{
	const char *found = NULL;
	struct stat st;

	while (path[1] != '\0') {
		path = folder_of(c->mem, path);
		if (stat(path, &st) == 0 && st.st_uid == c->user)
			found = path;
	}
	return found;
}

static const char *
passwd_folder(const struct home_clues *c)
{
	const struct passwd *pw = getpwuid(c->user);
	struct stat st;

	if (pw == NULL || pw->pw_dir[0] != '/' || stat(pw->pw_dir, &st) < 0 ||
	    st.st_uid != c->user)
		return NULL;
	return home_resolve(c->mem, pw->pw_dir);
}

static const char *
root_folder(const struct home_clues *c)
{
	const char *real =
		c->roots[0] != NULL ? home_resolve(c->mem, c->roots[0]) : NULL;

	return real != NULL ? account_folder(c, real) : NULL;
}

/* Where the n-th candidate is; NULL: there is none. */
static const char *
candidate(const struct home_clues *c, size_t n)
{
	const char *above = NULL;

	switch (n) {
	case 0:
		above = account_folder(c, c->program);
		break;
	case 1:
		above = root_folder(c);
		break;
	case 2:
		above = passwd_folder(c);
		break;
	default:
		return arena_printf(c->mem, "%s.private", c->program);
	}
	if (above == NULL)
		return NULL;
	return arena_printf(c->mem, "%s/" FOLDER,
			    strcmp(above, "/") == 0 ? "" : above);
}

#define BESIDE 3
#define CANDIDATES 4

/* A command knows nothing of the web server, and takes what is there. */
static const char *
candidate_chosen(const struct home_clues *c)
{
	const char *first = NULL;

	for (size_t n = 0; n < CANDIDATES; n++) {
		const char *path = candidate(c, n);

		if (path == NULL || place_fault(c, path, n == BESIDE) != NULL)
			continue;
		if (c->life == HOME_CGI || access(path, F_OK) == 0)
			return path;
		if (first == NULL)
			first = path;
	}
	return first;
}

/* Why none of them is usable: the first reason there is. */
static const char *
first_fault(const struct home_clues *c)
{
	const char *why = NULL;

	for (size_t n = 0; why == NULL && n < CANDIDATES; n++) {
		const char *path = candidate(c, n);

		if (path != NULL)
			why = place_fault(c, path, n == BESIDE);
	}
	return why != NULL ? why : "there is no place for the database";
}

bool
home_is_shared(const struct home_clues *c)
{
	struct stat st;

	return stat(c->program, &st) < 0 || st.st_uid != c->user;
}

/* Whose programs run as their owner is alone with what is his. */
static const char *
ownership_fault(const struct home_clues *c)
{
	if (!home_is_shared(c))
		return NULL;
	return arena_printf(c->mem,
			    "%s does not run as its owner but as user number "
			    "%u, as others' programs may: have the host run "
			    "it as its owner (suEXEC), or on a server of your "
			    "own name a folder by SetEnv " HOME_VARIABLE,
			    c->program, (unsigned)c->user);
}

enum err
home_place(const struct home_clues *c, const char **out, const char **why)
{
	const char *named = c->named;

	*out = NULL;
	if (named == NULL)
		TRY(named_in_file(c, &named, why));
	if (named != NULL)
		return named_place(c, named, out, why);
	*why = ownership_fault(c);
	if (*why != NULL)
		return ERR_CONFIGURATION;
	*out = candidate_chosen(c);
	if (*out != NULL)
		return OK;
	*why = first_fault(c);
	return ERR_CONFIGURATION;
}
