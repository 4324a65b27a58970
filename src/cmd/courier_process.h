/* SPDX-License-Identifier: MIT */
/* The courier as a process: of the pool, or by itself. */
#ifndef COURIER_PROCESS_H
#define COURIER_PROCESS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "gate/score.h"

/* Whether the configuration has events for a courier to deliver. */
bool courier_is_needed(const struct config *conf) NONNULL(1);

/* For a courier that is no pool's: what ends a run waits to be looked for. */
void courier_block_ends(void);

/*
 * Delivers until SIGTERM, SIGUSR1, SIGINT or SIGHUP, which the caller has
 * blocked; what has begun is finished first. *signal is which one. `score`
 * is the supervisor's row, or NULL. `once`: until nothing is due. Exit
 * status.
 */
int courier_run(const struct config *conf, struct score *score, bool once,
		int *signal) NONNULL(1, 4);

#endif
