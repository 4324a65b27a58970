/* SPDX-License-Identifier: MIT */
/* Whether a file can be relied on to be what the administrator put there. */
#ifndef TRUST_H
#define TRUST_H

#include "base/attr.h"

/*
 * Why such a program should not be run, NULL when it may be: it is no
 * absolute path or no executable file, or somebody other than its owner may
 * write it or put another in its place. Static.
 */
const char *trust_program_fault(const char *path) NONNULL(1);

#endif
