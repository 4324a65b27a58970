/* SPDX-License-Identifier: MIT */
#include "store/oauth_account.h"

#include <string.h>

#include "base/uuid.h"
#include "store/user_id.h"

/* Characters that the columns of tokens take. */
#define COLUMN_SIZE 1024
/* What the column expires_at takes. */
#define EXPIRES_LIMIT INT32_MAX

/* An empty column stands for a token that is kept elsewhere. */
#define ACCOUNT_QUERY                                                          \
	"SELECT a.{oauth_account.id}, a.{oauth_account.user_id},"              \
	" a.{oauth_account.oauth_name},"                                       \
	" CASE WHEN a.{oauth_account.access_token} = ''"                       \
	" THEN COALESCE(t.access_token, '')"                                   \
	" ELSE a.{oauth_account.access_token} END,"                            \
	" COALESCE(a.{oauth_account.expires_at}, -1),"                         \
	" CASE WHEN a.{oauth_account.refresh_token} = ''"                      \
	" THEN t.refresh_token ELSE a.{oauth_account.refresh_token} END,"      \
	" a.{oauth_account.account_id}, a.{oauth_account.account_email}"       \
	" FROM {oauth_account} a LEFT JOIN fcu_oauth_token t"                  \
	" ON t.account = a.{oauth_account.id}"
#define ACCOUNT_RESULT "ttttittt"

#define INSERTED_COLUMNS                                                       \
	"{oauth_account.user_id}, {oauth_account.oauth_name},"                 \
	" {oauth_account.account_id}, {oauth_account.access_token},"           \
	" {oauth_account.expires_at}, {oauth_account.refresh_token},"          \
	" {oauth_account.account_email}"

static const struct db_statement claim = {
	.name = "oauth_account_claim",
	.sql = "INSERT INTO fcu_oauth_claim (oauth_name, account_id)"
	       " VALUES ($1, $2) ON CONFLICT (oauth_name, account_id)"
	       " DO UPDATE SET account_id = excluded.account_id",
	.result = "",
};

static const struct db_statement unclaim = {
	.name = "oauth_account_unclaim",
	.sql = "DELETE FROM fcu_oauth_claim"
	       " WHERE oauth_name = $1 AND account_id = $2",
	.result = "",
};

static const struct db_statement find = {
	.name = "oauth_account_find",
	.sql = ACCOUNT_QUERY " WHERE a.{oauth_account.oauth_name} = $1"
			     " AND a.{oauth_account.account_id} = $2"
			     " ORDER BY a.{oauth_account.id} LIMIT 1",
	.result = ACCOUNT_RESULT,
	.reads_only = true,
};

static const struct db_statement list = {
	.name = "oauth_account_list",
	.sql = ACCOUNT_QUERY " WHERE a.{oauth_account.user_id} = $1"
			     " ORDER BY a.{oauth_account.id}",
	.result = ACCOUNT_RESULT,
	.reads_only = true,
};

static const struct db_statement insert = {
	.name = "oauth_account_insert",
	.sql = "INSERT INTO {oauth_account} (" INSERTED_COLUMNS
	       ", {oauth_account.id}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	.result = "",
};

static const struct db_statement insert_numbered = {
	.name = "oauth_account_insert_numbered",
	.sql = "INSERT INTO {oauth_account} (" INSERTED_COLUMNS
	       ") VALUES ($1, $2, $3, $4, $5, $6, $7)"
	       " RETURNING {oauth_account.id}",
	.result = "t",
};

static const struct db_statement update = {
	.name = "oauth_account_update",
	.sql = "UPDATE {oauth_account} SET"
	       " {oauth_account.access_token} = $2,"
	       " {oauth_account.expires_at} = $3,"
	       " {oauth_account.refresh_token} = $4,"
	       " {oauth_account.account_email} = $5"
	       " WHERE {oauth_account.id} = $1",
	.result = "",
};

static const struct db_statement keep_long = {
	.name = "oauth_account_keep_long",
	.sql = "INSERT INTO fcu_oauth_token"
	       " (account, access_token, refresh_token) VALUES ($1, $2, $3)"
	       " ON CONFLICT (account) DO UPDATE SET"
	       " access_token = excluded.access_token,"
	       " refresh_token = excluded.refresh_token",
	.result = "",
};

static const struct db_statement drop_long = {
	.name = "oauth_account_drop_long",
	.sql = "DELETE FROM fcu_oauth_token WHERE account = $1",
	.result = "",
};

static const struct db_statement delete_of = {
	.name = "oauth_account_delete_of",
	.sql = "DELETE FROM {oauth_account}"
	       " WHERE {oauth_account.user_id} = $1",
	.result = "",
};

/* Not a list of parameters, which PostgreSQL would search for every row. */
static const struct db_statement delete_of_many = {
	.name = "oauth_account_delete_of_many",
	.sql = "DELETE FROM {oauth_account} WHERE {oauth_account.user_id} IN"
	       " (VALUES [(CAST($1 AS {user.id:type}))])",
	.result = "",
};

