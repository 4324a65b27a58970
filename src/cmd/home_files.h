/* SPDX-License-Identifier: MIT */
/* The files of the folder that home.h speaks of. */
#ifndef HOME_FILES_H
#define HOME_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/attr.h"

#define HOME_CONFIG "fastcgi-users.conf"

/* Puts a file there whole, or not at all: nobody ever reads a part of it. One
 * process at a time. False with errno. */
bool home_file_write(int folder, const char *name, const char *text,
		     mode_t mode) NODISCARD NONNULL(2, 3);

/* Makes what the folder lacks of secrets and the rest, the configuration last.
 * One process at a time. NULL, or the name of what could not be made, with
 * errno. */
const char *home_files_make(struct arena *mem, int folder) NONNULL(1);

#endif
