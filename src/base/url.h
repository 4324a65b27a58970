/* SPDX-License-Identifier: MIT */
/* Parts of URLs and forms (WHATWG URL, section 5.2). */
#ifndef URL_H
#define URL_H

#include "base/attr.h"
#include "base/buf.h"

/* A text as a form carries it: everything but letters, digits and _ . - ~ is
 * percent-encoded, and a blank becomes +, as Python's urlencode does. */
void url_encode(struct buf *out, const char *text) NONNULL(1, 2);

/* Appends name=value, behind & unless `out` is empty or ends in ? or &. */
void url_parameter(struct buf *out, const char *name, const char *value)
	NONNULL(1, 2, 3);

#endif
