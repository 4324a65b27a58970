/* SPDX-License-Identifier: MIT */
#include "core/hook.h"

#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/delivery.h"

/* Bytes of its standard error that a log line shows. */
#define LAST_WORDS 240

bool
hook_takes(const struct hook_settings *h, const char *event)
{
	return text_list_has(&h->events, event);
}

void
hook_program(struct arena *mem, const struct hook_settings *h,
	     struct program *out)
{
	const struct text_list *given = &h->arguments;
	const char **arguments =
		arena_array(mem, given->count + 2, sizeof(*arguments));
	const char **environment = arena_array(mem, 5, sizeof(*environment));

	arguments[0] = h->program;
	for (size_t i = 0; i < given->count; i++)
		arguments[i + 1] = given->items[i];
	environment[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
	environment[1] = "LANG=C.UTF-8";
	environment[2] = "HOME=/";
	environment[3] = arena_printf(mem, "FASTCGI_USERS_HOOK=%s", h->title);
	*out = (struct program){
		.arguments = arguments,
		.environment = environment,
		.limit = h->timeout * 1000,
	};
}

/* What they are handed holds a password or a token, and a program that fails
 * may repeat it in any form. */
static const char *const confidential[] = {
	"validate_password",
	"after_forgot_password",
	"after_request_verify",
};

#define WITHHELD "(it was handed a secret)"

static bool
is_confidential(const char *event)
{
	for (size_t i = 0; i < countof(confidential); i++)
		if (strcmp(confidential[i], event) == 0)
			return true;
	return false;
}

/* The end of what it said: that is where the reason stands. */
static const char *
last_words(const char *text)
{
	size_t len = strlen(text);

	return len > LAST_WORDS ? text + len - LAST_WORDS : text;
}

void
hook_log(const struct hook_settings *h, const char *event,
	 const struct program_result *result)
{
	static const char *const words[] = {
		[PROGRAM_EXITED] = "status",
		[PROGRAM_SIGNALLED] = "signal",
		[PROGRAM_LATE] = "late",
		[PROGRAM_NOT_STARTED] = "errno",
	};
	bool good = result->end == PROGRAM_EXITED && result->number == 0;
	const char *said =
		is_confidential(event) ? WITHHELD : last_words(result->errors);

	log_event(good ? LEVEL_DEBUG : LEVEL_WARNING, log_is("hook_ended"),
		  log_text("hook", h->title), log_text("type", event),
		  log_number(words[result->end], result->number),
		  log_text("said", said));
}

static enum err
subscribe(const struct config *conf, struct event_plan *p, struct arena *mem,
	  const char **why)
{
	(void)mem;
	(void)why;
	for (size_t i = 0; i < conf->hook_count; i++)
		event_subscribe(p, &hook_delivery, conf->hook[i].title,
				event_set_of(&conf->hook[i].events));
	return OK;
}

static const struct hook_settings *
hook_named(const struct config *conf, const char *name)
{
	for (size_t i = 0; i < conf->hook_count; i++)
		if (strcmp(conf->hook[i].title, name) == 0)
			return &conf->hook[i];
	return NULL;
}

/* A program that ends by itself knows best whether it wants another try. */
static enum err
outcome_of(const struct program_result *r)
{
	if (r->end != PROGRAM_EXITED || r->number == EX_TEMPFAIL)
		return ERR_REMOTE;
	return r->number == 0 ? OK : ERR_INVALID;
}

static enum err
deliver(struct ctx *cx, const char *target, const struct event_notice *n,
	int64_t deadline, struct delivery_report *report)
{
	const struct hook_settings *h = hook_named(cx->conf, target);
	int64_t left = deadline - clock_monotonic();
	struct program_result result;
	struct program p;

	report->why = "the configuration knows no such hook";
	if (h == NULL)
		return ERR_INVALID;
	hook_program(cx->mem, h, &p);
	if (p.limit > left)
		p.limit = left;
	program_run(cx->mem, &p, n->json, strlen(n->json), &result);
	hook_log(h, event_name(n->event), &result);
	if (is_confidential(event_name(n->event)))
		result.errors = WITHHELD;
	report->why = program_result_text(cx->mem, &result);
	return outcome_of(&result);
}

const struct delivery hook_delivery = {
	.name = "hook",
	.subscribe = subscribe,
	.deliver = deliver,
};
