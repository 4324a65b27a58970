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

/*
 * Fails with a log line or a sentence on standard error. The configuration
 * is borrowed and must outlive it. Heap; worker_close frees.
 */
enum err worker_open(const struct config *conf, struct worker **out)
	NODISCARD NONNULL(1, 2);
void worker_close(struct worker *w);

/* What a gate needs to serve with this worker. */
struct gate_service worker_service(struct worker *w) NONNULL(1);

/* For commands: the context, with the time set, and a fresh arena. */
struct ctx *worker_ctx(struct worker *w) RETURNS_NONNULL NONNULL(1);
/* Sets its time anew, and keeps the arena: after waiting for a person. */
void worker_ctx_renew(struct ctx *cx) NONNULL(1);

#endif
