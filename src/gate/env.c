/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include <string.h>

#include "base/crypto.h"
#include "base/network.h"
#include "base/text.h"

#define REQUEST_ID_MAX 64
#define REQUEST_ID_BYTES 12 /* 16 characters of base64 */
#define REQUEST_ID_STOCK 64

/*
 * A named exception to "no mutable globals": a system call for each request's
 * id would cost more than the rest of this file. The ids tell log lines
 * apart; they are no secrets. Only workers, which never fork, come here.
 */
static struct {
	unsigned char bytes[REQUEST_ID_STOCK * REQUEST_ID_BYTES];
	size_t left;
} id_stock;

/* The variables that are looked at; HTTP_PROXY and the like never are. */
struct seen {
	const char *https;
	const char *document_root;
	const char *context_root;
	const char *host;
	const char *path_info;
	const char *cookie;
	const char *origin;
	const char *script_name;
	const char *request_uri;
	const char *remote_address;
	const char *redirect_url;
	const char *query;
	const char *content_type;
	const char *authorization;
	const char *method;
	const char *content_length;
	const char *scheme;
	const char *request_id;
	const char *fetch_site;
	const char *if_none_match;
	const char *accept_language;
	const char *if_match;
	const char *idempotency_key;
	const char *require;
	const char *remote_user;
	const char *remote_password;
	const char *metrics;
	const char *transfer_encoding;
	const char *forwarded_for;
	bool contradiction;
};

/*
 * What a variable that is given twice means. Of most the last one counts, as
 * in CGI programs everywhere. One that decides who is asking, or how much,
 * must not be given in two ways; web servers say some of them empty when
 * there are none. FCU_REQUIRE and FCU_METRICS are the administrator's: no
 * header of a request has such a name. Apache puts REDIRECT_ before what was
 * set when it looks again for what answers (RewriteRule in a .htaccess file).
 */
enum repeated { LAST_COUNTS, MUST_AGREE, AGREE_OR_EMPTY };

struct variable {
	const char *name;
	size_t len;
	size_t place; /* offset in struct seen */
	enum repeated repeated;
};

#define VARIABLE(text, member, rule)                                           \
	{                                                                      \
		(text), sizeof(text) - 1, offsetof(struct seen, member), rule  \
	}

