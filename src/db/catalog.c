/* SPDX-License-Identifier: MIT */
#include "db/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "db/driver.h"
#include "db/names.h"

/* The questions, in the words of a driver. $1 is a table, $2 its schema or
 * NULL: where it is found without saying. */
struct catalog {
	const char *driver;
	struct db_statement tables_with;
	struct db_statement has_index;
};

#define PG_TABLE                                                               \
	" FROM pg_catalog.pg_class c"                                          \
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
#define PG_IS_MEANT                                                            \
	" WHERE c.relkind IN ('r', 'p') AND c.relname = $1 AND (n.nspname ="   \
	" $2 OR ($2 IS NULL AND pg_catalog.pg_table_is_visible(c.oid)))"

static const struct catalog catalogs[] = {
	{
		.driver = "postgresql",
		.tables_with =
			{
				.name = "catalog_tables_with",
				.sql = "SELECT CASE WHEN pg_catalog."
				       "pg_table_is_visible(c.oid)"
				       " THEN c.relname::text"
				       " ELSE n.nspname || '.' || c.relname"
				       " END" PG_TABLE
				       " JOIN pg_catalog.pg_attribute a"
				       " ON a.attrelid = c.oid"
				       " WHERE c.relkind IN ('r', 'p')"
				       " AND a.attname = $1"
				       " AND n.nspname NOT LIKE 'pg\\_%'"
				       " ORDER BY 1",
				.result = "t",
				.reads_only = true,
			},
		.has_index =
			{
				.name = "catalog_has_index",
				.sql = "SELECT count(*) > 0" PG_TABLE
				       " JOIN pg_catalog.pg_index x"
				       " ON x.indrelid = c.oid"
				       " JOIN pg_catalog.pg_class i"
				       " ON i.oid = x.indexrelid" PG_IS_MEANT
				       " AND i.relname = $3",
				.result = "b",
				.reads_only = true,
			},
	},
	{
		.driver = "sqlite",
		.tables_with =
			{
				.name = "catalog_tables_with",
				.sql = "SELECT m.name FROM sqlite_schema m"
				       " JOIN pragma_table_info(m.name) c"
				       " WHERE m.type = 'table'"
				       " AND lower(c.name) = lower($1)"
				       " ORDER BY m.name",
				.result = "t",
				.reads_only = true,
			},
		.has_index =
			{
				.name = "catalog_has_index",
				.sql = "SELECT count(*) FROM sqlite_schema"
				       " WHERE type = 'index'"
				       " AND lower(tbl_name) = lower($1)"
				       " AND $2 IS NULL"
				       " AND lower(name) = lower($3)",
				.result = "b",
				.reads_only = true,
			},
	},
};

static const struct catalog *
catalog_of(const struct db *db)
{
	for (size_t i = 0; i < countof(catalogs); i++)
		if (strcmp(catalogs[i].driver, db_driver(db)) == 0)
			return &catalogs[i];
	/* A driver without its rows here is our mistake. */
	abort();
}

static const char *
text_of(const struct db_value *value)
{
	return value->text != NULL ? value->text : "";
}

enum err
catalog_tables_with(struct db *db, struct arena *mem, const char *column,
		    const char ***out, size_t *count)
{
	const struct db_value value = db_text(column);
	struct db_rows rows;
	enum err e = db_query(db, mem, &catalog_of(db)->tables_with, &value, 1,
			      &rows);

	if (e != OK)
		return e;
	*out = arena_array(mem, rows.count + 1, sizeof(**out));
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = text_of(&rows.cells[i]);
	return OK;
}

enum err
catalog_has_index(struct db *db, struct arena *mem, const char *table,
		  const char *index, bool *out)
{
	const struct db_name named = names_table(db->names, table);
	const struct db_value values[] = {
		db_text(named.plain),
		db_text_or_null(named.schema),
		db_text(index),
	};
	struct db_rows rows;
	enum err e = db_query(db, mem, &catalog_of(db)->has_index, values,
			      countof(values), &rows);

	*out = e == OK && rows.count == 1 && rows.cells[0].number != 0;
	return e;
}
