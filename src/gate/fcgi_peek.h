/* SPDX-License-Identifier: MIT */
/*
 * libfcgi trusts who speaks to it: it takes lengths of variables as they are
 * told, and a sum of two that is too large ends the process. So what comes on a
 * connection is judged by our own reader of records before libfcgi gets it.
 */
#ifndef FCGI_PEEK_H
#define FCGI_PEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

/*
 * Whether a request with all its variables has come, looked at without taking
 * it away. Waits for it until that moment of clock_monotonic(); false as well
 * when the other side has gone, speaks anything else, or says too much.
 */
bool fcgi_peek(int fd, struct arena *mem, int64_t until) NODISCARD NONNULL(2);

#endif
