/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/text.h"

/* The placeholders of what can be named, and where the names are said. */
struct named {
	const char *placeholder;
	size_t offset; /* in struct tables_settings */
};

#define NAMED(placeholder, setting)                                            \
	{                                                                      \
		(placeholder), offsetof(struct tables_settings, setting)       \
	}

static const struct named tables[] = {
	NAMED("user", user),
	NAMED("accesstoken", accesstoken),
	NAMED("oauth_account", oauth_account),
};

static const struct named columns[] = {
	NAMED("user.id", user_id),
	NAMED("user.email", user_email),
	NAMED("user.hashed_password", user_hashed_password),
	NAMED("user.is_active", user_is_active),
	NAMED("user.is_superuser", user_is_superuser),
	NAMED("user.is_verified", user_is_verified),
	NAMED("accesstoken.token", accesstoken_token),
	NAMED("accesstoken.created_at", accesstoken_created_at),
	NAMED("accesstoken.user_id", accesstoken_user_id),
	NAMED("oauth_account.id", oauth_account_id),
	NAMED("oauth_account.user_id", oauth_account_user_id),
	NAMED("oauth_account.oauth_name", oauth_account_oauth_name),
	NAMED("oauth_account.access_token", oauth_account_access_token),
	NAMED("oauth_account.expires_at", oauth_account_expires_at),
	NAMED("oauth_account.refresh_token", oauth_account_refresh_token),
	NAMED("oauth_account.account_id", oauth_account_account_id),
	NAMED("oauth_account.account_email", oauth_account_account_email),
};

/* Indexes of the reference: ix_TABLE_COLUMN. */
static const struct {
	const char *placeholder;
	size_t table;
	size_t column;
} indexes[] = {
	{"user.email:index", offsetof(struct tables_settings, user),
	 offsetof(struct tables_settings, user_email)},
	{"accesstoken.created_at:index",
	 offsetof(struct tables_settings, accesstoken),
	 offsetof(struct tables_settings, accesstoken_created_at)},
	{"oauth_account.account_id:index",
	 offsetof(struct tables_settings, oauth_account),
	 offsetof(struct tables_settings, oauth_account_account_id)},
	{"oauth_account.oauth_name:index",
	 offsetof(struct tables_settings, oauth_account),
	 offsetof(struct tables_settings, oauth_account_oauth_name)},
};

/* How each database declares ids. */
static const struct id_type {
	const char *driver;
	enum user_id_kind kind;
	int bits; /* of a number, at most */
	const char *type;
	const char *key;
} id_types[] = {
	{"postgresql", USER_ID_UUID, 0, "UUID", "UUID NOT NULL"},
	{"postgresql", USER_ID_INTEGER, 32, "INTEGER", "SERIAL NOT NULL"},
	{"postgresql", USER_ID_INTEGER, 64, "BIGINT", "BIGSERIAL NOT NULL"},
	{"sqlite", USER_ID_UUID, 0, "CHAR(36)", "CHAR(36) NOT NULL"},
	{"sqlite", USER_ID_INTEGER, 64, "INTEGER", "INTEGER NOT NULL"},
};

/* PostgreSQL cuts what is longer. */
#define NAME_LIMIT 63
#define HASH_DIGITS 8
#define ID_NAMES 2
#define FIELD_NAMES 7
#define ROOM                                                                   \
	(countof(tables) + countof(columns) + countof(indexes) + ID_NAMES +    \
	 FIELD_NAMES)
/* The parameters of the statements that take fields: the first of theirs when
 * a user is inserted, and when one is changed or looked for. */
#define INSERT_FIRST 6
#define CHANGE_FIRST 7

struct schema {
	struct db_names names; /* first: db_names gives the schema back */
	struct arena *mem;
	const struct tables_settings *settings;
	struct db_name items[ROOM];
	const struct user_fields *fields;
	const char *wanted_ids; /* auto, uuid, integer */
	bool is_found;
	struct schema_ids ids;
	const struct id_type *id_type;
};

static const char *
setting_at(const struct schema *s, size_t offset)
{
	const char *settings = (const char *)s->settings;

	return *(const char *const *)(settings + offset);
}

static struct db_name *
name_add(struct schema *s, const char *placeholder)
{
	struct db_name *n = &s->items[s->names.count++];

	n->name = placeholder;
	return n;
}

/* What identifiers may hold needs no escape between the quotes: the
 * configuration was judged. */
