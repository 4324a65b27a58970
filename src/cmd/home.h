/* SPDX-License-Identifier: MIT */
/*
 * The folder of a program that nobody installed: its configuration, database
 * and secrets, which the first who needs them makes.
 */
#ifndef HOME_H
#define HOME_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "cmd/command.h"
#include "cmd/home_place.h"
#include "http/request.h"

struct home {
	struct home_clues clues;
	const char *path; /* the folder */
	const char *file; /* the configuration in it */
	int fd;           /* of the folder */
};

/*
 * Finds the folder, makes what is missing in it, and brings the database up to
 * date where the configuration or the program is another than the last time.
 * Of several that come at once one does it, and the others wait. HOME_VARIABLE
 * names the folder from then on. Failures are told, one sentence each:
 * ERR_CONFIGURATION, ERR_IO, ERR_BUSY, and those of the database. home_close
 * may be called in any case.
 */
enum err home_open(enum home_life life, struct home *out) NODISCARD NONNULL(2);
void home_close(struct home *h) NONNULL(1);

/* Why, as far as the request tells what the web server serves, the folder or
 * the file of the database (NULL: a server holds it) could be downloaded: one
 * sentence, on the request's arena; NULL when it cannot. */
const char *home_fault(const struct home *h, const struct req *rq,
		       const char *file) NONNULL(1, 2);

#endif