/* The shorter ones first. */
static const struct variable variables[] = {
	VARIABLE("HTTPS", https, LAST_COUNTS),
	VARIABLE("HTTP_HOST", host, LAST_COUNTS),
	VARIABLE("PATH_INFO", path_info, LAST_COUNTS),
	VARIABLE("FCU_METRICS", metrics, AGREE_OR_EMPTY),
	VARIABLE("FCU_REQUIRE", require, AGREE_OR_EMPTY),
	VARIABLE("HTTP_COOKIE", cookie, AGREE_OR_EMPTY),
	VARIABLE("REMOTE_USER", remote_user, AGREE_OR_EMPTY),
	VARIABLE("HTTP_ORIGIN", origin, AGREE_OR_EMPTY),
	VARIABLE("SCRIPT_NAME", script_name, LAST_COUNTS),
	VARIABLE("REQUEST_URI", request_uri, LAST_COUNTS),
	VARIABLE("REMOTE_ADDR", remote_address, LAST_COUNTS),
	VARIABLE("QUERY_STRING", query, LAST_COUNTS),
	VARIABLE("REDIRECT_URL", redirect_url, LAST_COUNTS),
	VARIABLE("CONTENT_TYPE", content_type, LAST_COUNTS),
	VARIABLE("AUTHORIZATION", authorization, AGREE_OR_EMPTY),
	VARIABLE("REMOTE_PASSWD", remote_password, LAST_COUNTS),
	VARIABLE("DOCUMENT_ROOT", document_root, LAST_COUNTS),
	VARIABLE("HTTP_IF_MATCH", if_match, LAST_COUNTS),
	VARIABLE("REQUEST_METHOD", method, LAST_COUNTS),
	VARIABLE("CONTENT_LENGTH", content_length, MUST_AGREE),
	VARIABLE("REQUEST_SCHEME", scheme, LAST_COUNTS),
	VARIABLE("HTTP_X_REQUEST_ID", request_id, LAST_COUNTS),
	VARIABLE("HTTP_AUTHORIZATION", authorization, AGREE_OR_EMPTY),
	VARIABLE("HTTP_IF_NONE_MATCH", if_none_match, LAST_COUNTS),
	VARIABLE("HTTP_SEC_FETCH_SITE", fetch_site, AGREE_OR_EMPTY),
	VARIABLE("HTTP_X_FORWARDED_FOR", forwarded_for, LAST_COUNTS),
	VARIABLE("HTTP_ACCEPT_LANGUAGE", accept_language, LAST_COUNTS),
	VARIABLE("HTTP_IDEMPOTENCY_KEY", idempotency_key, MUST_AGREE),
	VARIABLE("REDIRECT_FCU_REQUIRE", require, AGREE_OR_EMPTY),
	VARIABLE("CONTEXT_DOCUMENT_ROOT", context_root, LAST_COUNTS),
	VARIABLE("HTTP_TRANSFER_ENCODING", transfer_encoding, LAST_COUNTS),
	VARIABLE("REDIRECT_HTTP_AUTHORIZATION", authorization, AGREE_OR_EMPTY),
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static bool
is_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

static void
variable_take(struct seen *s, const struct variable *v, const char *value)
{
	const char **place = (const char **)(void *)((char *)s + v->place);

	if (v->repeated == AGREE_OR_EMPTY && is_empty(value))
		return;
	if (v->repeated != LAST_COUNTS && !is_empty(*place) &&
	    !is_empty(value) && strcmp(*place, value) != 0)
		s->contradiction = true;
	*place = value;
}

static void
variables_read(struct seen *s, const struct gate_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(pairs[i].name);

		for (size_t v = 0;
		     v < countof(variables) && variables[v].len <= len; v++) {
			if (variables[v].len == len &&
			    memcmp(variables[v].name, pairs[i].name, len) == 0)
				variable_take(s, &variables[v], pairs[i].value);
		}
	}
}

