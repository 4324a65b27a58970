/* SPDX-License-Identifier: MIT */
/*
 * A supervisor is replaced by a new one, its heir, without a moment in which
 * nobody serves. On USR2 it runs the program anew, whatever that is by now,
 * with its sockets, its channels and its process file. Once the heir's
 * workers all serve it is put in charge, and the old workers hand over their
 * connections. An heir that ends before changes nothing.
 */
#ifndef POOL_HEIR_H
#define POOL_HEIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "gate/pool_plan.h"

/* In the one that is replaced. */

/* Starts an heir, unless there is one already. */
void heir_start(struct supervisor *s) NONNULL(1);
/* A process has ended. False when it was no heir. */
bool heir_bury(struct supervisor *s, pid_t pid, int status)
	NODISCARD NONNULL(1);
/* Ends the heir: there is nothing to inherit. */
void heir_stop(const struct supervisor *s) NONNULL(1);

/* In the heir. */

/* Takes what was left to us; nothing when we are no heir. False with errno
 * when what was left cannot be used. */
bool heir_open(struct supervisor *s) NODISCARD NONNULL(1);
/* Takes or makes the process file. False as process_file_open. */
bool heir_open_process_file(struct supervisor *s) NODISCARD NONNULL(1);
/* All workers serve. */
void heir_prove(struct supervisor *s) NONNULL(1);

/* In both: acts on what the other one says, and when it says nothing. True
 * when we have been put in charge. */
bool heir_look(struct supervisor *s) NODISCARD NONNULL(1);
/* Gives up sockets and process file; of those that belong to another one by
 * now only our copies. */
void heir_close(struct supervisor *s, const char *run_dir) NONNULL(1, 2);

#endif
