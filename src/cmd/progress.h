/* SPDX-License-Identifier: MIT */
/*
 * How far a long command is: one line on standard error that is written over,
 * where that is a terminal, and nothing anywhere else. It is gone when the
 * command ends, also by an interrupt. One at a time.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum progress_unit { PROGRESS_USERS, PROGRESS_BYTES, PROGRESS_STEPS };

struct progress {
	const char *what; /* a word or two for the line's begin */
	enum progress_unit unit;
	int64_t total; /* 0: not known */
	int64_t done;
	int64_t started; /* clock_monotonic milliseconds */
	int64_t shown;   /* likewise; 0: not yet */
	bool on;
	bool there; /* the line is on the terminal now */
};

/* Nothing is shown where `quiet`, or where nobody looks. */
void progress_begin(struct progress *p, const char *what,
		    enum progress_unit unit, bool quiet) NONNULL(1, 2);

/* So much is done by now; shown ten times a second at most. */
void progress_step(struct progress *p, int64_t done) NONNULL(1);

/* The next one of a few steps begins, which may take long: shown at once. */
void progress_name(struct progress *p, const char *what, int64_t done)
	NONNULL(1, 2);

/* Takes the line away before something else is written there. The next step
 * shows it again. */
void progress_hide(struct progress *p) NONNULL(1);
void progress_end(struct progress *p) NONNULL(1);

/*
 * The line, of at most `width` columns, after so many milliseconds: what, a
 * bar and percents where the total is known, how much, how fast, and how long
 * it will take.
 */
#define PROGRESS_WIDTH 200
void progress_line(const struct progress *p, int64_t elapsed, size_t width,
		   char out[PROGRESS_WIDTH + 1]) NONNULL(1, 4);

#endif
