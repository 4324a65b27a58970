/* SPDX-License-Identifier: MIT */
/*
 * How often somebody may try. A try is counted before it is made, in the
 * database, so that parallel ones on any worker and machine see each other. By
 * the address as somebody would spell it and the network of the client; both
 * are kept as keyed hashes. An address is counted whether or not somebody has
 * it.
 */
#ifndef LIMITER_H
#define LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/limit.h"

enum limit_kind {
	LIMIT_NONE,
#define LIMIT(name, kind, most, window) LIMIT_##name,
#include "core/limits.def"
#undef LIMIT
	LIMIT__COUNT
};

/* The keys of a configuration; *out is NULL where limits are switched off.
 * Heap; limiter_close frees. */
struct limiter;
void limiter_open(const struct config *conf, struct limiter **out)
	NONNULL(1, 2);
void limiter_close(struct limiter *l);

/* Whether the configuration limits this at all. */
bool limit_is_on(const struct config *conf, enum limit_kind kind) NONNULL(1);

/*
 * Counts what the client of this request does, of any kind but sign-ins.
 * ERR_TOO_MANY_REQUESTS, with cx->retry_after; ERR_DATABASE_DOWN when it
 * cannot be counted.
 */
enum err limit_take(struct ctx *cx, enum limit_kind kind) NODISCARD NONNULL(1);

/* Counts a mail to that address which nobody there has asked for, each kind of
 * them apart: `what` is its name, in the place of a network, so that nobody
 * hides one by many others.
 * ERR_TOO_MANY_REQUESTS, logged; ERR_DATABASE_DOWN. */
enum err limit_mail(struct ctx *cx, const char *address, const char *what)
	NODISCARD NONNULL(1, 2, 3);

/* A sign-in that was counted and may go on. */
struct limit_pass {
	struct limit_key keys[3];
	size_t count; /* 0: nothing was counted */
};

/*
 * The same of a sign-in to the account of that address. Whoever may go on
 * tells how it ended by limit_settle: a good sign-in takes its own try back,
 * no others, and makes the network known to the account; so does one that
 * could not be judged, but for that. A bad one stays counted.
 */
enum err limit_sign_in(struct ctx *cx, const char *email,
		       struct limit_pass *out) NODISCARD NONNULL(1, 2, 3);
void limit_settle(struct ctx *cx, const struct limit_pass *pass,
		  enum err outcome) NONNULL(1, 2);

/*
 * Somebody has proved by other means than the password that the account is
 * his: what was tried on it from his network is forgotten, and the network is
 * known.
 */
void limit_forgive_account(struct ctx *cx, const char *email) NONNULL(1, 2);

/* Whether the next try of this row will be refused; of an account's, where it
 * comes from a network that is not known. */
bool limit_is_reached(const struct config *conf, const struct limit_row *row)
	NONNULL(1, 2);

/* What stands for an address and for a client's network in the table. */
const char *limit_account_key(struct limiter *l, struct arena *mem,
			      const char *email)
	RETURNS_NONNULL NONNULL(1, 2, 3);
const char *limit_network_key(struct limiter *l, struct arena *mem,
			      const char *client) RETURNS_NONNULL NONNULL(1, 2);

#endif
