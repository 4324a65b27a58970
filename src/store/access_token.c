/* SPDX-License-Identifier: MIT */
#include "store/access_token.h"

#include "base/moment.h"

static const struct db_statement insert = {
	.name = "access_token_insert",
	.sql = "INSERT INTO {accesstoken} ({accesstoken.token},"
	       " {accesstoken.user_id}, {accesstoken.created_at})"
	       " VALUES ($1, $2, $3)",
	.result = "",
};

static const struct db_statement created = {
	.name = "access_token_created",
	.sql = "SELECT {accesstoken.created_at} FROM {accesstoken}"
	       " WHERE {accesstoken.token} = $1",
	.result = "t",
	.reads_only = true,
};

static const struct db_statement delete_one = {
	.name = "access_token_delete",
	.sql = "DELETE FROM {accesstoken} WHERE {accesstoken.token} = $1",
	.result = "",
};

static const struct db_statement delete_others = {
	.name = "access_token_delete_others",
	.sql = "DELETE FROM {accesstoken} WHERE {accesstoken.user_id} = $1"
	       " AND {accesstoken.token} <> $2",
	.result = "",
};

/* Not a list of parameters, which PostgreSQL would search for every row. */
static const struct db_statement delete_of_many = {
	.name = "access_token_delete_of_many",
	.sql = "DELETE FROM {accesstoken} WHERE {accesstoken.user_id} IN"
	       " (VALUES [(CAST($1 AS {user.id:type}))])",
	.result = "",
};

static const struct db_statement purge = {
	.name = "access_token_purge",
	.sql = "DELETE FROM {accesstoken} WHERE {accesstoken.token} IN"
	       " (SELECT {accesstoken.token} FROM {accesstoken}"
	       " WHERE {accesstoken.created_at} < $1"
	       " ORDER BY {accesstoken.created_at} LIMIT 50)",
	.result = "",
};

enum err
access_token_insert(struct db *db, struct arena *mem, const char *token,
		    const char *user_id, int64_t created_at)
{
	const struct db_value values[] = {
		db_text(token),
		db_text(user_id),
		db_time(created_at),
	};

	return db_run(db, mem, &insert, values, countof(values), NULL);
}

enum err
access_token_created(struct db *db, struct arena *mem, const char *token,
		     int64_t *out)
{
	const struct db_value value = db_text(token);
	struct db_rows rows;
	struct moment m;

	TRY(db_query(db, mem, &created, &value, 1, &rows));
	if (rows.count == 0)
		return ERR_NOT_FOUND;
	if (rows.cells[0].text == NULL ||
	    moment_read_time(rows.cells[0].text, &m) != NULL ||
	    !moment_to_utc(&m))
		return ERR_INTERNAL;
	*out = moment_to_seconds(&m);
	return OK;
}

enum err
access_token_delete(struct db *db, struct arena *mem, const char *token)
{
	const struct db_value value = db_text(token);

	return db_run(db, mem, &delete_one, &value, 1, NULL);
}

/* No token is empty. */
enum err
access_token_delete_others(struct db *db, struct arena *mem,
			   const char *user_id, const char *kept)
{
	const struct db_value values[] = {
		db_text(user_id),
		db_text(kept != NULL ? kept : ""),
	};

	return db_run(db, mem, &delete_others, values, countof(values), NULL);
}

enum err
access_token_purge(struct db *db, struct arena *mem, int64_t since)
{
	const struct db_value value = db_time(since);

	return db_run(db, mem, &purge, &value, 1, NULL);
}

enum err
access_token_delete_of_many(struct db *db, struct arena *mem,
			    const char *const *user_ids, size_t count)
{
	return db_run_texts(db, mem, &delete_of_many, user_ids, count);
}
