/* SPDX-License-Identifier: MIT */
/* Pages from templates. */
#ifndef HTML_H
#define HTML_H

#include "base/attr.h"
#include "base/buf.h"

/*
 * A text as HTML, in element content or between the quotes of an attribute.
 * What no document may hold, control characters and the byte 0xff that stands
 * for what was no text, becomes U+FFFD.
 */
void html_text(struct buf *out, const char *text) NONNULL(1, 2);

struct html_value {
	const char *mark; /* "@title@" */
	const char *text;
};

/* The template, each mark replaced by its text as HTML, in element content or
 * between the quotes of an attribute. */
void html_write(struct buf *out, const char *page,
		const struct html_value *values, size_t count) NONNULL(1, 2, 3);

#endif
