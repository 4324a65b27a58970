/* SPDX-License-Identifier: MIT */
#include "gate/fcgi_loop.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/tally.h"

/* Times in milliseconds. */
#define SWEEP_PAUSE 100 /* between two looks at all deadlines */
#define DRAIN_TIME 2000 /* for a body that nobody wants */
#define DRAIN_BYTES ((size_t)16 * 1024 * 1024)

/* Who waited in the channel comes before those who came here meanwhile. */
static void
queue_add(struct loop *l, struct conn *c)
{
	struct conn **at = l->last;

	if (c->arrived >= l->newest) {
		l->newest = c->arrived;
	} else {
		at = &l->first;
		while (*at != NULL && (*at)->arrived <= c->arrived)
			at = &(*at)->next;
	}
	c->queued = true;
	l->waiting++;
	c->next = *at;
	*at = c;
	if (l->last == at)
		l->last = &c->next;
}

void
loop_unqueue(struct loop *l, struct conn *c)
{
	struct conn **at = &l->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (l->last == &c->next)
		l->last = at;
	c->queued = false;
	l->waiting--;
}

void
loop_leave_batch(struct loop *l, struct conn *c)
{
	if (c->rq == NULL)
		return;
	c->rq = NULL;
	if (--l->batched == 0)
		arena_reset(l->batch_mem);
}

void
loop_drop(struct loop *l, struct conn *c)
{
	loop_leave_batch(l, c);
	if (c->queued)
		loop_unqueue(l, c);
	if (c->fresh)
		l->fresh--;
	conn_close(c);
	l->conns[c->place] = l->conns[--l->count];
	l->conns[c->place]->place = c->place;
	tally_set(TALLY_CONNECTIONS, l->count);
	c->next = l->dead;
	l->dead = c;
}

