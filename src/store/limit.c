/* SPDX-License-Identifier: MIT */
#include "store/limit.h"

/* Rows that one purge takes at most, so that nobody waits for it. */
#define PURGE "100"

/* Counting goes on up to here, far from where a number would end. */
#define MOST "1000000000"

#define KEY "account_key, network_key, kind"
#define COLUMNS "(" KEY ", used, ends_at, known_until, expires_at)"

/*
 * excluded.ends_at is the end of a window that began now, the latest that
 * there can be.
 */
static const struct db_statement count_one = {
	.name = "limit_count",
	.sql = "INSERT INTO fcu_limit " COLUMNS
	       " VALUES ($1, $2, $3, 1, $4, 0, $4)"
	       " ON CONFLICT (" KEY ") DO UPDATE SET"
	       " used = CASE WHEN fcu_limit.ends_at <= $5 THEN 1"
	       " WHEN fcu_limit.used < " MOST " THEN fcu_limit.used + 1"
	       " ELSE fcu_limit.used END,"
	       " ends_at = CASE WHEN fcu_limit.ends_at <= $5"
	       " OR fcu_limit.ends_at > excluded.ends_at"
	       " THEN excluded.ends_at ELSE fcu_limit.ends_at END,"
	       " expires_at = CASE"
	       " WHEN fcu_limit.known_until > excluded.ends_at"
	       " THEN fcu_limit.known_until ELSE excluded.ends_at END"
	       " RETURNING used, ends_at, known_until",
	.result = "iii",
};

/* An INSERT, since its rows are locked in their order; those of an UPDATE are
 * in any, and two that give back would wait for each other. */
static const struct db_statement give_back = {
	.name = "limit_give_back",
	.sql = "INSERT INTO fcu_limit " COLUMNS
	       " VALUES [($1, $2, $3, 0, $4, $5, $6)]"
	       " ON CONFLICT (" KEY ") DO UPDATE SET"
	       " used = CASE WHEN fcu_limit.used > 0"
	       " THEN fcu_limit.used - 1 ELSE 0 END,"
	       " known_until = CASE"
	       " WHEN fcu_limit.known_until > excluded.known_until"
	       " THEN fcu_limit.known_until ELSE excluded.known_until END,"
	       " expires_at = CASE"
	       " WHEN fcu_limit.expires_at > excluded.expires_at"
	       " THEN fcu_limit.expires_at ELSE excluded.expires_at END",
	.result = "",
};

static const struct db_statement forgive = {
	.name = "limit_forgive",
	.sql = "INSERT INTO fcu_limit " COLUMNS
	       " VALUES ($1, $2, $3, 0, $4, $5, $6)"
	       " ON CONFLICT (" KEY ") DO UPDATE SET used = 0,"
	       " known_until = CASE"
	       " WHEN fcu_limit.known_until > excluded.known_until"
	       " THEN fcu_limit.known_until ELSE excluded.known_until END,"
	       " expires_at = CASE"
	       " WHEN fcu_limit.expires_at > excluded.expires_at"
	       " THEN fcu_limit.expires_at ELSE excluded.expires_at END",
	.result = "",
};

/* Asked twice: a row that somebody counts in meanwhile is looked at again when
 * he has done, and only the outer question is. */
static const struct db_statement purge = {
	.name = "limit_purge",
	.sql = "DELETE FROM fcu_limit WHERE expires_at < $1 AND (" KEY ") IN"
	       " (SELECT " KEY " FROM fcu_limit WHERE expires_at < $1"
	       " ORDER BY expires_at LIMIT " PURGE ")",
	.result = "",
};

#define MATCHES                                                                \
	"(CAST($1 AS VARCHAR) = '' OR account_key = $1)"                       \
	" AND (CAST($2 AS VARCHAR) = '' OR network_key = $2)"

