/* SPDX-License-Identifier: MIT */
/* The settings of those who are told of events, or asked before them. */
#include <string.h>

#include "base/config_table.h"
#include "base/crypto.h"
#include "base/text.h"
#include "base/trust.h"

/* Seconds that are left of a request when its hooks have had their time. */
#define HOOK_MARGIN 2
#define SECRET_PREFIX "whsec_"
#define SECRET_LEAST 24
#define SECRET_MOST 64

/* What is asked before something is done, and whether that is computing a
 * hash, for which there may be a queue. */
static const struct {
	const char *event;
	bool hashes;
} before[] = {
	{"validate_password", true},
	{"before_delete", false},
};

static void
hook_check(struct reading *r, size_t i)
{
	const struct hook_settings *h = &r->conf->hook[i];
	const char *why = *h->program == '\0' ? "is not set"
					      : trust_program_fault(h->program);

	if (why != NULL)
		config_blame(r, "hook", i, "program", "\"%s\" %s", h->program,
			     why);
	if (h->events.count == 0)
		config_blame(r, "hook", i, "events",
			     "is empty, so that it would never be run");
}

/* A request waits for all hooks of an event, and its own time is limited. */
static void
waiting_check(struct reading *r, const char *event, bool hashes)
{
	const struct config *c = r->conf;
	int64_t left = c->server.request_limit - HOOK_MARGIN -
		       (hashes ? c->password.wait_limit : 0);

	for (size_t i = 0; i < c->hook_count; i++) {
		if (!text_list_has(&c->hook[i].events, event))
			continue;
		left -= c->hook[i].timeout;
		if (left < 0) {
			config_blame(r, "hook", i, "timeout",
				     "a request that waits for %s%s would take "
				     "longer than server.request_limit",
				     event,
				     hashes ? " and for password.wait_limit"
					    : "");
			return;
		}
	}
}

static bool
is_signer(struct arena *mem, const char *text)
{
	unsigned char *bytes;
	size_t len;

	return text_starts(text, SECRET_PREFIX) &&
	       crypto_base64_decode(mem, text + strlen(SECRET_PREFIX), &bytes,
				    &len) == OK &&
	       len >= SECRET_LEAST && len <= SECRET_MOST;
}

static void
signers_check(struct reading *r, size_t i)
{
	struct webhook_settings *w = &r->conf->webhook[i];
	const char *from = "secret";
	size_t given = w->secret.count;
	const char *why = NULL;

	if (*w->secret_file != '\0')
		why = config_secrets_read(r, w->secret_file, &w->secret);
	if (why != NULL)
		config_blame(r, "webhook", i, "secret_file", "%s: %s",
			     w->secret_file, why);
	else if (w->secret.count == 0)
		config_blame(r, "webhook", i, "secret",
			     "there is none: try echo whsec_$(openssl rand "
			     "-base64 32)");
	for (size_t k = 0; k < w->secret.count; k++) {
		if (k == given)
			from = "secret_file";
		if (!is_signer(r->mem, w->secret.items[k]))
			config_blame(r, "webhook", i, from,
				     "a secret must be whsec_ and %d to %d "
				     "bytes in base64",
				     SECRET_LEAST, SECRET_MOST);
	}
}

static const char *
url_fault(const struct webhook_settings *w)
{
	const char *host = strstr(w->url, "://");

	if (!text_starts(w->url, "https://") &&
	    !(w->allow_http && text_starts(w->url, "http://")))
		return w->allow_http ? "must begin with https:// or http://"
				     : "must begin with https://, or "
				       "allow_http be set";
	for (const char *c = w->url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return "holds a character that an address must not "
			       "have";
	if (host[3] == '\0' || host[3] == '/')
		return "names no server";
	if (memchr(host, '@', strcspn(host + 3, "/?#") + 3) != NULL)
		return "must not hold a user's name";
	return NULL;
}

static void
webhook_check(struct reading *r, size_t i)
{
	const struct webhook_settings *w = &r->conf->webhook[i];
	const char *why = url_fault(w);

	if (why != NULL)
		config_blame(r, "webhook", i, "url", "\"%s\" %s", w->url, why);
	if (w->events.count == 0)
		config_blame(r, "webhook", i, "events",
			     "is empty, so that it would never be told "
			     "anything");
	signers_check(r, i);
}

void
config_check_delivery(struct reading *r)
{
	for (size_t i = 0; i < r->conf->webhook_count; i++)
		webhook_check(r, i);
	for (size_t i = 0; i < r->conf->hook_count; i++)
		hook_check(r, i);
	for (size_t i = 0; i < countof(before); i++)
		waiting_check(r, before[i].event, before[i].hashes);
}
