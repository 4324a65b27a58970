/* SPDX-License-Identifier: MIT */
/* The configured database, for whoever needs it without the rest. */
#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "db/db.h"
#include "store/schema.h"

struct database {
	struct db *db;
	struct arena *mem;  /* of a request */
	struct arena *kept; /* what lasts as long as the connection */
	struct schema *schema;
};

/*
 * ERR_CONFIGURATION, told in the log, when no driver takes the address. Does
 * not connect yet. `create`: a database file that is not there is made when
 * it does. The configuration must outlive it. database_close may be called in
 * any case.
 */
enum err database_open(const struct config *conf, bool create,
		       struct database *out) NODISCARD NONNULL(1, 3);
void database_close(struct database *d) NONNULL(1);

/*
 * Says on standard error what failed a command: in the words of the database
 * where it was that, and with what to do where the tables are not those of
 * this program and configuration. That is ERR_CONFIGURATION then, and else
 * what it was. `db` is NULL when none is open yet.
 */
enum err database_explain(enum err e, struct db *db, struct arena *mem)
	NODISCARD;

#endif
