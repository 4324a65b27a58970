/* SPDX-License-Identifier: MIT */
/* Whole numbers as people write ids. */
#ifndef INTEGER_H
#define INTEGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * Any spelling that Python's int(text) takes: blanks around it, a sign,
 * single underscores between digits, zeros in front, decimal digits and blanks
 * of any script. False (out untouched) when it is none or does not fit.
 */
bool integer_parse(const char *text, int64_t *out) NODISCARD NONNULL(1, 2);

#endif
