/* SPDX-License-Identifier: MIT */
/* How the command `adopt` tells what it found: to people, or as JSON. */
#ifndef ADOPT_PRINT_H
#define ADOPT_PRINT_H

#include "base/arena.h"
#include "base/attr.h"
#include "cmd/adoption.h"
#include "db/db.h"

void adopt_print_lines(struct db *db, struct arena *mem,
		       const struct adoption *a) NONNULL(1, 2, 3);

/* One object on one line. `applied`: whether the additions were made. */
void adopt_print_json(struct db *db, struct arena *mem,
		      const struct adoption *a, bool applied) NONNULL(1, 2, 3);

#endif
