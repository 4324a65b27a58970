/* SPDX-License-Identifier: MIT */
/* Personal API keys: a user's own, and those of others for superusers. */
#include <stddef.h>

#include "api/route.h"
#include "core/api_key.h"
#include "http/input_value.h"

/* A new key, as it is asked for. */
struct key_request {
	const char *name;
	const char *scope;
	struct field_value expires_in;
};

#define LIFETIME_LIMIT INT64_C(3153600000)

static const struct field_bounds lifetime_bounds = {
	.has_min = true,
	.has_max = true,
	.min = 1,
	.max = LIFETIME_LIMIT,
};

static const struct field key_fields[] = {
	{.name = "name",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct key_request, name)},
	{.name = "scope",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct key_request, scope)},
	{.name = "expires_in",
	 .type = FIELD_INTEGER,
	 .need = FIELD_OPTIONAL,
	 .is_value = true,
	 .bounds = &lifetime_bounds,
	 .offset = offsetof(struct key_request, expires_in)},
};

const struct schema api_key_create_schema = {.fields = key_fields,
					     .count = countof(key_fields)};
const struct schema api_key_schema = {0};
const struct schema api_key_list_schema = {0};

static struct actor
actor_of(const struct call *c)
{
	return (struct actor){
		.token = &c->token,
		.needs_verified =
			c->cx->conf->routes.users_require_verification,
		.needs_superuser = c->route->who == WHO_SUPERUSER,
	};
}

static enum err
render_list(struct call *c, const struct user *owner)
{
	struct key_row *rows;
	size_t count;

	TRY(api_key_list(c->cx, owner, &rows, &count));
	resp_json(c->rs, c->route->status);
	buf_char(&c->rs->body, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(&c->rs->body, ',');
		api_key_write(&c->rs->body, NULL, &rows[i], NULL);
	}
	buf_char(&c->rs->body, ']');
	return OK;
}

static enum err
revoke(struct call *c, const struct user *owner)
{
	const struct actor by = actor_of(c);

	TRY(api_key_revoke(c->cx, owner, c->key, &by));
	resp_empty(c->rs, c->route->status);
	return OK;
}

/* GET /users/me/keys: 200 with a list. */
enum err
get_my_keys(struct call *c)
{
	return render_list(c, &c->user);
}

/* POST /users/me/keys: 201 with the key, which is shown this once. */
enum err
post_my_key(struct call *c)
{
	const struct actor by = actor_of(c);
	struct key_request in = {0};
	struct api_key_wish wish;
	struct key_row row;
	const char *text;
	const char *why;
	enum err e;

	TRY(input_read(c->rq, &c->input, &api_key_create_schema, c->rs, &in));
	wish = (struct api_key_wish){in.name, in.scope, in.expires_in.number};
	e = api_key_create(c->cx, &c->user, &wish, &by, &row, &text, &why);
	if (e == ERR_API_KEY_INVALID)
		reason_detail(c->rs, e, why);
	TRY(e);
	resp_json(c->rs, c->route->status);
	api_key_write(&c->rs->body, NULL, &row, text);
	return OK;
}

/* DELETE /users/me/keys/{key}: 204. */
enum err
delete_my_key(struct call *c)
{
	return revoke(c, &c->user);
}

/* GET /users/{id}/keys: 200 with a list. */
enum err
get_keys(struct call *c)
{
	return render_list(c, &c->target);
}

/* DELETE /users/{id}/keys/{key}: 204. */
enum err
delete_key(struct call *c)
{
	return revoke(c, &c->target);
}
