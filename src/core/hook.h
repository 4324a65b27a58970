/* SPDX-License-Identifier: MIT */
/* Local programs: what a `hook` section names. */
#ifndef HOOK_H
#define HOOK_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "remote/program.h"

/* Whether the hook asks for this event. */
bool hook_takes(const struct hook_settings *h, const char *event) NONNULL(1, 2);

/* How it is run. Lives as long as the arena and the configuration. */
void hook_program(struct arena *mem, const struct hook_settings *h,
		  struct program *out) NONNULL(1, 2, 3);

/* A line of the log about how it ended, with the last of what it said on
 * standard error, unless the event hands it a password or a token. An exit
 * status of 0 is told at the level debug. */
void hook_log(const struct hook_settings *h, const char *event,
	      const struct program_result *result) NONNULL(1, 2, 3);

#endif
