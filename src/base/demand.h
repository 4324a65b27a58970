/* SPDX-License-Identifier: MIT */
/* What a web server may demand of a user besides that he is active. */
#ifndef DEMAND_H
#define DEMAND_H

#include <stdbool.h>

#include "base/attr.h"

enum demand { DEMAND_VERIFIED = 1, DEMAND_SUPERUSER = 2 };

/*
 * Words with blanks or commas between them, as bits that are added to *out;
 * false when one of them is unknown: a demand that is not understood must not
 * be none.
 */
bool demands_read(const char *text, unsigned *out) NODISCARD NONNULL(1, 2);

#endif
