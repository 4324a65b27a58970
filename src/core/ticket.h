/* SPDX-License-Identifier: MIT */
/*
 * Signed single-purpose tokens: what a mailed link or the way through a
 * provider carries. JWT with HS256, each kind with an audience, keys and a
 * lifetime of its own, as the reference makes and takes them.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "base/json.h"
#include "core/ctx.h"

enum ticket_kind { TICKET_RESET, TICKET_VERIFY, TICKET_STATE, TICKET__COUNT };

/* The keys of all kinds, made once a process. Heap. */
void ticket_keys_open(const struct config *conf, struct ticket_keys **out)
	NONNULL(1, 2);
void ticket_keys_close(struct ticket_keys *k);

/* Whether a secret of this kind is configured: nothing else is asked of a
 * kind that has none. */
bool ticket_is_on(const struct config *conf, enum ticket_kind kind) NONNULL(1);

/* A member of the claims; `text` NULL: left out. */
struct ticket_claim {
	const char *name;
	const char *text;
};

/*
 * A new ticket with these claims in their order, then aud and exp, valid for
 * the kind's configured lifetime from cx->now. On cx->mem.
 */
const char *ticket_issue(struct ctx *cx, enum ticket_kind kind,
			 const struct ticket_claim *claims, size_t count)
	RETURNS_NONNULL NODISCARD NONNULL(1, 3);

/*
 * The claims, an object on cx->mem, of a ticket that was issued for this
 * kind, here or by the reference. ERR_BAD_TOKEN for anything else: a ticket
 * has an exp in the future, aud, and one spelling.
 */
enum err ticket_read(struct ctx *cx, enum ticket_kind kind, const char *text,
		     const struct json **claims) NODISCARD NONNULL(1, 3, 4);

/* The same; on ERR_BAD_TOKEN *expired tells whether nothing but its exp speaks
 * against it. */
enum err ticket_read_dated(struct ctx *cx, enum ticket_kind kind,
			   const char *text, const struct json **claims,
			   bool *expired) NODISCARD NONNULL(1, 3, 4, 5);

/* A claim that is a text; NULL when it is missing or anything else. */
const char *ticket_text(const struct json *claims, const char *name)
	NODISCARD NONNULL(1, 2);

#endif
