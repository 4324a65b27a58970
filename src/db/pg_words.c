/* SPDX-License-Identifier: MIT */
#include "db/pg_words.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "db/driver.h"

static const struct pg_meaning meanings[] = {
	{"23505", ERR_ALREADY_EXISTS, FATE_KEEP},
	{"40001", ERR_CONFLICT, FATE_KEEP},
	{"40P01", ERR_CONFLICT, FATE_KEEP},
	/* Nobody knows whether it was done (CockroachDB). */
	{"40003", ERR_DATABASE_DOWN, FATE_KEEP},
	{"57014", ERR_DATABASE_DOWN, FATE_KEEP},
	{"57P", ERR_DATABASE_DOWN, FATE_LOST},
	{"08", ERR_DATABASE_DOWN, FATE_LOST},
	{"25P03", ERR_DATABASE_DOWN, FATE_LOST},
	{"53", ERR_DATABASE_DOWN, FATE_KEEP},
	{"58", ERR_DATABASE_DOWN, FATE_KEEP},
	/* A fallen primary: the next connection finds the new one. */
	{"25006", ERR_DATABASE_DOWN, FATE_UNTOUCHED},
	/* Prepared statements that the server forgot or cannot use since a
	 * table changed: a new connection begins without any. */
	{"26000", ERR_INTERNAL, FATE_UNTOUCHED},
	{"0A000", ERR_INTERNAL, FATE_UNTOUCHED},
	{"", ERR_INTERNAL, FATE_KEEP},
};

/* Not to_regclass: in a transaction it may answer from before a lock that was
 * waited for. */
#define FROM_TABLE                                                             \
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"           \
	" ON n.oid = c.relnamespace"
#define TABLE_IS_MEANT                                                         \
	" WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND (n.nspname ="   \
	" $2 OR ($2 IS NULL AND pg_catalog.pg_table_is_visible(c.oid)))"

const struct db_statement pg_has_table = {
	.name = "has_table",
	.sql = "SELECT count(*) > 0" FROM_TABLE TABLE_IS_MEANT,
	.result = "b",
	.reads_only = true,
};

const struct db_statement pg_table_columns = {
	.name = "columns",
	.sql = "SELECT CAST(a.attname AS TEXT),"
	       " pg_catalog.format_type(a.atttypid, a.atttypmod),"
	       " NOT a.attnotnull, a.atthasdef OR a.attidentity <> ''" FROM_TABLE
	       " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid" TABLE_IS_MEANT
	       " AND a.attnum > 0 AND NOT a.attisdropped"
	       " ORDER BY a.attnum",
	.result = "ttbb",
	.reads_only = true,
};

const struct pg_meaning *
pg_meaning_of(const char *state)
{
	const struct pg_meaning *m = meanings;

	while (strncmp(state, m->state, strlen(m->state)) != 0)
		m++;
	return m;
}

static const char *
time_text(struct arena *mem, int64_t seconds)
{
	char spelled[DB_TIME_SIZE];

	db_time_spell(seconds, spelled);
	return arena_printf(mem, "%s+00", spelled);
}

const char *
pg_value_text(struct arena *mem, const struct db_value *v)
{
	switch (v->type) {
	case DB_NULL:
		return NULL;
	case DB_TEXT:
		return v->text;
	case DB_INT:
		return arena_printf(mem, "%" PRId64, v->number);
	case DB_BOOL:
		return v->number != 0 ? "t" : "f";
	case DB_TIME:
		return time_text(mem, v->number);
	case DB_REAL:
		return arena_printf(mem, "%.17g", v->real);
	}
	return NULL;
}

bool
pg_cell_read(const char *text, char type, struct arena *mem,
	     struct db_value *out)
{
	switch (type) {
	case 't':
		*out = db_text(arena_text(mem, text));
		return true;
	case 'i':
		*out = db_int(0);
		return text_number(text, INT64_MIN, INT64_MAX, &out->number);
	case 'b':
		*out = db_bool(text[0] == 't');
		return text[0] == 't' || text[0] == 'f';
	case 'r':
		*out = db_real(strtod(text, NULL));
		return isfinite(out->real);
	default:
		return false;
	}
}

void
pg_list_cut(char *list, size_t i)
{
	const char *item = list;
	size_t len;

	if (strchr(list, ',') == NULL)
		return;
	for (; i > 0; i--) {
		item += strcspn(item, ",");
		if (*item == ',')
			item++;
	}
	len = strcspn(item, ",");
	memmove(list, item, len);
	list[len] = '\0';
}

bool
pg_is_host_list(const char *keyword)
{
	return strcmp(keyword, "host") == 0 ||
	       strcmp(keyword, "hostaddr") == 0 || strcmp(keyword, "port") == 0;
}
