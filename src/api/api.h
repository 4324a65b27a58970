/* SPDX-License-Identifier: MIT */
/* Requests in, answers out: dispatch, and what all handlers share. */
#ifndef API_H
#define API_H

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/token.h"
#include "http/input.h"
#include "http/request.h"
#include "http/response.h"
#include "store/user.h"

struct api;
struct route;

/* The routes bound to the configured prefixes. Heap; api_close frees. The
 * configuration must outlive it. */
struct api *api_open(const struct config *conf) RETURNS_NONNULL NONNULL(1);
void api_close(struct api *api);

/* Answers one request; cx->mem is the request's arena. Never fails. */
void api_serve(const struct api *api, struct ctx *cx, struct req *rq,
	       struct resp *rs) NONNULL(1, 2, 3, 4);

/*
 * Reads in one go who sent these requests, which wait to be served. cx->mem
 * has to live until the last of them is. It is only ever a saving: what is not
 * foreseen is found by api_serve.
 */
void api_foresee(const struct api *api, struct ctx *cx,
		 struct req *const *requests, size_t count) NONNULL(1, 2, 3);

/* One request on its way through checks and handler. */
struct call {
	const struct api *api;
	struct ctx *cx;
	const struct req *rq;
	struct resp *rs;
	const struct route *route;
	const char *operation; /* its name, filled in; NULL before a match */
	const char *prefix;    /* what the route is mounted under */
	const struct backend_settings *backend;   /* of a BACKEND or PROVIDER
						   * route */
	const struct provider_settings *provider; /* of a PROVIDER or ASSOCIATE
						   * route */
	struct input input;
	const char *form_secret; /* that page_token goes by; NULL: not yet */
	const char *form_tag;    /* which state of the target a page's form
				  * means; NULL: any */
	const char *id;          /* what stands for {id}, NULL without */
	const char *key;         /* the same for {key} */
	struct user user;        /* who asks; id is NULL for nobody */
	struct token token;      /* by which he was recognised */
	struct user target;      /* whom {id} names */
};

typedef enum err route_handler(struct call *c);

/* The handlers of routes.def. */
#define ROUTE(method, mount, path, handler, ...) route_handler handler;
#include "api/routes.def"
#undef ROUTE

/* The schemas of its bodies and queries, each beside the handler that reads it.
 */
extern const struct schema pages_schema;
extern const struct schema login_schema;
extern const struct schema register_schema;
extern const struct schema change_schema;
extern const struct schema farewell_schema;
extern const struct schema list_schema;
extern const struct schema batch_create_schema;
extern const struct schema batch_change_schema;
extern const struct schema batch_change_item_schema;
extern const struct schema authorize_schema;
extern const struct schema callback_schema;
extern const struct schema address_schema;
extern const struct schema api_key_create_schema;
extern const struct schema reset_schema;
extern const struct schema verify_schema;
extern const struct schema setup_schema;

/*
 * The schemas of its answers, for object_render: a text's offset is that of
 * a const char *, a flag's that of a bool.
 */
extern const struct schema user_schema;      /* of struct user */
extern const struct schema user_page_schema; /* of a list of users */
extern const struct schema batch_schema;     /* of what became of many users */
extern const struct schema batch_result_schema;
extern const struct schema batch_refusal_schema; /* of why none was done */
extern const struct schema batch_not_applied_schema;
extern const struct schema bearer_schema; /* of what post_login sends */
extern const struct schema authorization_schema;
/* Of these the description is written by hand. */
extern const struct schema jwks_schema;
extern const struct schema api_key_schema;
extern const struct schema api_key_list_schema;

/* `from`, a struct that the schema's offsets are of, as a JSON object. */
void object_render(struct buf *out, const struct schema *schema,
		   const void *from) NONNULL(1, 2, 3);

/* The user as the contract shows him to a superuser, as JSON. */
void user_show(struct buf *out, const struct user *u) NONNULL(1, 2);

/* Answers with the row's status and the user as the contract shows him, with
 * his accounts at providers where they are shown. */
enum err user_render(struct call *c, const struct user *u)
	NODISCARD NONNULL(1, 2);

/* The same as JSON alone, in a buffer that is begun here. */
enum err user_write(const struct call *c, const struct user *u, struct buf *out)
	NODISCARD NONNULL(1, 2, 3);

/* A session of the backend for c->user, and the transport's answer. */
enum err login_answer(struct call *c) NODISCARD NONNULL(1);

/* The transport's answer to who has been signed out of c->backend. */
void sign_out_answer(struct call *c) NONNULL(1);

/* The mail that post_request_verify sends, asked for this address. */
enum err request_verify_for(struct call *c, const char *email)
	NODISCARD NONNULL(1, 2);

/* The mail that post_forgot_password sends, likewise. */
enum err request_reset_for(struct call *c, const char *email)
	NODISCARD NONNULL(1, 2);

/* The detail of a refusal with a reason: {"code": …, "reason": …}. */
void reason_detail(struct resp *rs, enum err e, const char *reason)
	NONNULL(1, 3);

#endif
