/* SPDX-License-Identifier: MIT */
/*
 * What tables and columns are called: the placeholders that the SQL of store/
 * and of the migrations may hold, made from the configuration.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "db/db.h"
#include "store/user_field.h"
#include "store/user_id.h"

struct schema;

/* What ids are made of: those of users, and those of the tables around them. */
struct schema_ids {
	enum user_id_kind kind;
	int64_t max; /* USER_ID_INTEGER: what the column can hold */
};

/* Lives as long as the arena; the configuration must, too. */
struct schema *schema_make(struct arena *mem, const struct config *conf)
	RETURNS_NONNULL NONNULL(1, 2);

/* For db_open. */
const struct db_names *schema_names(const struct schema *s)
	RETURNS_NONNULL NONNULL(1);

/* The configured fields of the database's users. */
const struct user_fields *schema_fields(const struct db *db)
	RETURNS_NONNULL NONNULL(1);

/* The identifier itself that a placeholder stands for, for sentences: the
 * name of "user.email", of a table with its schema. */
const char *schema_plain(const struct db *db, const char *name)
	RETURNS_NONNULL NONNULL(1, 2);

/* The configured kind of ids; false when that is whatever the table has. */
bool schema_wanted_ids(const struct db *db, enum user_id_kind *out)
	NODISCARD NONNULL(1, 2);

/* Whether the database has a type for UUIDs. */
bool schema_has_uuids(const struct db *db) NONNULL(1);

/* Whether the last schema_find_ids had a table to look at; what it said without
 * one may change. */
bool schema_has_found_ids(const struct db *db) NONNULL(1);

/* Takes the configuration's word for ids that are UUIDs: schema_find_ids asks
 * nothing then. Checks of the table must not. */
void schema_trust_ids(struct db *db) NONNULL(1);

/* Lets the next schema_find_ids ask again: somebody may have made the table
 * anew. */
void schema_forget_ids(struct db *db) NONNULL(1);

/*
 * What the ids of the database are, as user_id_find_kind says; {user.id:type}
 * stands for their type and {user.id:key} for the declaration of a primary key
 * of theirs. *ids is set in any case.
 */
enum err schema_find_ids(struct db *db, struct arena *mem,
			 const struct schema_ids **ids)
	NODISCARD NONNULL(1, 2, 3);

#endif
