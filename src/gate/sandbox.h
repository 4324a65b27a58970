/* SPDX-License-Identifier: MIT */
/* A worker's system calls, once everything it needs is set up. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

#include "base/attr.h"

/* Whether the kernel knows such filters at all; nothing changes. */
bool sandbox_is_possible(void) NODISCARD;

/*
 * From now on only what serving, PostgreSQL and SQLite need is allowed; a
 * forbidden call ends the process with SIGSYS. Where seccomp is missing, was
 * not built in, or would fight with a memory checker, nothing changes and
 * true is returned, with a log line. False when the kernel refuses the filter.
 */
bool sandbox_enter(void) NODISCARD;

#endif
