/* SPDX-License-Identifier: MIT */
/* Counting what is answered. */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>

#include "api/route.h"

/*
 * The request of the call was answered with this outcome, between these two
 * moments (clock_micros).
 */
void metrics_count(const struct call *c, enum err outcome, int64_t started,
		   int64_t ended) NONNULL(1);

#endif
