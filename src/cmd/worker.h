/* SPDX-License-Identifier: MIT */
/*
 * Everything that answering needs, put together once a process: the database
 * connection, the keys, the hasher, the bound routes. Open it after the fork.
 */
#ifndef WORKER_H
#define WORKER_H

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "gate/gate.h"

struct worker;

/* What it is for. */
enum worker_use {
	WORKER_REQUESTS, /* serving them, or a command that does the same */
	WORKER_EVENTS    /* delivering them: no routes, and nobody is asked
			  * before something is done */
};

/*
 * Fails with a log line or a sentence on standard error. The configuration
 * is borrowed and must outlive it. Heap; worker_close frees.
 */
enum err worker_open(const struct config *conf, enum worker_use use,
		     struct worker **out) NODISCARD NONNULL(1, 3);
void worker_close(struct worker *w);

/* What a gate needs to serve with this worker, one of WORKER_REQUESTS. */
struct gate_service worker_service(struct worker *w) NONNULL(1);

/* For commands: the context, with the time set, and a fresh arena. */
struct ctx *worker_ctx(struct worker *w) RETURNS_NONNULL NONNULL(1);
/* Sets its time anew, and keeps the arena: after waiting for a person. */
void worker_ctx_renew(struct ctx *cx) NONNULL(1);

#endif
