/* SPDX-License-Identifier: MIT */
#include "api/bound.h"
#include "core/account.h"
#include "core/email.h"
#include "http/router.h"

/* The flags are judged like everything else, and then have no say. */
struct registration {
	const char *email;
	const char *password;
	const bool *is_active;
	const bool *is_superuser;
	const bool *is_verified;
};

#define REGISTER_FIELD(member, kind, necessity)                                \
	.name = #member, .type = (kind), .need = (necessity),                  \
	.offset = offsetof(struct registration, member)

static const struct field register_fields[] = {
	{REGISTER_FIELD(email, FIELD_TEXT, FIELD_REQUIRED),
	 .normalise = email_normalise, .format = "email"},
	{REGISTER_FIELD(password, FIELD_TEXT, FIELD_REQUIRED)},
	{REGISTER_FIELD(is_active, FIELD_BOOL, FIELD_OPTIONAL),
	 .initial = "true"},
	{REGISTER_FIELD(is_superuser, FIELD_BOOL, FIELD_OPTIONAL),
	 .initial = "false"},
	{REGISTER_FIELD(is_verified, FIELD_BOOL, FIELD_OPTIONAL),
	 .initial = "false"},
};

const struct schema register_schema = {.fields = register_fields,
				       .count = countof(register_fields)};

/* The body of a new user; the flags count for an admin. */
static enum err
read_signup(struct call *c, const struct input *input, bool by_admin,
	    struct resp *rs, struct signup *out)
{
	struct registration in = {0};
	const struct custom_schemas *custom = &c->api->custom;
	struct field_value *more = custom_values_new(c->cx->mem, custom);

	TRY(input_read_both(c->rq, input, &register_schema, &in,
			    &custom->create, more, rs));
	*out = (struct signup){
		.email = in.email,
		.password = in.password,
		.is_active = true,
		.fields = custom_signup(c->cx->mem, custom, more, by_admin),
	};
	if (!by_admin)
		return OK;
	out->is_active = in.is_active == NULL || *in.is_active;
	out->is_superuser = in.is_superuser != NULL && *in.is_superuser;
	out->is_verified = in.is_verified != NULL && *in.is_verified;
	return OK;
}

enum err
signup_read(struct call *c, const struct input *input, struct resp *rs,
	    struct signup *out)
{
	return read_signup(c, input, true, rs, out);
}

static enum err
create(struct call *c, const struct signup *signup)
{
	const char *reason;
	enum err e = account_register(c->cx, signup, &c->target, &reason);

	if (e == ERR_REGISTER_INVALID_PASSWORD)
		reason_detail(c->rs, e, reason);
	TRY(e);
	return user_render(c, &c->target);
}

/* POST /auth/register: 201 with the user. */
enum err
post_register(struct call *c)
{
	struct signup signup;

	TRY(read_signup(c, &c->input, false, c->rs, &signup));
	return create(c, &signup);
}

/* POST /users: 201 with the user, who is what the flags say. */
enum err
post_users(struct call *c)
{
	const struct actor by = call_actor(c);
	struct signup signup;

	TRY(signup_read(c, &c->input, c->rs, &signup));
	signup.by = &by;
	TRY(create(c, &signup));
	resp_header(c->rs, "Location",
		    arena_printf(c->cx->mem, "%s%s/%s",
				 route_encode_path(c->cx->mem, c->rq->mount),
				 c->prefix, c->target.id));
	return OK;
}
