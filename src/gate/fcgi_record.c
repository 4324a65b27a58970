/* SPDX-License-Identifier: MIT */
#include "gate/fcgi_record.h"

#include <string.h>

#define VERSION 1
#define FLAG_KEEP_CONN 1
#define BEGIN_SIZE 8
/* A record's longest content that is a multiple of eight. */
#define CONTENT_MAX ((size_t)65528)

enum record_type {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,
	DATA = 8,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11
};

enum protocol_status {
	REQUEST_COMPLETE = 0,
	CANT_MPX_CONN = 1,
	UNKNOWN_ROLE = 3
};

static unsigned
record_id(const struct fcgi_reader *r)
{
	return (unsigned)r->header[2] << 8 | r->header[3];
}

static size_t
record_length(const struct fcgi_reader *r)
{
	return (size_t)r->header[4] << 8 | r->header[5];
}

static void
header_write(unsigned char *out, enum record_type type, unsigned id,
	     size_t length)
{
	out[0] = VERSION;
	out[1] = (unsigned char)type;
	out[2] = (unsigned char)(id >> 8);
	out[3] = (unsigned char)(id & 0xff);
	out[4] = (unsigned char)(length >> 8);
	out[5] = (unsigned char)(length & 0xff);
	out[6] = out[7] = 0; /* padding, reserved */
}

/* Adds a record to the replies. */
static void
reply(struct fcgi_reader *r, enum record_type type, unsigned id,
      const unsigned char *content, size_t length)
{
	unsigned char header[FCGI_HEADER_SIZE];

	header_write(header, type, id, length);
	if (!bytes_add(&r->replies, header, sizeof(header)) ||
	    !bytes_add(&r->replies, content, length))
		r->phase = FCGI_BROKEN;
}

static void
reply_end(struct fcgi_reader *r, unsigned id, enum protocol_status status)
{
	const unsigned char content[8] = {[4] = (unsigned char)status};

	reply(r, END_REQUEST, id, content, sizeof(content));
}

/* Forgets the request; what the body used is free for others. */
static void
request_forget(struct fcgi_reader *r)
{
	r->limits->buffered -= r->body.len;
	bytes_clear(&r->body, BYTES_KEPT);
	bytes_clear(&r->params, BYTES_KEPT);
	r->id = 0;
	r->body_open = false;
	r->expected = 0;
	r->drained = 0;
	r->refused = OK;
	r->phase = FCGI_WAITING;
}

/*
 * The length of a name or a value: one byte, or four with the highest bit
 * set. False when it is cut off.
 */
static bool
length_read(const unsigned char **at, const unsigned char *end, size_t *length)
{
	const unsigned char *p = *at;

	if (p == end)
		return false;
	if (p[0] < 0x80) {
		*length = p[0];
		*at = p + 1;
		return true;
	}
	if (end - p < 4)
		return false;
	*length = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 |
		  (size_t)p[2] << 8 | p[3];
	*at = p + 4;
	return true;
}

/* Leaves *at at the name, and makes sure that name and value are there. */
static bool
pair_read(const unsigned char **at, const unsigned char *end, size_t *name_len,
	  size_t *value_len)
{
	size_t left;

	if (!length_read(at, end, name_len) || !length_read(at, end, value_len))
		return false;
	left = (size_t)(end - *at);
	return *name_len <= left && *value_len <= left - *name_len;
}

/* Without any variable there is no buffer; NULL must not be counted on. */
static unsigned char *
params_start(struct fcgi_reader *r)
{
	return r->params.len > 0 ? r->params.data : r->small;
}

/* The answer comes before the body has: the rest of it is thrown away. */
static void
request_refuse(struct fcgi_reader *r, enum err e)
{
	r->limits->buffered -= r->body.len;
	bytes_clear(&r->body, BYTES_KEPT);
	r->refused = e;
	r->phase = FCGI_COMPLETE;
}

static enum err
params_length(const unsigned char *value, size_t len, int64_t limit,
	      size_t *length)
{
	char text[32] = {0};

	memcpy(text, value, len < sizeof(text) ? len : sizeof(text) - 1);
	return gate_body_length(text, limit, length);
}

/* All variables are here; CONTENT_LENGTH says what body to wait for, where it
 * is not that of another request. */
