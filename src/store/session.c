/* SPDX-License-Identifier: MIT */
#include "store/session.h"

/*
 * The exempt token is always the newest event's: with clocks of several
 * machines apart, an older exemption must not outlive a later change.
 */
static const struct db_statement end_others = {
	.name = "session_end_others",
	.sql = "INSERT INTO fcu_session_floor"
	       " (user_id, generation, not_before, exempt_hash)"
	       " VALUES ($1, 1, $2, $3)"
	       " ON CONFLICT (user_id) DO UPDATE SET"
	       " generation = fcu_session_floor.generation + 1,"
	       " not_before = CASE WHEN"
	       " fcu_session_floor.not_before > excluded.not_before"
	       " THEN fcu_session_floor.not_before"
	       " ELSE excluded.not_before END,"
	       " exempt_hash = excluded.exempt_hash",
	.result = "",
};

/* Whatever the last user of an id had is past. */
#define BEGIN(rows)                                                            \
	"INSERT INTO fcu_session_floor"                                        \
	" (user_id, generation, not_before, exempt_hash)"                      \
	" VALUES " rows " ON CONFLICT (user_id) DO UPDATE SET"                 \
	" generation = fcu_session_floor.generation + 1,"                      \
	" not_before = CASE WHEN"                                              \
	" fcu_session_floor.not_before > excluded.not_before"                  \
	" THEN fcu_session_floor.not_before"                                   \
	" ELSE excluded.not_before END,"                                       \
	" exempt_hash = NULL"

static const struct db_statement begin = {
	.name = "session_begin",
	.sql = BEGIN("($1, 1, $2, NULL)") " RETURNING generation",
	.result = "i",
};

static const struct db_statement begin_many = {
	.name = "session_begin_many",
	.sql = BEGIN("[($1, 1, $2, NULL)]"),
	.result = "",
};

static const struct db_statement revoke = {
	.name = "session_revoke",
	.sql = "INSERT INTO fcu_revoked_token (token_hash, expires_at)"
	       " VALUES ($1, $2) ON CONFLICT (token_hash) DO NOTHING",
	.result = "",
};

static const struct db_statement purge = {
	.name = "session_purge",
	.sql = "DELETE FROM fcu_revoked_token WHERE expires_at < $1",
	.result = "",
};

enum err
session_end_others(struct db *db, struct arena *mem, const char *user_id,
		   int64_t not_before, const char *exempt_hash)
{
	const struct db_value values[] = {
		db_text(user_id),
		db_int(not_before),
		db_text_or_null(exempt_hash),
	};

	return db_run(db, mem, &end_others, values, countof(values), NULL);
}

enum err
session_begin(struct db *db, struct arena *mem, const char *user_id,
	      int64_t not_before, int64_t *generation)
{
	const struct db_value values[] = {
		db_text(user_id),
		db_int(not_before),
	};
	struct db_rows rows;
	enum err e = db_query(db, mem, &begin, values, countof(values), &rows);

	if (e == OK)
		*generation = rows.cells[0].number;
	return e;
}

enum err
session_begin_many(struct db *db, struct arena *mem,
		   const char *const *user_ids, size_t count,
		   int64_t not_before)
{
	struct db_value *values = arena_array(mem, count * 2, sizeof(*values));
	struct db_rows rows;

	for (size_t i = 0; i < count; i++) {
		values[i * 2] = db_text(user_ids[i]);
		values[i * 2 + 1] = db_int(not_before);
	}
	return db_query_rows(db, mem, &begin_many, values, 2, count, &rows);
}

enum err
session_revoke(struct db *db, struct arena *mem, const char *token_hash,
	       int64_t expires_at)
{
	const struct db_value values[] = {
		db_text(token_hash),
		expires_at >= 0 ? db_int(expires_at) : db_null(),
	};

	return db_run(db, mem, &revoke, values, countof(values), NULL);
}

enum err
session_spend(struct db *db, struct arena *mem, const char *token_hash,
	      int64_t expires_at, bool *first)
{
	const struct db_value values[] = {db_text(token_hash),
					  db_int(expires_at)};
	int64_t changed = 0;
	enum err e =
		db_run(db, mem, &revoke, values, countof(values), &changed);

	*first = changed > 0;
	return e;
}

enum err
session_purge(struct db *db, struct arena *mem, int64_t now)
{
	const struct db_value value = db_int(now);

	return db_run(db, mem, &purge, &value, 1, NULL);
}
