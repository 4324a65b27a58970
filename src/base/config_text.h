/* SPDX-License-Identifier: MIT */
/*
 * The configuration file's text before libconfuse sees it, and the reading
 * of small files. Used by the files config_*.c, and for texts of mails.
 */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/attr.h"

/*
 * Reads a whole regular file of at most `limit` bytes, NUL-terminated. NULL
 * when that works, else why not (static). *info may be NULL.
 */
const char *config_file_read(struct arena *mem, const char *path, size_t limit,
			     char **out, size_t *out_len, struct stat *info)
	NODISCARD NONNULL(1, 2, 4, 5);

/*
 * Judges what libconfuse is lenient about or trips over: a NUL, invalid
 * UTF-8, quotes and braces that do not end, escapes that it would cut a text
 * at, characters that need quotes. Blanks out comments, since libconfuse
 * takes them only between settings and miscounts lines after them. NULL when
 * all is well, else a static sentence and the line to blame.
 */
const char *config_text_prepare(char *text, size_t len, int *line)
	NODISCARD NONNULL(1, 3);

#endif
