/* SPDX-License-Identifier: MIT */
/* What the answers to a web server that guards something may say. */
#include <string.h>

#include "base/config_table.h"
#include "base/demand.h"
#include "base/text.h"

/* No underscore: many programs take it for a hyphen, so one name could pass
 * for another. */
#define NAME_LETTERS                                                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

/* Of every user. */
static const char *const members[] = {
	"id", "email", "is_active", "is_superuser", "is_verified",
};

/* Headers that mean something to those that the answer passes. */
static const char *const taken[] = {
	"Cache-Control",
	"Connection",
	"Content-Encoding",
	"Content-Length",
	"Content-Security-Policy",
	"Content-Type",
	"Date",
	"ETag",
	"Expires",
	"Keep-Alive",
	"Last-Modified",
	"Location",
	"Referrer-Policy",
	"Retry-After",
	"Server",
	"Set-Cookie",
	"Status",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
	"Vary",
	"WWW-Authenticate",
	"X-Content-Type-Options",
};

/*
 * A variable stands in the environment of a program beside what the web server
 * says, and users write some values: PATH, LD_PRELOAD or PHP_VALUE would be
 * theirs to set. So names are only of these kinds, but for what CGI and web
 * servers mean by some of them.
 */
static const char *const variable_kinds[] = {"REMOTE_", "AUTH_", "USER_", "X_"};
static const char *const taken_variables[] = {
	"AUTH_TYPE",   "REMOTE_ADDR",   "REMOTE_HOST",     "REMOTE_IDENT",
	"REMOTE_PORT", "REMOTE_PASSWD", "REMOTE_PASSWORD",
};

static bool
is_variable_kind(const char *name, size_t len)
{
	for (size_t i = 0; i < countof(variable_kinds); i++)
		if (strlen(variable_kinds[i]) < len &&
		    text_starts(name, variable_kinds[i]))
			return true;
	return false;
}

static const char *
variable_name_fault(const struct text_list *variables, size_t i, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *text = variables->items[i];

	if (strspn(text, letters) < len || !is_variable_kind(text, len))
		return "has a name that is not REMOTE_, AUTH_, USER_ or X_ and "
		       "more of A-Z, 0-9 and _";
	for (size_t k = 0; k < countof(taken_variables); k++)
		if (strlen(taken_variables[k]) == len &&
		    text_starts(text, taken_variables[k]))
			return "has a name that means something else to web "
			       "servers";
	for (size_t k = 0; k < i; k++)
		if (strncmp(variables->items[k], text, len + 1) == 0)
			return "has the name of another one";
	return NULL;
}

static const char *
header_name_fault(const struct text_list *headers, size_t i, size_t len)
{
	const char *text = headers->items[i];

	if (len == 0 || strspn(text, NAME_LETTERS) < len)
		return "has a name that is not letters, digits and - only";
	if (text_same_n(text, "X-Accel-", 8))
		return "has a name that is a command to nginx";
	for (size_t k = 0; k < countof(taken); k++)
		if (strlen(taken[k]) == len && text_same_n(text, taken[k], len))
			return "has a name that is the answer's own";
	for (size_t k = 0; k < i; k++)
		if (text_same_n(headers->items[k], text, len + 1))
			return "has the name of another one";
	return NULL;
}

/* Everybody can ask for his own answer, so it may hold only what he is shown
 * elsewhere. */
static const char *
member_fault(const struct config *c, const char *name)
{
	for (size_t i = 0; i < countof(members); i++)
		if (strcmp(members[i], name) == 0)
			return NULL;
	for (size_t i = 0; i < c->field_count; i++)
		if (strcmp(c->field[i].title, name) == 0)
			return strcmp(c->field[i].read, "self") == 0
				       ? NULL
				       : "names a field that users are not "
					 "shown";
	return "names no member of users";
}

typedef const char *name_judge(const struct text_list *list, size_t i,
			       size_t len);

static const char *
told_fault(const struct config *c, const struct text_list *list, size_t i,
	   name_judge *judge)
{
	const char *text = list->items[i];
	const char *equals = strchr(text, '=');
	const char *why;

	if (equals == NULL)
		return "is not NAME=MEMBER";
	why = judge(list, i, (size_t)(equals - text));
	return why != NULL ? why : member_fault(c, equals + 1);
}

static void
told_check(struct reading *r, const char *setting, const struct text_list *list,
	   name_judge *judge)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *why = told_fault(r->conf, list, i, judge);

		if (why != NULL)
			config_blame(r, "guard", 0, setting, "\"%s\" %s",
				     list->items[i], why);
	}
}

bool
config_is_address(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	if (text[0] == '/')
		return text[1] != '/';
	return text_starts(text, "https://") || text_starts(text, "http://");
}

static bool
has_signed_tokens(const struct config *c)
{
	for (size_t i = 0; i < c->backend_count; i++)
		if (strcmp(c->backend[i].strategy, "jwt") == 0)
			return true;
	return false;
}

void
config_check_guard(struct reading *r)
{
	const struct config *c = r->conf;
	const struct guard_settings *g = &c->guard;

	told_check(r, "headers", &g->headers, header_name_fault);
	told_check(r, "variables", &g->variables, variable_name_fault);
	if (*g->login_url != '\0' && !config_is_address(g->login_url))
		config_blame(r, "guard", 0, "login_url",
			     "\"%s\" is neither a path such as /login nor an "
			     "http or https address",
			     g->login_url);
	for (size_t i = 0; i < c->pool_count; i++) {
		unsigned demanded = 0;

		if (!demands_read(c->pool[i].require, &demanded))
			config_blame(r, "pool", i, "require",
				     "\"%s\" may hold verified and superuser "
				     "only",
				     c->pool[i].require);
	}
	if (g->trust_signature && !has_signed_tokens(c))
		config_blame(r, "guard", 0, "trust_signature",
			     "no backend has the strategy jwt, so no token is "
			     "signed");
}
