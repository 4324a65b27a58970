/* SPDX-License-Identifier: MIT */
#include "store/user.h"

#include <string.h>

#include "base/uuid.h"
#include "store/access_token.h"
#include "store/oauth_account.h"
#include "store/schema.h"
#include "store/session.h"
#include "store/user_id.h"
#include "store/user_parts.h"

/* The same of a table without another name. */
#define PLAIN_COLUMNS                                                          \
	"{user.id}, {user.email}, {user.hashed_password}, {user.is_active},"   \
	" {user.is_superuser}, {user.is_verified}{user.fields:plain}"

/* The same with what user_with_generation reads. */
#define GENERATION_COLUMNS USER_COLUMNS ", COALESCE(f.generation, 0)"
#define GENERATION_RESULT USER_RESULT "i"
#define GENERATION_TABLES                                                      \
	USER_FIELDS                                                            \
	" FROM {user} u LEFT JOIN fcu_session_floor f"                         \
	" ON f.user_id = u.{user.id}"

const struct db_statement user_insert_one = {
	.name = "user_insert",
	.sql = "INSERT INTO {user} (" USER_INSERT_COLUMNS ", {user.id})"
	       " VALUES (" USER_INSERT_VALUES ", {user.fields:next})",
	.result = "",
};

/* Where the table numbers its rows. */
static const struct db_statement insert_numbered = {
	.name = "user_insert_numbered",
	.sql = "INSERT INTO {user} (" USER_INSERT_COLUMNS ")"
	       " VALUES (" USER_INSERT_VALUES ") RETURNING {user.id}",
	.result = "t",
};