static const struct db_statement list = {
	.name = "limit_list",
	.sql = "SELECT " KEY ", CASE WHEN ends_at > $3 THEN used ELSE 0 END,"
	       " ends_at, known_until FROM fcu_limit WHERE " MATCHES
	       " AND ((used > 0 AND ends_at > $3) OR known_until > $3)"
	       " AND (" KEY ") > ($4, $5, $6)"
	       " ORDER BY " KEY " LIMIT $7",
	.result = "tttiii",
	.reads_only = true,
};

static const struct db_statement clear = {
	.name = "limit_clear",
	.sql = "UPDATE fcu_limit SET used = 0, ends_at = 0 WHERE " MATCHES
	       " AND used > 0 AND ends_at > $3",
	.result = "",
};

enum err
limit_count(struct db *db, struct arena *mem, const struct limit_key *key,
	    int64_t now, int64_t seconds, struct limit_row *out)
{
	const struct db_value values[] = {
		db_text(key->account), db_text(key->network),
		db_text(key->kind),    db_int(now + seconds),
		db_int(now),
	};
	struct db_rows rows;
	enum err e =
		db_query(db, mem, &count_one, values, countof(values), &rows);

	if (e == OK)
		*out = (struct limit_row){
			.key = *key,
			.used = rows.cells[0].number,
			.ends_at = rows.cells[1].number,
			.known_until = rows.cells[2].number,
		};
	return e;
}

#define GIVE_BACK_COLUMNS 6

enum err
limit_give_back(struct db *db, struct arena *mem, const struct limit_key *keys,
		size_t count, int64_t now, int64_t known_until)
{
	struct db_value *values =
		arena_array(mem, count * GIVE_BACK_COLUMNS, sizeof(*values));
	struct db_rows rows;

	for (size_t i = 0; i < count; i++) {
		int64_t known = i == 0 ? known_until : 0;
		struct db_value *v = &values[i * GIVE_BACK_COLUMNS];

		v[0] = db_text(keys[i].account);
		v[1] = db_text(keys[i].network);
		v[2] = db_text(keys[i].kind);
		v[3] = db_int(now);
		v[4] = db_int(known);
		v[5] = db_int(known > now ? known : now);
	}
	return db_query_rows(db, mem, &give_back, values, GIVE_BACK_COLUMNS,
			     count, &rows);
}

enum err
limit_forgive(struct db *db, struct arena *mem, const struct limit_key *key,
	      int64_t now, int64_t known_until)
{
	const struct db_value values[] = {
		db_text(key->account),
		db_text(key->network),
		db_text(key->kind),
		db_int(now),
		db_int(known_until),
		db_int(known_until > now ? known_until : now),
	};

	return db_run(db, mem, &forgive, values, countof(values), NULL);
}

enum err
limit_purge(struct db *db, struct arena *mem, int64_t now)
{
	const struct db_value value = db_int(now);

	return db_run(db, mem, &purge, &value, 1, NULL);
}

static struct limit_row
row_of(const struct db_value *cells)
{
	return (struct limit_row){
		.key = {.account = cells[0].text,
			.network = cells[1].text,
			.kind = cells[2].text},
		.used = cells[3].number,
		.ends_at = cells[4].number,
		.known_until = cells[5].number,
	};
}

enum err
limit_list(struct db *db, struct arena *mem, const struct limit_filter *filter,
	   int64_t now, int64_t limit, struct limit_row **out, size_t *count)
{
	const struct db_value values[] = {
		db_text(filter->account),
		db_text(filter->network),
		db_int(now),
		db_text(filter->after.account),
		db_text(filter->after.network),
		db_text(filter->after.kind),
		db_int(limit),
	};
	struct db_rows rows;
	enum err e = db_query(db, mem, &list, values, countof(values), &rows);

	if (e != OK)
		return e;
	*count = rows.count;
	*out = arena_array(mem, rows.count, sizeof(**out));
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = row_of(&rows.cells[i * rows.columns]);
	return OK;
}

enum err
limit_clear(struct db *db, struct arena *mem, const struct limit_filter *filter,
	    int64_t now, int64_t *count)
{
	const struct db_value values[] = {
		db_text(filter->account),
		db_text(filter->network),
		db_int(now),
	};

	return db_run(db, mem, &clear, values, countof(values), count);
}
