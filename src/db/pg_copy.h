/* SPDX-License-Identifier: MIT */
/* Rows as PostgreSQL's COPY takes them. */
#ifndef PG_COPY_H
#define PG_COPY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "db/db.h"

/* The COPY into the same columns as INSERT INTO … VALUES ($1, $2 …). */
const char *pg_copy_of(struct arena *mem, const char *insert)
	RETURNS_NONNULL NONNULL(1, 2);

/* The rows that follow it, in its text format. */
void pg_copy_rows(struct arena *mem, const struct db_value *values,
		  size_t count, size_t rows, struct buf *out) NONNULL(1, 2, 5);

#endif
