/* SPDX-License-Identifier: MIT */
/*
 * Where a program that was copied somewhere, and told nothing, may keep its
 * database and its secrets: outside of what the web server sends to everybody.
 */
#ifndef HOME_PLACE_H
#define HOME_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define HOME_VARIABLE "FASTCGI_USERS_HOME"

/* Which life the program leads decides what is known of the web server. */
enum home_life {
	HOME_COMMAND, /* nothing */
	HOME_CGI,     /* what it serves, before anything is done */
	HOME_FASTCGI  /* the same, but only with each request */
};

#define HOME_ROOTS 2

struct home_clues {
	struct arena *mem;
	enum home_life life;
	const char *named;   /* what HOME_VARIABLE says; NULL: nothing */
	const char *program; /* the file that runs: no symbolic links in it */
	/* DOCUMENT_ROOT and CONTEXT_DOCUMENT_ROOT; NULL: not known */
	const char *roots[HOME_ROOTS];
	uid_t user; /* whom it runs as */
};

/* The file that runs, resolved, on the arena; NULL with errno. */
const char *home_program(struct arena *mem) NODISCARD NONNULL(1);

/*
 * The folder, which need not be there, on the arena. What is named comes
 * first, by the variable or by the file PROGRAM.home; else it is
 * "fastcgi-users" in the account's own folder, and in the last resort
 * "PROGRAM.private" beside the program. ERR_CONFIGURATION with *why, one
 * sentence.
 */
enum err home_place(const struct home_clues *c, const char **out,
		    const char **why) NODISCARD NONNULL(1, 2, 3);

/* Whether the program runs as somebody else than its owner, as programs of
 * others may that then reach what is its own. */
bool home_is_shared(const struct home_clues *c) NONNULL(1);

/*
 * Why what is at such a path could be downloaded, one sentence on the arena,
 * NULL when it cannot: it lies outside of what the web server serves, or the
 * web server runs as somebody else, whom the permissions of our folders keep
 * out. The path has no symbolic links in it.
 */
const char *home_exposure(const struct home_clues *c, const char *path)
	NONNULL(1, 2);

/* The path without symbolic links, on the arena; NULL with errno. */
const char *home_resolve(struct arena *mem, const char *path)
	NODISCARD NONNULL(1, 2);

#endif
