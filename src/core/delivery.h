/* SPDX-License-Identifier: MIT */
/*
 * The ways to deliver an event, a row each in delivery.def: mail, programs,
 * webhooks. A way says who subscribes, and takes a notice to one of its
 * targets. It runs in the courier: unprivileged, without seccomp, one at a
 * time.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/event.h"

/* What deliver() has to say besides its outcome. */
struct delivery_report {
	const char *why;     /* what went wrong, without secrets; on cx->mem or
			      * static */
	int64_t retry_after; /* seconds the other side asks for; 0: nothing */
};

struct delivery {
	/* The word before the colon of a target's key, [a-z]+. */
	const char *name;

	/*
	 * Calls event_subscribe for each of its targets, if any.
	 * ERR_CONFIGURATION with *why (on `mem` or static) when the
	 * configuration names, for instance, an event that does not exist.
	 */
	enum err (*subscribe)(const struct config *conf, struct event_plan *p,
			      struct arena *mem, const char **why) NODISCARD;

	/*
	 * Must be done by `deadline` (clock_monotonic milliseconds), whatever
	 * the other side does: after that another courier may take the row.
	 * OK: it has arrived. ERR_INVALID: it never will, and is not tried
	 * again. ERR_NOT_FOUND: nobody is to hear of it. Anything else: it is
	 * tried again later.
	 */
	enum err (*deliver)(struct ctx *cx, const char *target,
			    const struct event_notice *n, int64_t deadline,
			    struct delivery_report *report) NODISCARD;
};

#define DELIVERY(way) extern const struct delivery way;
#include "core/delivery.def"
#undef DELIVERY

#endif
