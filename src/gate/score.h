/* SPDX-License-Identifier: MIT */
/*
 * What workers tell their supervisor: a row each in memory that both share.
 * A worker writes its own row without any system call; the supervisor reads.
 */
#ifndef SCORE_H
#define SCORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum score_state {
	SCORE_STARTING,
	SCORE_READY, /* serves */
	SCORE_TIRED  /* serves, and asks for a successor */
};

struct score {
	_Alignas(64) _Atomic int64_t busy_since; /* clock_monotonic; 0: idle */
	_Atomic int64_t seen; /* clock_monotonic of its last look at what
			       * comes; 0: it does not say */
	_Atomic uint64_t requests;
	_Atomic int state; /* enum score_state */
};

/* `count` zeroed rows, shared with every child; NULL when memory is out. */
struct score *score_map(size_t count) NODISCARD;
void score_unmap(struct score *rows, size_t count);

#endif
