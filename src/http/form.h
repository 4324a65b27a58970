/* SPDX-License-Identifier: MIT */
/* The inside of a form, for those who read one from a body. */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"

#define FORM_FIELDS_LIMIT 1000
#define FORM_FIELD_SIZE_LIMIT ((size_t)1024 * 1024)

struct form_entry {
	const struct form_entry *before;
	const char *name;
	const char *value;
	bool is_file;
};

struct form {
	const struct form_entry *last;
};

/* Takes texts on the arena. */
void form_add(struct form *f, struct arena *mem, const char *name,
	      const char *value, bool is_file) NONNULL(1, 2, 3, 4);

/* Turns NUL and what is no UTF-8 into 0xff, in place. */
void form_mark_unclean(char *bytes, size_t len) NONNULL(1);

#endif
