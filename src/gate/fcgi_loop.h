/* SPDX-License-Identifier: MIT */
/*
 * What a worker (gate/fcgi.c) keeps: its connections (fcgi_loop.c) and the
 * two doors by which they come (fcgi_doors.c). Of no use to anybody else.
 */
#ifndef FCGI_LOOP_H
#define FCGI_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "gate/fcgi.h"
#include "gate/fcgi_conn.h"

#define LOOP_NEVER INT64_MAX
#define LOOP_BATCH_LIMIT 16
#define LOOP_SCRATCH_SIZE ((size_t)64 * 1024)

enum loop_mode {
	MODE_SERVING,
	MODE_RETIRING, /* connections are given to other workers */
	MODE_STOPPING  /* connections are closed when their request is done */
};

struct loop {
	const struct gate_service *service;
	const struct fcgi_post *post;
	enum loop_mode mode;
	int epoll_fd;
	int signal_fd;
	bool open;     /* the doors are being watched */
	bool late;     /* the last look at the doors was a while ago */
	char listener; /* the addresses of these three tell events apart */
	char channel;
	char signals;
	struct fcgi_limits limits;
	struct conn **conns; /* the open ones, limits.connections at most */
	size_t count;
	size_t fresh;        /* of these, never heard of */
	struct conn *unused; /* may be opened again */
	struct conn *dead;   /* this round's events may still name them */
	struct conn *first, **last; /* complete requests by their arrival */
	size_t waiting;             /* of them */
	int64_t newest;             /* arrival of all that were ever queued */
	int64_t now;                /* clock_monotonic, as of the last look */
	int64_t polled;             /* when epoll_wait came back */
	int64_t next_sweep;
	int64_t next_idle;
	int64_t accept_again; /* descriptors had run out; not before this */
	int64_t stop_by;      /* when stopping: wait no longer */
	int64_t served;
	unsigned char *scratch;
	struct gate_pair *pairs;
	/* Requests that were read together, before their turns. */
	struct req batch[LOOP_BATCH_LIMIT];
	size_t batched; /* that have not been served yet */
	struct arena *batch_mem;
};

/* The request of c has been served, or nobody waits for it any more. */
void loop_leave_batch(struct loop *l, struct conn *c) NONNULL(1, 2);

/* Watches a descriptor; tag comes back with its events. */
bool loop_watch(const struct loop *l, int fd, void *tag, uint32_t events)
	NODISCARD NONNULL(1, 3);
void loop_unwatch(const struct loop *l, int fd) NONNULL(1);

/* Takes a request out of the queue. */
void loop_unqueue(struct loop *l, struct conn *c) NONNULL(1, 2);
/*
 * Takes a connection in, from a web server or another worker; while there is
 * room. arrived: when its request came, 0 when that is yet to be seen. fresh:
 * nothing has ever come from it.
 */
void loop_adopt(struct loop *l, int fd, int64_t arrived, bool fresh) NONNULL(1);
/* Reads what a connection has to say. */
void loop_listen(struct loop *l, struct conn *c) NONNULL(1, 2);
/* Acts on epoll's events of a connection. */
void loop_event(struct loop *l, struct conn *c, uint32_t events) NONNULL(1, 2);
/* After anything happened on a connection: queues or unqueues its request,
 * sets its deadline, gives it away or closes it. */
void loop_settle(struct loop *l, struct conn *c) NONNULL(1, 2);
void loop_drop(struct loop *l, struct conn *c) NONNULL(1, 2);
/* Closes what is past its deadline. */
void loop_sweep(struct loop *l) NONNULL(1);
/* Makes connections closed in the last round usable again. */
void loop_bury(struct loop *l) NONNULL(1);
/* A place is free, or held by somebody who has never said anything, or who
 * has not asked for so many milliseconds. */
#define LOOP_IDLE_LEAST 3000
bool loop_has_room(const struct loop *l) NONNULL(1);

/* Watches the doors, or not, as there is room. */
void doors_tend(struct loop *l) NONNULL(1);
/* Lets in those who wait for a free worker: as many as find this one free,
 * and one even if it is not, since who is in may never stop asking. */
void doors_take(struct loop *l) NONNULL(1);
/* All places are taken and somebody waits for one. */
bool doors_are_pressed(const struct loop *l) NONNULL(1);
/* Accepts from the web server. */
void doors_accept(struct loop *l) NONNULL(1);
/* For good: what waits before them is let in, and the listening socket is
 * closed, or it would seem that somebody still serves there. */
void doors_leave(struct loop *l, enum loop_mode mode) NONNULL(1);

#endif
