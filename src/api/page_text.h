/* SPDX-License-Identifier: MIT */
/* The languages of the pages, and what the pages say in them. */
#ifndef PAGE_TEXT_H
#define PAGE_TEXT_H

#include "api/page_shelf.h"
#include "base/attr.h"
#include "base/buf.h"
#include "http/request.h"

/* The one of this tag, whatever subtags follow in it ("de-AT"); NULL for
 * none. */
const struct page_language *page_language_named(const struct page_languages *l,
						const char *tag) NONNULL(1, 2);

/*
 * The first language of an Accept-Language header (RFC 9110, section 12.5.4)
 * that there is, by weight, then order. NULL for none, and for no header.
 */
const struct page_language *
page_language_accepted(const struct page_languages *l, const char *header)
	NONNULL(1);

/* The text of a key, which English must have; in any language then. */
const char *page_say(const struct page_language *l, const char *key)
	RETURNS_NONNULL NONNULL(1, 2);
/* The same, NULL where there is none. */
const char *page_say_if(const struct page_language *l, const char *key)
	NONNULL(1, 2);

/* The text as HTML, with `value` in place of {name} (NULL: there is none). */
void page_write_text(struct buf *out, const char *text, const char *name,
		     const char *value) NONNULL(1, 2);

#endif
