/* SPDX-License-Identifier: MIT */
#include "gate/fcgi_conn.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of replies that wait for a web server to read them. */
#define REPLIES_LIMIT ((size_t)64 * 1024)

void
conn_open(struct conn *c, int fd, struct fcgi_limits *limits)
{
	*c = (struct conn){.fd = fd};
	fcgi_reader_init(&c->reader, limits);
}

void
conn_close(struct conn *c)
{
	fcgi_reader_free(&c->reader);
	bytes_free(&c->out);
	(void)close(c->fd);
	c->fd = -1;
}

static bool
is_passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

bool
conn_read(struct conn *c, unsigned char *scratch, size_t size)
{
	ssize_t n = read(c->fd, scratch, size);

	if (n < 0)
		return is_passing(errno);
	if (n == 0) {
		c->ended = true;
		return true;
	}
	c->fresh = false;
	fcgi_reader_feed(&c->reader, scratch, (size_t)n);
	explicit_bzero(scratch, (size_t)n);
	return true;
}

bool
conn_is_writing(const struct conn *c)
{
	return c->out.len > c->out_at;
}

bool
conn_flush(struct conn *c)
{
	ssize_t n;

	if (!conn_is_writing(c))
		return true;
	n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at,
		 MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return is_passing(errno);
	c->out_at += (size_t)n;
	c->progress = true;
	if (conn_is_writing(c))
		return true;
	bytes_clear(&c->out, BYTES_KEPT);
	c->out_at = 0;
	return true;
}

bool
conn_send(struct conn *c, const void *bytes, size_t len)
{
	ssize_t n = 0;

	if (!conn_is_writing(c))
		n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0) {
		if (!is_passing(errno))
			return false;
		n = 0;
	}
	if ((size_t)n == len)
		return true;
	return bytes_add(&c->out, (const char *)bytes + n, len - (size_t)n);
}

bool
conn_reply(struct conn *c)
{
	struct bytes *replies = &c->reader.replies;
	bool done = true;

	if (replies->len > 0) {
		done = conn_send(c, replies->data, replies->len) &&
		       c->out.len - c->out_at <= REPLIES_LIMIT;
		bytes_clear(replies, 0);
	}
	return done;
}

void
conn_answered(struct conn *c)
{
	c->reader.ending = !c->reader.keep;
	fcgi_reader_finish(&c->reader);
	/* Closing at once would take the answer away from a web server that
	 * is still sending. */
	if (c->reader.ending && c->reader.phase == FCGI_DRAINING &&
	    !conn_is_writing(c))
		(void)shutdown(c->fd, SHUT_WR);
}

enum conn_wait
conn_waits(const struct conn *c)
{
	if (conn_is_writing(c))
		return CONN_WRITING;
	if (c->queued)
		return CONN_QUEUED;
	if (c->reader.phase == FCGI_DRAINING)
		return CONN_DRAINING;
	return fcgi_reader_rests(&c->reader) ? CONN_IDLE : CONN_ARRIVING;
}

bool
conn_is_done(const struct conn *c)
{
	if (c->reader.phase == FCGI_BROKEN)
		return true;
	if (conn_is_writing(c) || c->queued)
		return false;
	return c->ended ||
	       (c->reader.ending && c->reader.phase == FCGI_WAITING);
}

uint32_t
conn_events(const struct conn *c)
{
	uint32_t events = conn_is_writing(c) ? EPOLLOUT : 0;

	/* More replies must not pile up while the first ones wait; a body
	 * that is thrown away has to flow on, or the answer never arrives. */
	if (!c->ended &&
	    (!conn_is_writing(c) || c->reader.phase == FCGI_DRAINING))
		events |= EPOLLIN;
	return events;
}
