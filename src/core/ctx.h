/* SPDX-License-Identifier: MIT */
/*
 * What a request may use: made once a worker, `mem`, `now` and the session
 * anew for each request.
 */
#ifndef CTX_H
#define CTX_H

#include <stdint.h>

#include "base/arena.h"

struct buf;
struct config;
struct db;
struct event_plan;
struct hasher;
struct limiter;
struct oauth;
struct redis;
struct ticket_keys;
struct token_keys;
struct user;
struct veto;

struct ctx {
	struct arena *mem;
	const struct config *conf;
	struct db *db;
	struct hasher *hasher;
	struct token_keys *keys;
	struct ticket_keys *tickets;
	const struct event_plan *events;
	/* A user as the API shows him, as JSON: api.h's user_show. */
	void (*show_user)(struct buf *out, const struct user *u);
	const char *client;      /* the address of who asks; NULL: not known */
	struct veto *veto;       /* programs that may refuse; NULL for none */
	struct oauth *oauth;     /* NULL: no provider is configured */
	struct redis *redis;     /* NULL where no backend needs it */
	struct limiter *limiter; /* NULL: nothing is counted */
	int64_t retry_after;     /* seconds, with ERR_TOO_MANY_REQUESTS */
	int64_t now;             /* seconds since 1970, when it began */
	int64_t (*clock)(void);  /* the same, at this moment */
	int64_t hash_deadline; /* clock_monotonic ms; hashing waits no longer */
	int64_t remote_deadline; /* likewise; nobody else is asked after it */
};

#endif
