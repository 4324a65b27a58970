/* SPDX-License-Identifier: MIT */
#include "api/guard.h"

#include <string.h>

#include "api/bound.h"
#include "api/route.h"
#include "base/log.h"
#include "core/sign_in.h"

/* Web servers keep an answer's headers in a page or two. */
#define VALUE_LIMIT 1024

/* A header, and what of the user it tells: a member that all have, or one of
 * the configured fields. */
struct identity {
	const char *header;
	const struct field *member; /* NULL: the field of that number */
	size_t field;
};

struct guard {
	const struct user_fields *fields;
	struct identity *identities;
	size_t count;
	bool trusts; /* signatures, where nothing else is demanded */
};

struct demand {
	const char *word;
	size_t flag; /* of struct user */
};

static const struct demand demands[] = {
	{"verified", offsetof(struct user, is_verified)},
	{"superuser", offsetof(struct user, is_superuser)},
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

	out->header = arena_copy(mem, text, (size_t)(member - text) - 1);
	out->member = member_named(member);
	while (out->member == NULL &&
	       strcmp(fields->items[out->field].name, member) != 0)
		out->field++;
}

const struct guard *
guard_make(struct arena *mem, const struct config *conf,
	   const struct user_fields *fields)
{
	const struct text_list *headers = &conf->guard.headers;
	struct guard *g = arena_new(mem, struct guard);

	g->fields = fields;
	g->count = headers->count;
	g->identities = arena_array(mem, g->count, sizeof(*g->identities));
	g->trusts = conf->guard.trust_signature;
	for (size_t i = 0; i < g->count; i++) {
		struct identity *told = &g->identities[i];

		identity_read(mem, fields, headers->items[i], told);
		if (told->member == NULL || !told->member->is_id)
			g->trusts = false;
	}
	return g;
}

/* The demand's number; that of none when the word is none. */
static size_t
demand_named(const char *word, size_t len)
{
	size_t i = 0;

	while (i < countof(demands) &&
	       (strlen(demands[i].word) != len ||
		memcmp(demands[i].word, word, len) != 0))
		i++;
	return i;
}

/* Words with blanks or commas between them, as bits; false when one of them
 * is unknown: a demand that is not understood must not be none. */
static bool
demands_read(const char *text, unsigned *out)
{
	static const char between[] = " ,";

	*out = 0;
	for (text += strspn(text, between); *text != '\0';
	     text += strspn(text, between)) {
		size_t len = strcspn(text, between);
		size_t i = demand_named(text, len);

		if (i == countof(demands))
			return false;
		*out |= 1U << i;
		text += len;
	}
	return true;
}

static bool
meets(const struct user *u, unsigned demanded)
{
	bool flag;

	for (size_t i = 0; i < countof(demands); i++) {
		memcpy(&flag, (const char *)u + demands[i].flag, sizeof(flag));
		if ((demanded & 1U << i) != 0 && !flag)
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
	return c->route->who == WHO_GUARDED && c->api->guard->trusts;
}

enum err
guard_admit(struct call *c)
{
	const char *login = c->cx->conf->guard.login_url;
	const char *require = c->rq->require;
	unsigned demanded = 0;
	enum err e;

	if (require != NULL && !demands_read(require, &demanded)) {
		log_event(LEVEL_ERROR, log_is("unknown_demand"),
			  log_text("require", require));
		return ERR_FORBIDDEN;
	}
	e = find_user(c, c->api->guard->trusts && demanded == 0);
	if (e == ERR_UNAUTHORIZED && *login != '\0')
		resp_header(c->rs, "Location", login);
	TRY(e);
	return meets(&c->user, demanded) ? OK : ERR_FORBIDDEN;
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

/*
 * ANY …/check: 204 with who this is. Each header is sent, if empty: a proxy
 * that copies those it gets must not leave one as the client sent it.
 */
enum err
any_check(struct call *c)
{
	const struct guard *g = c->api->guard;

	resp_empty(c->rs, c->route->status);
	for (size_t i = 0; i < g->count; i++) {
		const char *text = identity_text(c, &g->identities[i]);

		resp_header(c->rs, g->identities[i].header,
			    fits_header(text) ? text : "");
	}
	return OK;
}
