/* SPDX-License-Identifier: MIT */
/* The languages that pages are shown in: those of the program, and a
 * configured folder whose LANGUAGE.txt come before them. */
#ifndef PAGE_SHELF_H
#define PAGE_SHELF_H

#include "api/page_data.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"

struct page_languages {
	const struct page_language *list; /* in the order of their tags */
	size_t count;
};

/* Told a sentence with its place; NULL: nobody wants to know. */
typedef void page_complain(void *to, const char *sentence);

/*
 * All languages, each with every text: what a file of the folder lacks is the
 * program's, in that language or in English. ERR_CONFIGURATION when something
 * there is wrong; *out then holds what is not. On the arena.
 */
enum err page_shelf_open(struct arena *mem, const struct config *conf,
			 page_complain *complain, void *to,
			 struct page_languages *out) NODISCARD NONNULL(1, 2, 5);

/* The same for the faults alone. */
enum err page_shelf_check(const struct config *conf, page_complain *complain,
			  void *to) NODISCARD NONNULL(1, 2);

#endif
