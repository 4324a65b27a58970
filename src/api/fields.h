/* SPDX-License-Identifier: MIT */
/* The configured fields of users in bodies and answers. */
#ifndef FIELDS_H
#define FIELDS_H

#include "api/api.h"
#include "http/input_value.h"
#include "store/user_field.h"

/* The fields as schemas of struct field_value arrays, in their order: those
 * that a request may hold, and those that an answer shows. */
struct custom_schemas {
	const struct user_fields *fields;
	struct schema create;
	struct schema change;
	struct schema read_self;
	struct schema read_admin;
	struct schema filter; /* of a query that looks for users */
};

void custom_schemas_make(struct arena *mem, const struct user_fields *fields,
			 struct custom_schemas *out) NONNULL(1, 2, 3);

/* Room for what is read: an element for each configured field. */
struct field_value *custom_values_new(struct arena *mem,
				      const struct custom_schemas *s)
	RETURNS_NONNULL NONNULL(1, 2);

/* All values of a new user: what was given and `by_admin` may write, else the
 * initial ones. NULL when no fields are configured. */
const struct db_value *custom_signup(struct arena *mem,
				     const struct custom_schemas *s,
				     const struct field_value *given,
				     bool by_admin) NONNULL(1, 2, 3);

/* What a user's fields must be, of what a query gave. */
const struct user_value *custom_filter(struct arena *mem,
				       const struct custom_schemas *s,
				       const struct field_value *given)
	RETURNS_NONNULL NONNULL(1, 2, 3);

/* What of it changes a user: what `by_admin` may write, and no null where
 * there is none. NULL when no fields are configured. */
const struct user_value *custom_change(struct arena *mem,
				       const struct custom_schemas *s,
				       const struct field_value *given,
				       bool by_admin) NONNULL(1, 2, 3);

/* One field's value from a text, by the rules of bodies; for commands.
 * ERR_UNPROCESSABLE with *why. */
enum err custom_read(struct arena *mem, const struct user_field *f,
		     const char *text, struct db_value *out, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* The same from JSON; null is a value of a field that may be. */
enum err custom_read_json(struct arena *mem, const struct user_field *f,
			  const struct json *json, struct db_value *out,
			  const char **why) NODISCARD NONNULL(1, 2, 3, 4, 5);

#endif
