/* SPDX-License-Identifier: MIT */
/* Other servers: whether they can be reached. Nothing is sent to them. */
#include <string.h>

#include "cmd/examination.h"
#include "core/mail.h"
#include "core/strategy.h"
#include "remote/http_client.h"
#include "remote/redis.h"

/* Milliseconds that each may take. */
#define LIMIT 5000

void
check_redis(struct examination *x)
{
	static const struct redis_command ping = {{"PING"}};
	struct redis_reply reply;
	struct redis *redis;
	enum err e;

	if (!strategy_is_used(x->conf, &strategy_redis))
		return;
	e = redis_open(x->conf, &redis);
	if (e == OK)
		e = redis_run(redis, x->database.mem, &ping, 1, &reply);
	redis_close(redis);
	if (e != OK)
		examination_fault(x, e, "redis",
				  "%s; is it running, and are address and "
				  "password in redis.url right?",
				  err_sentence(e));
	else
		examination_good(x, "redis", "the Redis server answers");
}

void
check_mail(struct examination *x)
{
	const char *why = NULL;
	enum err e = mail_greet(x->conf, x->database.mem, LIMIT, &why);

	if (why == NULL)
		return;
	if (e != OK)
		examination_fault(x, ERR_DATABASE_DOWN, "mail",
				  "the mail server %s does not take us: %s; is "
				  "it running, and are mail.url, mail.tls, "
				  "mail.user and the password right?",
				  x->conf->mail.url, why);
	else
		examination_good(x, "mail", "the mail server takes us");
}

/* NULL when a connection can be made, TLS and all. */
static const char *
connect_fault(struct arena *mem, const struct http_client_settings *settings,
	      const char *url)
{
	const struct http_request rq = {
		.method = "GET", .url = url, .connect_only = true};
	struct http_answer answer = {0};
	struct http_client *client;
	enum err e = http_client_open(settings, &client);

	if (e != OK)
		return err_sentence(e);
	e = http_client_send(client, mem, &rq, &answer);
	http_client_close(client);
	return e == OK ? NULL : answer.why;
}

void
check_webhooks(struct examination *x)
{
	for (size_t i = 0; i < x->conf->webhook_count; i++) {
		const struct webhook_settings *w = &x->conf->webhook[i];
		const struct http_client_settings settings = {
			.time_limit = LIMIT,
			.connect_limit = LIMIT,
			.ca_file = w->ca_file,
			.allow_http = w->allow_http,
			.allow_private = w->allow_private,
		};
		const char *why =
			connect_fault(x->database.mem, &settings, w->url);

		if (why != NULL)
			examination_fault(x, ERR_DATABASE_DOWN, "webhook",
					  "the server of webhook %s cannot be "
					  "reached: %s; is its url right, and "
					  "does a firewall let us out?",
					  w->title, why);
		else
			examination_good(x, "webhook",
					 "the server of webhook %s can be "
					 "reached",
					 w->title);
	}
}

void
check_providers(struct examination *x)
{
	const struct oauth_settings *o = &x->conf->oauth;
	const struct http_client_settings settings = {
		.time_limit = LIMIT,
		.connect_limit = LIMIT,
		.ca_file = o->ca_file,
		.allow_http = o->allow_http,
		.allow_private = o->allow_private,
	};

	for (size_t i = 0; i < x->conf->provider_count; i++) {
		const struct provider_settings *p = &x->conf->provider[i];
		const char *url =
			*p->token_url != '\0' ? p->token_url : p->discovery_url;
		const char *why = *url != '\0' ? connect_fault(x->database.mem,
							       &settings, url)
					       : NULL;

		if (why != NULL)
			examination_fault(x, ERR_DATABASE_DOWN, "provider",
					  "provider %s cannot be reached: %s; "
					  "does a firewall let us out, and are "
					  "its addresses right?",
					  p->title, why);
		else
			examination_good(x, "provider",
					 "provider %s can be reached",
					 p->title);
	}
}
