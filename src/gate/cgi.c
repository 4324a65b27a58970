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

int
gate_cgi(const struct gate_service *service)
{
	const struct config *conf = service->conf;
	struct arena *mem = service->mem;
	int64_t arrived = clock_monotonic();
	struct gate_pair *pairs;
	struct req rq;
	struct resp rs;
	struct buf out;
	size_t count, length;
	char *body;
	enum err e;
	bool whole;
	bool sent;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm((unsigned)conf->server.request_limit);
	pairs = arena_array(mem, GATE_PAIRS_LIMIT, sizeof(*pairs));
	whole = gate_environment(mem, environ, pairs, &count);
	e = gate_body_length(getenv("CONTENT_LENGTH"), conf->server.body_limit,
			     &length);
	if (e != OK)
		length = 0;
	body = arena_alloc(mem, length + 1);
	length = body_read(body, length);
	gate_request(&rq, service, pairs, count, body, length, arrived);
	if (!whole)
		rq.refused = ERR_BAD_REQUEST;
	resp_init(&rs, mem);
	service->serve(service->worker, &rq, &rs);
	buf_init(&out, mem, 4096);
	resp_write(&rs, &out);
	sent = answer_write(&out);
	arena_reset(mem);
	if (e != OK) {
		/* The web server sees the end of the answer at once. */
		(void)close(STDOUT_FILENO);
		(void)alarm(0);
		body_drain();
	}
	return sent ? 0 : 1;
}
