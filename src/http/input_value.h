/* SPDX-License-Identifier: MIT */
/*
 * Values of configured fields, as they were sent, by Pydantic's rules: which
 * spellings of a type it takes, and what it says of the others.
 */
#ifndef INPUT_VALUE_H
#define INPUT_VALUE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/json.h"
#include "http/input.h"

/* What is wrong with a value. */
struct value_fault {
	const char *type;
	const char *message;
	const char *context; /* JSON, or NULL */
};

/*
 * The value of a field whose is_value is set: from JSON, or, where that is
 * NULL, from a text. ERR_UNPROCESSABLE with *fault.
 */
enum err input_value_read(struct arena *mem, const struct field *f,
			  const struct json *json, const char *text,
			  struct field_value *out, struct value_fault *fault)
	NODISCARD NONNULL(1, 2, 5, 6);

/* {"name": value}, where value is JSON already. */
const char *input_context(struct arena *mem, const char *name,
			  const char *value) RETURNS_NONNULL NONNULL(1, 2, 3);

#endif
