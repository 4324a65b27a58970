/* SPDX-License-Identifier: MIT */
/*
 * Requests that a client may send again because it heard no answer: what was
 * done once is not done twice, and the answer is the first one's. The database
 * holds no key, no request and no answer that could be read without a secret.
 */
#ifndef REPEAT_H
#define REPEAT_H

#include "base/attr.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/idempotency.h"

/* Whose request it is, by which key, and all that it says. */
struct repeat_request {
	const char *who; /* a user's id, or "" */
	const char *key;
	const char *said;
	size_t said_len;
};

/* A claim on it. */
struct repeat {
	struct idempotency_row row;
	const char *stored; /* the answer, when there is one already */
};

/* Whether there is a secret for that. */
bool repeat_is_on(const struct config *conf) NONNULL(1);

/*
 * Claims the request, or finds its answer: out->stored.
 * ERR_IDEMPOTENCY_KEY_REUSED when the key was another request's,
 * ERR_IDEMPOTENCY_KEY_IN_USE while somebody is at it.
 */
enum err repeat_begin(struct ctx *cx, const struct repeat_request *rq,
		      struct repeat *out) NODISCARD NONNULL(1, 2, 3);

/* Keeps the answer, or, where it is NULL, gives the claim up: the request came
 * to nothing and may be sent again. A failure is logged, no more: what was
 * done is done. */
void repeat_end(struct ctx *cx, const struct repeat *r, const char *answer)
	NONNULL(1, 2);

#endif
