/* SPDX-License-Identifier: MIT */
#include "api/guard.h"

#include <string.h>

#include "api/bound.h"
#include "api/route.h"
#include "base/demand.h"
#include "base/log.h"
#include "core/sign_in.h"
#include "http/html.h"

/* Web servers keep an answer's headers in a page or two. */
#define VALUE_LIMIT 1024

/* A header or a variable, and what of the user it tells: a member that all
 * have, or one of the configured fields. */
struct identity {
	const char *name;
	const struct field *member; /* NULL: the field of that number */
	size_t field;
};

/* All that one way of asking is told. */
struct told {
	struct identity *items;
	size_t count;
	bool trusts; /* signatures, where nothing else is demanded */
};

struct guard {
	const struct user_fields *fields;
	struct told headers;
	struct told variables;
	int status;
};

struct demanded_flag {
	enum demand demand;
	size_t flag; /* of struct user */
};

static const struct demanded_flag demanded_flags[] = {
	{DEMAND_VERIFIED, offsetof(struct user, is_verified)},
	{DEMAND_SUPERUSER, offsetof(struct user, is_superuser)},
};

static const struct field *
member_named(const char *name)
{
	for (size_t i = 0; i < user_schema.count; i++)
		if (strcmp(user_schema.fields[i].name, name) == 0)
			return &user_schema.fields[i];
	return NULL;
}

/* "NAME=MEMBER", as it was judged. */
static void
identity_read(struct arena *mem, const struct user_fields *fields,
	      const char *text, struct identity *out)
{
	const char *member = strchr(text, '=') + 1;

	out->name = arena_copy(mem, text, (size_t)(member - text) - 1);
	out->member = member_named(member);
	while (out->member == NULL &&
	       strcmp(fields->items[out->field].name, member) != 0)
		out->field++;
}

static void
told_make(struct arena *mem, const struct config *conf,
	  const struct user_fields *fields, const struct text_list *list,
	  struct told *out)
{
	out->count = list->count;
	out->items = arena_array(mem, out->count, sizeof(*out->items));
	out->trusts = conf->guard.trust_signature;
	for (size_t i = 0; i < out->count; i++) {
		struct identity *item = &out->items[i];

		identity_read(mem, fields, list->items[i], item);
		if (item->member == NULL || !item->member->is_id)
			out->trusts = false;
	}
}

const struct guard *
guard_make(struct arena *mem, const struct config *conf,
	   const struct user_fields *fields)
{
	struct guard *g = arena_new(mem, struct guard);

	g->fields = fields;
	g->status = strcmp(conf->guard.status, "200") == 0 ? 200 : 204;
	told_make(mem, conf, fields, &conf->guard.headers, &g->headers);
	told_make(mem, conf, fields, &conf->guard.variables, &g->variables);
	return g;
}

static const struct told *
told_to(const struct call *c)
{
	const struct guard *g = c->api->guard;

	return c->rq->authorizer ? &g->variables : &g->headers;
}

/* Of the request and of the pool, which may add to each other. */
static bool
demands_find(const struct req *rq, unsigned *out)
{
	const char *const texts[] = {rq->require, rq->require_here};

	*out = 0;
	for (size_t i = 0; i < countof(texts); i++) {
		if (texts[i] == NULL || demands_read(texts[i], out))
			continue;
		log_event(LEVEL_ERROR, log_is("unknown_demand"),
			  log_text("require", texts[i]));
		return false;
	}
	return true;
}

static bool
meets(const struct user *u, unsigned demanded)
{
	bool flag;

	for (size_t i = 0; i < countof(demanded_flags); i++) {
		const struct demanded_flag *d = &demanded_flags[i];

		memcpy(&flag, (const char *)u + d->flag, sizeof(flag));
		if ((demanded & (unsigned)d->demand) != 0 && !flag)
			return false;
	}
	return true;
}

/* An active one. */
static enum err
find_user(struct call *c, bool by_signature)
{
	TRY(checks_find_user(c, by_signature ? sign_in_trust : sign_in_read));
	return c->user.is_active ? OK : ERR_UNAUTHORIZED;
}

bool
guard_may_trust(const struct call *c)
{
	return c->route->who == WHO_GUARDED && told_to(c)->trusts;
}

