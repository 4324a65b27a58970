/* SPDX-License-Identifier: MIT */
#include "core/hook.h"

#include <string.h>

#include "base/log.h"

/* Bytes of its standard error that a log line shows. */
#define LAST_WORDS 240

bool
hook_takes(const struct hook_settings *h, const char *event)
{
	for (size_t i = 0; i < h->events.count; i++)
		if (strcmp(h->events.items[i], event) == 0)
			return true;
	return false;
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
	const char *said = is_confidential(event) ? "(it was handed a secret)"
						  : last_words(result->errors);

	log_event(good ? LEVEL_DEBUG : LEVEL_WARNING, log_is("hook_ended"),
		  log_text("hook", h->title), log_text("type", event),
		  log_number(words[result->end], result->number),
		  log_text("said", said));
}
