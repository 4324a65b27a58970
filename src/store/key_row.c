/* SPDX-License-Identifier: MIT */
#include "store/key_row.h"

#include "store/user_id.h"

#define COLUMNS                                                                \
	"id, user_id, name, key_hash, scope, generation, created_at,"          \
	" COALESCE(expires_at, -1), COALESCE(last_used_at, -1)"
#define RESULT "tttttiiii"

static const struct db_statement insert = {
	.name = "api_key_insert",
	.sql = "INSERT INTO fcu_api_key (id, user_id, name, key_hash, scope,"
	       " generation, created_at, expires_at)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	.result = "",
};

static const struct db_statement find = {
	.name = "api_key_find",
	.sql = "SELECT " COLUMNS " FROM fcu_api_key WHERE id = $1",
	.result = RESULT,
	.reads_only = true,
};

static const struct db_statement list = {
	.name = "api_key_list",
	.sql = "SELECT " COLUMNS " FROM fcu_api_key WHERE user_id = $1"
	       " ORDER BY created_at, id",
	.result = RESULT,
	.reads_only = true,
};

static const struct db_statement delete_one = {
	.name = "api_key_delete",
	.sql = "DELETE FROM fcu_api_key WHERE id = $1 AND user_id = $2",
	.result = "",
};

static const struct db_statement purge = {
	.name = "api_key_purge",
	.sql = "DELETE FROM fcu_api_key WHERE user_id = $1"
	       " AND (expires_at <= $2 OR generation <> $3)",
	.result = "",
};

static const struct db_statement touch = {
	.name = "api_key_touch",
	.sql = "UPDATE fcu_api_key SET last_used_at = $2 WHERE id = $1"
	       " AND (last_used_at IS NULL OR last_used_at < $3)",
	.result = "",
};

enum err
key_row_insert(struct db *db, struct arena *mem, const struct key_row *k)
{
	const struct db_value values[] = {
		db_text(k->id),
		db_text(k->user_id),
		db_text(k->name),
		db_text(k->hash),
		db_text(k->scope),
		db_int(k->generation),
		db_int(k->created_at),
		k->expires_at >= 0 ? db_int(k->expires_at) : db_null(),
	};

	return db_run(db, mem, &insert, values, countof(values), NULL);
}

static enum err
row_read(struct db *db, struct arena *mem, const struct db_value *cells,
	 struct key_row *out)
{
	*out = (struct key_row){
		.id = cells[0].text,
		.name = cells[2].text,
		.hash = cells[3].text,
		.scope = cells[4].text,
		.generation = cells[5].number,
		.created_at = cells[6].number,
		.expires_at = cells[7].number,
		.last_used_at = cells[8].number,
	};
	return user_id_read(db, mem, cells[1].text, &out->user_id);
}

enum err
key_row_find(struct db *db, struct arena *mem, const char *id,
	     struct key_row *out)
{
	const struct db_value value = db_text(id);
	struct db_rows rows;
	enum err e = db_query(db, mem, &find, &value, 1, &rows);

	if (e != OK)
		return e;
	if (rows.count == 0)
		return ERR_NOT_FOUND;
	return row_read(db, mem, rows.cells, out);
}

enum err
key_row_list(struct db *db, struct arena *mem, const char *user_id,
	     struct key_row **out, size_t *count)
{
	const struct db_value value = db_text(user_id);
	struct db_rows rows;
	enum err e = db_query(db, mem, &list, &value, 1, &rows);

	*count = rows.count;
	*out = arena_array(mem, rows.count + 1, sizeof(**out));
	for (size_t i = 0; e == OK && i < rows.count; i++)
		e = row_read(db, mem, &rows.cells[i * rows.columns],
			     &(*out)[i]);
	return e;
}

enum err
key_row_delete(struct db *db, struct arena *mem, const char *user_id,
	       const char *id)
{
	const struct db_value values[] = {db_text(id), db_text(user_id)};
	int64_t changed = 0;
	enum err e =
		db_run(db, mem, &delete_one, values, countof(values), &changed);

	if (e != OK)
		return e;
	return changed > 0 ? OK : ERR_NOT_FOUND;
}

enum err
key_row_purge(struct db *db, struct arena *mem, const char *user_id,
	      int64_t now, int64_t generation)
{
	const struct db_value values[] = {
		db_text(user_id),
		db_int(now),
		db_int(generation),
	};

	return db_run(db, mem, &purge, values, countof(values), NULL);
}

enum err
key_row_touch(struct db *db, struct arena *mem, const char *id, int64_t now,
	      int64_t before)
{
	const struct db_value values[] = {
		db_text(id),
		db_int(now),
		db_int(before),
	};

	return db_run(db, mem, &touch, values, countof(values), NULL);
}
