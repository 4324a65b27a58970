/* SPDX-License-Identifier: MIT */
#include "ceiling.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 511
#define EVENTS 64

enum { PARAMS = 4, STDIN = 5, STDOUT = 6, END = 3, HEADER_SIZE = 8 };

static const char header[] = "Content-Type: application/json\r\n\r\n";
static const char query_name[] = "QUERY_STRING";

void
ceiling_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

int
ceiling_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 1 || n > 1000000) {
		errno = EINVAL;
		ceiling_fail(text);
	}
	return (int)n;
}

int
ceiling_listen(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		ceiling_fail(path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	(void)signal(SIGPIPE, SIG_IGN);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(path, 0666) != 0 || listen(fd, BACKLOG) != 0)
		ceiling_fail(path);
	return fd;
}

void
ceiling_fork(int count)
{
	int status = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			ceiling_fail("fork");
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			return;
		}
	}
	(void)wait(&status);
	_exit(1);
}

static unsigned char *
put_header(unsigned char *at, int type, size_t len, size_t padding)
{
	*at++ = 1;
	*at++ = (unsigned char)type;
	*at++ = 0;
	*at++ = 1; /* nginx has one request a connection, and calls it 1 */
	*at++ = (unsigned char)(len >> 8);
	*at++ = (unsigned char)len;
	*at++ = (unsigned char)padding;
	*at++ = 0;
	return at;
}

static unsigned char *
put(unsigned char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

void
ceiling_answer(struct ceiling_conn *c, const char *text, size_t len)
{
	static const char nothing[HEADER_SIZE];
	unsigned char out[CEILING_ANSWER_SIZE];
	unsigned char *at = out;

	if (c->fd < 0)
		return;
	at = put_header(at, STDOUT, sizeof(header) - 1 + len, 0);
	at = put(at, header, sizeof(header) - 1);
	at = put(at, text, len);
	at = put_header(at, END, HEADER_SIZE, 0);
	at = put(at, nothing, sizeof(nothing));
	/* Who has gone meanwhile is noticed when he is read from. */
	if (write(c->fd, out, (size_t)(at - out)) != at - out &&
	    errno != EPIPE && errno != ECONNRESET)
		ceiling_fail("write");
}

static unsigned char *
put_flag(unsigned char *at, const char *name, size_t len, bool truth)
{
	at = put(at, name, len);
	return truth ? put(at, "true", 4) : put(at, "false", 5);
}

#define PUT(at, text) put(at, text, sizeof(text) - 1)
#define PUT_FLAG(at, text, truth) put_flag(at, text, sizeof(text) - 1, truth)

void
ceiling_answer_user(struct ceiling_conn *c, const struct ceiling_user *u)
{
	unsigned char out[CEILING_ANSWER_SIZE / 2];
	unsigned char *at = out;

	if (u == NULL) {
		ceiling_answer(c, "null", 4);
		return;
	}
	at = PUT(at, "{\"id\":\"");
	at = put(at, u->id, (size_t)u->id_len);
	at = PUT(at, "\",\"email\":\"");
	at = put(at, u->email, (size_t)u->email_len);
	at = PUT_FLAG(at, "\",\"is_active\":", u->is_active);
	at = PUT_FLAG(at, ",\"is_superuser\":", u->is_superuser);
	at = PUT_FLAG(at, ",\"is_verified\":", u->is_verified);
	at = PUT(at, "}");
	ceiling_answer(c, (const char *)out, (size_t)(at - out));
}

static size_t
take_length(const unsigned char **at)
{
	const unsigned char *p = *at;

	if (*p < 128) {
		*at += 1;
		return *p;
	}
	*at += 4;
	return ((size_t)(p[0] & 127) << 24) | ((size_t)p[1] << 16) |
	       ((size_t)p[2] << 8) | p[3];
}

/* The request's query among its variables; the empty text without one. */
static const char *
find_query(const unsigned char *at, const unsigned char *end, int *len)
{
	*len = 0;
	while (at < end) {
		size_t name_len = take_length(&at);
		size_t value_len = take_length(&at);

		if (name_len == sizeof(query_name) - 1 &&
		    memcmp(at, query_name, name_len) == 0) {
			*len = (int)value_len;
			return (const char *)at + name_len;
		}
		at += name_len + value_len;
	}
	return "";
}

/*
 * Serves one whole request, if there is one, and tells how long it was: that
 * is when the empty record of its body has come.
 */
static size_t
take_request(struct ceiling_conn *c, const struct ceiling_service *service)
{
	const unsigned char *params = c->request;
	const unsigned char *params_end = params;
	size_t at = 0;

	while (c->len - at >= HEADER_SIZE) {
		const unsigned char *p = c->request + at;
		size_t len = (size_t)p[4] << 8 | p[5];
		size_t whole = HEADER_SIZE + len + p[6];

		if (c->len - at < whole)
			return 0;
		at += whole;
		if (p[1] == PARAMS && len > 0) {
			params = p + HEADER_SIZE;
			params_end = params + len;
		}
		if (p[1] == STDIN && len == 0) {
			int id_len;
			const char *id =
				find_query(params, params_end, &id_len);

			service->request(service->to, c, id, id_len);
			return at;
		}
	}
	return 0;
}

static void
conn_accept(int epoll_fd, int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
	struct ceiling_conn *c;
	struct epoll_event event = {.events = EPOLLIN};

	if (fd < 0)
		return;
	c = malloc(sizeof(*c));
	if (c == NULL)
		ceiling_fail("malloc");
	c->fd = fd;
	c->len = 0;
	event.data.ptr = c;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		ceiling_fail("epoll_ctl");
}

static void
conn_read(struct ceiling_conn *c, const struct ceiling_service *service)
{
	ssize_t n =
		read(c->fd, c->request + c->len, sizeof(c->request) - c->len);
	size_t taken;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		/* Its memory is kept: an answer may be on its way. */
		(void)close(c->fd);
		c->fd = -1;
		return;
	}
	c->len += (size_t)n;
	taken = take_request(c, service);
	if (taken < c->len)
		memmove(c->request, c->request + taken, c->len - taken);
	c->len -= taken;
}

static void
watch(int epoll_fd, int fd, void *tag, uint32_t how)
{
	struct epoll_event event = {.events = EPOLLIN | how, .data.ptr = tag};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		ceiling_fail("epoll_ctl");
}

void
ceiling_serve(int listen_fd, const struct ceiling_service *service)
{
	static char listener;
	static char other;
	struct epoll_event events[EVENTS];
	int epoll_fd = epoll_create1(0);

	if (epoll_fd < 0)
		ceiling_fail("epoll_create1");
	watch(epoll_fd, listen_fd, &listener, EPOLLEXCLUSIVE);
	if (service->readable != NULL)
		watch(epoll_fd, service->fd, &other, 0);
	for (;;) {
		int count = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			void *tag = events[i].data.ptr;

			if (tag == &listener)
				conn_accept(epoll_fd, listen_fd);
			else if (tag == &other)
				service->readable(service->to);
			else
				conn_read(tag, service);
		}
		if (service->batch != NULL)
			service->batch(service->to);
	}
}
