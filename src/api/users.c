/* SPDX-License-Identifier: MIT */
#include "api/bound.h"
#include "core/account.h"
#include "core/email.h"

#define CHANGE_FIELD(member, kind)                                             \
	.name = #member, .type = (kind), .need = FIELD_OPTIONAL,               \
	.offset = offsetof(struct account_change, member)

/* The order is that of the contract's 422. */
static const struct field change_fields[] = {
	{CHANGE_FIELD(password, FIELD_TEXT)},
	{CHANGE_FIELD(email, FIELD_TEXT), .normalise = email_normalise,
	 .format = "email"},
	{CHANGE_FIELD(is_active, FIELD_BOOL)},
	{CHANGE_FIELD(is_superuser, FIELD_BOOL)},
	{CHANGE_FIELD(is_verified, FIELD_BOOL)},
};

const struct schema change_schema = {.fields = change_fields,
				     .count = countof(change_fields)};

/* The body of a PATCH, and what of the configured fields it changes. */
static enum err
read_change(struct call *c, bool by_admin, struct account_change *out)
{
	const struct custom_schemas *custom = &c->api->custom;
	struct field_value *more = custom_values_new(c->cx->mem, custom);

	TRY(input_read_both(c->rq, &c->input, &change_schema, out,
			    &custom->change, more, c->rs));
	out->fields = custom_change(c->cx->mem, custom, more, by_admin);
	return OK;
}

/* Whoever asks, and what the row wants of him. */
static struct actor
actor_of(const struct call *c)
{
	return (struct actor){
		.token = &c->token,
		.needs_verified =
			c->cx->conf->routes.users_require_verification,
		.needs_superuser = c->target.id != NULL,
	};
}

static enum err
change_user(struct call *c, const struct user *before,
	    const struct account_change *change)
{
	const struct actor by = actor_of(c);
	struct user after = {0};
	const char *reason;
	enum err e =
		account_update(c->cx, before, change, &by, &after, &reason);

	if (e == ERR_UPDATE_USER_INVALID_PASSWORD)
		reason_detail(c->rs, e, reason);
	TRY(e);
	return user_render(c, &after);
}

/* GET /users/me: 200 with the user. */
enum err
get_me(struct call *c)
{
	return user_render(c, &c->user);
}

/* PATCH /users/me: 200 with the user; flags are judged and ignored. */
enum err
patch_me(struct call *c)
{
	struct account_change in = {0};
	struct account_change safe = {0};

	TRY(read_change(c, false, &in));
	safe.email = in.email;
	safe.password = in.password;
	safe.fields = in.fields;
	return change_user(c, &c->user, &safe);
}

/* GET /users/{id}: 200 with the user. */
enum err
get_user(struct call *c)
{
	return user_render(c, &c->target);
}

/* PATCH /users/{id}: 200 with the user. */
enum err
patch_user(struct call *c)
{
	struct account_change in = {0};

	TRY(read_change(c, true, &in));
	return change_user(c, &c->target, &in);
}

/* DELETE /users/{id}: 204. */
enum err
delete_user(struct call *c)
{
	const struct actor by = actor_of(c);
	const char *reason;
	enum err e = account_delete(c->cx, &c->target, &by, &reason);

	if (e == ERR_DELETE_USER_REFUSED)
		reason_detail(c->rs, e, reason);
	TRY(e);
	resp_empty(c->rs, c->route->status);
	return OK;
}