static void
params_end(struct fcgi_reader *r)
{
	static const char name[] = "CONTENT_LENGTH";
	const unsigned char *at = params_start(r);
	const unsigned char *end = at + r->params.len;
	size_t name_len, value_len;
	enum err e = OK;

	for (size_t count = 0; at < end; count++) {
		if (count == FCGI_PAIRS_LIMIT ||
		    !pair_read(&at, end, &name_len, &value_len)) {
			r->phase = FCGI_BROKEN;
			return;
		}
		if (name_len == sizeof(name) - 1 &&
		    memcmp(at, name, name_len) == 0)
			e = params_length(at + name_len, value_len,
					  r->limits->body, &r->expected);
		at += name_len + value_len;
	}
	if (r->role == GATE_AUTHORIZER) {
		r->expected = 0;
		r->phase = FCGI_COMPLETE;
		return;
	}
	r->phase = FCGI_BODY;
	r->body_open = true;
	if (e != OK)
		request_refuse(r, e);
}

static void
body_add(struct fcgi_reader *r, const unsigned char *bytes, size_t len)
{
	struct fcgi_limits *limits = r->limits;

	if (len > r->expected - r->body.len) {
		request_refuse(r, ERR_BAD_REQUEST);
	} else if (len > limits->buffered_max - limits->buffered) {
		request_refuse(r, ERR_BUSY);
	} else if (!bytes_add(&r->body, bytes, len)) {
		r->phase = FCGI_BROKEN;
	} else {
		limits->buffered += len;
		return;
	}
	r->sink = SINK_NOTHING;
}

/* Another request before this one is answered. */
static void
request_early(struct fcgi_reader *r, unsigned id)
{
	if (id != r->id) {
		reply_end(r, id, CANT_MPX_CONN);
	} else if (r->phase == FCGI_COMPLETE && !r->body_open) {
		r->deaf = true;
		r->keep = false;
	} else {
		r->phase = FCGI_BROKEN;
	}
}

static bool
role_take(struct fcgi_reader *r, unsigned number)
{
	if (number != GATE_RESPONDER && number != GATE_AUTHORIZER)
		return false;
	r->role = number;
	return r->limits->roles == 0 || (r->limits->roles & 1U << number) != 0;
}

static void
request_begin(struct fcgi_reader *r)
{
	unsigned id = record_id(r);
	bool keep = (r->small[2] & FLAG_KEEP_CONN) != 0;

	/* Apache sends no more of a body once it has the answer. */
	if (r->phase == FCGI_DRAINING && !r->ending)
		request_forget(r);
	if (r->phase != FCGI_WAITING) {
		request_early(r, id);
		return;
	}
	if (!role_take(r, (unsigned)r->small[0] << 8 | r->small[1])) {
		reply_end(r, id, UNKNOWN_ROLE);
		r->ending = r->ending || !keep;
		return;
	}
	r->id = id;
	r->keep = keep;
	r->phase = FCGI_NAMING;
}

static void
request_abort(struct fcgi_reader *r)
{
	bool answered = r->phase == FCGI_DRAINING;

	if (r->phase == FCGI_WAITING || record_id(r) != r->id)
		return;
	request_forget(r);
	if (!answered)
		reply_end(r, record_id(r), REQUEST_COMPLETE);
	r->ending = r->ending || !r->keep;
}

static void
body_end(struct fcgi_reader *r)
{
	r->body_open = false;
	if (r->phase == FCGI_BODY)
		r->phase = FCGI_COMPLETE;
	else if (r->phase == FCGI_DRAINING)
		request_forget(r);
}

static size_t
value_write(unsigned char *out, const char *name, int64_t value)
{
	size_t name_len = strlen(name);
	int len = snprintf((char *)out + 2 + name_len, 24, "%lld",
			   (long long)value);

	out[0] = (unsigned char)name_len;
	out[1] = (unsigned char)len;
	memcpy(out + 2, name, name_len);
	return 2 + name_len + (size_t)len;
}

