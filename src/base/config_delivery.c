/* SPDX-License-Identifier: MIT */
/* The settings of those who are told of events, or asked before them. */
#include <string.h>

#include "base/config_table.h"
#include "base/trust.h"

/* Seconds that are left of a request when its hooks have had their time. */
#define HOOK_MARGIN 2

/* What is asked before something is done, and whether that is computing a
 * hash, for which there may be a queue. */
static const struct {
	const char *event;
	bool hashes;
} before[] = {
	{"validate_password", true},
	{"before_delete", false},
};

static bool
takes(const struct text_list *events, const char *event)
{
	for (size_t i = 0; i < events->count; i++)
		if (strcmp(events->items[i], event) == 0)
			return true;
	return false;
}

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
		if (!takes(&c->hook[i].events, event))
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

void
config_check_delivery(struct reading *r)
{
	for (size_t i = 0; i < r->conf->hook_count; i++)
		hook_check(r, i);
	for (size_t i = 0; i < countof(before); i++)
		waiting_check(r, before[i].event, before[i].hashes);
}
