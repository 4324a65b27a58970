/* SPDX-License-Identifier: MIT */
/*
 * gate/fcgi_record.c: a whole connection. The first byte says in what pieces
 * the rest arrives; whatever they are, the same has to come out. V73.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate/fcgi_record.h"

#define BODY_LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

struct trace {
	struct fcgi_limits limits;
	struct fcgi_reader reader;
	struct arena *mem;
	struct gate_pair pairs[FCGI_PAIRS_LIMIT];
	size_t served;
	uint32_t seen; /* a checksum of all requests */
};

static void
see(struct trace *t, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		t->seen = (t->seen ^ p[i]) * 16777619U;
}

static void
request_take(struct trace *t)
{
	struct fcgi_reader *r = &t->reader;
	struct buf out;
	size_t count;

	must(r->body.len <= r->expected && r->expected <= BODY_LIMIT);
	must(r->refused != OK || !r->body_open);
	if (!fcgi_reader_pairs(r, t->pairs, &count))
		see(t, "NUL", 3);
	for (size_t i = 0; i < count; i++) {
		see(t, t->pairs[i].name, strlen(t->pairs[i].name) + 1);
		see(t, t->pairs[i].value, strlen(t->pairs[i].value) + 1);
	}
	see(t, r->body.data, r->body.len);
	fcgi_answer_begin(&out, t->mem);
	fcgi_answer_end(&out, r->id);
	must(out.len == 8 + 24);
	fcgi_reader_finish(r);
	must(r->phase == FCGI_WAITING || r->phase == FCGI_DRAINING);
	arena_reset(t->mem);
	t->served++;
}

/* In pieces of `step` bytes. */
static void
connection_feed(struct trace *t, const uint8_t *data, size_t size, size_t step)
{
	while (size > 0 && t->reader.phase != FCGI_BROKEN) {
		size_t take = step < size ? step : size;

		fcgi_reader_feed(&t->reader, data, take);
		must(t->reader.params.len <= FCGI_PARAMS_LIMIT);
		must(t->limits.buffered == t->reader.body.len);
		must(t->reader.replies.len <= size * 32 + 64 * 1024);
		data += take;
		size -= take;
	}
}

static struct trace *
trace_new(void)
{
	struct trace *t = calloc(1, sizeof(*t));

	must(t != NULL);
	t->limits.body = BODY_LIMIT;
	t->limits.connections = 512;
	t->limits.buffered_max = BODY_LIMIT;
	t->mem = arena_open(65536, (size_t)1 << 22);
	fcgi_reader_init(&t->reader, &t->limits);
	return t;
}

static void
trace_free(struct trace *t)
{
	fcgi_reader_free(&t->reader);
	must(t->limits.buffered == 0);
	arena_close(t->mem);
	free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace *whole, *pieces;

	if (size == 0)
		return 0;
	whole = trace_new();
	pieces = trace_new();
	connection_feed(whole, data + 1, size - 1, size);
	connection_feed(pieces, data + 1, size - 1, 1 + data[0] % 16);
	must(whole->reader.phase == pieces->reader.phase);
	must(whole->reader.ending == pieces->reader.ending);
	must(whole->reader.replies.len == pieces->reader.replies.len);
	must(whole->reader.replies.len == 0 ||
	     memcmp(whole->reader.replies.data, pieces->reader.replies.data,
		    whole->reader.replies.len) == 0);
	if (whole->reader.phase == FCGI_COMPLETE) {
		must(whole->reader.refused == pieces->reader.refused);
		request_take(whole);
		request_take(pieces);
		must(whole->seen == pieces->seen);
		/* The next one on the same connection. */
		connection_feed(pieces, data + 1, size - 1, 7);
		if (pieces->reader.phase == FCGI_COMPLETE)
			request_take(pieces);
	}
	trace_free(whole);
	trace_free(pieces);
	return 0;
}
