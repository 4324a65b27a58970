/* SPDX-License-Identifier: MIT */
/* A secret in a file of ours that is good once, for a day, and a few tries. */
#ifndef ONCE_H
#define ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define ONCE_SHORTEST 20    /* bytes of such a secret */
#define ONCE_LONGEST 1024   /* bytes of the file */
#define ONCE_LIFETIME 86400 /* seconds since the file was put there */
#define ONCE_TRIES 20       /* wrong ones, since then */

struct once {
	const char *path;  /* borrowed */
	const char *fault; /* why it is not good; NULL: there is no file */
	int fd;            /* locked: one process at a time has it */
	size_t len;
	char text[ONCE_LONGEST + 1];
};

/*
 * Waits until nobody else has the file, and keeps it until once_close. False
 * when there is none, or none that is good any more, with out->fault; nothing
 * is kept then. `now`: seconds since 1970.
 */
bool once_open(const char *path, int64_t now, struct once *out)
	NODISCARD NONNULL(1, 3);

/* Whether this is the secret. Counted before it is compared, in a file beside
 * it; what cannot be counted is wrong. */
bool once_try(const struct once *o, const char *given) NODISCARD NONNULL(1, 2);

/* From now on there is none. False when the file cannot be taken away. */
bool once_spend(const struct once *o) NODISCARD NONNULL(1);

/* Gives it back, and wipes. */
void once_close(struct once *o) NONNULL(1);

#endif