static const char *
quoted(const struct schema *s, const char *identifier)
{
	return arena_printf(s->mem, "\"%s\"", identifier);
}

/* TABLE, or SCHEMA.TABLE. */
static void
table_add(struct schema *s, const struct named *row)
{
	const char *said = setting_at(s, row->offset);
	const char *dot = strchr(said, '.');
	struct db_name *n = name_add(s, row->placeholder);

	n->plain = dot != NULL ? dot + 1 : said;
	n->text = quoted(s, n->plain);
	if (dot == NULL)
		return;
	n->schema = arena_copy(s->mem, said, (size_t)(dot - said));
	n->text = arena_printf(s->mem, "\"%s\".%s", n->schema, n->text);
}

static void
column_add(struct schema *s, const struct named *row)
{
	struct db_name *n = name_add(s, row->placeholder);

	n->plain = setting_at(s, row->offset);
	n->text = quoted(s, n->plain);
}

static bool
is_taken(const struct schema *s, const char *text)
{
	for (size_t i = 0; i < s->names.count; i++)
		if (s->items[i].text != NULL &&
		    text_same(s->items[i].text, text))
			return true;
	return false;
}

/* A name that is too long, or another's already, would be swallowed by IF NOT
 * EXISTS, and with it the index: a hash makes it one of its own. */
static void
index_add(struct schema *s, const char *placeholder, const char *table,
	  const char *column)
{
	const char *dot = strchr(table, '.');
	const char *plain = dot != NULL ? dot + 1 : table;
	const char *name = arena_printf(s->mem, "ix_%s_%s", plain, column);
	const char *all = arena_printf(s->mem, "%s.%s", plain, column);

	if (strlen(name) > NAME_LIMIT || is_taken(s, quoted(s, name)))
		name = arena_printf(
			s->mem, "%.*s_%.*s", NAME_LIMIT - 1 - HASH_DIGITS, name,
			HASH_DIGITS,
			crypto_sha256_hex(s->mem, all, strlen(all)));
	name_add(s, placeholder)->text = quoted(s, name);
}

const struct db_names *
schema_names(const struct schema *s)
{
	return &s->names;
}

const char *
schema_plain(const struct db *db, const char *name)
{
	const struct db_names *names = db_names(db);

	for (size_t i = 0; names != NULL && i < names->count; i++)
		if (strcmp(names->items[i].name, name) == 0)
			return names->items[i].plain;
	/* A placeholder that is none is our mistake. */
	abort();
}

/* The schema that the database was opened with. */
static struct schema *
schema_of(const struct db *db)
{
	/* The names are the first member, and only they are const. */
	return (struct schema *)(uintptr_t)(const void *)db_names(db);
}

bool
schema_wanted_ids(const struct db *db, enum user_id_kind *out)
{
	const char *wanted = schema_of(db)->wanted_ids;

	*out = strcmp(wanted, "integer") == 0 ? USER_ID_INTEGER : USER_ID_UUID;
	return strcmp(wanted, "auto") != 0;
}

bool
schema_has_uuids(const struct db *db)
{
	return strcmp(db_driver(db), "postgresql") == 0;
}

static void
ids_set(struct schema *s, const char *driver, enum user_id_kind kind, int bits)
{
	size_t i = 0;

	while (strcmp(id_types[i].driver, driver) != 0 ||
	       id_types[i].kind != kind || id_types[i].bits < bits)
		if (++i == countof(id_types))
			abort();
	s->ids.kind = kind;
	s->ids.max = bits == 16   ? INT16_MAX
		     : bits == 32 ? INT32_MAX
				  : INT64_MAX;
	s->id_type = &id_types[i];
}

bool
schema_has_found_ids(const struct db *db)
{
	return schema_of(db)->is_found;
}

void
schema_trust_ids(struct db *db)
{
	struct schema *s = schema_of(db);
	enum user_id_kind wanted;

	/* How wide whole numbers are only the table says. */
	s->is_found = schema_wanted_ids(db, &wanted) && wanted == USER_ID_UUID;
	if (s->is_found)
		ids_set(s, db_driver(db), USER_ID_UUID, 0);
}

void
schema_forget_ids(struct db *db)
{
	schema_of(db)->is_found = false;
}

