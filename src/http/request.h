/* SPDX-License-Identifier: MIT */
/* One request, whatever carried it. Everything lives on its arena. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"

struct sign_in;

/* METHOD_OTHER is any method that no route knows; METHOD_ANY no request's, but
 * that of a route which takes every one. */
enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PATCH,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER,
	METHOD_ANY
};

/* Texts are NUL-terminated without inner NULs; NULL when a header is absent
 * unless said otherwise. Header values may hold any other byte. */
struct req {
	struct arena *mem;
	const struct config *conf;
	enum method method;
	const char *method_name;  /* never NULL */
	const char *mount;        /* "/account", or ""; never NULL */
	const char *path;         /* decoded, below the mount; never NULL */
	const char *query;        /* undecoded, "" when absent */
	const char *content_type; /* NULL when absent or empty */
	const char *authorization;
	const char *cookie;
	const char *host;
	const char *origin;
	const char *fetch_site; /* Sec-Fetch-Site */
	const char *if_none_match;
	const char *accept_language;
	const char *if_match;
	const char *idempotency_key;
	const char *require;      /* FCU_REQUIRE, which is no header */
	const char *require_here; /* what this worker demands; NULL: nothing */
	const char *metrics;      /* FCU_METRICS, neither */
	const char *request_id;   /* never NULL */
	/* What the web server serves, as far as it tells. */
	const char *document_root;
	const char *context_root;
	const char *remote_address; /* "" when unknown */
	/* The web server asks whether another request may go on (FastCGI's role
	 * Authorizer): path and method are that one's. It may have recognised
	 * somebody itself, perhaps by a password. */
	bool authorizer;
	const char *remote_user;
	const char *remote_password;
	bool https;
	const char *body; /* NUL behind body_len bytes; never NULL */
	size_t body_len;
	bool body_is_short; /* CONTENT_LENGTH told more, which did not come */
	int64_t arrived;    /* clock_monotonic milliseconds */
	enum err refused;   /* found at the gate: answer just this */
	/* Who asks, where that was read before its turn; else NULL. */
	const struct sign_in *foreseen;
};

/* METHOD_OTHER for anything unknown; names are case-sensitive (RFC 9110). */
enum method method_parse(const char *name) NONNULL(1);
const char *method_name(enum method m) RETURNS_NONNULL;

#endif
