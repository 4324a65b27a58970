/* SPDX-License-Identifier: MIT */
/*
 * How requests arrive. The gate is handed a function that answers; it knows
 * no rules and no routes.
 */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

/*
 * What serves: `serve` answers one request into *rs (rs is initialised on
 * rq->mem; it must not fail). `foresee` is told of requests that wait, before
 * the first of them is served, and may read what they will need, into memory
 * that is kept until the last one is (NULL: no need). `idle` is called now and
 * then when there is nothing to do (NULL: no need).
 */
/* As FastCGI numbers them. */
enum gate_role { GATE_RESPONDER = 1, GATE_AUTHORIZER = 2 };

struct gate_service {
	void (*serve)(void *worker, struct req *rq, struct resp *rs);
	void (*foresee)(void *worker, struct req *const *requests, size_t count,
			struct arena *mem);
	void (*idle)(void *worker);
	void *worker;
	const struct config *conf;
	struct arena *mem; /* reset by the gate after each request */
	/* What whoever started this demands of those whom it lets in, like
	 * FCU_REQUIRE; NULL: nothing. */
	const char *require;
};

/*
 * The variables of RFC 3875 as name-value pairs, plus the body, become a
 * request. Values may hold any byte but NUL. Faults (bad CONTENT_LENGTH, a
 * body over the limit or longer than told, Transfer-Encoding, …) end up in
 * rq->refused; a body that is shorter is for the route to judge. An Authorizer
 * (FastCGI 1.0, section 6.3) is asked about another request: the variables are
 * that one's, and neither its path nor its body is judged.
 */
#define GATE_PAIRS_LIMIT ((size_t)1000)
struct gate_pair {
	const char *name;
	const char *value;
};
struct gate_body {
	const char *bytes; /* NULL: none */
	size_t len;
};
void gate_request(struct req *rq, const struct gate_service *service,
		  const struct gate_pair *pairs, size_t count,
		  struct gate_body body, enum gate_role role, int64_t arrived)
	NONNULL(1, 2);

/* An environment as pairs; what is no pair is left out. False when there are
 * more: what the rest demands is not known then, and the request is refused. */
bool gate_environment(struct arena *mem, char **envp,
		      struct gate_pair pairs[GATE_PAIRS_LIMIT], size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Decides from CONTENT_LENGTH how much body to wait for: OK with *length
 * (0 when absent or empty), ERR_CONTENT_TOO_LARGE, or ERR_BAD_REQUEST.
 */
enum err gate_body_length(const char *content_length, int64_t limit,
			  size_t *length) NODISCARD NONNULL(3);

/*
 * Whether the body came in pieces (Transfer-Encoding), which the web server put
 * together without telling a length. A gate that knows where the body ends by
 * other means reads it to there; `tell` then puts that length in the place of
 * the transfer coding, which would be refused.
 */
bool gate_body_is_untold(const struct gate_pair *pairs, size_t count) NODISCARD;
void gate_body_tell(struct arena *mem, struct gate_pair *pairs, size_t count,
		    size_t body_len) NONNULL(1);

/* One request from the environment and standard input. Exit status. */
int gate_cgi(const struct gate_service *service) NONNULL(1);

/* Whether descriptor 0 is a listening socket (spawn-fcgi, mod_fcgid). */
bool gate_is_fastcgi(void);
/* Serves the socket on descriptor 0 by libfcgi until told to stop. */
int gate_libfcgi(const struct gate_service *service) NONNULL(1);

#endif
