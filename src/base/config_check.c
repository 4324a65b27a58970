/* SPDX-License-Identifier: MIT */
/* What settings have to do with each other. */
#include <sched.h>
#include <string.h>

#include "base/config_table.h"
#include "base/network.h"
#include "base/text.h"

#define SOCKET_PATH_SIZE 108 /* sockaddr_un.sun_path, NUL included */
#define PROCESSORS_LIMIT 1024
#define MEMORY_PER_BODY_BYTE 64
#define LETTERS_AND_DIGITS                                                     \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool
consists_of(const char *text, const char *letters)
{
	return text[strspn(text, letters)] == '\0';
}

/* How many processors this process may use. */
static int64_t
processors(void)
{
	cpu_set_t set;
	int count;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	count = CPU_COUNT(&set);
	return count < 1                  ? 1
	       : count > PROCESSORS_LIMIT ? PROCESSORS_LIMIT
					  : count;
}

static void
pool_resolve(struct reading *r, struct pool_settings *pool)
{
	int64_t count = processors();

	/* Hashing on every processor would starve the cheap requests. */
	if (strcmp(pool->title, "password") == 0 && count > 1)
		count--;
	if (pool->workers == 0)
		pool->workers = count;
	if (*pool->socket == '\0')
		pool->socket =
			arena_printf(r->mem, "%s/%s.sock",
				     r->conf->server.run_dir, pool->title);
}

void
config_resolve(struct reading *r)
{
	struct config *c = r->conf;

	for (size_t i = 0; i < c->pool_count; i++)
		pool_resolve(r, &c->pool[i]);
	for (size_t i = 0; i < c->backend_count; i++) {
		struct backend_settings *b = &c->backend[i];

		if (*b->prefix == '\0')
			b->prefix = arena_printf(r->mem, "/auth/%s", b->title);
	}
	if (c->guard.variables.count == 0)
		list_append(&c->guard.variables, r->mem, "REMOTE_USER=id", 14);
	providers_resolve(r);
	if (c->password.max_parallel == 0)
		c->password.max_parallel = processors();
}

const char *
config_prefix_fault(const char *prefix)
{
	size_t len = strlen(prefix);

	if (len == 0)
		return NULL;
	if (*prefix != '/')
		return "must start with /";
	if (prefix[len - 1] == '/')
		return "must not end with /";
	if (!consists_of(prefix, LETTERS_AND_DIGITS "/._~-"))
		return "may hold letters, digits and / . _ ~ - only";
	if (strstr(prefix, "//") != NULL || strstr(prefix, "/.") != NULL)
		return "must not hold an empty part, or one that starts with .";
	return NULL;
}

static void
prefix_check(struct reading *r, const char *section, size_t number,
	     const char *setting, const char *prefix)
{
	const char *why = config_prefix_fault(prefix);

	if (why != NULL)
		config_blame(r, section, number, setting, "\"%s\" %s", prefix,
			     why);
}

static void
absolute_check(struct reading *r, const char *section, size_t number,
	       const char *setting, const char *path)
{
	if (*path != '\0' && *path != '/')
		config_blame(r, section, number, setting,
			     "\"%s\" must be an absolute path", path);
}

/* RFC 6265 by way of RFC 9110: a token. */
static bool
is_token(const char *text)
{
	return *text != '\0' &&
	       consists_of(text, LETTERS_AND_DIGITS "!#$%&'*+-.^_`|~");
}

/* A cookie as one section sets it. */
struct cookie_rule {
	const char *section;
	size_t number;
	const char *name;
	const char *path;
	const char *domain;
	const char *samesite;
	bool secure;
};

/* Browsers ignore a cookie of such a name that does not keep its promise. */
static const char *
cookie_name_fault(const struct cookie_rule *c)
{
	if (!is_token(c->name))
		return "may hold letters, digits and !#$%&'*+-.^_`|~ only";
	if (text_same_n(c->name, "__Secure-", 9) && !c->secure)
		return "asks for cookie_secure = true";
	if (text_same_n(c->name, "__Host-", 7) &&
	    (!c->secure || *c->domain != '\0' || strcmp(c->path, "/") != 0))
		return "asks for cookie_secure = true, cookie_path = \"/\" "
		       "and no cookie_domain";
	return NULL;
}

