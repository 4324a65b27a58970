/* SPDX-License-Identifier: MIT */
#include "gate/fcgi_loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PAUSE 200 /* milliseconds, when descriptors have run out */
#define ACCEPT_BATCH 64

/* Of the workers that sleep, one is woken for each arrival. */
#define DOOR_EVENTS (EPOLLIN | EPOLLEXCLUSIVE)

static void
doors_watch(struct loop *l)
{
	l->open = loop_watch(l, l->post->listen_fd, &l->listener, DOOR_EVENTS);
	if (l->open && l->post->handover.receive >= 0)
		l->open = loop_watch(l, l->post->handover.receive, &l->channel,
				     DOOR_EVENTS);
}

static void
doors_unwatch(struct loop *l)
{
	l->open = false;
	loop_unwatch(l, l->post->listen_fd);
	if (l->post->handover.receive >= 0)
		loop_unwatch(l, l->post->handover.receive);
}

void
doors_tend(struct loop *l)
{
	bool wanted = l->mode == MODE_SERVING && loop_has_room(l) &&
		      l->now >= l->accept_again;

	if (wanted && !l->open)
		doors_watch(l);
	else if (!wanted && l->open)
		doors_unwatch(l);
}

bool
doors_are_pressed(const struct loop *l)
{
	struct pollfd doors[] = {
		{.fd = l->post->listen_fd, .events = POLLIN},
		/* -1 where there is none, which is passed over. */
		{.fd = l->post->handover.receive, .events = POLLIN},
	};

	return l->mode == MODE_SERVING && l->count == l->limits.connections &&
	       poll(doors, countof(doors), 0) > 0;
}

static bool
channel_take(struct loop *l)
{
	int64_t arrived = 0;
	int fd = loop_has_room(l) ? handover_take(&l->post->handover, &arrived)
				  : -1;

	/* One that only changes hands was heard of before. */
	if (fd >= 0)
		loop_adopt(l, fd, arrived, arrived != 0);
	return fd >= 0;
}

void
doors_take(struct loop *l)
{
	while (channel_take(l) && l->first == NULL)
		continue;
}

/* -1 when nobody waits or there is no room. */
static int
listener_next(struct loop *l)
{
	int fd;

	if (!loop_has_room(l))
		return -1;
	fd = accept4(l->post->listen_fd, NULL, NULL,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		       errno == ENOMEM))
		l->accept_again = l->now + ACCEPT_PAUSE;
	return fd;
}

/*
 * The kernel wakes the sleeper that has watched a socket longest; watching
 * it anew makes the workers take turns.
 */
static void
listener_requeue(struct loop *l)
{
	loop_unwatch(l, l->post->listen_fd);
	/* doors_tend tries again. */
	if (!loop_watch(l, l->post->listen_fd, &l->listener, DOOR_EVENTS))
		doors_unwatch(l);
}

/*
 * Usually one at a time, so that others get theirs. After a long request
 * everybody who has come meanwhile is let in, so that each waits from a known
 * moment on; whoever would have to queue here goes to the first free worker.
 */
void
doors_accept(struct loop *l)
{
	int left = l->late ? ACCEPT_BATCH : 1;
	int fd;

	while (left-- > 0 && (fd = listener_next(l)) >= 0) {
		if (l->first != NULL &&
		    handover_give(&l->post->handover, fd, l->now))
			(void)close(fd);
		else
			loop_adopt(l, fd, 0, true);
	}
	listener_requeue(l);
}

/* A wake-up meant for all may have come to this worker alone. */
void
doors_leave(struct loop *l, enum loop_mode mode)
{
	int fd;

	doors_unwatch(l);
	while ((fd = listener_next(l)) >= 0)
		loop_adopt(l, fd, 0, true);
	(void)close(l->post->listen_fd);
	while (mode == MODE_STOPPING && channel_take(l))
		continue;
}
