/* SPDX-License-Identifier: MIT */
#include "store/idempotency.h"

static const struct db_statement claim = {
	.name = "idempotency_claim",
	.sql = "INSERT INTO fcu_idempotency (key_hash, request_hash,"
	       " claimed_until, expires_at) VALUES ($1, $2, $3, $4)"
	       " ON CONFLICT (key_hash) DO NOTHING",
	.result = "",
};

static const struct db_statement find = {
	.name = "idempotency_find",
	.sql = "SELECT request_hash, answer, claimed_until, expires_at"
	       " FROM fcu_idempotency WHERE key_hash = $1",
	.result = "ttii",
	.reads_only = true,
};

static const struct db_statement take_over = {
	.name = "idempotency_take_over",
	.sql = "UPDATE fcu_idempotency SET claimed_until = $2, expires_at = $3"
	       " WHERE key_hash = $1 AND answer IS NULL"
	       " AND claimed_until < $4",
	.result = "",
};

static const struct db_statement settle = {
	.name = "idempotency_settle",
	.sql = "UPDATE fcu_idempotency SET answer = $3"
	       " WHERE key_hash = $1 AND claimed_until = $2",
	.result = "",
};

static const struct db_statement drop = {
	.name = "idempotency_drop",
	.sql = "DELETE FROM fcu_idempotency WHERE key_hash = $1"
	       " AND claimed_until = $2 AND answer IS NULL",
	.result = "",
};

static const struct db_statement purge = {
	.name = "idempotency_purge",
	.sql = "DELETE FROM fcu_idempotency WHERE expires_at < $1",
	.result = "",
};

static enum err
run_one(struct db *db, struct arena *mem, const struct db_statement *statement,
	const struct db_value *values, size_t count, enum err none)
{
	int64_t changed = 0;

	TRY(db_run(db, mem, statement, values, count, &changed));
	return changed > 0 ? OK : none;
}

enum err
idempotency_claim(struct db *db, struct arena *mem,
		  const struct idempotency_row *row)
{
	const struct db_value values[] = {
		db_text(row->key_hash),
		db_text(row->request_hash),
		db_int(row->claimed_until),
		db_int(row->expires_at),
	};

	return run_one(db, mem, &claim, values, countof(values),
		       ERR_ALREADY_EXISTS);
}

enum err
idempotency_find(struct db *db, struct arena *mem, const char *key_hash,
		 struct idempotency_row *out)
{
	const struct db_value value = db_text(key_hash);
	struct db_rows rows;

	TRY(db_query(db, mem, &find, &value, 1, &rows));
	if (rows.count == 0)
		return ERR_NOT_FOUND;
	*out = (struct idempotency_row){
		.key_hash = key_hash,
		.request_hash = rows.cells[0].text,
		.answer = rows.cells[1].text,
		.claimed_until = rows.cells[2].number,
		.expires_at = rows.cells[3].number,
	};
	return OK;
}

enum err
idempotency_take_over(struct db *db, struct arena *mem,
		      const struct idempotency_row *row, int64_t now)
{
	const struct db_value values[] = {
		db_text(row->key_hash),
		db_int(row->claimed_until),
		db_int(row->expires_at),
		db_int(now),
	};

	return run_one(db, mem, &take_over, values, countof(values),
		       ERR_NOT_FOUND);
}

enum err
idempotency_settle(struct db *db, struct arena *mem,
		   const struct idempotency_row *row, const char *answer)
{
	const struct db_value values[] = {
		db_text(row->key_hash),
		db_int(row->claimed_until),
		db_text(answer),
	};

	return db_run(db, mem, &settle, values, countof(values), NULL);
}

enum err
idempotency_drop(struct db *db, struct arena *mem,
		 const struct idempotency_row *row)
{
	const struct db_value values[] = {
		db_text(row->key_hash),
		db_int(row->claimed_until),
	};

	return db_run(db, mem, &drop, values, countof(values), NULL);
}

enum err
idempotency_purge(struct db *db, struct arena *mem, int64_t now)
{
	const struct db_value value = db_int(now);

	return db_run(db, mem, &purge, &value, 1, NULL);
}
