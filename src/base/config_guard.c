/* SPDX-License-Identifier: MIT */
/* What the answers to a web server that guards something may say. */
#include <string.h>

#include "base/config_table.h"
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

static const char *
name_fault(const struct text_list *headers, size_t i, size_t len)
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

static const char *
header_fault(const struct config *c, size_t i)
{
	const char *text = c->guard.headers.items[i];
	const char *equals = strchr(text, '=');
	const char *why;

	if (equals == NULL)
		return "is not NAME=MEMBER";
	why = name_fault(&c->guard.headers, i, (size_t)(equals - text));
	return why != NULL ? why : member_fault(c, equals + 1);
}

/* What a Location may hold, and a browser goes to from any page. */
static bool
is_address(const char *text)
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

	for (size_t i = 0; i < g->headers.count; i++) {
		const char *why = header_fault(c, i);

		if (why != NULL)
			config_blame(r, "guard", 0, "headers", "\"%s\" %s",
				     g->headers.items[i], why);
	}
	if (*g->login_url != '\0' && !is_address(g->login_url))
		config_blame(r, "guard", 0, "login_url",
			     "\"%s\" is neither a path such as /login nor an "
			     "http or https address",
			     g->login_url);
	if (g->trust_signature && !has_signed_tokens(c))
		config_blame(r, "guard", 0, "trust_signature",
			     "no backend has the strategy jwt, so no token is "
			     "signed");
}
