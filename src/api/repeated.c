/* SPDX-License-Identifier: MIT */
#include "api/repeated.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/repeat.h"

#define KEY_MOST 255
/* What is longer is not kept; no batch of the default size comes near. */
#define ANSWER_MOST ((size_t)1024 * 1024)

static bool
is_key(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] >= 0x7f)
			return false;
	return len > 0 && len <= KEY_MOST;
}

/* All that makes two requests the same one. */
static struct repeat_request
request_of(const struct call *c)
{
	const struct req *rq = c->rq;
	const char *type = rq->content_type != NULL ? rq->content_type : "";
	struct buf said;

	buf_init(&said, c->cx->mem, rq->body_len + 256);
	buf_printf(&said, "%s %s?%s\n%s\n", rq->method_name, rq->path,
		   rq->query, type);
	buf_add(&said, rq->body, rq->body_len);
	return (struct repeat_request){
		.who = c->user.id != NULL ? c->user.id : "",
		.key = rq->idempotency_key,
		.said = said.data,
		.said_len = said.len,
	};
}

/* "201 34\n", the headers of that length, and the body. */
static const char *
answer_pack(const struct call *c)
{
	const struct resp *rs = c->rs;
	struct buf b;

	if (rs->headers.len + rs->body.len > ANSWER_MOST)
		return NULL;
	buf_init(&b, c->cx->mem, rs->headers.len + rs->body.len + 32);
	buf_printf(&b, "%d %zu\n", rs->status, rs->headers.len);
	buf_add(&b, rs->headers.data, rs->headers.len);
	buf_add(&b, rs->body.data, rs->body.len);
	return b.data;
}

static enum err
answer_unpack(struct call *c, const char *stored)
{
	struct resp *rs = c->rs;
	char *end;
	long status = strtol(stored, &end, 10);
	unsigned long headers = strtoul(end, &end, 10);

	/* Only we can have sealed it. */
	if (*end != '\n' || status < 200 || status > 299 ||
	    headers > strlen(end + 1))
		return ERR_INTERNAL;
	end++;
	rs->status = (int)status;
	buf_add(&rs->headers, end, headers);
	resp_header(rs, "Idempotency-Replayed", "true");
	buf_reset(&rs->body);
	buf_text(&rs->body, end + headers);
	return OK;
}

enum err
repeated_serve(struct call *c)
{
	struct repeat_request rq;
	struct repeat r;
	enum err e;

	if (!c->route->once || c->rq->idempotency_key == NULL ||
	    !repeat_is_on(c->cx->conf))
		return c->route->handler(c);
	if (!is_key(c->rq->idempotency_key))
		return ERR_IDEMPOTENCY_KEY_INVALID;
	rq = request_of(c);
	TRY(repeat_begin(c->cx, &rq, &r));
	if (r.stored != NULL)
		return answer_unpack(c, r.stored);
	e = c->route->handler(c);
	repeat_end(c->cx, &r, e == OK ? answer_pack(c) : NULL);
	return e;
}
