/* SPDX-License-Identifier: MIT */
/* How pg.c comes by a connection; of no use to anybody else. */
#ifndef PG_CONNECT_H
#define PG_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "db/driver.h"

struct pg_conn;

/* How many hosts an address names; 0 when libpq does not understand it.
 * *writes: only a server that takes writes will do. */
size_t pg_hosts(const char *url, bool *writes) NONNULL(1, 2);

/*
 * A non-blocking connection to one of them (from 0), by the deadline in
 * clock_monotonic's time; `any`: whatever the address says, without asking
 * whether it takes writes. NULL: db_failed has been told why.
 */
struct pg_conn *pg_connect(struct db *db, const char *url, size_t host,
			   bool any, int64_t deadline) NODISCARD NONNULL(1, 2);

/* Waits for poll's events. False when nothing happened until the deadline. */
bool pg_wait(int fd, short events, int64_t deadline) NODISCARD;

#endif
