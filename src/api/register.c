/* SPDX-License-Identifier: MIT */
#include "api/bound.h"
#include "core/account.h"
#include "core/email.h"

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

/* POST /auth/register: 201 with the user. */
enum err
post_register(struct call *c)
{
	struct registration in = {0};
	struct signup signup = {.is_active = true};
	const struct custom_schemas *custom = &c->api->custom;
	struct field_value *more = custom_values_new(c->cx->mem, custom);
	const char *reason;
	enum err e;

	TRY(input_read_both(c->rq, &c->input, &register_schema, &in,
			    &custom->create, more, c->rs));
	signup.email = in.email;
	signup.password = in.password;
	signup.fields = custom_signup(c->cx->mem, custom, more);
	e = account_register(c->cx, &signup, &c->target, &reason);
	if (e == ERR_REGISTER_INVALID_PASSWORD)
		reason_detail(c->rs, e, reason);
	TRY(e);
	return user_render(c, &c->target);
}
