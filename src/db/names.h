/* SPDX-License-Identifier: MIT */
/*
 * Placeholders in SQL, and what stands for them; db.h says how they are
 * written. A statement is expanded once a connection's handle and kept.
 */
#ifndef NAMES_H
#define NAMES_H

#include "base/arena.h"
#include "base/attr.h"
#include "db/db.h"

struct names;

/* `given` (or NULL for none) is borrowed. Heap; names_close frees. */
struct names *names_open(const struct db_names *given) RETURNS_NONNULL;
void names_close(struct names *n);

/* The row of that name, or NULL. */
const struct db_name *names_find(const struct names *n, const char *name)
	NONNULL(1, 2);

/*
 * The text with every placeholder replaced, on the arena. NULL when nothing
 * stands for one of them; *unknown is its name then.
 */
const char *names_expand(const struct names *n, struct arena *mem,
			 const char *text, const char **unknown)
	NODISCARD NONNULL(1, 2, 3, 4);

/* The statement expanded, the same one each time, until names_close. NULL as
 * above. */
const struct db_statement *names_statement(struct names *n,
					   const struct db_statement *statement,
					   const char **unknown)
	NODISCARD NONNULL(1, 2, 3);

#endif
