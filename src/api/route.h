/* SPDX-License-Identifier: MIT */
/* A row of routes.def as the dispatcher and the checks see it. */
#ifndef ROUTE_H
#define ROUTE_H

#include "api/api.h"
#include "core/limiter.h"

enum route_mount {
	MOUNT_JWKS,
	MOUNT_HEALTH,
	MOUNT_PROBE,
	MOUNT_METRICS,
	MOUNT_OPENAPI,
	MOUNT_DOCS,
	MOUNT_REDOC,
	MOUNT_AUTH,
	MOUNT_RESET,
	MOUNT_VERIFY,
	MOUNT_USERS,
	MOUNT_KEYS,
	MOUNT_ADMIN,
	MOUNT_LEAVE,
	MOUNT_BACKEND,
	MOUNT_PROVIDER,
	MOUNT_ASSOCIATE,
	MOUNT_GUARD,
	MOUNT_SETUP,
	MOUNT_CHANGE_PASSWORD,
	MOUNT_PAGE,
	MOUNT_PAGE_KEYS,
	MOUNT_PAGE_LEAVE,
	MOUNT_PAGE_RESET,
	MOUNT_PAGE_VERIFY,
	MOUNT_PAGE_ADMIN,
	MOUNT_PAGE_ADMIN_RESET,
	MOUNT_PAGE_ADMIN_VERIFY
};

enum route_who {
	WHO_ANYBODY,
	WHO_VISITOR,
	WHO_BACKEND_USER,
	WHO_USERS_USER,
	WHO_PROVIDER_USER,
	WHO_SUPERUSER,
	WHO_GUARDED,
	WHO_PAGE_VISITOR,
	WHO_PAGE_USER,
	WHO_PAGE_SUPERUSER
};

enum route_body { BODY_NONE, BODY_JSON, BODY_FORM, BODY_QUERY };

enum route_target { TARGET_NONE, TARGET_ID };

enum route_answer {
	ANSWER_OBJECT,
	ANSWER_NULL,
	ANSWER_NONE,
	ANSWER_LOGIN,
	ANSWER_LOGOUT,
	ANSWER_HIDDEN
};

#define ROUTE_PROBLEMS_LIMIT 12

struct route {
	enum method method;
	enum route_mount mount;
	const char *path;
	route_handler *handler;
	enum route_who who;
	enum route_body body;
	const struct schema *input; /* NULL: BODY_NONE */
	bool once;                  /* done once for each Idempotency-Key */
	enum route_target target;
	enum limit_kind limit;
	int status;
	enum route_answer answer;
	const struct schema *output; /* of ANSWER_OBJECT */
	const char *operation;
	enum err problems[ROUTE_PROBLEMS_LIMIT]; /* up to the first OK */
};

/* Whether it takes a superuser, who sees more of a user than others do. */
bool route_is_superusers(const struct route *r) NONNULL(1);

/* What of an API key's scope a request by this method needs there, of
 * core/api_key.h; 0: no key is taken. */
unsigned route_scope(const struct route *r, enum method m) NONNULL(1);

/* Whether a request by this method that carries our session cookie must come
 * from our own site. */
bool route_minds_origin(const struct config *conf, const struct route *r,
			enum method m) NONNULL(1, 2);

/* A row's number in routes.def, and back; NULL: there are not so many. */
size_t route_number(const struct route *r) NONNULL(1);
const struct route *route_at(size_t number);

/*
 * The checks that stand before a handler, driven by the row, in this order:
 * the origin of an unsafe request with our cookie (ERR_FORBIDDEN), how often
 * that was done from there (ERR_TOO_MANY_REQUESTS), who this
 * is (ERR_UNAUTHORIZED), whether he may (ERR_FORBIDDEN), whether the target
 * exists (ERR_NOT_FOUND). Fills c->user, c->token and c->target.
 */
enum err checks_run(struct call *c) NODISCARD NONNULL(1);

/* The token by which checks_run will recognise who asks, as far as that can be
 * told without the database. Of GET and HEAD alone. */
bool checks_foresee(const struct call *c, struct token *out)
	NODISCARD NONNULL(1, 2);

/* What the request carries by the backend's transport; NULL for nothing. */
const char *checks_token(const struct call *c, const struct backend_settings *b)
	NONNULL(1, 2);

/* The first backend, in order, whose token yields a user to `read`: fills
 * c->user and c->token. ERR_UNAUTHORIZED, ERR_REDIS_DOWN. */
typedef enum err token_reader(struct ctx *cx,
			      const struct backend_settings *backend,
			      const char *text, struct user *out,
			      struct token *token);
enum err checks_find_user(struct call *c, token_reader *read)
	NODISCARD NONNULL(1, 2);

/*
 * A path below our mount as a whole address, by the host that the request
 * names. NULL when it names no usable one.
 */
const char *route_own_url(const struct req *rq, const char *path) NONNULL(1, 2);

#endif
