/* SPDX-License-Identifier: MIT */
#include "remote/http_client.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "remote/address.h"
#include "remote/resolver.h"

/* Of an answer's headers, all together. */
#define HEADERS_LIMIT ((size_t)64 * 1024)

struct http_client {
	struct http_client_settings settings;
	CURL *curl;
};

/* One request under way. */
struct exchange {
	const struct http_client *client;
	struct buf body;
	size_t header_bytes;
	size_t limit;
	bool too_large;
	bool refused; /* an address that is not allowed */
	int64_t started;
	char complaint[CURL_ERROR_SIZE];
};

/* What has to be released after it. */
struct parts {
	CURLU *url;
	char *host;
	char *port;
	struct curl_slist *headers;
	struct curl_slist *resolved;
};

enum err
http_client_open(const struct http_client_settings *settings,
		 struct http_client **out)
{
	struct http_client *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return ERR_INTERNAL;
	c->settings = *settings;
	if (c->settings.size_limit == 0)
		c->settings.size_limit = HTTP_SIZE_LIMIT;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		return ERR_INTERNAL;
	}
	c->curl = curl_easy_init();
	if (c->curl == NULL) {
		http_client_close(c);
		return ERR_INTERNAL;
	}
	*out = c;
	return OK;
}

void
http_client_close(struct http_client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}

/* What libcurl calls back. */

static size_t
take_body(char *bytes, size_t size, size_t count, void *to)
{
	struct exchange *x = to;
	size_t len = size * count;

	if (len > x->limit - x->body.len) {
		x->too_large = true;
		return 0;
	}
	buf_add(&x->body, bytes, len);
	return len;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *to)
{
	struct exchange *x = to;
	size_t len = size * count;

	(void)bytes;
	if (len > HEADERS_LIMIT - x->header_bytes) {
		x->too_large = true;
		return 0;
	}
	x->header_bytes += len;
	return len;
}

