/* SPDX-License-Identifier: MIT */
/* What the pages are made of: texts in each language, style and script, made
 * from the folder www/pages. */
#ifndef PAGE_DATA_H
#define PAGE_DATA_H

#include <stddef.h>

#include "base/attr.h"

/* One text, the texts of a language being in the order of their keys. */
struct page_text {
	const char *key;
	const char *text;
};

struct page_language {
	const char *tag; /* BCP 47, without subtags: "de" */
	const struct page_text *texts;
	size_t count;
};

extern const struct page_language page_languages[];
extern const size_t page_language_count;

/* A file that a browser fetches. */
struct page_file {
	const char *name;
	const char *type;    /* its Content-Type */
	const char *version; /* changes with the bytes */
	const unsigned char *bytes;
	size_t size;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
