/* SPDX-License-Identifier: MIT */
#include "store/user_table.h"

#include <stdbool.h>

#include "store/schema.h"
#include "store/user_columns.h"
#include "store/user_id.h"

/* Fails where one of them is missing or of a wrong type. */
static const struct db_statement check_columns = {
	.name = "user_check_columns",
	.sql = "SELECT u.{user.id}, u.{user.email}, u.{user.hashed_password},"
	       " u.{user.is_active}, u.{user.is_superuser},"
	       " u.{user.is_verified} FROM {user} u WHERE 1 = 0",
	.result = "tttbbb",
	.reads_only = true,
};

#define COUNT_NULLS                                                            \
	"count(CASE WHEN u.{user.id} IS NULL OR u.{user.email} IS NULL"        \
	" OR u.{user.hashed_password} IS NULL OR u.{user.is_active} IS NULL"   \
	" OR u.{user.is_superuser} IS NULL OR u.{user.is_verified} IS NULL"    \
	" THEN 1 END)"

/* How many rows have a NULL, and how many an id that is no UUID as we write
 * it. */
static const struct db_statement count_unfit_uuids = {
	.name = "user_count_unfit_uuids",
	.sql = "SELECT " COUNT_NULLS ","
	       " count(CASE WHEN lower(CAST(u.{user.id} AS VARCHAR(64)))"
	       " NOT LIKE '________-____-____-____-____________'"
	       " OR lower(CAST(u.{user.id} AS VARCHAR(64)))"
	       " <> CAST(u.{user.id} AS VARCHAR(64)) THEN 1 END)"
	       " FROM {user} u",
	.result = "ii",
	.reads_only = true,
};

static const struct db_statement count_unfit = {
	.name = "user_count_unfit",
	.sql = "SELECT " COUNT_NULLS ", 0 FROM {user} u",
	.result = "ii",
	.reads_only = true,
};

static const char *
no_ids(const struct db *db, struct arena *mem)
{
	return arena_printf(
		mem,
		"the ids of the table \"%s\" are neither UUIDs nor whole "
		"numbers: give its users ids as FastAPI Users writes them, or "
		"use another database",
		schema_plain(db, "user"));
}

/* The database holds UUIDs in texts, if it has no type for them. */
static bool
can_be_id(const struct db_column *id, bool has_uuids)
{
	return id->kind == DB_KIND_UUID || id->kind == DB_KIND_INT ||
	       (id->kind == DB_KIND_TEXT && !has_uuids);
}

static enum err
ids_check(struct db *db, struct arena *mem, const struct db_column *id,
	  const char **why)
{
	enum user_id_kind wanted;
	enum user_id_kind kind;

	if (!can_be_id(id, schema_has_uuids(db))) {
		*why = no_ids(db, mem);
		return ERR_INVALID;
	}
	TRY(user_id_find_kind(db, mem, &kind));
	if (schema_wanted_ids(db, &wanted) && wanted != kind) {
		*why = arena_printf(
			mem,
			"the ids of the table \"%s\" are %s, and users.id "
			"says otherwise: change the setting, or use another "
			"database",
			schema_plain(db, "user"),
			kind == USER_ID_UUID ? "UUIDs" : "whole numbers");
		return ERR_INVALID;
	}
	if (kind == USER_ID_INTEGER && !id->has_default) {
		*why = arena_printf(
			mem,
			"the table \"%s\" does not number its rows: its "
			"column %s needs a default",
			schema_plain(db, "user"), schema_plain(db, "user.id"));
		return ERR_INVALID;
	}
	return OK;
}

/* What its declaration says; an empty table has nothing else. */
static enum err
declaration_check(struct db *db, struct arena *mem, const char **why)
{
	const struct db_column *columns;
	const struct db_column *id;
	size_t count;
	enum err e = db_columns(db, mem, "user", &columns, &count);

	TRY(e);
	id = db_column_named(db, columns, count, "user.id");
	if (id != NULL)
		TRY(ids_check(db, mem, id, why));
	e = db_run(db, mem, &check_columns, NULL, 0, NULL);
	if (e != ERR_INTERNAL)
		return e;
	*why = arena_printf(mem,
			    "the table \"%s\" is not one of FastAPI Users, "
			    "so use another database, or add what it lacks: %s",
			    schema_plain(db, "user"), db_complaint(db));
	return ERR_INVALID;
}

static const char *
nulls(const struct db *db, struct arena *mem, int64_t count)
{
	return arena_printf(
		mem,
		"%lld rows of the table \"%s\" have NULL in one of %s, %s, %s, "
		"%s, %s, %s: give them a value, or delete them",
		(long long)count, schema_plain(db, "user"),
		schema_plain(db, "user.id"), schema_plain(db, "user.email"),
		schema_plain(db, "user.hashed_password"),
		schema_plain(db, "user.is_active"),
		schema_plain(db, "user.is_superuser"),
		schema_plain(db, "user.is_verified"));
}

static enum err
rows_check(struct db *db, struct arena *mem, const char **why)
{
	enum user_id_kind kind;
	struct db_rows rows;

	TRY(user_id_find_kind(db, mem, &kind));
	TRY(db_query(db, mem,
		     kind == USER_ID_UUID ? &count_unfit_uuids : &count_unfit,
		     NULL, 0, &rows));
	if (rows.cells[1].number > 0) {
		*why = no_ids(db, mem);
		return ERR_INVALID;
	}
	if (rows.cells[0].number > 0) {
		*why = nulls(db, mem, rows.cells[0].number);
		return ERR_INVALID;
	}
	return OK;
}

/* Those of the configured fields, as far as they are there. */
static enum err
columns_check(struct db *db, struct arena *mem, const char **why)
{
	struct user_columns columns = {0};

	return user_columns_find(db, mem, &columns, why);
}

enum err
user_table_check(struct db *db, struct arena *mem, const char **why)
{
	bool is_there;
	enum err e = db_has_table(db, mem, "user", &is_there);

	schema_forget_ids(db);
	if (e == OK && is_there)
		e = declaration_check(db, mem, why);
	if (e == OK && is_there)
		e = rows_check(db, mem, why);
	if (e == OK && is_there)
		e = columns_check(db, mem, why);
	if (e != OK && e != ERR_INVALID)
		*why = arena_printf(mem, "%s: %s", err_sentence(e),
				    db_complaint(db));
	return e;
}
