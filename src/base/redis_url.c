/* SPDX-License-Identifier: MIT */
#include "base/redis_url.h"

#include <string.h>

#include "base/text.h"

#define PORT 6379
#define DATABASE_LIMIT 1000000
#define PATH_SIZE 108 /* sockaddr_un.sun_path, NUL included */

static const char bad_database[] = "the database is not a number";
static const char bad_escape[] = "there is a % without two hexadecimal digits "
				 "in it";

/* With %XX undone; NULL when one is broken, or stands for NUL. */
static const char *
unescape(struct arena *mem, const char *text, size_t len)
{
	char *out = arena_alloc(mem, len + 1);
	char *to = out;

	for (size_t i = 0; i < len; i++) {
		int high;
		int low;

		if (text[i] != '%') {
			*to++ = text[i];
			continue;
		}
		high = len - i > 2 ? text_hex_value(text[i + 1]) : -1;
		low = high >= 0 ? text_hex_value(text[i + 2]) : -1;
		if (low < 0 || (high == 0 && low == 0))
			return NULL;
		*to++ = (char)(high << 4 | low);
		i += 2;
	}
	*to = '\0';
	return out;
}

static bool
number_read(struct arena *mem, const char *text, size_t len, int64_t low,
	    int64_t high, int64_t *out)
{
	return text_number(arena_copy(mem, text, len), low, high, out);
}

/* "[USER]:PASSWORD" */
static const char *
credentials_read(struct arena *mem, const char *text, size_t len,
		 struct redis_url *out)
{
	const char *colon = memchr(text, ':', len);
	size_t user;

	if (colon == NULL)
		return "a : must stand before the password";
	user = (size_t)(colon - text);
	if (user > 0)
		out->user = unescape(mem, text, user);
	out->password = unescape(mem, colon + 1, len - user - 1);
	if (out->password == NULL || (user > 0 && out->user == NULL))
		return bad_escape;
	return *out->password != '\0' ? NULL : "the password is empty";
}

/* "HOST[:PORT]" */
static const char *
host_read(struct arena *mem, const char *text, size_t len,
	  struct redis_url *out)
{
	const char *end = text + len;
	const char *host = text;
	const char *after = memchr(text, ':', len);

	if (after == NULL)
		after = end;
	if (len > 0 && *text == '[') {
		host++;
		after = memchr(text, ']', len);
		if (after == NULL)
			return "a bracket is not closed";
	}
	if (after == host)
		return "there is no host in it";
	out->host = arena_copy(mem, host, (size_t)(after - host));
	if (host != text)
		after++;
	out->port = PORT;
	if (after == end)
		return NULL;
	if (*after != ':' ||
	    !number_read(mem, after + 1, (size_t)(end - after) - 1, 1, 65535,
			 &out->port))
		return "the port is not a number from 1 to 65535";
	return NULL;
}

static const char *
tcp_read(struct arena *mem, const char *text, struct redis_url *out)
{
	size_t len = strcspn(text, "/?#");
	const char *at = memrchr(text, '@', len);
	const char *rest = text + len;
	const char *why = NULL;

	if (at != NULL) {
		why = credentials_read(mem, text, (size_t)(at - text), out);
		len -= (size_t)(at - text) + 1;
		text = at + 1;
	}
	if (why == NULL)
		why = host_read(mem, text, len, out);
	if (why != NULL || *rest == '\0' || strcmp(rest, "/") == 0)
		return why;
	if (*rest != '/' ||
	    !text_number(rest + 1, 0, DATABASE_LIMIT, &out->database))
		return bad_database;
	return NULL;
}

/* One "name=value" of what follows the path of a unix socket. */
static const char *
option_read(struct arena *mem, const char *text, size_t len,
	    struct redis_url *out)
{
	static const char database[] = "database=";
	static const char password[] = "password=";
	size_t name = sizeof(database) - 1;

	if (len < name)
		return "after the ? only database= and password= may stand";
	if (memcmp(text, database, name) == 0)
		return number_read(mem, text + name, len - name, 0,
				   DATABASE_LIMIT, &out->database)
			       ? NULL
			       : bad_database;
	if (memcmp(text, password, name) != 0)
		return "after the ? only database= and password= may stand";
	out->password = unescape(mem, text + name, len - name);
	return out->password != NULL ? NULL : bad_escape;
}

static const char *
unix_read(struct arena *mem, const char *text, struct redis_url *out)
{
	size_t len = strcspn(text, "?");
	const char *why = NULL;

	if (*text != '/')
		return "the path of the socket must be an absolute one";
	if (len >= PATH_SIZE)
		return "the path of the socket is longer than 107 bytes";
	out->path = arena_copy(mem, text, len);
	for (text += len; why == NULL && *text != '\0'; text += len) {
		text++;
		len = strcspn(text, "&");
		why = option_read(mem, text, len, out);
	}
	return why;
}

const char *
redis_url_read(struct arena *mem, const char *url, struct redis_url *out)
{
	*out = (struct redis_url){0};
	if (text_starts(url, "redis://"))
		return tcp_read(mem, url + strlen("redis://"), out);
	if (text_starts(url, "unix:"))
		return unix_read(mem, url + strlen("unix:"), out);
	if (text_starts(url, "rediss://"))
		return "TLS is not spoken here: use a unix socket, or something "
		       "that speaks TLS in between";
	return "it starts neither with redis:// nor with unix:/";
}
