/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/event.h"
#include "core/reset.h"
#include "core/verify.h"

/* What a notice says of the payload as it is. */
static const char *const kept[] = {"changed", "password_changed", "old_email"};

/* How the token of a REQUEST is minted; NULL for a FACT. */
typedef enum err minter(struct ctx *cx, const struct user *u,
			const char **token);

static minter *
minter_of(enum event e)
{
	if (e == EVENT_AFTER_FORGOT_PASSWORD)
		return reset_token;
	return e == EVENT_AFTER_REQUEST_VERIFY ? verify_token : NULL;
}

bool
event_may_have_token(enum event e, const struct user *u)
{
	if (!u->is_active)
		return false;
	return e == EVENT_AFTER_FORGOT_PASSWORD || !u->is_verified;
}

static enum err
object_parse(struct arena *mem, const char *text, const struct json **out)
{
	struct json_fault fault;

	if (json_parse(mem, text, strlen(text), JSON_BODY, out, &fault) != OK ||
	    json_type(*out) != JSON_OBJECT)
		return ERR_INVALID;
	return OK;
}

static const char *
text_of(const struct json *object, const char *name)
{
	const struct json *v = json_member(object, name);

	return v != NULL ? json_text(v) : NULL;
}

/* The user of a REQUEST as he is now, with a fresh token. */
static enum err
token_fill(struct ctx *cx, const struct outbox_row *row,
	   struct event_notice *out)
{
	struct user u = {0};
	struct buf b;

	TRY(user_by_id(cx->db, cx->mem, row->user_key, &u));
	if (!event_may_have_token(out->event, &u))
		return ERR_NOT_FOUND;
	TRY(minter_of(out->event)(cx, &u, &out->token));
	buf_init(&b, cx->mem, 256);
	cx->show_user(&b, &u);
	return object_parse(cx->mem, b.data, &out->user);
}

static const char *
notice_json(struct arena *mem, const struct event_notice *n,
	    const struct json *payload)
{
	struct buf b;

	buf_init(&b, mem, 1024);
	buf_text(&b, "{\"id\":");
	json_write_text(&b, n->id);
	buf_text(&b, ",\"event\":");
	json_write_text(&b, event_name(n->event));
	buf_printf(&b, ",\"time\":\"%s\",\"user\":",
		   clock_text(mem, n->happened_at));
	json_write(&b, n->user);
	for (size_t i = 0; i < countof(kept); i++) {
		const struct json *v = json_member(payload, kept[i]);

		if (v == NULL)
			continue;
		buf_printf(&b, ",\"%s\":", kept[i]);
		json_write(&b, v);
	}
	if (n->token != NULL)
		buf_printf(&b, ",\"token\":\"%s\"", n->token);
	if (n->client != NULL) {
		buf_text(&b, ",\"request\":{\"client\":");
		json_write_text(&b, n->client);
		buf_char(&b, '}');
	}
	buf_char(&b, '}');
	return b.data;
}

enum err
event_notice_make(struct ctx *cx, const struct outbox_row *row,
		  struct event_notice *out)
{
	const struct json *payload;

	*out = (struct event_notice){
		.id = row->message_id,
		.happened_at = row->created_at,
		.attempt = row->attempts,
		.user_id = row->user_key,
	};
	if (!event_find(row->event, &out->event))
		return ERR_INVALID;
	TRY(object_parse(cx->mem, row->payload, &payload));
	out->user = json_member(payload, "user");
	out->old_email = text_of(payload, "old_email");
	out->client = text_of(payload, "client");
	out->password_changed =
		json_member(payload, "password_changed") != NULL;
	if (minter_of(out->event) != NULL)
		TRY(token_fill(cx, row, out));
	if (out->user == NULL)
		return ERR_INVALID;
	out->email = text_of(out->user, "email");
	if (out->email == NULL)
		return ERR_INVALID;
	out->json = notice_json(cx->mem, out, payload);
	return OK;
}
