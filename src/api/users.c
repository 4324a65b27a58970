/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/etag.h"
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
read_change(struct call *c, const struct input *input, bool by_admin,
	    struct resp *rs, struct account_change *out)
{
	const struct custom_schemas *custom = &c->api->custom;
	struct field_value *more = custom_values_new(c->cx->mem, custom);

	TRY(input_read_both(c->rq, input, &change_schema, out, &custom->change,
			    more, rs));
	out->fields = custom_change(c->cx->mem, custom, more, by_admin);
	return OK;
}

enum err
change_read(struct call *c, const struct input *input, struct resp *rs,
	    struct account_change *out)
{
	return read_change(c, input, true, rs, out);
}

/* A form says it within. */
static const struct precondition *
expected(const struct call *c)
{
	if (c->form_tag != NULL)
		return etag_expected_as(c, c->form_tag);
	return c->rq->method == METHOD_POST ? NULL : etag_expected(c);
}

struct actor
call_actor(const struct call *c)
{
	return (struct actor){
		.expects = expected(c),
		.token = &c->token,
		.needs_verified =
			c->cx->conf->routes.users_require_verification,
		.needs_superuser = route_is_superusers(c->route),
	};
}

static enum err
change_user(struct call *c, const struct user *before,
	    const struct account_change *change)
{
	const struct actor by = call_actor(c);
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

	TRY(read_change(c, &c->input, false, c->rs, &in));
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

	TRY(change_read(c, &c->input, c->rs, &in));
	return change_user(c, &c->target, &in);
}

/* What must be said to delete oneself. */
struct farewell {
	const char *password;
};

static const struct field farewell_fields[] = {
	{.name = "password",
	 .type = FIELD_TEXT,
	 .need = FIELD_OPTIONAL,
	 .offset = offsetof(struct farewell, password),
	 .format = "password",
	 .help = "The current one; not needed just after signing in."},
};

const struct schema farewell_schema = {.fields = farewell_fields,
				       .count = countof(farewell_fields),
				       .is_loose = true};

/* A stolen session must not be enough. */
static enum err
prove_presence(struct call *c, const char *password)
{
	int64_t age = c->cx->now - c->token.issued_at;
	struct user proved = {0};

	if (password == NULL)
		return c->token.issued_at > 0 &&
				       age <= c->cx->conf->users.delete_me_fresh
			       ? OK
			       : ERR_DELETE_ME_NEEDS_PASSWORD;
	TRY(account_authenticate(c->cx, c->user.email, password, &proved));
	return strcmp(proved.id, c->user.id) == 0 ? OK
						  : ERR_LOGIN_BAD_CREDENTIALS;
}

static enum err
delete_one(struct call *c, const struct user *u)
{
	const struct actor by = call_actor(c);
	const char *reason;
	enum err e = account_delete(c->cx, u, &by, &reason);

	if (e == ERR_DELETE_USER_REFUSED)
		reason_detail(c->rs, e, reason);
	TRY(e);
	resp_empty(c->rs, c->route->status);
	return OK;
}

/* DELETE /users/me: 204. */
enum err
delete_me(struct call *c)
{
	struct farewell in = {0};

	TRY(input_read(c->rq, &c->input, &farewell_schema, c->rs, &in));
	TRY(prove_presence(c, in.password));
	return delete_one(c, &c->user);
}

/* DELETE /users/{id}: 204. */
enum err
delete_user(struct call *c)
{
	return delete_one(c, &c->target);
}
