/* SPDX-License-Identifier: MIT */
/*
 * What the ceiling programs share: the least that answers FastCGI requests
 * over kept connections. They show what the machine allows, so they do nothing
 * that is not unavoidable, and take on trust what they read: from nginx alone,
 * requests without a body, whose variables fit one record.
 */
#ifndef CEILING_H
#define CEILING_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for any request and any answer of a benchmark. */
#define CEILING_REQUEST_SIZE 16384
#define CEILING_ANSWER_SIZE 1024

/* The columns that an answer about a user needs; whose it is, is known. */
#define CEILING_SELECT                                                         \
	"SELECT email, is_active, is_superuser, is_verified FROM \"user\""     \
	" WHERE id = $1"

struct ceiling_conn {
	int fd; /* -1: closed while its answer was being made */
	size_t len;
	unsigned char request[CEILING_REQUEST_SIZE];
};

struct ceiling_user {
	const char *id;
	int id_len;
	const char *email;
	int email_len;
	bool is_active;
	bool is_superuser;
	bool is_verified;
};

struct ceiling_service {
	/* One request, whose query is an id (not terminated). It is answered
	 * by ceiling_answer or ceiling_answer_user, at once or later. */
	void (*request)(void *to, struct ceiling_conn *c, const char *id,
			int id_len);
	/* NULL, or: called when all requests that were there have come. */
	void (*batch)(void *to);
	/* NULL, or: called when there is something to read on fd. */
	void (*readable)(void *to);
	int fd;
	void *to;
};

/* A listening unix socket that anybody may connect to. */
int ceiling_listen(const char *path);

/* Returns in `count` children, which end with their parent; the parent waits
 * for them and ends. */
void ceiling_fork(int count);

/* A whole number from the command line, or the end of the program. */
int ceiling_number(const char *text);

/* Ends the program, saying why. */
void ceiling_fail(const char *what) __attribute__((noreturn));

/* Serves for ever. */
void ceiling_serve(int listen_fd, const struct ceiling_service *service)
	__attribute__((noreturn));

/* Sends a header and this text (of less than CEILING_ANSWER_SIZE bytes with
 * all that goes around it) as the answer. */
void ceiling_answer(struct ceiling_conn *c, const char *text, size_t len);

/* The same with a user as JSON; NULL: there is no such user. */
void ceiling_answer_user(struct ceiling_conn *c, const struct ceiling_user *u);

#endif
