/* SPDX-License-Identifier: MIT */
#include "core/veto.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/hook.h"
#include "remote/asker.h"

#define REASON_LIMIT 500
#define STATUS_REFUSED 1

static const char *const events[] = {"validate_password", "before_delete"};

struct veto {
	const struct config *conf;
	struct arena *mem; /* of the programs */
	struct program *programs;
	size_t *hooks; /* of each program: its number in the configuration */
	size_t count;
	struct asker *asker;
};

static bool
may_refuse(const struct hook_settings *h)
{
	for (size_t i = 0; i < countof(events); i++)
		if (hook_takes(h, events[i]))
			return true;
	return false;
}

static void
programs_gather(struct veto *v, const struct config *conf)
{
	v->programs =
		arena_array(v->mem, conf->hook_count + 1, sizeof(*v->programs));
	v->hooks = arena_array(v->mem, conf->hook_count + 1, sizeof(*v->hooks));
	for (size_t i = 0; i < conf->hook_count; i++) {
		const struct hook_settings *h = &conf->hook[i];

		if (!may_refuse(h))
			continue;
		hook_program(v->mem, h, &v->programs[v->count]);
		v->hooks[v->count++] = i;
	}
}

enum err
veto_open(const struct config *conf, struct veto **out)
{
	struct veto *v = calloc(1, sizeof(*v));
	enum err e = OK;

	*out = NULL;
	if (v == NULL)
		return ERR_INTERNAL;
	v->conf = conf;
	v->mem = arena_open(0, (size_t)1024 * 1024);
	programs_gather(v, conf);
	if (v->count > 0)
		e = asker_open(v->programs, v->count, &v->asker);
	if (e != OK || v->count == 0)
		veto_close(v);
	else
		*out = v;
	return e;
}

void
veto_close(struct veto *v)
{
	if (v == NULL)
		return;
	asker_close(v->asker);
	arena_close(v->mem);
	free(v);
}

/* Its words for people: the member `reason` of an object, else the first
 * line. NULL when there are none. */
static const char *
reason_read(struct arena *mem, const char *output)
{
	const struct json *root = NULL;
	struct json_fault fault;
	const char *text;
	size_t len;

	if (*output == '{' && json_parse(mem, output, strlen(output), JSON_BODY,
					 &root, &fault) == OK) {
		root = json_member(root, "reason");
		text = root != NULL ? json_text(root) : NULL;
		if (text == NULL || !json_text_is_clean(text))
			return NULL;
		len = strlen(text);
	} else {
		text = output;
		len = strcspn(output, "\r\n");
	}
	if (len > REASON_LIMIT)
		len = REASON_LIMIT;
	/* No half characters at the cut. */
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len > 0 && text_is_utf8(text, len) ? arena_copy(mem, text, len)
						  : NULL;
}

static enum err
judge(struct ctx *cx, const struct hook_settings *h, const char *event,
      const struct program_result *result, const char **reason)
{
	if (result->end == PROGRAM_EXITED && result->number == 0) {
		hook_log(h, event, result);
		return OK;
	}
	if (result->end == PROGRAM_EXITED && result->number == STATUS_REFUSED) {
		*reason = reason_read(cx->mem, result->output);
		if (*reason != NULL) {
			log_event(LEVEL_INFO, log_is("hook_refused"),
				  log_text("hook", h->title),
				  log_text("type", event));
			return ERR_REFUSED;
		}
	}
	hook_log(h, event, result);
	return ERR_HOOK_FAILED;
}

/* All that take the event are asked in their order, until one refuses. */
static enum err
ask(struct ctx *cx, const char *event, const struct buf *document,
    const char **reason)
{
	const struct veto *v = cx->veto;

	for (size_t i = 0; i < v->count; i++) {
		const struct hook_settings *h = &v->conf->hook[v->hooks[i]];
		struct program_result result;

		if (!hook_takes(h, event))
			continue;
		if (asker_run(v->asker, cx->mem, i, document->data,
			      document->len, &result) != OK)
			return ERR_HOOK_FAILED;
		/* The queue for hashing is not the place to make up for
		 * that: config_delivery.c sees to it that there is time. */
		cx->hash_deadline += result.took;
		TRY(judge(cx, h, event, &result, reason));
	}
	return OK;
}

/* As the courier's documents begin. */
static void
document_begin(struct ctx *cx, struct buf *out, const char *event,
	       const struct user *u)
{
	buf_init(out, cx->mem, 512);
	buf_printf(out, "{\"event\":\"%s\",\"time\":\"%s\",\"user\":", event,
		   clock_text(cx->mem, cx->now));
	cx->show_user(out, u);
}

enum err
veto_password(struct ctx *cx, const char *plain, const struct user *about,
	      const char **reason)
{
	struct buf document;
	enum err e;

	if (cx->veto == NULL)
		return OK;
	document_begin(cx, &document, "validate_password", about);
	buf_text(&document, ",\"password\":");
	json_write_text(&document, plain);
	buf_char(&document, '}');
	e = ask(cx, "validate_password", &document, reason);
	return e == ERR_REFUSED ? ERR_INVALID_PASSWORD : e;
}

bool
veto_minds_deletion(const struct config *conf)
{
	for (size_t i = 0; i < conf->hook_count; i++)
		if (hook_takes(&conf->hook[i], "before_delete"))
			return true;
	return false;
}

enum err
veto_delete(struct ctx *cx, const struct user *u, const char **reason)
{
	struct buf document;
	enum err e;

	if (cx->veto == NULL)
		return OK;
	document_begin(cx, &document, "before_delete", u);
	buf_char(&document, '}');
	e = ask(cx, "before_delete", &document, reason);
	return e == ERR_REFUSED ? ERR_DELETE_USER_REFUSED : e;
}
