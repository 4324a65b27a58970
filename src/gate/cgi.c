/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

/* How much of a body that nobody wants is read: web servers send all of it
 * before they look at the answer, and forget the answer if they cannot. */
#define DRAIN_BYTES ((size_t)64 * 1024 * 1024)
#define DRAIN_TIME 10000 /* milliseconds */
#define DRAIN_PAUSE 2000 /* without a single byte */

/* Up to `length` bytes; less when the web server ends before. */
static size_t
body_read(char *body, size_t length)
{
	size_t got = 0;

	while (got < length) {
		ssize_t n = read(STDIN_FILENO, body + got, length - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static void
body_drain(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t until = clock_monotonic() + DRAIN_TIME;
	size_t drained = 0;
	char waste[65536];

	while (drained < DRAIN_BYTES) {
		int64_t left = until - clock_monotonic();
		ssize_t n;

		if (left > DRAIN_PAUSE)
			left = DRAIN_PAUSE;
		if (left <= 0 || poll(&input, 1, (int)left) <= 0)
			return;
		n = read(STDIN_FILENO, waste, sizeof(waste));
		if (n <= 0)
			return;
		drained += (size_t)n;
	}
}

static bool
answer_write(const struct buf *out)
{
	size_t sent = 0;

	while (sent < out->len) {
		ssize_t n =
			write(STDOUT_FILENO, out->data + sent, out->len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* True unless some of the body was left unread. */
static bool
request_read(const struct gate_service *service, struct req *rq)
{
	int64_t limit = service->conf->server.body_limit;
	struct arena *mem = service->mem;
	int64_t arrived = clock_monotonic();
	struct gate_pair *pairs =
		arena_array(mem, GATE_PAIRS_LIMIT, sizeof(*pairs));
	size_t count, length;
	bool whole = gate_environment(mem, environ, pairs, &count);
	bool untold = gate_body_is_untold(pairs, count);
	enum err e = gate_body_length(getenv("CONTENT_LENGTH"), limit, &length);
	char *body;

	/* One byte more, so that what is too long is known to be. */
	if (untold)
		length = (size_t)limit + 1;
	body = arena_alloc(mem, length + 1);
	length = body_read(body, length);
	if (untold)
		gate_body_tell(mem, pairs, count, length);
	gate_request(rq, service, pairs, count,
		     (struct gate_body){body, length}, GATE_RESPONDER, arrived);
	if (!whole)
		rq->refused = ERR_BAD_REQUEST;
	return e == OK && length <= (size_t)limit;
}

int
gate_cgi(const struct gate_service *service)
{
	const struct config *conf = service->conf;
	struct arena *mem = service->mem;
	struct req rq;
	struct resp rs;
	struct buf out;
	bool read_whole;
	bool sent;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm((unsigned)conf->server.request_limit);
	read_whole = request_read(service, &rq);
	resp_init(&rs, mem);
	service->serve(service->worker, &rq, &rs);
	buf_init(&out, mem, 4096);
	resp_write(&rs, &out);
	sent = answer_write(&out);
	arena_reset(mem);
	if (!read_whole) {
		/* The web server sees the end of the answer at once. */
		(void)close(STDOUT_FILENO);
		(void)alarm(0);
		body_drain();
	}
	return sent ? 0 : 1;
}