/* FCGI_GET_VALUES: each name that is known is answered, once. */
static void
values_answer(struct fcgi_reader *r)
{
	const struct {
		const char *name;
		int64_t value;
	} known[] = {
		{"FCGI_MAX_CONNS", (int64_t)r->limits->connections},
		{"FCGI_MAX_REQS", (int64_t)r->limits->connections},
		{"FCGI_MPXS_CONNS", 0},
	};
	unsigned char out[countof(known) * 48];
	bool told[countof(known)] = {false};
	const unsigned char *at = r->small;
	const unsigned char *end = at + r->small_len;
	size_t name_len, value_len, len = 0;

	while (at < end) {
		if (!pair_read(&at, end, &name_len, &value_len)) {
			r->phase = FCGI_BROKEN;
			return;
		}
		for (size_t i = 0; i < countof(known); i++) {
			if (told[i] || strlen(known[i].name) != name_len ||
			    memcmp(known[i].name, at, name_len) != 0)
				continue;
			told[i] = true;
			len += value_write(out + len, known[i].name,
					   known[i].value);
		}
		at += name_len + value_len;
	}
	reply(r, GET_VALUES_RESULT, 0, out, len);
}

/* A record of no request: a question about ourselves. */
static void
management_end(struct fcgi_reader *r)
{
	unsigned char content[8] = {0};

	if (r->header[1] == GET_VALUES) {
		values_answer(r);
		return;
	}
	content[0] = r->header[1];
	reply(r, UNKNOWN_TYPE, 0, content, sizeof(content));
}

/* Acts on a record that has arrived whole, its padding too. */
static void
record_end(struct fcgi_reader *r)
{
	bool mine = r->phase != FCGI_WAITING && record_id(r) == r->id;
	bool empty = record_length(r) == 0;

	r->header_len = 0;
	if (r->phase == FCGI_BROKEN)
		return;
	if (record_id(r) == 0)
		management_end(r);
	else if (r->header[1] == BEGIN_REQUEST)
		request_begin(r);
	else if (r->header[1] == ABORT_REQUEST)
		request_abort(r);
	else if (mine && empty && r->header[1] == PARAMS)
		params_end(r);
	else if (mine && empty && r->header[1] == STDIN)
		body_end(r);
}

static bool
params_fit(const struct fcgi_reader *r)
{
	return r->phase == FCGI_NAMING &&
	       r->content_left <= FCGI_PARAMS_LIMIT - r->params.len;
}

/* Where a stream's bytes go. False when they cannot come now. */
static bool
stream_sink(struct fcgi_reader *r)
{
	/* What no open request owns (refused, aborted) is thrown away. */
	if (r->phase == FCGI_WAITING || record_id(r) != r->id)
		return true;
	if (r->header[1] == PARAMS) {
		r->sink = SINK_PARAMS;
		return params_fit(r);
	}
	if (r->phase == FCGI_BODY)
		r->sink = SINK_BODY;
	return r->body_open ||
	       (r->role == GATE_AUTHORIZER && r->phase == FCGI_COMPLETE);
}

/* Judges a header and decides where the content goes. */
static bool
record_begin(struct fcgi_reader *r)
{
	r->content_left = record_length(r);
	r->padding_left = r->header[6];
	r->sink = SINK_NOTHING;
	r->small_len = 0;
	if (r->header[0] != VERSION)
		return false;
	if (record_id(r) == 0) {
		if (r->header[1] != GET_VALUES)
			return true;
		r->sink = SINK_SMALL;
		return r->content_left <= sizeof(r->small);
	}
	switch (r->header[1]) {
	case BEGIN_REQUEST:
		r->sink = SINK_SMALL;
		return r->content_left == BEGIN_SIZE;
	case ABORT_REQUEST:
	case DATA:
		return true;
	case PARAMS:
	case STDIN:
		return stream_sink(r);
	default:
		return false;
	}
}