static const char *
identity_text(const struct call *c, const struct identity *i)
{
	const struct guard *g = c->api->guard;
	const char *at = (const char *)&c->user;
	const char *text;
	bool flag;

	if (i->member == NULL)
		return user_field_text(c->cx->mem, &g->fields->items[i->field],
				       &c->user.fields[i->field]);
	if (i->member->type == FIELD_BOOL) {
		memcpy(&flag, at + i->member->offset, sizeof(flag));
		return flag ? "true" : "false";
	}
	memcpy(&text, at + i->member->offset, sizeof(text));
	return text;
}

/* Users write some fields themselves: what a header would end, or lose at its
 * ends, must not come out as something else. */
static bool
fits_header(const char *text)
{
	size_t len = strnlen(text, VALUE_LIMIT + 1);

	if (len > VALUE_LIMIT)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len == 0 || (text[0] != ' ' && text[len - 1] != ' ');
}

static const char *
told_text(const struct call *c, const struct identity *i)
{
	const char *text = identity_text(c, i);

	return fits_header(text) ? text : "";
}

/*
 * The web server may have recognised somebody by itself and say his name to
 * the guarded program: that must be who asks here. A password would have to
 * be checked, and is not: it says nothing of who holds the token.
 */
static bool
is_who_the_server_says(const struct call *c)
{
	const struct told *told = told_to(c);
	const char *name = c->rq->remote_user;

	if (!c->rq->authorizer)
		return true;
	if (c->rq->remote_password != NULL)
		return false;
	if (name == NULL || *name == '\0')
		return true;
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told_text(c, &told->items[i]), name) == 0)
			return true;
	return false;
}

/* What a browser that is not signed in is shown. Apache keeps nothing of such
 * an answer but status and body, so the address stands there, too. */
static const char login_page[] =
	"<!doctype html><meta charset=utf-8><title>Sign in</title>"
	"<meta http-equiv=refresh content=\"0;url=@login@\">"
	"<a href=\"@login@\">Sign in</a>\n";

/* Where to sign in. */
static void
login_tell(const struct call *c)
{
	const char *login = c->cx->conf->guard.login_url;

	if (*login != '\0')
		resp_header(c->rs, "Location", login);
}

enum err
guard_admit(struct call *c)
{
	unsigned demanded;
	enum err e;

	if (!demands_find(c->rq, &demanded))
		return ERR_FORBIDDEN;
	e = find_user(c, told_to(c)->trusts && demanded == 0);
	if (e == ERR_UNAUTHORIZED)
		login_tell(c);
	TRY(e);
	return meets(&c->user, demanded) && is_who_the_server_says(c)
		       ? OK
		       : ERR_FORBIDDEN;
}

/* FastCGI 1.0, section 6.3. Web servers hand on whatever else is in there. */
static void
variables_tell(const struct call *c)
{
	const struct told *told = told_to(c);

	resp_empty(c->rs, 200);
	c->rs->is_bare = true;
	for (size_t i = 0; i < told->count; i++)
		resp_header(c->rs,
			    arena_printf(c->cx->mem, "Variable-%s",
					 told->items[i].name),
			    told_text(c, &told->items[i]));
}

/*
 * ANY …/check: 204 with who this is. Each header is sent, if empty: a proxy
 * that copies those it gets must not leave one as the client sent it.
 */
enum err
any_check(struct call *c)
{
	const struct guard *g = c->api->guard;

	if (c->rq->authorizer) {
		variables_tell(c);
		return OK;
	}
	resp_empty(c->rs, g->status);
	for (size_t i = 0; i < g->headers.count; i++)
		resp_header(c->rs, g->headers.items[i].name,
			    told_text(c, &g->headers.items[i]));
	return OK;
}

void
guard_refuse(const struct call *c, enum err e)
{
	const char *login = c->cx->conf->guard.login_url;
	const struct html_value values[] = {{"@login@", login}};

	resp_failure(c->rs, e);
	if (e != ERR_UNAUTHORIZED || *login == '\0')
		return;
	resp_header(c->rs, "Content-Type", "text/html; charset=utf-8");
	html_write(&c->rs->body, login_page, values, countof(values));
}
