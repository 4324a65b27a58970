/* SPDX-License-Identifier: MIT */
/* Sockets that a service manager has opened: sd_listen_fds(3). */
#ifndef POOL_LENT_H
#define POOL_LENT_H

#include <stdbool.h>

#include "base/attr.h"
#include "gate/pool_plan.h"

/*
 * Makes doors of the sockets that were handed to this process; a pool takes
 * the one of its name or of its address. False with errno when one of them is
 * no stream socket that listens.
 */
bool lent_open(struct supervisor *s) NODISCARD NONNULL(1);
/* Tells of those that no pool has taken. */
void lent_check(const struct supervisor *s) NONNULL(1);

#endif