static const struct db_statement by_id = {
	.name = "user_by_id",
	.sql = "SELECT " GENERATION_COLUMNS GENERATION_TABLES
	       " WHERE u.{user.id} = $1",
	.result = GENERATION_RESULT FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement by_email = {
	.name = "user_by_email",
	.sql = "SELECT " GENERATION_COLUMNS GENERATION_TABLES
	       " WHERE lower(u.{user.email}) = lower($1)",
	.result = GENERATION_RESULT FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement by_session = {
	.name = "user_by_session",
	.sql = "SELECT " GENERATION_COLUMNS ", COALESCE(f.not_before, -1),"
	       " f.exempt_hash, r.token_hash IS NOT NULL" GENERATION_TABLES
	       " LEFT JOIN fcu_revoked_token r ON r.token_hash = $2"
	       " WHERE u.{user.id} = $1",
	.result = GENERATION_RESULT "itb" FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement by_access_token = {
	.name = "user_by_access_token",
	.sql = "SELECT " GENERATION_COLUMNS GENERATION_TABLES
	       " JOIN {accesstoken} t ON t.{accesstoken.user_id} = u.{user.id}"
	       " WHERE t.{accesstoken.token} = $1"
	       " AND t.{accesstoken.created_at} >= $2",
	.result = GENERATION_RESULT FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement update = {
	.name = "user_update",
	.sql = "UPDATE {user} AS u SET"
	       " {user.email} = COALESCE($2, {user.email}),"
	       " {user.hashed_password} ="
	       " COALESCE($3, {user.hashed_password}),"
	       " {user.is_active} = COALESCE($4, {user.is_active}),"
	       " {user.is_superuser} = COALESCE($5, {user.is_superuser}),"
	       " {user.is_verified} = COALESCE($6, {user.is_verified})"
	       "{user.fields:set}"
	       " WHERE {user.id} = $1"
	       " RETURNING " PLAIN_COLUMNS,
	.result = USER_RESULT FIELDS_RESULT,
};

static const struct db_statement rehash = {
	.name = "user_rehash",
	.sql = "UPDATE {user} SET {user.hashed_password} = $3"
	       " WHERE {user.id} = $1 AND {user.hashed_password} = $2",
	.result = "",
};

static const struct db_statement replace_password = {
	.name = "user_replace_password",
	.sql = "UPDATE {user} SET {user.hashed_password} = $4"
	       " WHERE {user.id} = $1 AND {user.hashed_password} = $2"
	       " AND {user.email} = $3 AND {user.is_active} = $5"
	       " RETURNING " PLAIN_COLUMNS,
	.result = USER_RESULT FIELDS_RESULT,
};

static const struct db_statement mark_verified = {
	.name = "user_mark_verified",
	.sql = "UPDATE {user} SET {user.is_verified} = $3"
	       " WHERE {user.id} = $1 AND {user.email} = $2"
	       " AND {user.is_verified} <> $3 RETURNING " PLAIN_COLUMNS,
	.result = USER_RESULT FIELDS_RESULT,
};

static const struct db_statement lock = {
	.name = "user_lock",
	.sql = "UPDATE {user} SET {user.is_active} = {user.is_active}"
	       " WHERE {user.id} = $1",
	.result = "",
};

static const struct db_statement other_superuser = {
	.name = "user_other_superuser",
	.sql = "SELECT u.{user.id} FROM {user} u WHERE u.{user.is_superuser}"
	       " AND u.{user.is_active} AND u.{user.id} <> $1 LIMIT 1",
	.result = "t",
	.reads_only = true,
};

static const struct db_statement delete_by_id = {
	.name = "user_delete",
	.sql = "DELETE FROM {user} WHERE {user.id} = $1",
	.result = "",
};

static const struct db_statement list_first = {
	.name = "user_list_first",
	.sql = "SELECT " USER_COLUMNS USER_FIELDS " FROM {user} u"
	       " ORDER BY u.{user.id} LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement list_after = {
	.name = "user_list_after",
	.sql = "SELECT " USER_COLUMNS USER_FIELDS
	       " FROM {user} u WHERE u.{user.id} > $2"
	       " ORDER BY u.{user.id} LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
};

static const struct db_statement any_superuser = {
	.name = "user_any_superuser",
	.sql = "SELECT u.{user.is_superuser} FROM {user} u"
	       " WHERE u.{user.is_superuser} LIMIT 1",
	.result = "b",
	.reads_only = true,
};

static const struct db_statement duplicates = {
	.name = "user_duplicates",
	.sql = "SELECT lower({user.email}) FROM {user}"
	       " GROUP BY lower({user.email}) HAVING count(*) > 1"
	       " ORDER BY lower({user.email}) LIMIT $1",
	.result = "t",
	.reads_only = true,
};

/* A table that somebody else made may lack NOT NULL. */
static const char *
text_of(const struct db_value *value)
{
	return value->text != NULL ? value->text : "";
}

/* A row as the drivers give it. */
struct row {
	const struct db_value *cells;
	size_t columns;
};

/* The fields' values, which stand at the end of a row. */
static const struct db_value *
fields_from_row(const struct user_fields *shape, struct arena *mem,
		const struct row *row)
{
	const struct db_value *at = row->cells + row->columns - shape->count;
	struct db_value *values;

	if (shape->count == 0)
		return NULL;
	values = arena_array(mem, shape->count, sizeof(*values));
	for (size_t i = 0; i < shape->count; i++)
		values[i] = user_field_from_db(mem, &shape->items[i], &at[i]);
	return values;
}

static void
user_from_row(struct db *db, struct arena *mem, const struct row *row,
	      struct user *out)
{
	const struct db_value *cells = row->cells;

	*out = (struct user){
		.id = text_of(&cells[0]),
		.email = text_of(&cells[1]),
		.hashed_password = text_of(&cells[2]),
		.is_active = cells[3].number != 0,
		.is_superuser = cells[4].number != 0,
		.is_verified = cells[5].number != 0,
		.shape = schema_fields(db),
		.fields = fields_from_row(schema_fields(db), mem, row),
	};
}

static void
user_with_generation(struct db *db, struct arena *mem, const struct row *row,
		     struct user *out)
{
	user_from_row(db, mem, row, out);
	out->generation = row->cells[6].number;
}

static void
session_from_row(struct db *db, struct arena *mem, const struct row *row,
		 struct user_session *out)
{
	user_with_generation(db, mem, row, &out->user);
	out->not_before = row->cells[7].number;
	out->exempt_hash = row->cells[8].text;
	out->revoked = row->cells[9].number != 0;
}

/* A row there must be, else ERR_NOT_FOUND; row->cells stays NULL then. */
static enum err
row_find(struct db *db, struct arena *mem, const struct db_statement *statement,
	 const struct db_value *values, size_t count, struct row *row)
{
	struct db_rows rows;
	enum err e = db_query(db, mem, statement, values, count, &rows);

	*row = (struct row){NULL, rows.columns};
	if (e == OK && rows.count > 0)
		row->cells = rows.cells;
	return e == OK && row->cells == NULL ? ERR_NOT_FOUND : e;
}

static struct db_value
bool_or_null(const bool *truth)
{
	return truth != NULL ? db_bool(*truth) : db_null();
}

void
user_id_prepare(struct arena *mem, enum user_id_kind kind, struct user *u)
{
	char *id;

	if (u->id != NULL || kind == USER_ID_INTEGER)
		return;
	id = arena_alloc(mem, UUID_SIZE);
	uuid_new(id);
	u->id = id;
}

size_t
user_insert_count(const struct db *db)
{
	return 5 + schema_fields(db)->count;
}

void
user_insert_values(struct db *db, struct arena *mem, struct user *u,
		   struct db_value *values)
{
	const struct db_value known[] = {
		db_text(u->email),       db_text(u->hashed_password),
		db_bool(u->is_active),   db_bool(u->is_superuser),
		db_bool(u->is_verified),
	};
	const struct user_fields *shape = schema_fields(db);

	u->shape = shape;
	memcpy(values, known, sizeof(known));
	if (u->fields == NULL)
		u->fields = user_fields_initial(mem, shape);
	for (size_t i = 0; i < shape->count; i++)
		values[countof(known) + i] = user_field_to_db(
			db, mem, &shape->items[i], &u->fields[i]);
}

static enum err
insert_row(struct db *db, struct arena *mem, struct user *u)
{
	size_t count = user_insert_count(db);
	struct db_value *values = arena_array(mem, count + 1, sizeof(*values));
	struct row row;

	user_insert_values(db, mem, u, values);
	if (u->id != NULL) {
		values[count] = db_text(u->id);
		return db_run(db, mem, &user_insert_one, values, count + 1,
			      NULL);
	}
	TRY(row_find(db, mem, &insert_numbered, values, count, &row));
	u->id = text_of(&row.cells[0]);
	return OK;
}

/*
 * SQLite gives the highest number again when its user is gone, and the
 * reference deletes users there without what hangs on them. None of that may
 * be the next one's. The last second stays open to tokens that name no
 * generation: it may be the new user's own first one.
 */
static enum err
void_former(struct db *db, struct arena *mem, struct user *u, int64_t now)
{
	TRY(session_begin(db, mem, u->id, now - 1, &u->generation));
	TRY(access_token_delete_others(db, mem, u->id, NULL));
	return oauth_account_delete_of(db, mem, u->id);
}

enum err
user_insert(struct db *db, struct arena *mem, struct user *u, int64_t now)
{
	enum user_id_kind kind;

	TRY(user_id_find_kind(db, mem, &kind));
	user_id_prepare(mem, kind, u);
	TRY(insert_row(db, mem, u));
	return kind == USER_ID_INTEGER ? void_former(db, mem, u, now) : OK;
}

enum err
user_by_id(struct db *db, struct arena *mem, const char *id, struct user *out)
{
	const struct db_value value = db_text(id);
	struct row row;
	enum err e = row_find(db, mem, &by_id, &value, 1, &row);

	if (row.cells != NULL)
		user_with_generation(db, mem, &row, out);
	return e;
}

enum err
user_by_email(struct db *db, struct arena *mem, const char *email,
	      struct user *out)
{
	const struct db_value value = db_text(email);
	struct row row;
	enum err e = row_find(db, mem, &by_email, &value, 1, &row);

	if (row.cells != NULL)
		user_with_generation(db, mem, &row, out);
	return e;
}

enum err
user_by_session(struct db *db, struct arena *mem, const char *id,
		const char *token_hash, struct user_session *out)
{
	const struct db_value values[] = {db_text(id), db_text(token_hash)};
	struct row row;
	enum err e =
		row_find(db, mem, &by_session, values, countof(values), &row);

	if (row.cells != NULL)
		session_from_row(db, mem, &row, out);
	return e;
}

bool
user_by_sessions(struct db *db, struct arena *mem, struct user_asked *list,
		 size_t count)
{
	struct db_value *values = arena_array(mem, 2 * count, sizeof(*values));
	struct db_rows *rows = arena_array(mem, count, sizeof(*rows));

	for (size_t i = 0; i < count; i++) {
		values[2 * i] = db_text(list[i].id);
		values[2 * i + 1] = db_text(list[i].token_hash);
	}
	if (!db_query_ahead(db, mem, &by_session, values, 2, count, rows))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct row row = {rows[i].cells, rows[i].columns};

		list[i].found = rows[i].count > 0;
		if (list[i].found)
			session_from_row(db, mem, &row, &list[i].session);
	}
	return true;
}

enum err
user_by_access_token(struct db *db, struct arena *mem, const char *token,
		     int64_t since, struct user *out)
{
	const struct db_value values[] = {db_text(token), db_time(since)};
	struct row row;
	enum err e = row_find(db, mem, &by_access_token, values,
			      countof(values), &row);

	if (row.cells != NULL)
		user_with_generation(db, mem, &row, out);
	return e;
}

enum err
user_by_nothing(struct db *db, struct arena *mem)
{
	static const char *const nobody[] = {
		[USER_ID_UUID] = "00000000-0000-0000-0000-000000000000",
		[USER_ID_INTEGER] = "0",
	};
	struct user_session session;
	enum user_id_kind kind;

	TRY(user_id_find_kind(db, mem, &kind));
	return user_by_session(db, mem, nobody[kind], "", &session);
}

void
user_given_values(struct db *db, struct arena *mem,
		  const struct user_value *fields, struct db_value *out)
{
	const struct user_fields *shape = schema_fields(db);

	for (size_t i = 0; i < shape->count; i++) {
		const struct user_value *v = fields != NULL ? &fields[i] : NULL;

		*out++ = db_bool(v != NULL && v->is_given);
		*out++ = v != NULL ? user_field_to_db(db, mem, &shape->items[i],
						      &v->value)
				   : db_null();
	}
}

enum err
user_update(struct db *db, struct arena *mem, const char *id,
	    const struct user_change *change, struct user *out)
{
	const struct db_value known[] = {
		db_text(id),
		db_text_or_null(change->email),
		db_text_or_null(change->hashed_password),
		bool_or_null(change->is_active),
		bool_or_null(change->is_superuser),
		bool_or_null(change->is_verified),
	};
	size_t count = countof(known) + 2 * schema_fields(db)->count;
	struct db_value *values = arena_array(mem, count, sizeof(*values));
	struct row row;
	enum err e;

	memcpy(values, known, sizeof(known));
	user_given_values(db, mem, change->fields, values + countof(known));
	e = row_find(db, mem, &update, values, count, &row);
	if (row.cells != NULL)
		user_from_row(db, mem, &row, out);
	return e;
}

enum err
user_rehash(struct db *db, struct arena *mem, const char *id,
	    const char *old_hash, const char *new_hash)
{
	const struct db_value values[] = {
		db_text(id),
		db_text(old_hash),
		db_text(new_hash),
	};

	return db_run(db, mem, &rehash, values, countof(values), NULL);
}

enum err
user_replace_password(struct db *db, struct arena *mem,
		      const struct user *before, const char *new_hash,
		      struct user *out)
{
	const struct db_value values[] = {
		db_text(before->id),    db_text(before->hashed_password),
		db_text(before->email), db_text(new_hash),
		db_bool(true),
	};
	struct row row;
	enum err e = row_find(db, mem, &replace_password, values,
			      countof(values), &row);

	if (row.cells != NULL)
		user_from_row(db, mem, &row, out);
	return e;
}

enum err
user_mark_verified(struct db *db, struct arena *mem, const struct user *before,
		   struct user *out)
{
	const struct db_value values[] = {
		db_text(before->id),
		db_text(before->email),
		db_bool(true),
	};
	struct row row;
	enum err e = row_find(db, mem, &mark_verified, values, countof(values),
			      &row);

	if (row.cells != NULL)
		user_from_row(db, mem, &row, out);
	return e;
}

enum err
user_lock(struct db *db, struct arena *mem, const char *id)
{
	const struct db_value value = db_text(id);
	int64_t changed;
	enum err e = db_run(db, mem, &lock, &value, 1, &changed);

	return e == OK && changed == 0 ? ERR_NOT_FOUND : e;
}

enum err
user_other_superuser(struct db *db, struct arena *mem, const char *id,
		     const char **out)
{
	const struct db_value value = db_text(id);
	struct row row;
	enum err e = row_find(db, mem, &other_superuser, &value, 1, &row);

	if (row.cells != NULL)
		*out = text_of(&row.cells[0]);
	return e;
}

enum err
user_delete(struct db *db, struct arena *mem, const char *id, int64_t now)
{
	const struct db_value value = db_text(id);
	int64_t changed;

	TRY(db_run(db, mem, &delete_by_id, &value, 1, &changed));
	if (changed == 0)
		return ERR_NOT_FOUND;
	/* The id may come again: a number, given out by somebody who knows
	 * nothing of sessions, and any with a user who is imported. */
	return session_end_others(db, mem, id, now, NULL);
}

void
user_rows_read(struct db *db, struct arena *mem, const struct db_rows *rows,
	       struct user **out, size_t *count)
{
	*count = rows->count;
	*out = arena_array(mem, rows->count + 1, sizeof(**out));
	for (size_t i = 0; i < rows->count; i++) {
		const struct row row = {&rows->cells[i * rows->columns],
					rows->columns};

		user_from_row(db, mem, &row, &(*out)[i]);
	}
}

enum err
user_list(struct db *db, struct arena *mem, const char *after, int64_t limit,
	  struct user **out, size_t *count)
{
	const struct db_value values[] = {
		db_int(limit),
		db_text_or_null(after),
	};
	struct db_rows rows;
	enum err e;

	if (after != NULL)
		e = db_query(db, mem, &list_after, values, 2, &rows);
	else
		e = db_query(db, mem, &list_first, values, 1, &rows);
	user_rows_read(db, mem, &rows, out, count);
	return e;
}

enum err
user_any_superuser(struct db *db, struct arena *mem, bool *out)
{
	struct db_rows rows;
	enum err e = db_query(db, mem, &any_superuser, NULL, 0, &rows);

	*out = e != OK || rows.count > 0;
	return e;
}

enum err
user_duplicates(struct db *db, struct arena *mem, int64_t limit,
		const char ***out, size_t *count)
{
	const struct db_value value = db_int(limit);
	struct db_rows rows;
	enum err e = db_query(db, mem, &duplicates, &value, 1, &rows);

	*count = rows.count;
	*out = arena_array(mem, rows.count + 1, sizeof(**out));
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = rows.cells[i].text;
	return e;
}
