/* SPDX-License-Identifier: MIT */
#include "core/oauth.h"

#include <string.h>

#include "api/page.h"
#include "base/json.h"
#include "base/log.h"
#include "http/cookie.h"

/* What a browser is sent away with. */
struct authorization {
	const char *authorization_url;
};

static const struct field authorization_fields[] = {
	{.name = "authorization_url",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct authorization, authorization_url)},
};

const struct schema authorization_schema = {
	.fields = authorization_fields, .count = countof(authorization_fields)};

struct authorize {
	struct text_list scopes;
};

static const struct field authorize_fields[] = {
	{.name = "scopes",
	 .type = FIELD_LIST,
	 .need = FIELD_DEFAULTED,
	 .offset = offsetof(struct authorize, scopes)},
};

const struct schema authorize_schema = {.fields = authorize_fields,
					.count = countof(authorize_fields)};

/* What a provider sends a browser back with. */
struct callback {
	const char *code;
	const char *code_verifier;
	const char *state;
	const char *error;
	const char *iss;
};

#define CALLBACK_FIELD(member)                                                 \
	.name = #member, .type = FIELD_TEXT, .need = FIELD_OPTIONAL,           \
	.offset = offsetof(struct callback, member)

static const struct field callback_fields[] = {
	{CALLBACK_FIELD(code)},  {CALLBACK_FIELD(code_verifier)},
	{CALLBACK_FIELD(state)}, {CALLBACK_FIELD(error)},
	{CALLBACK_FIELD(iss)},
};

const struct schema callback_schema = {.fields = callback_fields,
				       .count = countof(callback_fields)};

static enum oauth_purpose
purpose_of(const struct call *c)
{
	return c->route->mount == MOUNT_ASSOCIATE ? OAUTH_ASSOCIATE
						  : OAUTH_LOGIN;
}

/* As the reference derives it: the configured one, else our own callback
 * under the address that the request was sent to. */
static enum err
redirect_of(const struct call *c, enum oauth_purpose purpose, const char **out)
{
	const struct provider_settings *p = c->provider;
	bool associates = purpose == OAUTH_ASSOCIATE;
	const char *path;

	*out = associates ? p->associate_redirect_url : p->redirect_url;
	if (**out != '\0')
		return OK;
	path = arena_printf(c->cx->mem, "%s%s/%s/callback",
			    c->cx->conf->routes.auth,
			    associates ? "/associate" : "", p->title);
	*out = route_own_url(c->rq, path);
	return *out != NULL ? OK : ERR_BAD_REQUEST;
}

static enum err
way_of(const struct call *c, enum oauth_purpose purpose, struct oauth_way *way)
{
	*way = (struct oauth_way){
		.provider = c->provider,
		.purpose = purpose,
		.user_id = purpose == OAUTH_ASSOCIATE ? c->user.id : NULL,
	};
	return redirect_of(c, purpose, &way->redirect);
}

static void
send_csrf_cookie(struct call *c, const char *value)
{
	const struct oauth_settings *o = &c->cx->conf->oauth;
	const struct cookie cookie = {
		.name = o->cookie_name,
		.value = value,
		.domain = o->cookie_domain,
		.path = o->cookie_path,
		.samesite = o->cookie_samesite,
		.max_age = c->cx->conf->tokens.state_lifetime,
		.secure = o->cookie_secure,
		.httponly = o->cookie_httponly,
	};

	cookie_set(c->rs, &cookie);
}

enum err
authorize_begin(struct call *c, enum oauth_purpose purpose,
		const struct text_list *scopes, const char **url)
{
	struct oauth_way way;
	const char *cookie;

	TRY(way_of(c, purpose, &way));
	TRY(oauth_begin(c->cx, &way, scopes, url, &cookie));
	send_csrf_cookie(c, cookie);
	return OK;
}

/* GET …/authorize: 200 with the address at the provider, and the cookie. */
enum err
get_oauth_authorize(struct call *c)
{
	struct authorize in = {0};
	struct authorization answer;

	input_read_query(c->cx->mem, &c->input, &authorize_schema, &in);
	TRY(authorize_begin(c, purpose_of(c), &in.scopes,
			    &answer.authorization_url));
	if (page_way_is_open(c))
		page_way_leave(c);
	resp_json(c->rs, c->route->status);
	object_render(&c->rs->body, &authorization_schema, &answer);
	return OK;
}

/* The provider's own words for why it sends nothing. */
static enum err
no_code(struct call *c, const char *error)
{
	struct buf detail;

	if (error == NULL)
		return ERR_BAD_REQUEST;
	buf_init(&detail, c->rs->mem, 64);
	json_write_text(&detail, error);
	resp_detail(c->rs, detail.data);
	return ERR_BAD_REQUEST;
}

/* Who came back from the provider. */
static enum err
read_return(struct call *c, struct oauth_identity *who)
{
	struct callback in = {0};
	struct oauth_return back;
	struct oauth_way way;

	input_read_query(c->cx->mem, &c->input, &callback_schema, &in);
	if (in.code == NULL || in.error != NULL)
		return no_code(c, in.error);
	back = (struct oauth_return){
		.code = in.code,
		.state = in.state,
		.verifier = in.code_verifier,
		.issuer = in.iss,
	};
	if (c->rq->cookie != NULL)
		back.cookie = cookie_value(c->cx->mem, c->rq->cookie,
					   c->cx->conf->oauth.cookie_name);
	TRY(way_of(c, purpose_of(c), &way));
	return oauth_finish(c->cx, &way, &back, who);
}

static enum err
sign_in(struct call *c)
{
	struct oauth_identity who;

	TRY(read_return(c, &who));
	TRY(oauth_sign_in(c->cx, c->provider, &who, &c->user));
	if (!c->user.is_active)
		return ERR_LOGIN_BAD_CREDENTIALS;
	return login_answer(c);
}

/* GET …/callback of a sign-in: the backend's answer to a login, or where a page
 * began it, that page's. */
enum err
get_oauth_callback(struct call *c)
{
	return page_way_is_open(c) ? page_way_end(c, sign_in) : sign_in(c);
}

static enum err
associate(struct call *c)
{
	struct oauth_identity who;
	struct user after = {0};

	TRY(read_return(c, &who));
	TRY(oauth_associate(c->cx, c->provider, &who, &c->token, &after));
	return user_render(c, &after);
}

/* GET …/callback of an association: 200 with the user, or the account's page
 * where that began it. */
enum err
get_oauth_associate_callback(struct call *c)
{
	return page_way_is_open(c) ? page_way_end(c, associate) : associate(c);
}
