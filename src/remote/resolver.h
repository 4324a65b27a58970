/* SPDX-License-Identifier: MIT */
/*
 * The addresses of a name, from /etc/hosts and name servers, by a deadline:
 * libc's own look-up has none, and libcurl's starts a thread, which the
 * sandbox does not allow.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* Addresses of one name that are told; the rest is left out. */
#define ADDRESSES_LIMIT 8

struct addresses {
	char text[ADDRESSES_LIMIT][INET6_ADDRSTRLEN]; /* best first */
	size_t count;
};

/*
 * `servers`: "127.0.0.1:53,…" to be asked; NULL: those of resolv.conf(5).
 * `deadline`: in clock_monotonic's milliseconds. ERR_REMOTE when there is no
 * address by then, with *why, a text that stays.
 */
enum err resolver_find(const char *host, const char *servers, int64_t deadline,
		       struct addresses *out, const char **why)
	NODISCARD NONNULL(1, 4, 5);

#endif
