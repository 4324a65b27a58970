/* SPDX-License-Identifier: MIT */
/*
 * Where the texts of mails lie: those of the program, in its languages, and a
 * configured folder whose LANGUAGE/NAME.txt come before them.
 */
#ifndef MAIL_SHELF_H
#define MAIL_SHELF_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/mail_text.h"

/* A text of the program, made from the folder mail. */
struct mail_default {
	const char *language;
	const char *name;
	const char *text;
};
extern const struct mail_default mail_defaults[];
extern const size_t mail_default_count;

/*
 * The text of a kind in the first of the languages that has it: `wanted` (any
 * text, such as "de-AT"; NULL: none), then the configured one, then English.
 * *language is the one found. ERR_CONFIGURATION when the folder's text is
 * wrong, with *why on the arena.
 */
enum err mail_shelf_find(struct arena *mem, const struct config *conf,
			 enum mail_kind kind, const char *wanted,
			 struct mail_text *out, const char **language,
			 const char **why) NODISCARD NONNULL(1, 2, 5, 6, 7);

/*
 * Whether all texts of the configured folder are in order, and nothing else
 * lies there. ERR_CONFIGURATION; each fault is told, with "file:line: " in
 * front.
 */
enum err mail_shelf_check(const struct config *conf,
			  void (*complain)(void *to, const char *sentence),
			  void *to) NODISCARD NONNULL(1, 2);

#endif
