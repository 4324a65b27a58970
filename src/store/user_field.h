/* SPDX-License-Identifier: MIT */
/*
 * The fields of users that are configured: what each holds, its bounds, who
 * writes and reads it, its column.
 */
#ifndef USER_FIELD_H
#define USER_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/config.h"
#include "db/db.h"

enum user_field_type {
	USER_FIELD_TEXT,
	USER_FIELD_INTEGER,
	USER_FIELD_NUMBER,
	USER_FIELD_BOOLEAN,
	USER_FIELD_DATE,
	USER_FIELD_DATETIME,
	USER_FIELD_UUID,
	USER_FIELD_CHOICE
};

enum user_field_access { ACCESS_SELF, ACCESS_ADMIN, ACCESS_NONE };

struct user_field {
	const char *name;   /* in JSON */
	const char *column; /* its identifier */
	const char *help;
	enum user_field_type type;
	bool is_required; /* of whoever registers */
	bool is_nullable; /* neither required nor with an initial value */
	struct db_value initial; /* what stands for NULL; DB_NULL: nothing */
	bool has_min;    /* TEXT: characters; INTEGER: its own range if */
	bool has_max;    /* nothing else is said; NUMBER */
	int64_t min;     /* TEXT, INTEGER */
	int64_t max;     /* TEXT, INTEGER */
	double real_min; /* NUMBER */
	double real_max; /* NUMBER */
	struct text_list choices;
	enum user_field_access write;
	enum user_field_access read; /* SELF or ADMIN */
};

struct user_fields {
	const struct user_field *items; /* in the order of the file */
	size_t count;
};

/*
 * A value of a field: DB_NULL, or by type DB_INT, DB_REAL, DB_BOOL, DB_TEXT; a
 * date as 2020-01-31, a datetime as 2020-01-31 10:20:30.000000 in UTC, a UUID
 * in its canonical form. `is_given`: false leaves it as it is, in a change.
 */
struct user_value {
	bool is_given;
	struct db_value value;
};

/* Lives as long as the arena; the configuration must, too. */
const struct user_fields *user_fields_make(struct arena *mem,
					   const struct config *conf)
	RETURNS_NONNULL NONNULL(1, 2);

/* The field of that name, or NULL. */
const struct user_field *user_field_named(const struct user_fields *fields,
					  const char *name) NONNULL(1, 2);

/* What all of them are when nothing is given; NULL when there are none. */
const struct db_value *user_fields_initial(struct arena *mem,
					   const struct user_fields *fields)
	NONNULL(1, 2);

/* A value as JSON. */
void user_field_write(struct buf *out, const struct user_field *f,
		      const struct db_value *value) NONNULL(1, 2, 3);

/* As people read it; "" for NULL. */
const char *user_field_text(struct arena *mem, const struct user_field *f,
			    const struct db_value *value)
	RETURNS_NONNULL NONNULL(1, 2, 3);

/* How a database reads it, and how it is read: a datetime's zone. */
struct db_value user_field_to_db(const struct db *db, struct arena *mem,
				 const struct user_field *f,
				 const struct db_value *value)
	NONNULL(1, 2, 3, 4);
struct db_value user_field_from_db(struct arena *mem,
				   const struct user_field *f,
				   const struct db_value *value)
	NONNULL(1, 2, 3);

/* The letter of struct db_statement for its column. */
char user_field_letter(const struct user_field *f) NONNULL(1);

#endif
