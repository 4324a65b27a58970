/* SPDX-License-Identifier: MIT */
#include "remote/resolver.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include <arpa/inet.h>

#include <ares.h>

#include "base/clock.h"

/* Milliseconds for one try at a name server, of which there are TRIES. */
#define TRY_LIMIT 2000
#define TRIES 2

struct look_up {
	struct addresses *out;
	int status;
	bool done;
};

static void
add_address(struct addresses *out, const struct sockaddr *address)
{
	char *text = out->text[out->count];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	const char *made = NULL;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		made = inet_ntop(AF_INET, &v4.sin_addr, text,
				 sizeof(out->text[0]));
	} else if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		made = inet_ntop(AF_INET6, &v6.sin6_addr, text,
				 sizeof(out->text[0]));
	}
	if (made != NULL)
		out->count++;
}

static void
take_addresses(void *to, int status, int timeouts, struct ares_addrinfo *found)
{
	struct look_up *l = to;

	(void)timeouts;
	l->status = status;
	l->done = true;
	if (found == NULL)
		return;
	for (const struct ares_addrinfo_node *n = found->nodes;
	     n != NULL && l->out->count < ADDRESSES_LIMIT; n = n->ai_next)
		add_address(l->out, n->ai_addr);
	ares_freeaddrinfo(found);
}

/* Waits for whatever c-ares waits for, at most until the deadline. */
static void
step(ares_channel channel, int64_t left)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd fds[ARES_GETSOCK_MAXNUM];
	int wanted = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	struct timeval most = {.tv_sec = (time_t)(left / 1000),
			       .tv_usec = (suseconds_t)(left % 1000) * 1000};
	struct timeval buffer;
	const struct timeval *wait = ares_timeout(channel, &most, &buffer);
	nfds_t count = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool reads = ARES_GETSOCK_READABLE(wanted, i);
		bool writes = ARES_GETSOCK_WRITABLE(wanted, i);

		if (reads || writes)
			fds[count++] = (struct pollfd){
				.fd = sockets[i],
				.events = (short)((reads ? POLLIN : 0) |
						  (writes ? POLLOUT : 0)),
			};
	}
	(void)poll(fds, count,
		   (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents != 0)
			ares_process_fd(channel, fds[i].fd, fds[i].fd);
}

/* Anew for each look-up, so that a resolv.conf that changes is followed. */
static int
channel_open(const char *servers, ares_channel *out)
{
	struct ares_options options = {.timeout = TRY_LIMIT, .tries = TRIES};
	int status = ares_init_options(out, &options,
				       ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);

	if (status == ARES_SUCCESS && servers != NULL) {
		status = ares_set_servers_ports_csv(*out, servers);
		if (status != ARES_SUCCESS)
			ares_destroy(*out);
	}
	return status;
}

enum err
resolver_find(const char *host, const char *servers, int64_t deadline,
	      struct addresses *out, const char **why)
{
	const struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
	struct look_up l = {.out = out};
	ares_channel channel;
	int64_t left;
	int status = channel_open(servers, &channel);

	*out = (struct addresses){0};
	if (status != ARES_SUCCESS) {
		*why = ares_strerror(status);
		return ERR_REMOTE;
	}
	ares_getaddrinfo(channel, host, NULL, &hints, take_addresses, &l);
	while (!l.done) {
		left = deadline - clock_monotonic();
		if (left <= 0)
			break;
		step(channel, left);
	}
	/* Ends what is still under way, and says so to take_addresses. */
	ares_destroy(channel);
	*why = l.status == ARES_EDESTRUCTION ? "no name server answers in time"
	       : l.status == ARES_SUCCESS    ? "the name has no address"
					     : ares_strerror(l.status);
	return out->count > 0 ? OK : ERR_REMOTE;
}
