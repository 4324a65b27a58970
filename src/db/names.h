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

/* The row of a table or column, or one of a name that stands for itself. */
struct db_name names_table(const struct names *n, const char *name)
	NONNULL(1, 2);

/*
 * The text with every placeholder replaced, on the arena. ERR_INTERNAL, told
 * under the statement's name, when nothing stands for one of them.
 */
enum err names_expand(struct db *db, struct arena *mem, const char *statement,
		      const char *text, const char **out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* The statement expanded, the same one each time until names_close. */
enum err names_statement(struct db *db, const struct db_statement *statement,
			 const struct db_statement **out)
	NODISCARD NONNULL(1, 2, 3);

/* The same for `rows` rows of `count` values: what stands in [ and ] is there
 * once for each of them, with parameters of its own. */
enum err names_statement_rows(struct db *db,
			      const struct db_statement *statement, size_t rows,
			      size_t count, const struct db_statement **out)
	NODISCARD NONNULL(1, 2, 5);

#endif
