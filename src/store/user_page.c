/* SPDX-License-Identifier: MIT */
#include "store/user_page.h"

#include <string.h>

#include "base/buf.h"
#include "store/schema.h"
#include "store/user_parts.h"

/*
 * $1 is the limit, $6 the key of the row before, or the whole address. A value
 * stands before its IS NULL, from which PostgreSQL could not tell its type.
 */
#define FILTER                                                                 \
	" (u.{user.is_active} = $2 OR $2 IS NULL)"                             \
	" AND (u.{user.is_superuser} = $3 OR $3 IS NULL)"                      \
	" AND (u.{user.is_verified} = $4 OR $4 IS NULL)"                       \
	" AND (lower(u.{user.email}) LIKE lower($5) ESCAPE '!' OR $5 IS NULL)" \
	"{user.fields:filter}"
#define ROWS "SELECT " USER_COLUMNS USER_FIELDS " FROM {user} u WHERE"
#define ID "u.{user.id}"
#define EMAIL "lower(u.{user.email})"
/* Each has the same parameters, so that one function calls them all. */
#define FIRST(key) " (" key " = $6 OR $6 IS NULL) AND"

static const struct db_statement id_first = {
	.name = "user_page_id_first",
	.sql = ROWS FIRST(ID) FILTER " ORDER BY " ID " LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement id_after = {
	.name = "user_page_id_after",
	.sql = ROWS " " ID " > $6 AND" FILTER " ORDER BY " ID " LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement id_last = {
	.name = "user_page_id_last",
	.sql = ROWS FIRST(ID) FILTER " ORDER BY " ID " DESC LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement id_before = {
	.name = "user_page_id_before",
	.sql = ROWS " " ID " < $6 AND" FILTER " ORDER BY " ID " DESC LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement email_first = {
	.name = "user_page_email_first",
	.sql = ROWS FIRST(EMAIL) FILTER " ORDER BY " EMAIL " LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement email_after = {
	.name = "user_page_email_after",
	.sql = ROWS " " EMAIL " > lower($6) AND" FILTER " ORDER BY " EMAIL
		    " LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement email_last = {
	.name = "user_page_email_last",
	.sql = ROWS FIRST(EMAIL) FILTER " ORDER BY " EMAIL " DESC LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement email_before = {
	.name = "user_page_email_before",
	.sql = ROWS " " EMAIL " < lower($6) AND" FILTER " ORDER BY " EMAIL
		    " DESC LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement by_address = {
	.name = "user_page_address",
	.sql = ROWS " " EMAIL " = lower($6) AND" FILTER " LIMIT $1",
	.result = USER_RESULT FIELDS_RESULT,
	.reads_only = true,
	.plans_anew = true,
};

static const struct db_statement count_filtered = {
	.name = "user_count",
	.sql = "SELECT count(*) FROM (SELECT 1 FROM {user} u WHERE" FIRST(EMAIL)
		FILTER " LIMIT $1) c",
	.result = "i",
	.reads_only = true,
	.plans_anew = true,
};

/* Those of an order: from its beginning, and behind a key. */
static const struct {
	const struct db_statement *first;
	const struct db_statement *after;
} pages[USER_ORDERS] = {
	[USER_BY_ID] = {&id_first, &id_after},
	[USER_BY_ID_DOWN] = {&id_last, &id_before},
	[USER_BY_EMAIL] = {&email_first, &email_after},
	[USER_BY_EMAIL_DOWN] = {&email_last, &email_before},
};

const char *const user_order_names[USER_ORDERS] = {
	[USER_BY_ID] = "id",
	[USER_BY_ID_DOWN] = "-id",
	[USER_BY_EMAIL] = "email",
	[USER_BY_EMAIL_DOWN] = "-email",
};

static bool
is_by_email(enum user_order order)
{
	return order == USER_BY_EMAIL || order == USER_BY_EMAIL_DOWN;
}

bool
user_order_read(const char *name, enum user_order *out)
{
	for (size_t i = 0; i < USER_ORDERS; i++) {
		if (strcmp(user_order_names[i], name) != 0)
			continue;
		*out = (enum user_order)i;
		return true;
	}
	return false;
}

const char *
user_order_key(enum user_order order, const struct user *u)
{
	return is_by_email(order) ? u->email : u->id;
}

/* LIKE's own characters stand for themselves. */
static struct db_value
pattern_of(struct arena *mem, const char *search)
{
	struct buf b;

	if (search == NULL)
		return db_null();
	buf_init(&b, mem, 64);
	buf_char(&b, '%');
	for (; *search != '\0'; search++) {
		if (strchr("%_!", *search) != NULL)
			buf_char(&b, '!');
		buf_char(&b, *search);
	}
	buf_char(&b, '%');
	return db_text(b.data);
}

static struct db_value
flag_of(const bool *flag)
{
	return flag != NULL ? db_bool(*flag) : db_null();
}

static enum err
ask(struct db *db, struct arena *mem, const struct db_statement *statement,
    const struct user_filter *filter, const char *key, int64_t limit,
    struct db_rows *out)
{
	const struct db_value known[] = {
		db_int(limit),
		flag_of(filter->is_active),
		flag_of(filter->is_superuser),
		flag_of(filter->is_verified),
		pattern_of(mem, filter->search),
		db_text_or_null(key),
	};
	size_t fields = schema_fields(db)->count;
	size_t count = countof(known) + 2 * fields;
	struct db_value *values = arena_array(mem, count, sizeof(*values));

	memcpy(values, known, sizeof(known));
	user_given_values(db, mem, filter->fields, values + countof(known));
	return db_query(db, mem, statement, values, count, out);
}

/* Of an address there is one user, if any: he is the first page of it. */
static enum err
ask_address(struct db *db, struct arena *mem, const struct user_filter *filter,
	    const char *after, int64_t limit, struct db_rows *out)
{
	if (after == NULL)
		return ask(db, mem, &by_address, filter, filter->email, limit,
			   out);
	*out = (struct db_rows){0};
	return OK;
}

enum err
user_page(struct db *db, struct arena *mem, const struct user_filter *filter,
	  enum user_order order, const char *after, int64_t limit,
	  struct user **out, size_t *count)
{
	const struct db_statement *statement =
		after != NULL ? pages[order].after : pages[order].first;
	struct db_rows rows;
	enum err e =
		filter->email != NULL
			? ask_address(db, mem, filter, after, limit, &rows)
			: ask(db, mem, statement, filter, after, limit, &rows);

	user_rows_read(db, mem, &rows, out, count);
	return e;
}

enum err
user_count(struct db *db, struct arena *mem, const struct user_filter *filter,
	   int64_t most, int64_t *out)
{
	struct db_rows rows;

	if (filter->email != NULL) {
		TRY(ask_address(db, mem, filter, NULL, most, &rows));
		*out = (int64_t)rows.count;
		return OK;
	}
	TRY(ask(db, mem, &count_filtered, filter, NULL, most, &rows));
	*out = rows.cells[0].number;
	return OK;
}
