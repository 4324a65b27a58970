/* SPDX-License-Identifier: MIT */
/* Events to other servers, signed as Standard Webhooks says. */
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "core/delivery.h"
#include "remote/http_client.h"

#define SECRET_PREFIX "whsec_"
#define ANSWER_LIMIT ((size_t)64 * 1024)
#define STATUS_GONE 410

static enum err
subscribe(const struct config *conf, struct event_plan *p, struct arena *mem,
	  const char **why)
{
	(void)mem;
	(void)why;
	for (size_t i = 0; i < conf->webhook_count; i++)
		event_subscribe(p, &webhook_delivery, conf->webhook[i].title,
				event_set_of(&conf->webhook[i].events));
	return OK;
}

static const struct webhook_settings *
webhook_named(const struct config *conf, const char *name)
{
	for (size_t i = 0; i < conf->webhook_count; i++)
		if (strcmp(conf->webhook[i].title, name) == 0)
			return &conf->webhook[i];
	return NULL;
}

static const char *
body_write(struct arena *mem, const struct event_notice *n)
{
	struct buf b;

	buf_init(&b, mem, strlen(n->json) + 128);
	buf_text(&b, "{\"type\":");
	json_write_text(&b, event_name(n->event));
	buf_printf(&b, ",\"timestamp\":\"%s\",\"data\":%s}",
		   clock_text(mem, n->happened_at), n->json);
	return b.data;
}

/* "v1,…" for each secret, the first one first. */
static enum err
signatures_write(struct arena *mem, const struct text_list *secrets,
		 const char *text, struct buf *out)
{
	for (size_t i = 0; i < secrets->count; i++) {
		unsigned char mac[SHA256_SIZE];
		unsigned char *secret;
		struct mac_key *key;
		size_t len;

		TRY(crypto_base64_decode(
			mem, secrets->items[i] + strlen(SECRET_PREFIX), &secret,
			&len));
		key = mac_key_new(secret, len);
		mac_sign(key, text, strlen(text), mac);
		mac_key_free(key);
		buf_printf(out, "%sv1,%s", i > 0 ? " " : "",
			   crypto_base64(mem, mac, sizeof(mac)));
	}
	return OK;
}

static enum err
post(struct ctx *cx, const struct webhook_settings *w, const char *id,
     const char *body, int64_t limit, struct http_answer *answer)
{
	const struct http_client_settings settings = {
		.time_limit = limit,
		.connect_limit = limit,
		.size_limit = ANSWER_LIMIT,
		.ca_file = w->ca_file,
		.allow_http = w->allow_http,
		.allow_private = w->allow_private,
	};
	const char *timestamp =
		arena_printf(cx->mem, "%lld", (long long)cx->clock());
	struct http_client *client = NULL;
	struct buf signatures;
	const char *headers[4];
	enum err e;

	buf_init(&signatures, cx->mem, 256);
	TRY(signatures_write(
		cx->mem, &w->secret,
		arena_printf(cx->mem, "%s.%s.%s", id, timestamp, body),
		&signatures));
	headers[0] = "Content-Type: application/json";
	headers[1] = arena_printf(cx->mem, "webhook-id: %s", id);
	headers[2] = arena_printf(cx->mem, "webhook-timestamp: %s", timestamp);
	headers[3] =
		arena_printf(cx->mem, "webhook-signature: %s", signatures.data);
	TRY(http_client_open(&settings, &client));
	e = http_client_send(client, cx->mem,
			     &(struct http_request){
				     .method = "POST",
				     .url = w->url,
				     .headers = headers,
				     .header_count = countof(headers),
				     .body = body,
				     .body_len = strlen(body),
			     },
			     answer);
	http_client_close(client);
	return e;
}

static enum err
deliver(struct ctx *cx, const char *target, const struct event_notice *n,
	int64_t deadline, struct delivery_report *report)
{
	const struct webhook_settings *w = webhook_named(cx->conf, target);
	int64_t limit = deadline - clock_monotonic();
	struct http_answer answer = {0};

	report->why = "the configuration knows no such webhook";
	if (w == NULL)
		return ERR_INVALID;
	if (limit > w->timeout * 1000)
		limit = w->timeout * 1000;
	report->why = "no whole answer in time, or an address that is not "
		      "allowed";
	TRY(post(cx, w, n->id, body_write(cx->mem, n), limit, &answer));
	if (answer.status >= 200 && answer.status < 300)
		return OK;
	report->why = arena_printf(cx->mem, "answered %d", answer.status);
	return answer.status == STATUS_GONE ? ERR_INVALID : ERR_REMOTE;
}

const struct delivery webhook_delivery = {
	.name = "webhook",
	.subscribe = subscribe,
	.deliver = deliver,
};
