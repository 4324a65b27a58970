/* SPDX-License-Identifier: MIT */
/* Idempotency-Key: a request is done once, however often it is sent. */
#ifndef REPEATED_H
#define REPEATED_H

#include "api/route.h"

/* Calls the route's handler, or answers as the same request was answered
 * before. */
enum err repeated_serve(struct call *c) NODISCARD NONNULL(1);

#endif
