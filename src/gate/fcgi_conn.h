/* SPDX-License-Identifier: MIT */
/* One connection from a web server: its socket, its reader, its output. */
#ifndef FCGI_CONN_H
#define FCGI_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "gate/bytes.h"
#include "gate/fcgi_record.h"

/* What the connection waits for, which says how long it may. */
enum conn_wait {
	CONN_IDLE,     /* for a request to begin */
	CONN_ARRIVING, /* for the rest of one */
	CONN_QUEUED,   /* for its turn */
	CONN_WRITING,  /* for the web server to read */
	CONN_DRAINING  /* for the end of a body that nobody wants */
};

struct conn {
	int fd; /* -1: closed */
	struct fcgi_reader reader;
	struct bytes out; /* what could not be sent at once */
	size_t out_at;
	enum conn_wait wait;
	int64_t deadline;
	int64_t arrived;   /* when its request came, 0: not yet */
	uint32_t interest; /* events it is registered for; 0: not registered */
	bool registered;
	bool fresh;    /* nothing has ever come */
	bool progress; /* the web server has read some of the output */
	bool queued;
	bool ended;        /* the web server sends no more */
	struct req *rq;    /* its request, when read before its turn */
	struct conn *next; /* in the queue, or among the unused */
	size_t place;      /* in the worker's table */
};

/* Makes a new or used one ready for fd. */
void conn_open(struct conn *c, int fd, struct fcgi_limits *limits)
	NONNULL(1, 3);
void conn_close(struct conn *c) NONNULL(1);

/* Reads once into `scratch` and lets the reader have it. False: broken. */
bool conn_read(struct conn *c, unsigned char *scratch, size_t size)
	NODISCARD NONNULL(1, 2);

/* Sends what goes at once and keeps the rest. False: broken. */
bool conn_send(struct conn *c, const void *bytes, size_t len)
	NODISCARD NONNULL(1, 2);
/* Sends what its reader has to say. False: broken, or the web server goes on
 * asking without reading what it asked for. */
bool conn_reply(struct conn *c) NODISCARD NONNULL(1);
/* Goes on with what was kept. */
bool conn_flush(struct conn *c) NODISCARD NONNULL(1);
bool conn_is_writing(const struct conn *c) NONNULL(1);

/* Its request has been answered: wipes that, and says whether it was the
 * last one. */
void conn_answered(struct conn *c) NONNULL(1);

/* What it waits for at the moment. */
enum conn_wait conn_waits(const struct conn *c) NONNULL(1);
/* Nothing is left to do for it. */
bool conn_is_done(const struct conn *c) NONNULL(1);
/* The events (epoll) to be told of. */
uint32_t conn_events(const struct conn *c) NONNULL(1);

#endif
