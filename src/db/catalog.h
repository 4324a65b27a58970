/* SPDX-License-Identifier: MIT */
/*
 * What a database says of tables that somebody else made, besides their
 * columns, which db_columns tells. `table` is that of a placeholder ("user"),
 * or stands for itself.
 */
#ifndef CATALOG_H
#define CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "db/db.h"

/* The names of the tables that have such a column, sorted, with a schema
 * where one must be said. */
enum err catalog_tables_with(struct db *db, struct arena *mem,
			     const char *column, const char ***out,
			     size_t *count) NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Whether the table has an index of that name. */
enum err catalog_has_index(struct db *db, struct arena *mem, const char *table,
			   const char *index, bool *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

#endif
