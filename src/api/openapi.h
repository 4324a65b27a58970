/* SPDX-License-Identifier: MIT */
/*
 * The API's description of itself (OpenAPI 3.1), made from routes.def, the
 * schemas it names, the configuration and the kind of ids that users have, as
 * the reference describes an application with the same routers; and the pages
 * that show it.
 */
#ifndef OPENAPI_H
#define OPENAPI_H

#include "api/bound.h"
#include "store/user_id.h"

/* The document but for its last brace, so that servers can follow. */
struct openapi {
	const char *text; /* NULL until somebody asks */
	size_t len;
	const char *etag; /* in its quotes */
	enum user_id_kind ids;
	const char *const *operations; /* the id of each bound route's */
};

/* The pages under their settings. */
enum docs_page { PAGE_DOCS, PAGE_REDOC };

/* Whether the folder of www holds what the page cannot do without. */
bool docs_has_files(struct arena *mem, const struct config *conf,
		    enum docs_page page) NONNULL(1, 2);

/* "auth_jwt_login_auth_jwt_login_post": the operation's unique id, once the
 * document is being made. */
const char *openapi_operation_id(const struct api *api,
				 const struct bound_route *b)
	RETURNS_NONNULL NONNULL(1, 2);

/*
 * "Is Active" of "is_active", as Python's str.title() has it: a letter behind
 * anything but a letter is a capital, every other one is small.
 */
const char *openapi_title(struct arena *mem, const char *name)
	RETURNS_NONNULL NONNULL(1, 2);

/* The name under which `components` holds the body of a route's request. */
const char *openapi_input_name(const struct api *api,
			       const struct bound_route *b)
	RETURNS_NONNULL NONNULL(1, 2);

/* The same of what it answers with; NULL: it has no schema. */
const char *openapi_output_name(const struct api *api,
				const struct bound_route *b) NONNULL(1, 2);

/* The name of a schema that has one of its own, else NULL. */
const char *openapi_schema_name(const struct api *api, const struct schema *s)
	NONNULL(1, 2);

/* Where `components` holds the schema of that name. */
const char *openapi_schema_path(struct arena *mem, const char *name)
	RETURNS_NONNULL NONNULL(1, 2);

/* A member "schema" that is it; NULL: {}, there is nothing to say about it. */
void openapi_schema_ref(struct buf *out, const char *name) NONNULL(1);

/* What an answer with this problem is, where it is no ErrorModel, else NULL. */
const struct schema *openapi_problem_schema(enum err e);

/* Whether it takes somebody who is signed in. */
bool openapi_needs_user(const struct route *r) NONNULL(1);

/* Whether a request has a part in its path or its query that it reads. */
bool openapi_has_parameters(const struct route *r) NONNULL(1);

/* Whether it answers to the headers of conditions; to Idempotency-Key. */
bool openapi_is_conditional(const struct api *api, const struct route *r)
	NONNULL(1, 2);
bool openapi_is_once(const struct api *api, const struct route *r)
	NONNULL(1, 2);

/* Whether a request has a body that a schema describes. */
bool openapi_has_body(const struct bound_route *b) NONNULL(1);

/* Whether a success is a bearer token. */
bool openapi_sends_token(const struct bound_route *b) NONNULL(1);

/* Whether a success is described by a 204 as well, as that of a cookie is. */
bool openapi_is_cookie(const struct bound_route *b) NONNULL(1);

/* A member with the schema of one field: {"type": …, "title": …}. */
void openapi_field(struct buf *out, const struct api *api, const char *member,
		   const struct field *f) NONNULL(1, 2, 3, 4);

/* A member "responses": what the operation answers. */
void openapi_responses(struct buf *out, const struct api *api,
		       const struct bound_route *b) NONNULL(1, 2, 3);

/* The members "schemas" and "securitySchemes" of `components`. */
void openapi_schemas(struct buf *out, const struct api *api) NONNULL(1, 2);
void openapi_security_schemes(struct buf *out, const struct api *api)
	NONNULL(1, 2);

/* Whether a backend signs in by a cookie. */
bool openapi_has_cookies(const struct config *conf) NONNULL(1);

/* A member "security": any backend will do, or an API key where it may. */
void openapi_security(struct buf *out, const struct api *api,
		      const struct route *r) NONNULL(1, 2, 3);

#endif
