/* SPDX-License-Identifier: MIT */
/*
 * What tables and columns are called: the placeholders that the SQL of store/
 * and of the migrations may hold, made from the configuration.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "db/db.h"

struct schema;

/* Lives as long as the arena; the configuration must, too. */
struct schema *schema_make(struct arena *mem, const struct config *conf)
	RETURNS_NONNULL NONNULL(1, 2);

/* For db_open. */
const struct db_names *schema_names(const struct schema *s)
	RETURNS_NONNULL NONNULL(1);

/* The identifier itself that a placeholder stands for, for sentences: the
 * name of "user.email", of a table with its schema. */
const char *schema_plain(const struct db *db, const char *name)
	RETURNS_NONNULL NONNULL(1, 2);

#endif
