/* SPDX-License-Identifier: MIT */
/*
 * Signing keys that overlap: of each algorithm one is published before it
 * signs, one signs, and those before it verify until their last token has
 * expired. All of them are one file, so that whoever reads it has a whole
 * state, and whoever copies it to another machine, too.
 */
#ifndef KEY_RING_H
#define KEY_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/jws_key.h"

enum ring_state {
	RING_NEXT,    /* published, does not sign yet */
	RING_CURRENT, /* signs */
	RING_OLD,     /* verifies what it signed */
	RING__STATES
};

struct ring_key {
	struct jws_key *key; /* named by its thumbprint */
	enum ring_state state;
	int64_t since; /* in this state */
	int64_t until; /* of RING_OLD: it is needed no longer; -1: always */
	const char *pem;
	const char *kid;
};

/* Its keys are on the heap, the rest on the arena. */
struct key_ring {
	struct arena *mem;
	struct ring_key *keys;
	size_t count;
};

/* "next", "current", "old" */
const char *ring_state_name(enum ring_state s) RETURNS_NONNULL;

/* Both: NULL, or why not; then there is nothing to close. A file that others
 * may read or write is none. *info may be NULL. */
const char *key_ring_parse(struct arena *mem, const char *text, size_t len,
			   struct key_ring *out) NODISCARD NONNULL(1, 2, 4);
const char *key_ring_read(struct arena *mem, const char *path,
			  struct key_ring *out, struct stat *info)
	NODISCARD NONNULL(1, 2, 3);
void key_ring_close(struct key_ring *r) NONNULL(1);

/* The file's text, with the private keys. */
void key_ring_write(const struct key_ring *r, struct buf *out) NONNULL(1, 2);

/* The key of the algorithm in this state, of old ones the first; NULL: none. */
struct ring_key *key_ring_find(const struct key_ring *r, enum jws_alg alg,
			       enum ring_state state) NONNULL(1);
/* By its kid. */
struct ring_key *key_ring_named(const struct key_ring *r, const char *kid)
	NONNULL(1, 2);

/* A new key, kept in that state from now on. */
struct ring_key *key_ring_add(struct key_ring *r, enum jws_alg alg,
			      enum ring_state state, int64_t now)
	RETURNS_NONNULL NONNULL(1);
void key_ring_remove(struct key_ring *r, struct ring_key *k) NONNULL(1, 2);
/* No token that it signed is good any more; whoever has it could make some. */
bool ring_key_is_over(const struct ring_key *k, int64_t now) NONNULL(1);
/* When the next key will be; INT64_MAX: none ever. */
int64_t key_ring_next_end(const struct key_ring *r, int64_t now) NONNULL(1);
/* Removes those that are; how many there were. */
size_t key_ring_purge(struct key_ring *r, int64_t now) NONNULL(1);
/* The next key of the algorithm, which must be there, becomes the current one,
 * and that one old until then. */
void key_ring_advance(struct key_ring *r, enum jws_alg alg, int64_t now,
		      int64_t until) NONNULL(1);

/*
 * While the descriptor is open nobody else changes the file: a lock beside it,
 * PATH.lock. -1 with errno.
 */
int key_ring_lock(const char *path) NODISCARD NONNULL(1);
/* Another file takes the place of this one, whole and on the disk, or none
 * does: -1 with errno. */
int key_ring_replace(const char *path, const char *text, size_t len)
	NODISCARD NONNULL(1, 2);

#endif