enum err
oauth_account_claim(struct db *db, struct arena *mem, const char *oauth_name,
		    const char *account_id)
{
	const struct db_value values[] = {db_text(oauth_name),
					  db_text(account_id)};
	enum err e = db_run(db, mem, &claim, values, countof(values), NULL);

	if (e != OK)
		return e;
	/* Gone when the transaction has ended, and a lock until then. */
	return db_run(db, mem, &unclaim, values, countof(values), NULL);
}

static struct oauth_account
account_from_row(const struct db_value *row)
{
	return (struct oauth_account){
		.id = row[0].text,
		.user_id = row[1].text,
		.oauth_name = row[2].text,
		.access_token = row[3].text,
		.expires_at = row[4].number,
		.refresh_token = row[5].text,
		.account_id = row[6].text,
		.account_email = row[7].text,
	};
}

enum err
oauth_account_find(struct db *db, struct arena *mem, const char *oauth_name,
		   const char *account_id, struct oauth_account *out)
{
	const struct db_value values[] = {db_text(oauth_name),
					  db_text(account_id)};
	struct db_rows rows;
	enum err e = db_query(db, mem, &find, values, countof(values), &rows);

	if (e != OK)
		return e;
	if (rows.count == 0)
		return ERR_NOT_FOUND;
	*out = account_from_row(rows.cells);
	return OK;
}

enum err
oauth_account_list(struct db *db, struct arena *mem, const char *user_id,
		   struct oauth_account **out, size_t *count)
{
	const struct db_value value = db_text(user_id);
	struct db_rows rows;
	enum err e = db_query(db, mem, &list, &value, 1, &rows);

	*count = 0;
	if (e != OK)
		return e;
	*out = arena_array(mem, rows.count + 1, sizeof(**out));
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = account_from_row(rows.cells + i * rows.columns);
	*count = rows.count;
	return OK;
}

static bool
is_long(const char *token)
{
	return token != NULL && strlen(token) > COLUMN_SIZE;
}

/* The token as its column takes it. */
static struct db_value
short_token(const char *token)
{
	return is_long(token) ? db_text("") : db_text_or_null(token);
}

static struct db_value
short_time(int64_t seconds)
{
	if (seconds < 0)
		return db_null();
	return db_int(seconds > EXPIRES_LIMIT ? EXPIRES_LIMIT : seconds);
}

static enum err
keep_long_tokens(struct db *db, struct arena *mem,
		 const struct oauth_account *a)
{
	const struct db_value values[] = {
		db_text(a->id),
		is_long(a->access_token) ? db_text(a->access_token) : db_null(),
		is_long(a->refresh_token) ? db_text(a->refresh_token)
					  : db_null(),
	};

	if (!is_long(a->access_token) && !is_long(a->refresh_token))
		return db_run(db, mem, &drop_long, values, 1, NULL);
	return db_run(db, mem, &keep_long, values, countof(values), NULL);
}

/* As the table's users have ids: a random UUID, or what the table numbers. */
static enum err
insert_row(struct db *db, struct arena *mem, const struct db_value values[8],
	   struct oauth_account *a)
{
	char id[UUID_SIZE];
	struct db_value all[8];
	enum user_id_kind kind;
	struct db_rows rows;
	enum err e = user_id_find_kind(db, mem, &kind);

	if (e != OK)
		return e;
	if (kind == USER_ID_INTEGER) {
		e = db_query(db, mem, &insert_numbered, values, 7, &rows);
		if (e == OK)
			a->id = rows.cells[0].text;
		return e;
	}
	uuid_new(id);
	a->id = arena_text(mem, id);
	memcpy(all, values, sizeof(all));
	all[7] = db_text(a->id);
	return db_run(db, mem, &insert, all, 8, NULL);
}

enum err
oauth_account_insert(struct db *db, struct arena *mem, struct oauth_account *a)
{
	const struct db_value values[8] = {
		db_text(a->user_id),       db_text(a->oauth_name),
		db_text(a->account_id),    short_token(a->access_token),
		short_time(a->expires_at), short_token(a->refresh_token),
		db_text(a->account_email),
	};
	enum err e = insert_row(db, mem, values, a);

	return e != OK ? e : keep_long_tokens(db, mem, a);
}

enum err
oauth_account_update(struct db *db, struct arena *mem,
		     const struct oauth_account *a)
{
	const struct db_value values[] = {
		db_text(a->id),
		short_token(a->access_token),
		short_time(a->expires_at),
		short_token(a->refresh_token),
		db_text(a->account_email),
	};
	int64_t changed = 0;
	enum err e =
		db_run(db, mem, &update, values, countof(values), &changed);

	if (e != OK)
		return e;
	return changed == 0 ? ERR_NOT_FOUND : keep_long_tokens(db, mem, a);
}

enum err
oauth_account_delete_of(struct db *db, struct arena *mem, const char *user_id)
{
	const struct db_value value = db_text(user_id);

	return db_run(db, mem, &delete_of, &value, 1, NULL);
}

enum err
oauth_account_delete_of_many(struct db *db, struct arena *mem,
			     const char *const *user_ids, size_t count)
{
	return db_run_texts(db, mem, &delete_of_many, user_ids, count);
}
