/* SPDX-License-Identifier: MIT */
/*
 * Commands to the Redis server, and its answers. A worker has one connection,
 * made when it is first needed and again when it was lost. No command waits
 * longer than configured, and while the server is down most do not wait at
 * all. The only file that includes hiredis headers is redis.c.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"

struct redis;

/* The configured server; nothing is connected yet. Call after the fork. Heap;
 * redis_close frees. ERR_CONFIGURATION. */
enum err redis_open(const struct config *conf, struct redis **out)
	NODISCARD NONNULL(1, 2);
void redis_close(struct redis *r);

/* Its words, up to the first NULL. */
#define REDIS_WORDS 5
struct redis_command {
	const char *words[REDIS_WORDS];
};

struct redis_reply {
	const char *text; /* of a string, on the arena; else NULL */
	int64_t number;   /* of an integer; else 0 */
};

/*
 * Sends the commands in one go and reads as many replies. They may be sent
 * twice when the connection was lost, so they must be of a kind that does no
 * harm. ERR_REDIS_DOWN when the server cannot be reached, is too late, or
 * refuses one; that is logged, without the words.
 */
enum err redis_run(struct redis *r, struct arena *mem,
		   const struct redis_command *commands, size_t count,
		   struct redis_reply *replies) NODISCARD NONNULL(1, 2, 3, 5);

#endif