static curl_socket_t
open_socket(void *to, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = to;

	(void)purpose;
	if (!x->client->settings.allow_private &&
	    !address_is_public(&address->addr)) {
		x->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

/*
 * What tells libcurl the name's addresses, so that it does not look them up.
 * NULL when there are none, with *why.
 */
static const char *
look_up(struct arena *mem, const struct parts *p, int64_t deadline,
	const char **why)
{
	struct addresses found;
	struct buf entry;

	if (resolver_find(p->host, NULL, deadline, &found, why) != OK)
		return NULL;
	buf_init(&entry, mem, 128);
	buf_printf(&entry, "+%s:%s:", p->host, p->port);
	for (size_t i = 0; i < found.count; i++) {
		const char *address = found.text[i];
		bool v6 = strchr(address, ':') != NULL;

		buf_printf(&entry, v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
			   address);
	}
	return entry.data;
}

static bool
is_numeric(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return *host == '[' || inet_pton(AF_INET, host, address) == 1;
}

/* Only asked when the name was not looked up here, after all. */
static int
refuse_to_look_up(void *state, void *reserved, void *to)
{
	(void)state;
	(void)reserved;
	(void)to;
	return 1;
}

/* One request. */

/* Where libcurl is lenient: a name in other letters would be looked up in two
 * spellings, and of "https:///x" the path would become the host. */
static bool
is_plain(const char *url)
{
	const char *host = strstr(url, "://");

	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return host != NULL && host[3] != '/';
}

static bool
split_url(struct parts *p, const char *url)
{
	char *user = NULL;
	bool good = false;

	p->url = curl_url();
	if (p->url == NULL || !is_plain(url) ||
	    curl_url_set(p->url, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(p->url, CURLUPART_HOST, &p->host, 0) != CURLUE_OK ||
	    curl_url_get(p->url, CURLUPART_PORT, &p->port,
			 CURLU_DEFAULT_PORT) != CURLUE_OK)
		goto out;
	good = curl_url_get(p->url, CURLUPART_USER, &user, 0) != CURLUE_OK;
out:
	curl_free(user);
	return good;
}

static void
parts_release(struct parts *p)
{
	curl_slist_free_all(p->headers);
	curl_slist_free_all(p->resolved);
	curl_free(p->host);
	curl_free(p->port);
	curl_url_cleanup(p->url);
}

static bool
append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool
is_header(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static const char *
add_headers(struct parts *p, const struct http_request *rq)
{
	/* libcurl would wait for a server's consent to a long body. */
	if (!append(&p->headers, "Expect:"))
		return "no memory";
	for (size_t i = 0; i < rq->header_count; i++) {
		if (!is_header(rq->headers[i]))
			return "a header holds a control character";
		if (!append(&p->headers, rq->headers[i]))
			return "no memory";
	}
	return NULL;
}

/* What holds for all requests of this client. */
static bool
set_rules(const struct http_client *c, struct exchange *x)
{
	CURL *h = c->curl;
	const struct http_client_settings *s = &c->settings;
	const char *protocols = s->allow_http ? "https,http" : "https";
	CURLcode bad = CURLE_OK;

	curl_easy_reset(h);
	bad |= curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, protocols);
	bad |= curl_easy_setopt(h, CURLOPT_HTTP_VERSION,
				(long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(h, CURLOPT_SSLVERSION,
				(long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (*s->ca_file != '\0') {
		bad |= curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
		bad |= curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	}
	bad |= curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	/* Else the environment names one, and a CGI client the environment. */
	bad |= curl_easy_setopt(h, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(h, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	bad |= curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(h, CURLOPT_USERAGENT, "fastcgi-users");
	bad |= curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(h, CURLOPT_WRITEDATA, x);
	bad |= curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(h, CURLOPT_HEADERDATA, x);
	bad |= curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	bad |= curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
	bad |= curl_easy_setopt(h, CURLOPT_ERRORBUFFER, x->complaint);
	return bad == CURLE_OK;
}

static bool
set_request(const struct http_client *c, const struct http_request *rq,
	    const struct parts *p, int64_t left)
{
	CURL *h = c->curl;
	int64_t connect = c->settings.connect_limit;
	CURLcode bad = CURLE_OK;

	if (connect > left)
		connect = left;
	bad |= curl_easy_setopt(h, CURLOPT_URL, rq->url);
	bad |= curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left);
	bad |= curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
	if (rq->body != NULL || strcmp(rq->method, "POST") == 0) {
		bad |= curl_easy_setopt(h, CURLOPT_POST, 1L);
		bad |= curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
					(curl_off_t)rq->body_len);
		bad |= curl_easy_setopt(h, CURLOPT_POSTFIELDS,
					rq->body == NULL ? "" : rq->body);
	}
	if (rq->connect_only)
		bad |= curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L);
	bad |= curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, rq->method);
	bad |= curl_easy_setopt(h, CURLOPT_HTTPHEADER, p->headers);
	if (p->resolved != NULL) {
		bad |= curl_easy_setopt(h, CURLOPT_RESOLVE, p->resolved);
		bad |= curl_easy_setopt(h, CURLOPT_RESOLVER_START_FUNCTION,
					refuse_to_look_up);
	}
	return bad == CURLE_OK;
}

static const char *
failure(const struct exchange *x, CURLcode code)
{
	if (x->refused)
		return "the address is not public, and allow_private is off";
	if (x->too_large)
		return "the answer is too large";
	return *x->complaint != '\0' ? x->complaint : curl_easy_strerror(code);
}

static void
take_answer(const struct http_client *c, struct arena *mem,
	    const struct exchange *x, struct http_answer *out)
{
	long status = 0;
	char *type = NULL;

	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
	out->status = (int)status;
	out->content_type = arena_text(mem, type == NULL ? "" : type);
	out->body = x->body.data;
	out->body_len = x->body.len;
}

/* Milliseconds. */
static int64_t
time_left(const struct http_client *c, const struct http_request *rq,
	  const struct exchange *x)
{
	int64_t now = clock_monotonic();
	int64_t left = c->settings.time_limit - (now - x->started);

	if (rq->deadline > 0 && rq->deadline - now < left)
		left = rq->deadline - now;
	return left;
}

/* NULL when all went well, else why not. */
static const char *
run(struct http_client *c, struct arena *mem, const struct http_request *rq,
    struct parts *p, struct exchange *x)
{
	const char *why = add_headers(p, rq);
	const char *entry;
	int64_t left;
	CURLcode code;

	if (why != NULL)
		return why;
	if (!is_numeric(p->host)) {
		entry = look_up(mem, p, clock_monotonic() + time_left(c, rq, x),
				&why);
		if (entry == NULL)
			return why;
		if (!append(&p->resolved, entry))
			return "no memory";
	}
	left = time_left(c, rq, x);
	if (left <= 0)
		return "there is no time left";
	if (!set_rules(c, x) || !set_request(c, rq, p, left))
		return "libcurl refuses an option";
	code = curl_easy_perform(c->curl);
	return code == CURLE_OK ? NULL : failure(x, code);
}

enum err
http_client_send(struct http_client *c, struct arena *mem,
		 const struct http_request *rq, struct http_answer *out)
{
	struct exchange x = {.client = c, .limit = c->settings.size_limit};
	struct parts p = {0};
	const char *why = "the address is no URL";
	enum err e = OK;

	buf_init(&x.body, mem, 4096);
	x.started = clock_monotonic();
	if (split_url(&p, rq->url))
		why = run(c, mem, rq, &p, &x);
	if (why != NULL) {
		e = ERR_REMOTE;
		out->why = arena_text(mem, why);
	} else {
		take_answer(c, mem, &x, out);
	}
	log_event(e == OK ? LEVEL_DEBUG : LEVEL_WARNING,
		  log_is(e == OK ? "remote_answered" : "remote_failed"),
		  log_text("host", p.host == NULL ? "" : p.host),
		  log_number("ms", clock_monotonic() - x.started),
		  e == OK ? log_number("status", out->status)
			  : log_text("why", why));
	/* Nothing of this request stays in the handle. */
	curl_easy_reset(c->curl);
	parts_release(&p);
	return e;
}

bool
http_url_is_fit(const char *url, bool allow_http)
{
	struct parts p = {0};
	char *scheme = NULL;
	bool fit = split_url(&p, url) && *p.host != '\0' &&
		   curl_url_get(p.url, CURLUPART_SCHEME, &scheme, 0) ==
			   CURLUE_OK &&
		   (strcmp(scheme, "https") == 0 ||
		    (allow_http && strcmp(scheme, "http") == 0));

	curl_free(scheme);
	parts_release(&p);
	return fit;
}