static void
cookie_check(struct reading *r, const struct cookie_rule *c)
{
	const char *why = cookie_name_fault(c);

	if (why != NULL)
		config_blame(r, c->section, c->number, "cookie_name",
			     "\"%s\" %s", c->name, why);
	if (*c->path != '/' || strchr(c->path, ';') != NULL)
		config_blame(r, c->section, c->number, "cookie_path",
			     "\"%s\" must start with / and hold no ;", c->path);
	if (!consists_of(c->domain, LETTERS_AND_DIGITS ".-"))
		config_blame(r, c->section, c->number, "cookie_domain",
			     "\"%s\" is not a domain name", c->domain);
	if (strcmp(c->samesite, "none") == 0 && !c->secure)
		config_blame(r, c->section, c->number, "cookie_samesite",
			     "none asks for cookie_secure = true");
}

static void
backend_cookie_check(struct reading *r, size_t i)
{
	const struct backend_settings *b = &r->conf->backend[i];
	const struct cookie_rule rule = {
		"backend",        i,
		b->cookie_name,   b->cookie_path,
		b->cookie_domain, b->cookie_samesite,
		b->cookie_secure,
	};

	cookie_check(r, &rule);
}

static void
oauth_cookie_check(struct reading *r)
{
	const struct oauth_settings *o = &r->conf->oauth;
	const struct cookie_rule rule = {
		"oauth",          0,
		o->cookie_name,   o->cookie_path,
		o->cookie_domain, o->cookie_samesite,
		o->cookie_secure,
	};

	cookie_check(r, &rule);
}

static void
backends_check(struct reading *r)
{
	const struct config *c = r->conf;

	for (size_t i = 0; i < c->backend_count; i++) {
		prefix_check(r, "backend", i, "prefix", c->backend[i].prefix);
		backend_cookie_check(r, i);
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->backend[i].prefix,
				   c->backend[k].prefix) == 0)
				config_blame(r, "backend", i, "prefix",
					     "\"%s\" is the prefix of backend "
					     "\"%s\" already",
					     c->backend[i].prefix,
					     c->backend[k].title);
	}
}

/* "/path", or "ADDRESS:PORT" with an address in brackets where it has ':' */
static const char *
socket_fault(const char *address)
{
	const char *colon = strrchr(address, ':');
	int64_t port;

	if (*address == '/') {
		if (strlen(address) >= SOCKET_PATH_SIZE)
			return "is longer than the 107 bytes a socket's path "
			       "may have";
		return NULL;
	}
	if (colon == NULL || colon == address ||
	    !text_number(colon + 1, 1, 65535, &port))
		return "is neither an absolute path nor ADDRESS:PORT";
	return NULL;
}

static void
pool_check(struct reading *r, size_t i)
{
	const struct config *c = r->conf;
	const struct pool_settings *pool = &c->pool[i];
	const char *why = socket_fault(pool->socket);
	size_t digits = strlen(pool->mode);

	if (why != NULL)
		config_blame(r, "pool", i, "socket", "\"%s\" %s", pool->socket,
			     why);
	if (digits < 3 || digits > 4 || !consists_of(pool->mode, "01234567") ||
	    (digits == 4 && *pool->mode != '0'))
		config_blame(r, "pool", i, "mode",
			     "\"%s\" is not an octal number from 000 to 0777",
			     pool->mode);
	for (size_t k = 0; k < i; k++)
		if (strcmp(pool->socket, c->pool[k].socket) == 0)
			config_blame(r, "pool", i, "socket",
				     "\"%s\" is the socket of pool \"%s\" "
				     "already",
				     pool->socket, c->pool[k].title);
}

/* scheme://host[:port], as browsers write it into Origin. */
static bool
is_origin(const char *text)
{
	const char *host = strstr(text, "://");

	if (!text_starts(text, "https://") && !text_starts(text, "http://"))
		return false;
	host += 3;
	return *host != '\0' &&
	       consists_of(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]");
}

