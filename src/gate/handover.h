/* SPDX-License-Identifier: MIT */
/*
 * Connections travel between the workers of one socket through a channel
 * that all of them share: whoever is free takes the next one. Only a
 * connection between two requests, with nothing read from it, may travel.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct handover {
	int send; /* -1: there is no channel */
	int receive;
};

/* Both ends non-blocking and close-on-exec. False: errno says why. */
bool handover_open(struct handover *h) NODISCARD NONNULL(1);
void handover_close(struct handover *h) NONNULL(1);

/*
 * Gives a copy of fd away; the caller closes its own. arrived: when the
 * connection came to wait (clock_monotonic), 0 when it just idles. False when
 * the channel is full or missing.
 */
bool handover_give(const struct handover *h, int fd, int64_t arrived)
	NODISCARD NONNULL(1);

/* The next connection, non-blocking, or -1 when there is none. */
int handover_take(const struct handover *h, int64_t *arrived)
	NODISCARD NONNULL(1, 2);

#endif
