/* SPDX-License-Identifier: MIT */
#include "gate/fcgi.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/tally.h"
#include "gate/fcgi_loop.h"
#include "gate/sandbox.h"

#define EVENTS_MAX 64
/* Times in milliseconds. */
#define GATHER_AFTER 2  /* so that requests that come meanwhile are stamped */
#define IDLE_PAUSE 1000 /* between two calls of service->idle */
#define RETRY_PAUSE 20  /* before a full channel is tried again */
#define LONGEST 60000
#define LONGEST_SEEN 1000 /* where a supervisor wants to see us alive */

/* Each connection is looked at under the new mode. */
static void
mode_apply(struct loop *l)
{
	for (size_t i = l->count; i-- > 0;) {
		struct conn *c = l->conns[i];

		/* What has come already is still answered. */
		if (c->wait == CONN_IDLE && l->mode == MODE_STOPPING)
			loop_listen(l, c);
		else if (c->wait == CONN_IDLE)
			loop_settle(l, c);
	}
}

static void
mode_set(struct loop *l, enum loop_mode mode)
{
	if (mode <= l->mode)
		return;
	if (l->mode == MODE_SERVING)
		doors_leave(l, mode);
	l->mode = mode;
	l->stop_by = l->now + l->service->conf->server.drain_limit * 1000;
	mode_apply(l);
}

static void
signals_read(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		mode_set(l, info.ssi_signo == SIGTERM ? MODE_STOPPING
						      : MODE_RETIRING);
}

/* Connections first: those who are in come before those who want in. */
static void
events_handle(struct loop *l, const struct epoll_event *events, int count)
{
	bool listener = false;
	bool channel = false;
	bool signals = false;

	for (int i = 0; i < count; i++) {
		void *tag = events[i].data.ptr;

		if (tag == &l->listener)
			listener = true;
		else if (tag == &l->channel)
			channel = true;
		else if (tag == &l->signals)
			signals = true;
		else
			loop_event(l, tag, events[i].events);
	}
	if (channel && l->open)
		doors_take(l);
	if (listener && l->open)
		doors_accept(l);
	if (signals)
		signals_read(l);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
poll_timeout(const struct loop *l)
{
	int64_t until = l->next_sweep;

	if (l->first != NULL)
		return 0;
	if (l->service->idle != NULL)
		until = earlier(until, l->next_idle);
	if (l->accept_again > l->now)
		until = earlier(until, l->accept_again);
	if (l->mode == MODE_SERVING && !l->open)
		until = earlier(until, l->now + LOOP_IDLE_LEAST);
	if (l->mode == MODE_STOPPING)
		until = earlier(until, l->stop_by);
	if (l->mode == MODE_RETIRING)
		until = earlier(until, l->now + RETRY_PAUSE);
	if (l->post->score != NULL)
		until = earlier(until, l->now + LONGEST_SEEN);
	if (until == LOOP_NEVER)
		return -1;
	return until <= l->now ? 0 : (int)earlier(until - l->now, LONGEST);
}

static void
loop_poll(struct loop *l)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	loop_bury(l);
	doors_tend(l);
	l->late = l->now - l->polled >= GATHER_AFTER;
	count = epoll_wait(l->epoll_fd, events, EVENTS_MAX, poll_timeout(l));
	l->now = clock_monotonic();
	l->polled = l->now;
	if (l->post->score != NULL)
		l->post->score->seen = l->now;
	events_handle(l, events, count);
	if (count <= 0 && l->first == NULL && l->service->idle != NULL &&
	    l->now >= l->next_idle) {
		l->service->idle(l->service->worker);
		l->next_idle = l->now + IDLE_PAUSE;
	}
}

static void
supervisor_tell(const struct loop *l, enum score_state state)
{
	const uint64_t one = 1;

	if (l->post->score == NULL)
		return;
	l->post->score->state = (int)state;
	/* The supervisor looks by itself too, only later. */
	if (l->post->wake_fd >= 0 &&
	    write(l->post->wake_fd, &one, sizeof(one)) < 0)
		log_event(LEVEL_DEBUG, log_is("supervisor_not_woken"));
}

static void
request_count(struct loop *l)
{
	int64_t limit = l->service->conf->server.requests_per_worker;

	l->served++;
	if (l->post->score != NULL)
		l->post->score->requests = (uint64_t)l->served;
	if (limit > 0 && l->served == limit)
		supervisor_tell(l, SCORE_TIRED);
}

static void
busy_set(const struct loop *l, int64_t since)
{
	tally_set(TALLY_WORKERS_BUSY, since != 0);
	tally_set(TALLY_WAITING, l->waiting);
	if (l->post->score == NULL)
		return;
	l->post->score->seen = l->now;
	l->post->score->busy_since = since;
}

/* What it is made of is on mem; what is made for it later is the service's. */
static void
request_read(const struct loop *l, struct conn *c, struct arena *mem,
	     struct req *rq)
{
	struct gate_service reading = *l->service;
	size_t count;
	bool clean = fcgi_reader_pairs(&c->reader, l->pairs, &count);

	reading.mem = mem;
	gate_request(rq, &reading, l->pairs, count,
		     (struct gate_body){(const char *)c->reader.body.data,
					c->reader.body.len},
		     c->reader.role, c->arrived);
	rq->mem = l->service->mem;
	if (c->reader.refused != OK)
		rq->refused = c->reader.refused;
	else if (!clean)
		rq->refused = ERR_BAD_REQUEST;
}

