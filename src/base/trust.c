/* SPDX-License-Identifier: MIT */
#include "base/trust.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether somebody who may write the folder could put another file in the
 * place of one in it. */
static bool
is_open_folder(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	       (st->st_mode & S_ISVTX) == 0;
}

const char *
trust_program_fault(const char *path)
{
	char folder[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (*path != '/')
		return "must be an absolute path";
	if (len >= sizeof(folder))
		return "is too long a path";
	if (stat(path, &st) < 0)
		return "is not there";
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return "is no file that can be run";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "can be written by others than its owner";
	memcpy(folder, path, len + 1);
	while (len > 1) {
		while (len > 1 && folder[len - 1] != '/')
			len--;
		folder[len > 1 ? len - 1 : 1] = '\0';
		if (stat(folder, &st) < 0 || is_open_folder(&st))
			return "is in a folder that others than its owner can "
			       "write";
		if (len > 1)
			len--;
	}
	return NULL;
}