enum err
schema_find_ids(struct db *db, struct arena *mem, const struct schema_ids **ids)
{
	struct schema *s = schema_of(db);
	const struct db_column *table;
	const struct db_column *id;
	enum user_id_kind wanted;
	size_t count;
	enum err e;

	*ids = &s->ids;
	if (s->is_found)
		return OK;
	e = db_columns(db, mem, "user", &table, &count);
	id = db_column_named(db, table, count, "user.id");
	/* A table may yet be made, by another process. */
	s->is_found = e == OK && id != NULL;
	if (s->is_found && id->kind == DB_KIND_INT)
		ids_set(s, db_driver(db), USER_ID_INTEGER, id->bits);
	else if (s->is_found || !schema_wanted_ids(db, &wanted))
		ids_set(s, db_driver(db), USER_ID_UUID, 0);
	else
		ids_set(s, db_driver(db), wanted, 0);
	return e;
}

static enum err
find_id_type(struct db *db, struct arena *mem, const char **out)
{
	const struct schema_ids *ids;
	enum err e = schema_find_ids(db, mem, &ids);

	*out = schema_of(db)->id_type->type;
	return e;
}

static enum err
find_id_key(struct db *db, struct arena *mem, const char **out)
{
	const struct schema_ids *ids;
	enum err e = schema_find_ids(db, mem, &ids);

	*out = schema_of(db)->id_type->key;
	return e;
}

/* What stands for the fields in a statement, once for each of them: %1 is the
 * column, %2 and %3 are the numbers of two parameters. */
static const char *
fields_text(const struct schema *s, const char *pattern, size_t first,
	    size_t step)
{
	const struct user_fields *fields = s->fields;
	struct buf b;

	buf_init(&b, s->mem, 64);
	for (size_t i = 0; i < fields->count; i++) {
		for (const char *p = pattern; *p != '\0'; p++) {
			if (*p == '%' && *++p == '1')
				buf_text(&b,
					 quoted(s, fields->items[i].column));
			else if (p > pattern && p[-1] == '%')
				buf_number(&b, (int64_t)(first + i * step) +
						       (*p - '2'));
			else
				buf_char(&b, *p);
		}
	}
	return b.data;
}

static const char *
fields_letters(const struct schema *s)
{
	struct buf b;

	buf_init(&b, s->mem, 16);
	for (size_t i = 0; i < s->fields->count; i++)
		buf_char(&b, user_field_letter(&s->fields->items[i]));
	return b.data;
}

/* Of the fields, for select, where the table is u or not named, for insert,
 * for update and for a search. */
static void
fields_add(struct schema *s)
{
	size_t count = s->fields->count;

	name_add(s, "user.fields:u")->text = fields_text(s, ", u.%1", 0, 0);
	name_add(s, "user.fields:plain")->text = fields_text(s, ", %1", 0, 0);
	name_add(s, "user.fields:result")->text = fields_letters(s);
	name_add(s, "user.fields:values")->text =
		fields_text(s, ", $%2", INSERT_FIRST, 1);
	name_add(s, "user.fields:set")->text =
		fields_text(s, ", %1 = CASE WHEN $%2 THEN $%3 ELSE %1 END",
			    CHANGE_FIRST, 2);
	name_add(s, "user.fields:filter")->text =
		fields_text(s,
			    " AND (NOT $%2 OR u.%1 = $%3"
			    " OR (u.%1 IS NULL AND $%3 IS NULL))",
			    CHANGE_FIRST, 2);
	name_add(s, "user.fields:next")->text =
		arena_printf(s->mem, "$%zu", INSERT_FIRST + count);
}

const struct user_fields *
schema_fields(const struct db *db)
{
	return schema_of(db)->fields;
}

struct schema *
schema_make(struct arena *mem, const struct config *conf)
{
	struct schema *s = arena_new(mem, struct schema);

	s->mem = mem;
	s->settings = &conf->tables;
	s->names.items = s->items;
	s->wanted_ids = conf->users.id;
	s->fields = user_fields_make(mem, conf);
	fields_add(s);
	name_add(s, "user.id:type")->find = find_id_type;
	name_add(s, "user.id:key")->find = find_id_key;
	for (size_t i = 0; i < countof(tables); i++)
		table_add(s, &tables[i]);
	for (size_t i = 0; i < countof(columns); i++)
		column_add(s, &columns[i]);
	for (size_t i = 0; i < countof(indexes); i++)
		index_add(s, indexes[i].placeholder,
			  setting_at(s, indexes[i].table),
			  setting_at(s, indexes[i].column));
	return s;
}
