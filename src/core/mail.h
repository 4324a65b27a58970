/* SPDX-License-Identifier: MIT */
/* What is asked of built-in mail besides deliveries (core/delivery.h). */
#ifndef MAIL_H
#define MAIL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"

/*
 * Whether the mail server would take us: connects and signs in within `limit`
 * milliseconds, and sends nothing. OK too where there is no server to ask.
 * ERR_REMOTE with *why on the arena.
 */
enum err mail_greet(const struct config *conf, struct arena *mem, int64_t limit,
		    const char **why) NODISCARD NONNULL(1, 2, 4);

#endif
