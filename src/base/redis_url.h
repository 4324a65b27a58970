/* SPDX-License-Identifier: MIT */
/* The address of a Redis server, taken apart. */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

struct redis_url {
	const char *path; /* of a unix socket, or NULL: host and port */
	const char *host;
	int64_t port;
	int64_t database;
	const char *user;     /* NULL: none */
	const char *password; /* NULL: none */
};

/*
 * Reads redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], an IPv6 address in
 * brackets, or unix:/PATH[?database=NUMBER&password=TEXT]. USER, PASSWORD and
 * TEXT may hold %XX. NULL when it is one; else why not, a static sentence
 * without anything of the address in it.
 */
const char *redis_url_read(struct arena *mem, const char *url,
			   struct redis_url *out) NODISCARD NONNULL(1, 2, 3);

#endif