static void
origins_check(struct reading *r)
{
	const struct text_list *list = &r->conf->sessions.allowed_origins;

	for (size_t i = 0; i < list->count; i++)
		if (!is_origin(list->items[i]))
			config_blame(r, "sessions", 0, "allowed_origins",
				     "\"%s\" is not an origin such as "
				     "https://app.example.org",
				     list->items[i]);
}

static void
proxies_check(struct reading *r)
{
	const struct text_list *list = &r->conf->server.trusted_proxies;

	for (size_t i = 0; i < list->count; i++) {
		const char *why = network_fault(list->items[i]);

		if (why != NULL)
			config_blame(r, "server", 0, "trusted_proxies",
				     "\"%s\" %s", list->items[i], why);
	}
}

/* What a schema may be called (OpenAPI 3.1, section 4.8.7.1). */
static void
schema_names_check(struct reading *r)
{
	const struct openapi_settings *s = &r->conf->openapi;
	const char *const names[] = {s->user_read, s->user_create,
				     s->user_update};
	static const char *const settings[] = {"user_read", "user_create",
					       "user_update"};

	for (size_t i = 0; i < countof(names); i++) {
		if (*names[i] == '\0' ||
		    !consists_of(names[i], LETTERS_AND_DIGITS "._-"))
			config_blame(r, "openapi", 0, settings[i],
				     "\"%s\" must be letters, digits and . _ -",
				     names[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0)
				config_blame(r, "openapi", 0, settings[i],
					     "\"%s\" is %s already", names[i],
					     settings[k]);
	}
}

static void
openapi_check(struct reading *r)
{
	absolute_check(r, "openapi", 0, "www", r->conf->openapi.www);
	schema_names_check(r);
}

static void
password_check(struct reading *r)
{
	const struct password_settings *p = &r->conf->password;

	if (p->memory_kib < 8 * p->lanes)
		config_blame(r, "password", 0, "memory_kib",
			     "%lld KiB are too few for %lld lanes, which need "
			     "8 each",
			     (long long)p->memory_kib, (long long)p->lanes);
}

/* Of one byte of a body an answer may make six, in several texts that double
 * as they grow. */
static void
memory_check(struct reading *r)
{
	const struct server_settings *s = &r->conf->server;

	if (s->memory_per_request / MEMORY_PER_BODY_BYTE < s->body_limit)
		config_blame(r, "server", 0, "body_limit",
			     "answering a body of %lld bytes may take %d times "
			     "as many, and memory_per_request allows only %lld",
			     (long long)s->body_limit, MEMORY_PER_BODY_BYTE,
			     (long long)s->memory_per_request);
}

static void
needed_check(struct reading *r)
{
	if (*r->conf->database.url == '\0')
		config_blame(r, "database", 0, "url",
			     "is not set: say \"sqlite:/path/of/users.db\" or "
			     "\"postgresql://...\" here or in "
			     "FASTCGI_USERS_DATABASE_URL");
	if (*r->conf->jwt.audience == '\0')
		config_blame(r, "jwt", 0, "audience", "must not be empty");
}

void
config_check(struct reading *r)
{
	const struct config *c = r->conf;

	prefix_check(r, "server", 0, "prefix", c->server.prefix);
	prefix_check(r, "routes", 0, "auth", c->routes.auth);
	prefix_check(r, "routes", 0, "users", c->routes.users);
	absolute_check(r, "server", 0, "run_dir", c->server.run_dir);
	for (size_t i = 0; i < c->pool_count; i++)
		pool_check(r, i);
	backends_check(r);
	origins_check(r);
	proxies_check(r);
	openapi_check(r);
	password_check(r);
	memory_check(r);
	needed_check(r);
	config_check_guard(r);
	config_check_pages(r);
	config_check_names(r);
	config_check_fields(r);
	config_check_delivery(r);
	config_check_mail(r);
	oauth_cookie_check(r);
	providers_check(r);
}