static void
record_content(struct fcgi_reader *r, const unsigned char *bytes, size_t len)
{
	switch (r->sink) {
	case SINK_NOTHING:
		r->drained += len;
		break;
	case SINK_SMALL:
		memcpy(r->small + r->small_len, bytes, len);
		r->small_len += len;
		break;
	case SINK_PARAMS:
		if (!bytes_add(&r->params, bytes, len))
			r->phase = FCGI_BROKEN;
		break;
	case SINK_BODY:
		body_add(r, bytes, len);
		break;
	}
	r->content_left -= len;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes what belongs to one part of a record; says how much that was. */
static size_t
record_feed(struct fcgi_reader *r, const unsigned char *bytes, size_t len)
{
	size_t take;

	if (r->header_len < FCGI_HEADER_SIZE) {
		take = smaller(len, FCGI_HEADER_SIZE - r->header_len);
		memcpy(r->header + r->header_len, bytes, take);
		r->header_len += take;
		if (r->header_len < FCGI_HEADER_SIZE)
			return take;
		if (!record_begin(r))
			r->phase = FCGI_BROKEN;
	} else if (r->content_left > 0) {
		take = smaller(len, r->content_left);
		record_content(r, bytes, take);
	} else {
		take = smaller(len, r->padding_left);
		r->padding_left -= take;
	}
	if (r->content_left == 0 && r->padding_left == 0)
		record_end(r);
	return take;
}

void
fcgi_reader_init(struct fcgi_reader *r, struct fcgi_limits *limits)
{
	memset(r, 0, sizeof(*r));
	r->limits = limits;
}

void
fcgi_reader_free(struct fcgi_reader *r)
{
	r->limits->buffered -= r->body.len;
	bytes_free(&r->params);
	bytes_free(&r->body);
	bytes_free(&r->replies);
	explicit_bzero(r->small, sizeof(r->small));
}

void
fcgi_reader_feed(struct fcgi_reader *r, const unsigned char *bytes, size_t len)
{
	while (len > 0 && r->phase != FCGI_BROKEN && !r->deaf) {
		size_t taken = record_feed(r, bytes, len);

		bytes += taken;
		len -= taken;
	}
}

bool
fcgi_reader_rests(const struct fcgi_reader *r)
{
	return r->phase == FCGI_WAITING && r->header_len == 0;
}

/*
 * At least two bytes of lengths stand before each name, so that name and
 * value, moved down by two and by one, make room for a NUL behind each.
 */
bool
fcgi_reader_pairs(struct fcgi_reader *r,
		  struct gate_pair pairs[FCGI_PAIRS_LIMIT], size_t *count)
{
	unsigned char *start = params_start(r);
	const unsigned char *at = start;
	const unsigned char *end = start + r->params.len;
	size_t name_len, value_len;
	bool clean = true;

	*count = 0;
	while (at < end && *count < FCGI_PAIRS_LIMIT &&
	       pair_read(&at, end, &name_len, &value_len)) {
		unsigned char *name = start + (at - start) - 2;
		unsigned char *value = name + name_len + 1;

		if (memchr(at, '\0', name_len + value_len) != NULL)
			clean = false;
		at += name_len + value_len;
		memmove(name, name + 2, name_len);
		name[name_len] = '\0';
		memmove(value, value + 1, value_len);
		value[value_len] = '\0';
		pairs[*count].name = (const char *)name;
		pairs[*count].value = (const char *)value;
		++*count;
	}
	return clean;
}

void
fcgi_reader_finish(struct fcgi_reader *r)
{
	bool open = r->body_open;
	unsigned id = r->id;
	size_t drained = r->drained;

	request_forget(r);
	if (!open)
		return;
	r->id = id;
	r->body_open = true;
	r->drained = drained;
	r->phase = FCGI_DRAINING;
}

void
fcgi_answer_begin(struct buf *out, struct arena *mem)
{
	static const char room[FCGI_HEADER_SIZE];

	buf_init(out, mem, 2048);
	buf_add(out, room, sizeof(room));
}

/* A text too long for one record is copied into several. */
static void
answer_split(struct buf *out, unsigned id)
{
	const char *text = out->data + FCGI_HEADER_SIZE;
	size_t left = out->len - FCGI_HEADER_SIZE;
	unsigned char header[FCGI_HEADER_SIZE];
	struct buf split;

	buf_init(&split, out->mem, left + (left / CONTENT_MAX + 8) * 8);
	while (left > 0) {
		size_t part = smaller(left, CONTENT_MAX);

		header_write(header, STDOUT, id, part);
		buf_add(&split, header, sizeof(header));
		buf_add(&split, text, part);
		text += part;
		left -= part;
	}
	*out = split;
}

void
fcgi_answer_end(struct buf *out, unsigned id)
{
	unsigned char tail[8 + 8 + 8] = {0};
	size_t len = out->len - FCGI_HEADER_SIZE;

	if (len > CONTENT_MAX)
		answer_split(out, id);
	else
		header_write((unsigned char *)out->data, STDOUT, id, len);
	header_write(tail, STDOUT, id, 0);
	header_write(tail + 8, END_REQUEST, id, 8);
	buf_add(out, tail, sizeof(tail));
}
