/* SPDX-License-Identifier: MIT */
/*
 * The keys that access tokens are signed and verified with: those of each
 * backend, from its secrets, its key files or the file of signing keys that
 * `fastcgi-users key` changes.
 */
#ifndef TOKEN_KEYS_H
#define TOKEN_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "base/jws_key.h"

struct arena;

struct key_set {
	struct jws_key **keys; /* the first signs, all verify */
	size_t count;
};

struct token_keys {
	const struct config *conf;
	struct key_set *sets; /* one a backend; empty for other strategies */
	size_t count;
	char *jwks;        /* the public keys as a JSON Web Key Set */
	bool has_ring;     /* a backend takes keys of keys.file */
	struct stat seen;  /* that file, when it was looked at last */
	int64_t looked_at; /* seconds since 1970, as those below */
	int64_t opened_at;
	int64_t good_until; /* then one of the keys is over */
};

/*
 * Made once a process. ERR_CONFIGURATION when keys.file, which is needed, can
 * not be used, and why has been logged. Heap.
 */
enum err token_keys_open(const struct config *conf, int64_t now,
			 struct token_keys **out) NODISCARD NONNULL(1, 3);
void token_keys_close(struct token_keys *k);

/* Takes up a keys.file that has changed, which is looked at once a second, and
 * leaves keys whose time is over. A file that cannot be used changes nothing,
 * and is logged. */
void token_keys_refresh(struct token_keys *k, int64_t now) NONNULL(1);

/* {"keys":[…]}: the public parts of all keys that verify or will, no secrets
 * among them. */
const char *token_keys_jwks(const struct token_keys *k)
	RETURNS_NONNULL NONNULL(1);

/* NULL when keys.file serves the backends that need it, else why not; the text
 * is on the arena. */
const char *token_keys_fault(struct arena *mem, const struct config *conf)
	NODISCARD NONNULL(1, 2);

/* Whether a backend has keys with a public part, which others may want. */
bool token_keys_are_public(const struct config *conf) NONNULL(1);

#endif
