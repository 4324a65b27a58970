/* SPDX-License-Identifier: MIT */
/*
 * What takes events out of the outbox: at least once, and in order for each
 * user and target. Several at once are safe. A row is claimed for a while
 * (courier.lease); what a courier that died had begun, another one begins
 * again when that is over.
 *
 * Events it logs:
 *   event_delivered  (of, target, message, attempt)
 *   event_postponed  it will be tried again (the same, error)
 *   event_dead       it was given up (the same)
 *   event_dropped    there was nothing to tell any more (the same)
 *   event_expired    so many were given up for their age (count)
 *   target_paused    it fails, so the others go first (target, seconds)
 */
#ifndef COURIER_H
#define COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "core/ctx.h"

struct courier;

/* Of the context it takes nothing along but the plan of events. Heap. */
struct courier *courier_open(const struct ctx *cx)
	RETURNS_NONNULL NODISCARD NONNULL(1);
void courier_close(struct courier *c);

/*
 * Handles one row, if one is due; *worked says whether there was one.
 * `monotonic` is clock_monotonic's now. What goes wrong with a delivery is
 * the row's affair; an outcome but OK is the database's, and says to wait.
 */
enum err courier_step(struct courier *c, struct ctx *cx, int64_t monotonic,
		      bool *worked) NODISCARD NONNULL(1, 2, 4);

#endif
