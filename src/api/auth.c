/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/route.h"
#include "base/log.h"
#include "core/account.h"
#include "core/sign_in.h"
#include "http/cookie.h"

/* OAuth2's password grant (RFC 6749, section 4.3), as a form. */
struct login {
	const char *grant_type;
	const char *username;
	const char *password;
	const char *scope;
	const char *client_id;
	const char *client_secret;
};

#define LOGIN_FIELD(member, necessity)                                         \
	.name = #member, .type = FIELD_TEXT, .need = (necessity),              \
	.offset = offsetof(struct login, member)

static const struct field login_fields[] = {
	{LOGIN_FIELD(grant_type, FIELD_OPTIONAL), .fixed = "password"},
	{LOGIN_FIELD(username, FIELD_REQUIRED)},
	{LOGIN_FIELD(password, FIELD_REQUIRED), .format = "password"},
	{LOGIN_FIELD(scope, FIELD_DEFAULTED), .initial = "\"\""},
	{LOGIN_FIELD(client_id, FIELD_OPTIONAL)},
	{LOGIN_FIELD(client_secret, FIELD_OPTIONAL), .format = "password"},
};

const struct schema login_schema = {.fields = login_fields,
				    .count = countof(login_fields)};

struct bearer {
	const char *access_token;
	const char *token_type;
};

#define BEARER_FIELD(member)                                                   \
	.name = #member, .type = FIELD_TEXT, .need = FIELD_REQUIRED,           \
	.offset = offsetof(struct bearer, member)

static const struct field bearer_fields[] = {
	{BEARER_FIELD(access_token)},
	{BEARER_FIELD(token_type)},
};

const struct schema bearer_schema = {.fields = bearer_fields,
				     .count = countof(bearer_fields)};

static void
send_bearer(struct resp *rs, const char *token)
{
	struct bearer bearer = {token, "bearer"};

	resp_json(rs, 200);
	object_render(&rs->body, &bearer_schema, &bearer);
}

static void
send_cookie(struct resp *rs, const struct backend_settings *b,
	    const char *token, int64_t max_age)
{
	struct cookie cookie = {
		.name = b->cookie_name,
		.value = token,
		.domain = b->cookie_domain,
		.path = b->cookie_path,
		.samesite = b->cookie_samesite,
		.max_age = max_age,
		.secure = b->cookie_secure,
		.httponly = b->cookie_httponly,
	};

	resp_empty(rs, 204);
	cookie_set(rs, &cookie);
}

static bool
is_bearer(const struct backend_settings *b)
{
	return strcmp(b->transport, "bearer") == 0;
}

enum err
login_answer(struct call *c)
{
	const struct backend_settings *b = c->backend;
	const char *token;

	TRY(sign_in_start(c->cx, b, &c->user, &token));
	if (is_bearer(b))
		send_bearer(c->rs, token);
	else
		send_cookie(c->rs, b, token, b->cookie_max_age);
	return OK;
}

/* POST …/login: 200 with the token, or 204 with the cookie. */
enum err
post_login(struct call *c)
{
	const struct backend_settings *b = c->backend;
	struct login in = {0};
	enum err e;

	TRY(input_read(c->rq, &c->input, &login_schema, c->rs, &in));
	e = account_authenticate(c->cx, in.username, in.password, &c->user);
	if (e == ERR_LOGIN_BAD_CREDENTIALS)
		log_event(LEVEL_INFO, log_is("login_refused"),
			  log_text("backend", b->title),
			  log_text("client", c->rq->remote_address));
	TRY(e);
	if (b->requires_verification && !c->user.is_verified)
		return ERR_LOGIN_USER_NOT_VERIFIED;
	return login_answer(c);
}

/*
 * The request may carry the user's sessions of several backends: the one by
 * which he was recognised need not be the one that the route names.
 */
static enum err
end_named(struct call *c)
{
	const char *text = checks_token(c, c->backend);
	struct user owner = {0};
	struct token named;
	enum err e;

	if (text == NULL || strcmp(text, c->token.text) == 0)
		return OK;
	e = sign_in_read(c->cx, c->backend, text, &owner, &named);
	if (e == ERR_BAD_TOKEN)
		return OK;
	TRY(e);
	return strcmp(owner.id, c->user.id) == 0 ? sign_in_end(c->cx, &named)
						 : OK;
}

void
sign_out_answer(struct call *c)
{
	if (is_bearer(c->backend))
		resp_empty(c->rs, 204);
	else
		send_cookie(c->rs, c->backend, "", 0);
}

/* POST …/logout: 204, and an empty cookie where there was one. */
enum err
post_logout(struct call *c)
{
	TRY(end_named(c));
	TRY(sign_in_end(c->cx, &c->token));
	log_event(LEVEL_INFO, log_is("logout"), log_text("user", c->user.id));
	sign_out_answer(c);
	return OK;
}
