/* SPDX-License-Identifier: MIT */
/* Pages from templates. */
#ifndef HTML_H
#define HTML_H

#include "base/attr.h"
#include "base/buf.h"

struct html_value {
	const char *mark; /* "@title@" */
	const char *text;
};

/* The template, each mark replaced by its text as HTML, in element content or
 * between the quotes of an attribute. */
void html_write(struct buf *out, const char *page,
		const struct html_value *values, size_t count) NONNULL(1, 2, 3);

#endif
