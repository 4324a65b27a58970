/* SPDX-License-Identifier: MIT */
/* Commands that work on one user with all that a worker has. */
#ifndef WHOM_H
#define WHOM_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "cmd/command.h"
#include "core/ctx.h"
#include "store/user.h"

/* Whom an id or an address names. ERR_NOT_FOUND is told. */
enum err whom_find(struct ctx *cx, const char *who, struct user *out)
	NODISCARD NONNULL(1, 2, 3);

/*
 * Opens a worker, runs `work` with its context, and gives the exit status.
 * What went wrong is told unless `work` sets *told.
 */
typedef enum err whom_work(struct ctx *cx, void *arg, bool *told);
int whom_run(const struct invocation *in, whom_work *work, void *arg)
	NONNULL(1, 2);

#endif
