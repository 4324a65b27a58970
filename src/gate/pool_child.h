/* SPDX-License-Identifier: MIT */
/* What happens in a worker between fork and the caller's worker_main. */
#ifndef POOL_CHILD_H
#define POOL_CHILD_H

#include "base/attr.h"
#include "gate/pool.h"
#include "gate/pool_door.h"

struct tally;

struct pool_child {
	const struct pool_calls *calls;
	struct pool_worker worker;
	struct door *doors; /* all of them: the others' are closed */
	const struct door *own;
	struct tally *tally; /* what it counts in */
	int signal_fd;       /* the supervisor's, to be closed */
	int lock_fd;
	int kin_fd; /* -1: none */
	pid_t supervisor;
};

/*
 * Gives up privileges and whatever belongs to the supervisor, runs
 * worker_main and exits with its status.
 */
NORETURN void pool_child_run(const struct pool_child *c) NONNULL(1);

#endif
