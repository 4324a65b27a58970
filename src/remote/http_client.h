/* SPDX-License-Identifier: MIT */
/*
 * One request to another server in, one bounded answer out. TLS is verified;
 * no redirects are followed; neither proxies, .netrc nor cookies are used;
 * every address is judged at the moment of connecting. Connections are kept
 * between requests.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define HTTP_SIZE_LIMIT ((size_t)256 * 1024)

struct http_client;

struct http_client_settings {
	int64_t time_limit;    /* milliseconds, for all of one request */
	int64_t connect_limit; /* milliseconds, of which TLS is a part */
	size_t size_limit;     /* bytes of an answer's body; 0: the default */
	const char *ca_file;   /* certificates to trust; "": the system's */
	bool allow_http;       /* else https only */
	bool allow_private;    /* else public addresses only */
};

struct http_request {
	const char *method; /* "GET", "POST" */
	const char *url;
	const char *const *headers; /* "Name: value" each */
	size_t header_count;
	const char *body; /* NULL: none */
	size_t body_len;
	bool connect_only; /* nothing is sent, and there is no answer */
	int64_t deadline;  /* clock_monotonic milliseconds, where it is nearer
			    * than the time limit; 0: it never is */
};

/* Lives on the arena of the request. */
struct http_answer {
	int status;
	const char *content_type; /* "" when it has none */
	const char *body;         /* NUL behind body_len bytes */
	size_t body_len;
	const char *why; /* after ERR_REMOTE */
};

/*
 * One for a process, opened after the fork and before the sandbox. Texts of the
 * settings are borrowed. Heap; http_client_close frees, NULL is allowed.
 * ERR_INTERNAL.
 */
enum err http_client_open(const struct http_client_settings *settings,
			  struct http_client **out) NODISCARD NONNULL(1, 2);
void http_client_close(struct http_client *c);

/*
 * OK for a whole answer of any status. ERR_REMOTE when there is none, when it
 * is too late, too large or no HTTP, or when the address is not allowed; a log
 * line says why, and names the host alone.
 */
enum err http_client_send(struct http_client *c, struct arena *mem,
			  const struct http_request *rq,
			  struct http_answer *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Whether http_client_send would take the address: a URL with a host, https
 * or, when allowed, http, without a user's name. */
bool http_url_is_fit(const char *url, bool allow_http) NONNULL(1);

#endif
