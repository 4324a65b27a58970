/* SPDX-License-Identifier: MIT */
#include "cmd/worker.h"

#include <stdint.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/database.h"
#include "core/event.h"
#include "core/limiter.h"
#include "core/oauth.h"
#include "core/password.h"
#include "core/strategy.h"
#include "core/ticket.h"
#include "core/token_keys.h"
#include "core/veto.h"
#include "remote/redis.h"
#include "store/schema.h"

/* Milliseconds without hashing after which its memory is given back. */
#define HASHER_IDLE 10000

struct worker {
	const struct config *conf;
	struct api *api;
	struct database database;
	struct event_plan *events;
	struct ctx cx;
	int64_t last_request; /* clock_monotonic milliseconds */
};

enum err
worker_open(const struct config *conf, enum worker_use use, struct worker **out)
{
	struct worker *w = calloc(1, sizeof(*w));
	const char *why = NULL;
	enum err e = OK;

	*out = NULL;
	if (w == NULL)
		return ERR_INTERNAL;
	w->conf = conf;
	w->cx.conf = conf;
	w->cx.clock = clock_now;
	w->cx.show_user = user_show;
	/* First: the process it forks needs nothing of the rest. */
	if (use == WORKER_REQUESTS) {
		e = veto_open(conf, &w->cx.veto);
		w->api = api_open(conf);
	}
	limiter_open(conf, &w->cx.limiter);
	if (e == OK)
		e = database_open(conf, false, &w->database);
	if (e == OK)
		schema_trust_ids(w->database.db);
	w->cx.db = w->database.db;
	w->cx.mem = w->database.mem;
	ticket_keys_open(conf, &w->cx.tickets);
	if (e == OK)
		e = token_keys_open(conf, clock_now(), &w->cx.keys);
	if (e == OK && strategy_is_used(conf, &strategy_redis))
		e = redis_open(conf, &w->cx.redis);
	if (e == OK)
		e = hasher_open(conf, &w->cx.hasher);
	if (e == OK)
		e = event_plan_open(conf, &w->events, &why);
	w->cx.events = w->events;
	if (e == OK)
		e = oauth_open(conf, &w->cx.oauth);
	if (e != OK) {
		worker_close(w);
		return e;
	}
	*out = w;
	return OK;
}

void
worker_close(struct worker *w)
{
	if (w == NULL)
		return;
	event_plan_close(w->events);
	oauth_close(w->cx.oauth);
	hasher_close(w->cx.hasher);
	limiter_close(w->cx.limiter);
	redis_close(w->cx.redis);
	token_keys_close(w->cx.keys);
	ticket_keys_close(w->cx.tickets);
	database_close(&w->database);
	api_close(w->api);
	veto_close(w->cx.veto);
	free(w);
}

static void
serve(void *worker, struct req *rq, struct resp *rs)
{
	struct worker *w = worker;
	const struct config *conf = w->conf;

	w->last_request = rq->arrived;
	w->cx.now = clock_now();
	token_keys_refresh(w->cx.keys, w->cx.now);
	w->cx.client = rq->remote_address;
	w->cx.hash_deadline = rq->arrived + conf->password.wait_limit * 1000;
	w->cx.remote_deadline = rq->arrived + conf->oauth.time_limit * 1000;
	log_set_request(rq->request_id);
	api_serve(w->api, &w->cx, rq, rs);
	log_set_request(NULL);
}

static void
foresee(void *worker, struct req *const *requests, size_t count,
	struct arena *mem)
{
	struct worker *w = worker;
	struct ctx cx;

	token_keys_refresh(w->cx.keys, clock_now());
	cx = w->cx;
	cx.mem = mem;
	cx.now = clock_now();
	api_foresee(w->api, &cx, requests, count);
}

static void
idle(void *worker)
{
	struct worker *w = worker;

	if (clock_monotonic() - w->last_request > HASHER_IDLE)
		hasher_release_memory(w->cx.hasher);
}

struct gate_service
worker_service(struct worker *w)
{
	return (struct gate_service){
		.serve = serve,
		.foresee = db_can_query_ahead(w->cx.db) ? foresee : NULL,
		.idle = idle,
		.worker = w,
		.conf = w->conf,
		.mem = w->cx.mem,
	};
}

void
worker_ctx_renew(struct ctx *cx)
{
	cx->now = clock_now();
	cx->hash_deadline =
		clock_monotonic() + cx->conf->password.wait_limit * 1000;
}

struct ctx *
worker_ctx(struct worker *w)
{
	worker_ctx_renew(&w->cx);
	arena_reset(w->cx.mem);
	return &w->cx;
}
