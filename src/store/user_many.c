/* SPDX-License-Identifier: MIT */
#include "store/user_many.h"

#include <string.h>

#include "base/integer.h"
#include "store/access_token.h"
#include "store/oauth_account.h"
#include "store/schema.h"
#include "store/session.h"
#include "store/user_id.h"
#include "store/user_parts.h"

/* What cannot be inserted is in nobody's way. */
static const struct db_statement insert_many = {
	.name = "user_insert_many",
	.sql = "INSERT INTO {user} (" USER_INSERT_COLUMNS ", {user.id})"
	       " VALUES [(" USER_INSERT_VALUES ", {user.fields:next})]"
	       " ON CONFLICT DO NOTHING RETURNING {user.id}, {user.email}",
	.result = "tt",
};

static const struct db_statement insert_many_numbered = {
	.name = "user_insert_many_numbered",
	.sql = "INSERT INTO {user} (" USER_INSERT_COLUMNS ")"
	       " VALUES [(" USER_INSERT_VALUES ")]"
	       " ON CONFLICT DO NOTHING RETURNING {user.id}, {user.email}",
	.result = "tt",
};

/* Of PostgreSQL: what numbers the rows goes on behind a number that was given.
 * Elsewhere, and where that is not a sequence of the column's own, there is
 * nothing to do. */
static const struct db_statement pass_number = {
	.name = "user_pass_number",
	.sql = "SELECT setval(n.sequence, n.given) FROM (SELECT CAST("
	       "pg_get_serial_sequence('{user}', $1) AS regclass) AS sequence,"
	       " CAST($2 AS BIGINT) AS given) n WHERE n.given >"
	       " COALESCE(pg_sequence_last_value(n.sequence), 0)",
	.result = "i",
};

static const struct db_statement taken_emails = {
	.name = "user_taken_emails",
	.sql = "SELECT v.column1, u.{user.id} FROM (VALUES"
	       " [(CAST($1 AS BIGINT), CAST($2 AS TEXT))]) AS v"
	       " JOIN {user} u ON lower(u.{user.email}) = lower(v.column2)",
	.result = "it",
	.reads_only = true,
};

static const struct db_statement taken_ids = {
	.name = "user_taken_ids",
	.sql = "SELECT v.column1 FROM (VALUES"
	       " [(CAST($1 AS BIGINT), CAST($2 AS {user.id:type}))]) AS v"
	       " JOIN {user} u ON u.{user.id} = v.column2",
	.result = "i",
	.reads_only = true,
};

/* Users on their way into the table. */
struct crowd {
	struct db *db;
	struct arena *mem;
	struct user *users;
	size_t count;
	bool *inserted;
};

/* Which of them a row is that was inserted: the next one, mostly. */
static struct user *
crowd_find(const struct crowd *c, const char *id, const char *email,
	   size_t *next)
{
	for (size_t looked = 0; looked < c->count; looked++) {
		size_t i = *next;
		struct user *u = &c->users[i];

		*next = (i + 1) % c->count;
		if (c->inserted[i] || strcmp(u->email, email) != 0 ||
		    (u->id != NULL && strcmp(u->id, id) != 0))
			continue;
		c->inserted[i] = true;
		return u;
	}
	return NULL;
}

static enum err
crowd_take_in(const struct crowd *c, const struct db_rows *rows)
{
	size_t next = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct db_value *row = &rows->cells[i * rows->columns];
		struct user *u = crowd_find(c, row[0].text, row[1].text, &next);

		if (u == NULL)
			return ERR_INTERNAL;
		u->id = row[0].text;
	}
	return OK;
}

/* Those that have an id, or those that have none. */
static enum err
crowd_insert(const struct crowd *c, bool with_id)
{
	size_t columns = user_insert_count(c->db) + (with_id ? 1 : 0);
	struct db_value *values =
		arena_array(c->mem, c->count * columns, sizeof(*values));
	struct db_value *at = values;
	struct db_rows rows;

	for (size_t i = 0; i < c->count; i++) {
		struct user *u = &c->users[i];

		if (c->inserted[i] || (u->id != NULL) != with_id)
			continue;
		user_insert_values(c->db, c->mem, u, at);
		if (with_id)
			at[columns - 1] = db_text(u->id);
		at += columns;
	}
	TRY(db_query_rows(
		c->db, c->mem, with_id ? &insert_many : &insert_many_numbered,
		values, columns, (size_t)(at - values) / columns, &rows));
	return crowd_take_in(c, &rows);
}

