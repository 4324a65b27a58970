/* SPDX-License-Identifier: MIT */
/*
 * Ids of users: UUIDs, or whole numbers as in the reference's IntegerIDMixin.
 * Everywhere in the program an id is its canonical text; this file knows which
 * kind a database has, and what other spellings mean.
 */
#ifndef USER_ID_H
#define USER_ID_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"

enum user_id_kind { USER_ID_UUID, USER_ID_INTEGER };

/*
 * The kind that the table has; without a table, or with one that has neither,
 * the configured one. Asks the database once a connection's handle.
 */
enum err user_id_find_kind(struct db *db, struct arena *mem,
			   enum user_id_kind *out) NODISCARD NONNULL(1, 2, 3);

/* The canonical text of what the reference would read as an id.
 * ERR_NOT_FOUND for what can be nobody's. */
enum err user_id_read(struct db *db, struct arena *mem, const char *text,
		      const char **out) NODISCARD NONNULL(1, 2, 3, 4);

/* The same without asking the database, by its spelling alone: digits that
 * could be a UUID's, 32 of them, are one. False when no kind is spelled so. */
bool user_id_spell(struct arena *mem, const char *text, const char **out)
	NODISCARD NONNULL(1, 2, 3);

/* Whether any kind of id could be spelled so. */
bool user_id_is_plausible(const char *text) NONNULL(1);

/* As JSON: a number, or a UUID in quotes. */
void user_id_write(struct buf *out, const char *id) NONNULL(1, 2);

#endif
