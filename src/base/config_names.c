/* SPDX-License-Identifier: MIT */
/* What tables and columns may be called. */
#include <string.h>

#include "base/config_table.h"
#include "base/text.h"

/* PostgreSQL cuts what is longer; SQLite would not. */
#define IDENTIFIER_LIMIT 63

#define LETTERS                                                                \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* A table and its columns, which stand behind it in config.def. */
struct table_names {
	const char *setting;
	size_t columns;
};

static const struct table_names tables[] = {
	{"user", 6},
	{"accesstoken", 3},
	{"oauth_account", 8},
};

const char *
config_identifier_fault(const char *text, size_t len)
{
	if (len == 0)
		return "must not be empty";
	if (strspn(text, LETTERS) < len)
		return "may hold letters, digits and _ only";
	if (len > IDENTIFIER_LIMIT)
		return "is longer than the 63 bytes a name may have";
	return NULL;
}

/* TABLE, or SCHEMA.TABLE where there are schemas. */
static const char *
table_fault(const struct config *c, const char *text)
{
	const char *dot = strchr(text, '.');
	const char *table = dot != NULL ? dot + 1 : text;
	const char *why = config_identifier_fault(table, strlen(table));

	if (why == NULL && dot != NULL)
		why = config_identifier_fault(text, (size_t)(dot - text));
	if (why == NULL && dot != NULL &&
	    text_starts(c->database.url, "sqlite:"))
		why = "names a schema, which SQLite has none of";
	if (why == NULL && text_same_n(table, "fcu_", 4))
		why = "starts as our own tables do";
	return why;
}

/* The settings of the section in the order of config.def, from `first`. */
static const char *
name_at(const struct instance *in, size_t i)
{
	return *(const char *const *)(const void *)(in->values +
						    in->kind->settings[i]
							    .offset);
}

static void
columns_check(struct reading *r, const struct instance *in, size_t first,
	      size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		const char *name = name_at(in, i);
		const char *why = config_identifier_fault(name, strlen(name));

		for (size_t k = first; why == NULL && k < i; k++)
			if (text_same(name, name_at(in, k)))
				why = "is the name of another column already";
		if (why != NULL)
			instance_blame(r, in, in->kind->settings[i].name,
				       "\"%s\" %s", name, why);
	}
}

static const struct instance *
names_given(const struct reading *r)
{
	for (size_t i = 0; i < r->instance_count; i++)
		if (strcmp(r->instances[i].kind->name, "tables") == 0)
			return &r->instances[i];
	return NULL;
}

void
config_check_names(struct reading *r)
{
	const struct instance *in = names_given(r);
	size_t at[countof(tables)];
	size_t next = 0;

	if (in == NULL)
		return;
	for (size_t i = 0; i < countof(tables); i++) {
		const char *name = name_at(in, next);
		const char *why = table_fault(r->conf, name);

		at[i] = next;
		for (size_t k = 0; why == NULL && k < i; k++)
			if (text_same(name, name_at(in, at[k])))
				why = "is the name of another table already";
		if (why != NULL)
			instance_blame(r, in, tables[i].setting, "\"%s\" %s",
				       name, why);
		columns_check(r, in, next + 1, tables[i].columns);
		next += 1 + tables[i].columns;
	}
}