/* Reads those at the head of the queue. */
static void
batch_read(struct loop *l)
{
	struct req *requests[LOOP_BATCH_LIMIT];
	size_t count = 0;

	for (struct conn *c = l->first; c != NULL && count < LOOP_BATCH_LIMIT;
	     c = c->next) {
		c->rq = &l->batch[count];
		request_read(l, c, l->batch_mem, c->rq);
		requests[count++] = c->rq;
	}
	l->batched = count;
	busy_set(l, l->now);
	l->service->foresee(l->service->worker, requests, count, l->batch_mem);
}

/* Answers one request into `wire`. */
static void
request_run(const struct loop *l, struct conn *c, struct buf *wire)
{
	const struct gate_service *service = l->service;
	struct req own;
	struct req *rq = c->rq;
	struct resp rs;

	if (rq == NULL) {
		rq = &own;
		request_read(l, c, service->mem, rq);
	}
	resp_init(&rs, service->mem);
	service->serve(service->worker, rq, &rs);
	fcgi_answer_begin(wire, service->mem);
	resp_write(&rs, wire);
	fcgi_answer_end(wire, c->reader.id);
}

static void
serve_first(struct loop *l)
{
	struct conn *c = l->first;
	struct buf wire;
	bool sent;

	if (l->service->foresee != NULL && l->batched == 0 && c->next != NULL)
		batch_read(l);
	loop_unqueue(l, c);
	busy_set(l, l->now);
	request_run(l, c, &wire);
	/* Or those who are in, and never stop asking, would be served alone.
	 * Who comes when he has this answer did not wait for its end. */
	if (doors_are_pressed(l))
		c->reader.keep = false;
	sent = conn_send(c, wire.data, wire.len);
	arena_reset(l->service->mem);
	loop_leave_batch(l, c);
	l->now = clock_monotonic();
	busy_set(l, 0);
	request_count(l);
	c->arrived = 0;
	conn_answered(c);
	if (sent)
		loop_settle(l, c);
	else
		loop_drop(l, c);
}

static bool
loop_is_done(const struct loop *l)
{
	if (l->mode == MODE_SERVING)
		return false;
	return l->count == 0 ||
	       (l->mode == MODE_STOPPING && l->now >= l->stop_by);
}

static void
loop_run(struct loop *l)
{
	while (!loop_is_done(l)) {
		loop_poll(l);
		do {
			if (l->first != NULL)
				serve_first(l);
		} while (l->first != NULL && l->now - l->polled < GATHER_AFTER);
		loop_sweep(l);
	}
}

static bool
signals_open(struct loop *l)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return false;
	l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return l->signal_fd >= 0 &&
	       loop_watch(l, l->signal_fd, &l->signals, EPOLLIN);
}

size_t
fcgi_connections(size_t wanted, rlim_t files)
{
	rlim_t room = files > 2 * FCGI_OTHER_FILES ? files - FCGI_OTHER_FILES
						   : files / 2;

	if (files == RLIM_INFINITY || room >= wanted)
		return wanted;
	return room > 0 ? (size_t)room : 1;
}

/* So many times as much, if that is a number. */
static size_t
times(int64_t bytes, size_t count)
{
	return (uint64_t)bytes > SIZE_MAX / count ? SIZE_MAX
						  : (size_t)bytes * count;
}

static bool
loop_open(struct loop *l)
{
	struct rlimit files;
	const struct config *conf = l->service->conf;

	l->limits.body = conf->server.body_limit;
	l->limits.roles = l->post->roles;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return false;
	l->limits.connections = fcgi_connections(
		(size_t)conf->server.connections_per_worker, files.rlim_cur);
	l->limits.buffered_max = times(conf->server.body_limit, 16);
	l->last = &l->first;
	l->now = clock_monotonic();
	l->polled = l->now;
	l->next_sweep = LOOP_NEVER;
	l->conns = calloc(l->limits.connections, sizeof(struct conn *));
	l->pairs = calloc(FCGI_PAIRS_LIMIT, sizeof(*l->pairs));
	l->scratch = malloc(LOOP_SCRATCH_SIZE);
	/* What one request may take, each of them may take together. */
	l->batch_mem = arena_open(
		0, times(conf->server.memory_per_request, LOOP_BATCH_LIMIT));
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->conns != NULL && l->pairs != NULL && l->scratch != NULL &&
	       l->epoll_fd >= 0 && signals_open(l);
}

static void
loop_close(struct loop *l)
{
	while (l->count > 0)
		loop_drop(l, l->conns[0]);
	loop_bury(l);
	while (l->unused != NULL) {
		struct conn *c = l->unused;

		l->unused = c->next;
		free(c);
	}
	arena_close(l->batch_mem);
	free(l->conns);
	free(l->pairs);
	free(l->scratch);
	if (l->signal_fd >= 0)
		(void)close(l->signal_fd);
	if (l->epoll_fd >= 0)
		(void)close(l->epoll_fd);
}

int
gate_fcgi_serve(const struct gate_service *service,
		const struct fcgi_post *post)
{
	struct loop l = {.service = service,
			 .post = post,
			 .epoll_fd = -1,
			 .signal_fd = -1};
	int status = 1;

	if (!loop_open(&l) ||
	    (service->conf->server.sandbox && !sandbox_enter())) {
		log_event(LEVEL_ERROR, log_is("worker_failed"),
			  log_text("error", strerror(errno)));
		goto out;
	}
	doors_tend(&l);
	supervisor_tell(&l, SCORE_READY);
	loop_run(&l);
	status = 0;
out:
	loop_close(&l);
	return status;
}