bool
loop_watch(const struct loop *l, int fd, void *tag, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = tag};

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void
loop_unwatch(const struct loop *l, int fd)
{
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static bool
conn_watch(const struct loop *l, struct conn *c)
{
	struct epoll_event event = {.events = conn_events(c), .data.ptr = c};
	int how = c->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (c->registered && c->interest == event.events)
		return true;
	c->registered = epoll_ctl(l->epoll_fd, how, c->fd, &event) == 0;
	c->interest = event.events;
	return c->registered;
}

static int64_t
conn_deadline(const struct loop *l, const struct conn *c)
{
	const struct config *conf = l->service->conf;

	switch (c->wait) {
	case CONN_IDLE:
		if (!c->fresh)
			return l->now + conf->server.idle_limit * 1000;
		return l->now + conf->server.arrival_limit * 1000;
	case CONN_ARRIVING:
	case CONN_WRITING:
		return l->now + conf->server.arrival_limit * 1000;
	case CONN_DRAINING:
		return l->now + DRAIN_TIME;
	case CONN_QUEUED:
		break;
	}
	return LOOP_NEVER;
}

/* A wait has its time from its beginning; dripped bytes do not prolong it. */
static void
conn_time(struct loop *l, struct conn *c)
{
	enum conn_wait before = c->wait;

	c->wait = conn_waits(c);
	if (c->wait != before || c->wait == CONN_IDLE || c->progress)
		c->deadline = conn_deadline(l, c);
	c->progress = false;
	if (c->deadline < l->next_sweep)
		l->next_sweep = c->deadline;
}

/* Gives an idle connection to the other workers. False: it stays. */
static bool
conn_give(struct loop *l, struct conn *c)
{
	if (l->mode != MODE_RETIRING || c->wait != CONN_IDLE ||
	    !handover_give(&l->post->handover, c->fd, 0))
		return false;
	loop_drop(l, c);
	return true;
}

static bool
conn_must_go(const struct loop *l, const struct conn *c)
{
	return conn_is_done(c) ||
	       (c->wait == CONN_DRAINING && c->reader.drained > DRAIN_BYTES) ||
	       (l->mode == MODE_STOPPING && c->wait == CONN_IDLE);
}

void
loop_settle(struct loop *l, struct conn *c)
{
	bool complete = c->reader.phase == FCGI_COMPLETE;

	if (complete && !c->queued) {
		if (c->arrived == 0)
			c->arrived = l->now;
		queue_add(l, c);
	} else if (!complete && c->queued) {
		loop_unqueue(l, c);
	}
	conn_time(l, c);
	if (conn_must_go(l, c)) {
		loop_drop(l, c);
		return;
	}
	if (conn_give(l, c))
		return;
	/* One that is answered at once and then closed is never watched. */
	if ((c->registered || !c->queued) && !conn_watch(l, c))
		loop_drop(l, c);
}

void
loop_listen(struct loop *l, struct conn *c)
{
	bool fresh = c->fresh;
	bool whole = conn_read(c, l->scratch, LOOP_SCRATCH_SIZE);

	if (fresh && !c->fresh)
		l->fresh--;
	if (whole && conn_reply(c))
		loop_settle(l, c);
	else
		loop_drop(l, c);
}

void
loop_event(struct loop *l, struct conn *c, uint32_t events)
{
	bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
	bool input = (events & EPOLLIN) != 0;

	/* Closed earlier in this round. */
	if (c->fd < 0)
		return;
	/* Both directions are shut: nobody would read the answer. */
	if ((gone && (c->queued || !input)) || !conn_flush(c))
		loop_drop(l, c);
	/* Its request stays as it was read until its turn. */
	else if (c->rq != NULL)
		return;
	else if (input)
		loop_listen(l, c);
	else
		loop_settle(l, c);
}

/* Of those that wait for a request, and have for that long, the one that has
 * waited longest; NULL when there is none. limit: of their kind, in seconds. */
static struct conn *
longest_find(const struct loop *l, bool fresh, int64_t limit, int64_t least)
{
	int64_t latest = l->now + limit * 1000 - least;
	struct conn *found = NULL;

	for (size_t i = 0; i < l->count; i++) {
		struct conn *c = l->conns[i];

		if (c->wait == CONN_IDLE && c->fresh == fresh &&
		    c->deadline <= latest &&
		    (found == NULL || c->deadline < found->deadline))
			found = c;
	}
	return found;
}

/*
 * The one that makes way: first one that has never said anything (one that has
 * only just come is spared: what it sent may be on its way), then one that has
 * asked for nothing lately.
 */
static struct conn *
silent_find(const struct loop *l)
{
	const struct config *conf = l->service->conf;
	struct conn *found = NULL;

	if (l->fresh > 0)
		found = longest_find(l, true, conf->server.arrival_limit, 1);
	if (found == NULL)
		found = longest_find(l, false, conf->server.idle_limit,
				     LOOP_IDLE_LEAST);
	return found;
}

bool
loop_has_room(const struct loop *l)
{
	return l->count < l->limits.connections || silent_find(l) != NULL;
}

void
loop_adopt(struct loop *l, int fd, int64_t arrived, bool fresh)
{
	struct conn *c;

	if (l->count == l->limits.connections)
		loop_drop(l, silent_find(l));
	c = l->unused;
	if (c != NULL)
		l->unused = c->next;
	else
		c = malloc(sizeof(*c));
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	conn_open(c, fd, &l->limits);
	c->arrived = arrived;
	c->fresh = fresh;
	if (fresh)
		l->fresh++;
	c->place = l->count;
	l->conns[l->count++] = c;
	tally_set(TALLY_CONNECTIONS, l->count);
	/* Web servers write as soon as they have connected. */
	loop_listen(l, c);
	if (!c->queued)
		c->arrived = 0;
}

void
loop_sweep(struct loop *l)
{
	if (l->now < l->next_sweep && l->mode != MODE_RETIRING)
		return;
	l->next_sweep = LOOP_NEVER;
	for (size_t i = l->count; i-- > 0;) {
		struct conn *c = l->conns[i];

		if (c->deadline <= l->now)
			loop_drop(l, c);
		else if (!conn_give(l, c) && c->deadline < l->next_sweep)
			l->next_sweep = c->deadline;
	}
	if (l->next_sweep < l->now + SWEEP_PAUSE)
		l->next_sweep = l->now + SWEEP_PAUSE;
}

void
loop_bury(struct loop *l)
{
	while (l->dead != NULL) {
		struct conn *c = l->dead;

		l->dead = c->next;
		c->next = l->unused;
		l->unused = c;
	}
}
