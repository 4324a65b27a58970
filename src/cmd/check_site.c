/* SPDX-License-Identifier: MIT */
/* The site as a client sees it: what the web server hands on. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/examination.h"
#include "core/probe.h"
#include "remote/http_client.h"

#define LIMIT 10000 /* milliseconds */
#define SKEW_SLACK 5

static bool
is_true(const struct json *answer, const char *name)
{
	const struct json *v = json_member(answer, name);

	return v != NULL && json_type(v) == JSON_TRUE;
}

/* Seconds since 1970 there; -1 when it does not say so. */
static int64_t
clock_there(const struct json *answer)
{
	const struct json *v = json_member(answer, "now");
	int64_t now;

	return v != NULL && json_number_int64(v, &now) ? now : -1;
}

static void
judge(struct examination *x, const struct json *answer, int64_t asked)
{
	int64_t skew = examination_skew(clock_there(answer), asked);
	bool https = text_starts(x->site, "https:");

	if (!is_true(answer, "authorization"))
		examination_fault(
			x, ERR_CONFIGURATION, "authorization",
			"the web server keeps the header Authorization to "
			"itself, so nobody can sign in by a bearer token; "
			"Apache: CGIPassAuth On, others: pass "
			"HTTP_AUTHORIZATION");
	if (is_true(answer, "https") != https)
		examination_warn(
			x, "https",
			"the site is %s, but the web server says that requests "
			"came by %s, so addresses that are made of them are "
			"wrong; pass the variable HTTPS as it is",
			x->site, https ? "http" : "https");
	if (llabs(skew) > SKEW_SLACK)
		examination_fault(x, ERR_CONFIGURATION, "clock",
				  "the clock of the site is %lld seconds %s "
				  "this one; let both follow the same time "
				  "servers",
				  llabs(skew),
				  skew > 0 ? "ahead of" : "behind");
	examination_good(x, "site", "%s is answered by this program", x->site);
}

static void
judge_answer(struct examination *x, const struct http_answer *a, int64_t asked)
{
	const struct json *answer = NULL;
	struct json_fault fault;

	if (a->status == 200 &&
	    json_parse(x->database.mem, a->body, a->body_len, JSON_TOKEN,
		       &answer, &fault) == OK &&
	    json_type(answer) == JSON_OBJECT)
		judge(x, answer, asked);
	else if (a->status >= 500)
		examination_fault(x, ERR_DATABASE_DOWN, "site",
				  "%s answers %d; does the pool run, and may "
				  "the web server open its socket?",
				  x->site, a->status);
	else if (a->status >= 300 && a->status < 400)
		examination_fault(x, ERR_CONFIGURATION, "site",
				  "%s sends us elsewhere (%d); name the "
				  "address that answers",
				  x->site, a->status);
	else
		examination_fault(x, ERR_CONFIGURATION, "site",
				  "%s leads to something else, or to a program "
				  "with other secrets or without routes.health "
				  "(it answers %d); check the address and the "
				  "web server's locations, and HUP the pool",
				  x->site, a->status);
}

/* The site is the administrator's own: also a private address, also http. */
void
check_site(struct examination *x)
{
	static const struct http_client_settings settings = {
		.time_limit = LIMIT,
		.connect_limit = LIMIT,
		.ca_file = "",
		.allow_http = true,
		.allow_private = true,
	};
	struct arena *mem = x->database.mem;
	struct http_answer answer = {0};
	struct http_client *client = NULL;
	int64_t asked = clock_now();
	const char *probe =
		x->site != NULL ? probe_write(x->conf, mem, asked) : NULL;
	const char *header;
	enum err e;

	if (x->site == NULL)
		return;
	if (probe == NULL) {
		examination_warn(x, "site",
				 "without any secret the site cannot be asked; "
				 "put one into secrets.jwt_file");
		return;
	}
	header = arena_printf(mem, "Authorization: Bearer %s", probe);
	e = http_client_open(&settings, &client);
	if (e == OK)
		e = http_client_send(
			client, mem,
			&(struct http_request){
				.method = "GET",
				.url = arena_printf(
					mem, "%s%s/probe?%s", x->site,
					x->conf->routes.auth, probe),
				.headers = &header,
				.header_count = 1,
			},
			&answer);
	http_client_close(client);
	if (e == OK)
		judge_answer(x, &answer, asked);
	else
		examination_fault(x, ERR_DATABASE_DOWN, "site",
				  "%s cannot be reached: %s; does the web "
				  "server run, and is its name known?",
				  x->site,
				  answer.why != NULL ? answer.why
						     : err_sentence(e));
}