/* The path of a request target, decoded once. */
static enum err
path_decode(struct arena *mem, const char *uri, const char **out)
{
	size_t len = strcspn(uri, "?#");
	char *path = arena_copy(mem, uri, len);
	size_t at = 0;

	*out = path;
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (uri[i] != '%') {
			path[at++] = uri[i];
			continue;
		}
		high = i + 2 < len ? text_hex_value(uri[i + 1]) : -1;
		low = i + 2 < len ? text_hex_value(uri[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return ERR_BAD_REQUEST;
		path[at++] = (char)(high << 4 | low);
		i += 2;
	}
	path[at] = '\0';
	return OK;
}

/* No route has control characters or broken UTF-8 in it. */
static bool
path_is_sane(const char *path)
{
	const char *p = path;

	for (; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	return text_is_utf8(path, (size_t)(p - path));
}

/* Moves the configured prefix from the path to the mount. */
static void
prefix_move(struct req *rq, const char *prefix)
{
	size_t len = strlen(prefix);

	while (len > 0 && prefix[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(rq->path, prefix, len) != 0 ||
	    (rq->path[len] != '/' && rq->path[len] != '\0'))
		return;
	rq->mount =
		arena_printf(rq->mem, "%s%.*s", rq->mount, (int)len, prefix);
	rq->path = rq->path[len] != '\0' ? rq->path + len : "/";
}

/*
 * Where a .htaccess file has Apache look again for what answers, REDIRECT_URL
 * is the path as it was before: below the program's folder when no PATH_INFO
 * was made of it, else with that at its end. No header is called so.
 */
static void
redirect_undo(struct req *rq, const struct seen *s)
{
	const char *before = s->redirect_url;
	const char *program = or_empty(s->script_name);
	const char *slash = strrchr(program, '/');
	size_t len = slash != NULL ? (size_t)(slash - program) : 0;
	size_t before_len = strlen(before);
	size_t path_len = strlen(rq->path);

	if (is_empty(s->path_info)) {
		if (strncmp(before, program, len) != 0 || before[len] != '/')
			return;
		rq->path = before + len;
	} else {
		if (before_len < path_len ||
		    strcmp(before + before_len - path_len, rq->path) != 0)
			return;
		len = before_len - path_len;
	}
	rq->mount = arena_copy(rq->mem, before, len);
}

/* Where in `uri` the path begins, each of whose slashes may be several there;
 * the path itself when that is not what the other ends with. */
static const char *
path_unmerged(const char *uri, const char *path)
{
	size_t at = strlen(uri);
	size_t left = strlen(path);

	while (left > 0 && at > 0 && uri[at - 1] == path[left - 1]) {
		at--;
		left--;
		if (path[left] != '/' || (left > 0 && path[left - 1] == '/'))
			continue;
		while (at > 0 && uri[at - 1] == '/')
			at--;
	}
	return left == 0 ? uri + at : path;
}

/* Apache and lighttpd merge slashes before they tell the path; to whoever
 * looks at it, /users//me is not /users/me. */
static void
slashes_restore(struct req *rq, const char *uri)
{
	const char *asked;

	if (*uri == '/' && path_decode(rq->mem, uri, &asked) == OK &&
	    strstr(asked, "//") != NULL)
		rq->path = path_unmerged(asked, rq->path);
}

static enum err
path_find(struct req *rq, const struct seen *s)
{
	enum err e = OK;

	rq->mount = "";
	if (!is_empty(s->path_info)) {
		rq->path = s->path_info;
		rq->mount = or_empty(s->script_name);
	} else if (!is_empty(s->script_name)) {
		rq->path = s->script_name;
	} else {
		e = path_decode(rq->mem, or_empty(s->request_uri), &rq->path);
	}
	if (e != OK)
		return e;
	if (!is_empty(s->redirect_url))
		redirect_undo(rq, s);
	slashes_restore(rq, or_empty(s->request_uri));
	if (rq->path[0] != '/' || !path_is_sane(rq->path) ||
	    !path_is_sane(rq->mount))
		return ERR_NOT_FOUND;
	prefix_move(rq, or_empty(rq->conf->server.prefix));
	return OK;
}

static bool
request_id_is_good(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strspn(id, allowed);

	return len > 0 && len <= REQUEST_ID_MAX && id[len] == '\0';
}

static const char *
request_id_find(const struct req *rq, const char *given)
{
	const unsigned char *bytes;

	if (rq->conf->server.trust_request_id && given != NULL &&
	    request_id_is_good(given))
		return given;
	if (id_stock.left == 0) {
		crypto_random(id_stock.bytes, sizeof(id_stock.bytes));
		id_stock.left = REQUEST_ID_STOCK;
	}
	bytes = id_stock.bytes + --id_stock.left * REQUEST_ID_BYTES;
	return crypto_base64url(rq->mem, bytes, REQUEST_ID_BYTES);
}

static bool
says_https(const struct seen *s)
{
	return text_same(or_empty(s->https), "on") ||
	       strcmp(or_empty(s->https), "1") == 0 ||
	       text_same(or_empty(s->scheme), "https");
}

/* The web server decoded any transfer coding; one that did not is broken. */
static enum err
body_judge(struct req *rq, const struct seen *s)
{
	size_t length;
	enum err e = gate_body_length(s->content_length,
				      rq->conf->server.body_limit, &length);

	if (e != OK)
		return e;
	rq->body_is_short = length > rq->body_len;
	return !is_empty(s->transfer_encoding) || length < rq->body_len
		       ? ERR_BAD_REQUEST
		       : OK;
}

static enum err
request_judge(struct req *rq, const struct seen *s)
{
	enum err e = path_find(rq, s);

	if (s->contradiction || is_empty(s->method))
		return ERR_BAD_REQUEST;
	return e != OK ? e : body_judge(rq, s);
}

/* The path is that of another request, and for the log alone. */
static enum err
question_judge(struct req *rq, const struct seen *s)
{
	rq->mount = "";
	if (path_decode(rq->mem, or_empty(s->request_uri), &rq->path) != OK ||
	    !path_is_sane(rq->path))
		rq->path = "";
	return s->contradiction || is_empty(s->method) ? ERR_BAD_REQUEST : OK;
}

bool
gate_environment(struct arena *mem, char **envp,
		 struct gate_pair pairs[GATE_PAIRS_LIMIT], size_t *count)
{
	for (*count = 0; *envp != NULL; envp++) {
		const char *equals = strchr(*envp, '=');
		struct gate_pair *pair = &pairs[*count];

		if (equals == NULL)
			continue;
		if (*count == GATE_PAIRS_LIMIT)
			return false;
		pair->name = arena_copy(mem, *envp, (size_t)(equals - *envp));
		pair->value = equals + 1;
		++*count;
	}
	return true;
}

enum err
gate_body_length(const char *content_length, int64_t limit, size_t *length)
{
	int64_t value;
	size_t len;

	*length = 0;
	if (is_empty(content_length))
		return OK;
	len = strlen(content_length);
	if (strspn(content_length, "0123456789") != len)
		return ERR_BAD_REQUEST;
	if (!text_number(content_length, 0, limit, &value))
		return ERR_CONTENT_TOO_LARGE;
	*length = (size_t)value;
	return OK;
}

static bool
is_transfer_coding(const struct gate_pair *pair)
{
	return strcmp(pair->name, "HTTP_TRANSFER_ENCODING") == 0 &&
	       *pair->value != '\0';
}

bool
gate_body_is_untold(const struct gate_pair *pairs, size_t count)
{
	bool in_pieces = false;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(pairs[i].name, "CONTENT_LENGTH") == 0 &&
		    *pairs[i].value != '\0')
			return false;
		in_pieces |= is_transfer_coding(&pairs[i]);
	}
	return in_pieces;
}

void
gate_body_tell(struct arena *mem, struct gate_pair *pairs, size_t count,
	       size_t body_len)
{
	for (size_t i = 0; i < count; i++) {
		if (is_transfer_coding(&pairs[i]))
			pairs[i] = (struct gate_pair){
				"CONTENT_LENGTH",
				arena_printf(mem, "%zu", body_len)};
	}
}

static const char *
sender_of(const struct gate_service *service, const struct seen *s)
{
	const struct text_list *trusted =
		&service->conf->server.trusted_proxies;
	const char *peer = or_empty(s->remote_address);

	return trusted->count > 0 ? network_sender(service->mem, trusted, peer,
						   s->forwarded_for)
				  : peer;
}

void
gate_request(struct req *rq, const struct gate_service *service,
	     const struct gate_pair *pairs, size_t count, struct gate_body body,
	     enum gate_role role, int64_t arrived)
{
	struct seen s = {0};

	variables_read(&s, pairs, count);
	*rq = (struct req){
		.mem = service->mem,
		.conf = service->conf,
		.method = method_parse(or_empty(s.method)),
		.method_name = or_empty(s.method),
		.query = or_empty(s.query),
		.content_type =
			is_empty(s.content_type) ? NULL : s.content_type,
		.authorization = s.authorization,
		.cookie = s.cookie,
		.host = s.host,
		.origin = s.origin,
		.fetch_site = s.fetch_site,
		.if_none_match = s.if_none_match,
		.accept_language = s.accept_language,
		.if_match = s.if_match,
		.idempotency_key = s.idempotency_key,
		.require = s.require,
		.require_here = service->require,
		.authorizer = role == GATE_AUTHORIZER,
		.remote_user = s.remote_user,
		.remote_password = s.remote_password,
		.metrics = s.metrics,
		.document_root =
			is_empty(s.document_root) ? NULL : s.document_root,
		.context_root =
			is_empty(s.context_root) ? NULL : s.context_root,
		.remote_address = sender_of(service, &s),
		.https = says_https(&s),
		.body = body.len > 0 ? body.bytes : "",
		.body_len = body.len,
		.arrived = arrived,
	};
	rq->request_id = request_id_find(rq, s.request_id);
	rq->refused =
		rq->authorizer ? question_judge(rq, &s) : request_judge(rq, &s);
}
