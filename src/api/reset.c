/* SPDX-License-Identifier: MIT */
#include "core/reset.h"

#include "api/route.h"
#include "core/email.h"
#include "core/event.h"

/* Who wants a token; of request-verify-token, too. */
struct address {
	const char *email;
};

static const struct field address_fields[] = {
	{.name = "email",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct address, email),
	 .normalise = email_normalise,
	 .format = "email"},
};

const struct schema address_schema = {.fields = address_fields,
				      .count = countof(address_fields),
				      .is_loose = true};

struct new_password {
	const char *token;
	const char *password;
};

#define RESET_FIELD(member)                                                    \
	.name = #member, .type = FIELD_TEXT, .need = FIELD_REQUIRED,           \
	.offset = offsetof(struct new_password, member)

static const struct field reset_fields[] = {
	{RESET_FIELD(token)},
	{RESET_FIELD(password)},
};

const struct schema reset_schema = {.fields = reset_fields,
				    .count = countof(reset_fields),
				    .is_loose = true};

/* "null": nothing tells whether anybody has the address. */
static void
say_null(struct call *c)
{
	resp_json(c->rs, c->route->status);
	buf_text(&c->rs->body, "null");
}

/*
 * The address is not looked up here, or the time would tell: the courier
 * does that.
 */
static enum err
request_token(struct call *c, enum event e)
{
	struct address in = {0};

	TRY(input_read(c->rq, &c->input, &address_schema, c->rs, &in));
	TRY(event_request(c->cx, e, in.email));
	say_null(c);
	return OK;
}

/* POST /auth/forgot-password: 202 with null. */
enum err
post_forgot_password(struct call *c)
{
	return request_token(c, EVENT_AFTER_FORGOT_PASSWORD);
}

enum err
request_verify_for(struct call *c, const char *email)
{
	return event_request(c->cx, EVENT_AFTER_REQUEST_VERIFY, email);
}

/* POST /auth/request-verify-token: 202 with null. */
enum err
post_request_verify(struct call *c)
{
	return request_token(c, EVENT_AFTER_REQUEST_VERIFY);
}

enum err
request_reset_for(struct call *c, const char *email)
{
	return event_request(c->cx, EVENT_AFTER_FORGOT_PASSWORD, email);
}

/* POST /auth/reset-password: 200 with null. */
enum err
post_reset_password(struct call *c)
{
	struct new_password in = {0};
	const char *reason;
	enum err e;

	TRY(input_read(c->rq, &c->input, &reset_schema, c->rs, &in));
	e = reset_password(c->cx, in.token, in.password, &reason);
	if (e == ERR_RESET_PASSWORD_INVALID_PASSWORD)
		reason_detail(c->rs, e, reason);
	TRY(e);
	say_null(c);
	return OK;
}