static enum err
crowd_pass_numbers(const struct crowd *c)
{
	struct db_value values[] = {
		db_text(schema_plain(c->db, "user.id")),
		db_int(0),
	};
	int64_t number;

	for (size_t i = 0; i < c->count; i++)
		if (c->inserted[i] && integer_parse(c->users[i].id, &number) &&
		    number > values[1].number)
			values[1].number = number;
	if (values[1].number == 0 || !schema_has_uuids(c->db))
		return OK;
	return db_run(c->db, c->mem, &pass_number, values, countof(values),
		      NULL);
}

/* As void_former, of all that were inserted. */
static enum err
crowd_void_former(const struct crowd *c, int64_t now)
{
	const char **ids = arena_array(c->mem, c->count, sizeof(*ids));
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		if (c->inserted[i])
			ids[count++] = c->users[i].id;
	TRY(session_begin_many(c->db, c->mem, ids, count, now - 1));
	TRY(access_token_delete_of_many(c->db, c->mem, ids, count));
	return oauth_account_delete_of_many(c->db, c->mem, ids, count);
}

enum err
user_insert_many(struct db *db, struct arena *mem, struct user *users,
		 size_t count, int64_t now, bool *inserted)
{
	const struct crowd c = {db, mem, users, count, inserted};
	enum user_id_kind kind;

	memset(inserted, 0, count * sizeof(*inserted));
	TRY(user_id_find_kind(db, mem, &kind));
	for (size_t i = 0; i < count; i++)
		user_id_prepare(mem, kind, &users[i]);
	/* Numbers that are given first, lest the table gives one of them. */
	TRY(crowd_insert(&c, true));
	if (kind == USER_ID_UUID)
		return OK;
	TRY(crowd_pass_numbers(&c));
	TRY(crowd_insert(&c, false));
	return crowd_void_former(&c, now);
}

/* A row is as crowd_insert's of those with an id. */
static enum err
load_rows(struct db *db, struct arena *mem, struct user *users, size_t count)
{
	size_t columns = user_insert_count(db) + 1;
	struct db_value *values =
		arena_array(mem, count * columns, sizeof(*values));

	for (size_t i = 0; i < count; i++) {
		struct db_value *at = values + i * columns;

		user_id_prepare(mem, USER_ID_UUID, &users[i]);
		user_insert_values(db, mem, &users[i], at);
		at[columns - 1] = db_text(users[i].id);
	}
	return db_load(db, mem, &user_insert_one, values, columns, count);
}

enum err
user_load(struct db *db, struct arena *mem, struct user *users, size_t count,
	  int64_t now)
{
	bool *inserted = arena_array(mem, count, sizeof(*inserted));
	enum user_id_kind kind;

	TRY(user_id_find_kind(db, mem, &kind));
	if (kind == USER_ID_UUID)
		return load_rows(db, mem, users, count);
	/* What came of it must be known there. */
	TRY(user_insert_many(db, mem, users, count, now, inserted));
	for (size_t i = 0; i < count; i++)
		if (!inserted[i])
			return ERR_ALREADY_EXISTS;
	return OK;
}

/* One look at addresses, or at ids. A row begins with a place in the list. */
static enum err
taken_query(struct db *db, struct arena *mem, const struct user *users,
	    size_t count, bool ids, struct db_rows *out)
{
	struct db_value *values = arena_array(mem, count * 2, sizeof(*values));
	size_t rows = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text = ids ? users[i].id : users[i].email;

		if (text == NULL)
			continue;
		values[rows * 2] = db_int((int64_t)i);
		values[rows * 2 + 1] = db_text(text);
		rows++;
	}
	return db_query_rows(db, mem, ids ? &taken_ids : &taken_emails, values,
			     2, rows, out);
}

enum err
user_find_taken(struct db *db, struct arena *mem, const struct user *users,
		size_t count, enum user_taken *out)
{
	struct db_rows rows;

	for (size_t i = 0; i < count; i++)
		out[i] = USER_FREE;
	TRY(taken_query(db, mem, users, count, true, &rows));
	for (size_t i = 0; i < rows.count; i++)
		out[rows.cells[i].number] = USER_HAS_ID;
	TRY(taken_query(db, mem, users, count, false, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		const struct db_value *row = &rows.cells[i * rows.columns];
		const struct user *u = &users[row[0].number];
		bool same = u->id == NULL || strcmp(u->id, row[1].text) == 0;

		out[row[0].number] = same ? USER_THERE : USER_HAS_EMAIL;
	}
	return OK;
}

static const struct db_statement count_all = {
	.name = "user_count_all",
	.sql = "SELECT count(*) FROM {user}",
	.result = "i",
	.reads_only = true,
};

enum err
user_count_all(struct db *db, struct arena *mem, int64_t *out)
{
	struct db_rows rows;
	enum err e = db_query(db, mem, &count_all, NULL, 0, &rows);

	if (e == OK)
		*out = rows.cells[0].number;
	return e;
}
