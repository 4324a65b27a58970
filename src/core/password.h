/* SPDX-License-Identifier: MIT */
/*
 * Passwords: judged, hashed with argon2id, verified. The only file that
 * includes argon2.h, sodium.h and crypt.h is password.c.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"

/* Longest password that is hashed, in bytes; longer ones never match and
 * cannot be set. */
#define PASSWORD_SIZE_LIMIT 4096

/* The reason that most refusals have; takes a long long. */
#define PASSWORD_TOO_SHORT "Password should be at least %lld characters"

/*
 * The memory and the slot that hashing needs, once a process. The memory is
 * allocated at the first use. Heap; hasher_close wipes and frees.
 */
enum err hasher_open(const struct config *conf, struct hasher **out)
	NODISCARD NONNULL(1, 2);
void hasher_close(struct hasher *h);
/* Gives the idle memory back to the system; it comes back when needed. */
void hasher_release_memory(struct hasher *h) NONNULL(1);

/*
 * Whether this user may have it: whether the policy allows it and no program
 * refuses. `about` has no id yet when somebody registers. ERR_INVALID_PASSWORD
 * with *reason (static, or on the arena) for people; ERR_HOOK_FAILED.
 */
struct user;
enum err password_judge(struct ctx *cx, const char *plain,
			const struct user *about, const char **reason)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * How good a password is, for who is choosing one: refused by the settings
 * (programs are not asked), or by how much there is to guess.
 */
enum password_strength {
	PASSWORD_IS_TOO_SHORT,
	PASSWORD_IS_COMMON, /* or too long */
	PASSWORD_IS_FAIR,
	PASSWORD_IS_GOOD,
	PASSWORD_IS_STRONG
};
enum password_strength password_strength(struct ctx *cx, const char *plain)
	NONNULL(1, 2);

/* A new PHC string with the configured parameters. ERR_BUSY past
 * cx->hash_deadline. */
enum err password_hash(struct ctx *cx, const char *plain, const char **out)
	NODISCARD NONNULL(1, 2, 3);

/* The hash of a password that nobody knows, nor could find: for users who sign
 * in with somebody else's account. Costs nothing. */
const char *password_unknown(struct ctx *cx) RETURNS_NONNULL NONNULL(1);

/*
 * OK when it matches; *outdated then tells that the stored hash should be
 * replaced. ERR_LOGIN_BAD_CREDENTIALS when it does not match, or when the
 * stored string is unknown, damaged or asks for more than the bounds; the
 * cost is then that of one hash with the configured parameters all the same.
 * ERR_BUSY past cx->hash_deadline.
 */
enum err password_verify(struct ctx *cx, const char *plain, const char *stored,
			 bool *outdated) NODISCARD NONNULL(1, 2, 3, 4);

/* Costs what a verification costs, and never matches: for unknown users.
 * ERR_LOGIN_BAD_CREDENTIALS or ERR_BUSY. */
enum err password_pretend(struct ctx *cx, const char *plain)
	NODISCARD NONNULL(1, 2);

/*
 * A fingerprint of a stored hash, for a token: a PHC string with the least
 * parameters, since what it hides is no password. ERR_BUSY without memory.
 */
enum err password_fingerprint(struct ctx *cx, const char *stored,
			      const char **out) NODISCARD NONNULL(1, 2, 3);

/*
 * OK when `print` is a fingerprint of the stored hash, whatever argon2 it was
 * made with up to 256 MiB, 10 passes and 16 lanes. ERR_BAD_TOKEN when not;
 * ERR_BUSY past cx->hash_deadline. The print must be from a signed token.
 */
enum err password_fingerprint_verify(struct ctx *cx, const char *stored,
				     const char *print)
	NODISCARD NONNULL(1, 2, 3);

/* A random password for people: 20 characters of letters and digits. */
const char *password_generate(struct arena *mem) RETURNS_NONNULL NONNULL(1);

/* What a stored hash string is, parsed within bounds; the password module's
 * own parser, public for its tests. */
enum password_scheme {
	SCHEME_NONE,
	SCHEME_ARGON2ID,
	SCHEME_ARGON2I,
	SCHEME_ARGON2D,
	SCHEME_BCRYPT
};
struct password_parameters {
	enum password_scheme scheme;
	unsigned memory_kib;
	unsigned passes; /* bcrypt: the cost */
	unsigned lanes;
	unsigned salt_size; /* bytes, argon2 only */
	unsigned tag_size;
};
/* SCHEME_NONE when it is unknown, damaged or out of bounds (memory over
 * 1 GiB, passes over 64, lanes over 64, bcrypt cost over 16, …). */
enum password_scheme password_parse(const char *stored,
				    struct password_parameters *out)
	NONNULL(1, 2);

#endif
