/* SPDX-License-Identifier: MIT */
/* Passwords from people and scripts; never from arguments, which everybody
 * on the machine can read. */
#ifndef SECRET_INPUT_H
#define SECRET_INPUT_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

enum secret_source {
	SECRET_PROMPT,   /* asked twice on the terminal, without echo */
	SECRET_STDIN,    /* the first line of standard input */
	SECRET_GENERATED /* made here, and to be shown once */
};

/* ERR_USAGE or ERR_INVALID, told on standard error. *out is on the arena. */
enum err secret_read(struct arena *mem, enum secret_source source,
		     const char **out) NODISCARD NONNULL(1, 3);

#endif
