/* SPDX-License-Identifier: MIT */
/*
 * A question of `fastcgi-users check` to the running program, through the web
 * server: what of a request arrives there? Only who has the configuration's
 * secrets can ask it, for a minute, and it opens nothing.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"

/* Of letters, digits, "-", "_" and ".". NULL when there is no secret. */
const char *probe_write(const struct config *conf, struct arena *mem,
			int64_t now) NONNULL(1, 2);
bool probe_is_good(const struct config *conf, struct arena *mem, int64_t now,
		   const char *text) NONNULL(1, 2, 4);

#endif
