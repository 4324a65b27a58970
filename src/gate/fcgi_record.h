/* SPDX-License-Identifier: MIT */
/*
 * FastCGI records (FastCGI specification 1.0) of one connection, without any
 * socket: bytes are fed in as they arrive, in pieces of any size, and a
 * request comes out. Everything is bounded; whatever is broken ends in
 * FCGI_BROKEN, and the connection is to be closed.
 *
 * Responders and Authorizers are served. What an Authorizer is asked is
 * complete without a body: web servers send none of the request's that they
 * ask about, some an empty one, and what comes of it is thrown away.
 *
 * One request at a time: what a web server sends behind a complete request is
 * read (it may abort it), but another request on the same connection has to
 * wait for its answer. One of another id is sent away at once. One of the same
 * id cannot be, since that would seem to be the answer of the first: it is not
 * heard, and the connection ends behind that answer. One that comes when there
 * is an answer already, instead of the rest of a body, begins anew.
 */
#ifndef FCGI_RECORD_H
#define FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "gate/bytes.h"
#include "gate/gate.h"

#define FCGI_PARAMS_LIMIT ((size_t)256 * 1024)
#define FCGI_PAIRS_LIMIT GATE_PAIRS_LIMIT
#define FCGI_HEADER_SIZE 8
/* More than every name that FCGI_GET_VALUES knows, with their lengths. */
#define FCGI_SMALL_SIZE 256

enum fcgi_phase {
	FCGI_WAITING,  /* no request is open */
	FCGI_NAMING,   /* its variables are arriving */
	FCGI_BODY,     /* its body is arriving */
	FCGI_COMPLETE, /* it waits for its answer */
	FCGI_DRAINING, /* answered while its body was still arriving */
	FCGI_BROKEN
};

enum fcgi_sink { SINK_NOTHING, SINK_SMALL, SINK_PARAMS, SINK_BODY };

/*
 * What the connections of one worker share. `buffered` counts the bytes of
 * bodies that are arriving, over all of them, so that many connections cannot
 * take many times the body limit.
 */
struct fcgi_limits {
	int64_t body;        /* bytes of one body */
	unsigned roles;      /* taken, as bits 1 << GATE_…; 0: all */
	size_t connections;  /* told to a web server that asks */
	size_t buffered_max; /* bytes of all bodies together */
	size_t buffered;
};

struct fcgi_reader {
	struct fcgi_limits *limits;
	enum fcgi_phase phase;
	enum fcgi_sink sink;
	unsigned char header[FCGI_HEADER_SIZE];
	size_t header_len;
	size_t content_left;
	size_t padding_left;
	unsigned char small[FCGI_SMALL_SIZE];
	size_t small_len;
	unsigned id; /* of the open request */
	enum gate_role role;
	bool keep;        /* the web server wants the connection kept */
	bool body_open;   /* the end of the body has not been seen */
	bool ending;      /* close once `replies` have left */
	bool deaf;        /* a request came too early: hears no more */
	size_t expected;  /* bytes of body, from CONTENT_LENGTH */
	size_t drained;   /* bytes of body thrown away */
	enum err refused; /* found while reading: answer just this */
	struct bytes params;
	struct bytes body;
	struct bytes replies; /* to be sent, in order, before any answer */
};

void fcgi_reader_init(struct fcgi_reader *r, struct fcgi_limits *limits)
	NONNULL(1, 2);
void fcgi_reader_free(struct fcgi_reader *r) NONNULL(1);

/* Takes all the bytes. Look at `phase`, `replies` and `ending` afterwards. */
void fcgi_reader_feed(struct fcgi_reader *r, const unsigned char *bytes,
		      size_t len) NONNULL(1);

/* Between two requests and two records. */
bool fcgi_reader_rests(const struct fcgi_reader *r) NONNULL(1);

/*
 * The variables of a complete request; once only, since they are made texts
 * in place. They live until fcgi_reader_finish. False when one holds a NUL.
 */
bool fcgi_reader_pairs(struct fcgi_reader *r,
		       struct gate_pair pairs[FCGI_PAIRS_LIMIT], size_t *count)
	NODISCARD NONNULL(1, 2, 3);

/* The request has been answered: wipes it. */
void fcgi_reader_finish(struct fcgi_reader *r) NONNULL(1);

/*
 * An answer is built in place: fcgi_answer_begin leaves room for the first
 * header, then the text is appended, and fcgi_answer_end makes records of it
 * (in `out` itself, or anew on its arena when it is longer than one record)
 * and adds the end of request `id`.
 */
void fcgi_answer_begin(struct buf *out, struct arena *mem) NONNULL(1, 2);
void fcgi_answer_end(struct buf *out, unsigned id) NONNULL(1);

#endif
