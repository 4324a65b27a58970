/* SPDX-License-Identifier: MIT */
/* The two clocks. core never calls them: it reads `now` from its ctx. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

/* Seconds since 1970, UTC: for what is stored or sent. */
int64_t clock_now(void);

/* Milliseconds since some start, never set back: for deadlines. */
int64_t clock_monotonic(void);

/* The same in microseconds: for what is measured. */
int64_t clock_micros(void);

/* Seconds since 1970 as "2026-01-31T23:59:59Z" (RFC 3339), on the arena. */
const char *clock_text(struct arena *mem, int64_t seconds)
	RETURNS_NONNULL NONNULL(1);

#endif
