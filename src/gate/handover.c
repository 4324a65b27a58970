/* SPDX-License-Identifier: MIT */
#include "gate/handover.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

bool
handover_open(struct handover *h)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0, pair) < 0)
		return false;
	h->send = pair[0];
	h->receive = pair[1];
	return true;
}

void
handover_close(struct handover *h)
{
	if (h->send < 0)
		return;
	(void)close(h->send);
	(void)close(h->receive);
	h->send = -1;
	h->receive = -1;
}

bool
handover_give(const struct handover *h, int fd, int64_t arrived)
{
	union control control = {0};
	struct iovec part = {.iov_base = &arrived, .iov_len = sizeof(arrived)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (h->send < 0)
		return false;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(h->send, &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)sizeof(arrived);
}

int
handover_take(const struct handover *h, int64_t *arrived)
{
	union control control = {0};
	struct iovec part = {.iov_base = arrived, .iov_len = sizeof(*arrived)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *head;
	int fd = -1;

	if (h->receive < 0 ||
	    recvmsg(h->receive, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) !=
		    (ssize_t)sizeof(*arrived))
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head != NULL && head->cmsg_level == SOL_SOCKET &&
	    head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}
