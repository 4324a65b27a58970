/* SPDX-License-Identifier: MIT */
/*
 * Writes users as `fastcgi-users user import` reads them: make_users COUNT
 * [FIRST [HASH]]. The same numbers give the same users. All have the password
 * "correct horse battery" where no other HASH is given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "made_user.h"

/* argon2id with the least of memory: what is measured is not the hashing. */
#define HASH                                                                   \
	"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"                   \
	"p15c/TOJ3ovY07sMZYG2VvFjxPpwKMT5GPQgPMRev2o"

static int
user_write(uint64_t number, const char *hash)
{
	char id[MADE_USER_ID_SIZE];

	made_user_id(number, id);
	return printf("{\"id\":\"%s\",\"email\":\"" MADE_USER_EMAIL "\","
		      "\"hashed_password\":\"%s\",\"is_active\":true,"
		      "\"is_superuser\":false,\"is_verified\":%s}\n",
		      id, number, hash, number % 2 == 0 ? "true" : "false");
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	const char *hash = argc > 3 ? argv[3] : HASH;

	if (argc < 2 || argc > 4 || count == 0) {
		fprintf(stderr, "usage: make_users COUNT [FIRST [HASH]]\n");
		return 64;
	}
	for (uint64_t i = 0; i < count; i++)
		if (user_write(first + i, hash) < 0)
			return 74;
	return fflush(stdout) == 0 ? 0 : 74;
}
