/* SPDX-License-Identifier: MIT */
/* One answer, buffered, so that a late failure still gives a clean one. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

struct resp {
	struct arena *mem;
	int status;
	struct buf headers; /* "Name: value\r\n" each */
	struct buf body;
	const char *detail;           /* JSON; NULL: the outcome's own detail */
	const char *cache_control;    /* the header's value: "no-store" */
	const char *content_security; /* the policy: nothing may be loaded */
	const char *referrer;         /* the policy: "no-referrer" */
	int64_t retry_after; /* seconds, of a 429 or 503; 0: a moment */
	bool head_only; /* HEAD: the length is told, the body is not sent */
	bool is_bare;   /* nothing but the status and these headers is sent */
};

/* Status 200, no headers but the default ones, no body. */
void resp_init(struct resp *rs, struct arena *mem) NONNULL(1, 2);

/*
 * A control character in a value ends the process: callers pass nothing that
 * a client could shape without checking it.
 */
void resp_header(struct resp *rs, const char *name, const char *value)
	NONNULL(1, 2, 3);

/* The status of a JSON answer whose body the caller writes to rs->body. */
void resp_json(struct resp *rs, int status) NONNULL(1);

/* An answer without a body, such as 204. */
void resp_empty(struct resp *rs, int status) NONNULL(1);

/* The reason phrase of a status that is answered here (RFC 9110, section 15),
 * static. */
const char *resp_reason(int status);

/*
 * What the next resp_problem says instead of the outcome's own detail: JSON
 * on the arena.
 */
void resp_detail(struct resp *rs, const char *json) NONNULL(1, 2);

/* The outcome's status alone, and Retry-After where that is due. */
void resp_failure(struct resp *rs, enum err e) NONNULL(1);

/*
 * {"detail": …} with the outcome's status. Headers set before are kept
 * (Allow); an unavailable service gets its Retry-After here.
 */
void resp_problem(struct resp *rs, enum err e) NONNULL(1);

/*
 * The answer as a CGI program writes it (RFC 3875, section 6): Status first,
 * the security headers, Content-Length where there may be a body, the body.
 */
void resp_write(const struct resp *rs, struct buf *out) NONNULL(1, 2);

#endif
