/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/text.h"
#include "core/delivery.h"

#define PLAN_LIMIT ((size_t)1 << 20)
#define MESSAGE_ID_SIZE 16

static const char *const names[EVENT__COUNT] = {
#define EVENT(name, text, how) [EVENT_##name] = (text),
#include "core/events.def"
#undef EVENT
};

static const struct delivery *const ways[] = {
#define DELIVERY(way) &(way),
#include "core/delivery.def"
#undef DELIVERY
	/* The last one; without any way the table would be empty. */
	NULL,
};

const char *
event_name(enum event e)
{
	return names[e];
}

bool
event_find(const char *name, enum event *out)
{
	for (enum event e = 0; e < EVENT__COUNT; e++) {
		if (strcmp(names[e], name) != 0)
			continue;
		*out = e;
		return true;
	}
	return false;
}

event_set
event_set_of(const struct text_list *list)
{
	event_set set = 0;
	enum event e;

	for (size_t i = 0; i < list->count; i++)
		if (event_find(list->items[i], &e))
			set |= EVENT_BIT(e);
	return set;
}

enum err
event_plan_open(const struct config *conf, struct event_plan **out,
		const char **why)
{
	struct event_plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->mem = arena_open(0, PLAN_LIMIT);
	for (size_t i = 0; ways[i] != NULL; i++) {
		enum err e = ways[i]->subscribe(conf, p, conf->mem, why);

		if (e != OK) {
			event_plan_close(p);
			return e;
		}
	}
	*out = p;
	return OK;
}

void
event_plan_close(struct event_plan *p)
{
	if (p == NULL)
		return;
	arena_close(p->mem);
	free(p);
}

void
event_subscribe(struct event_plan *p, const struct delivery *by,
		const char *name, event_set events)
{
	size_t size = sizeof(*p->targets);

	if (events == 0)
		return;
	p->targets = arena_grow(p->mem, p->targets, p->count * size,
				(p->count + 1) * size);
	p->targets[p->count++] = (struct event_target){
		.by = by,
		.name = name,
		.key = arena_printf(p->mem, "%s:%s", by->name, name),
		.events = events,
	};
	p->wanted |= events;
}

const struct event_target *
event_target(const struct event_plan *p, const char *key)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->targets[i].key, key) == 0)
			return &p->targets[i];
	return NULL;
}

bool
event_is_wanted(const struct ctx *cx, enum event e)
{
	return (cx->events->wanted & EVENT_BIT(e)) != 0;
}

static const char *
message_id(struct arena *mem)
{
	unsigned char bytes[MESSAGE_ID_SIZE];

	crypto_random(bytes, sizeof(bytes));
	return arena_printf(mem, "msg_%s",
			    crypto_base64url(mem, bytes, sizeof(bytes)));
}

static struct outbox_row
row_new(const struct ctx *cx, enum event e, const char *payload)
{
	int64_t now = cx->clock();

	return (struct outbox_row){
		.message_id = message_id(cx->mem),
		.event = names[e],
		.payload = payload,
		.created_at = now,
		.due_at = now,
		.expires_at = now + cx->conf->courier.max_age,
	};
}

/* What is known of who asked; written last. */
static void
client_write(struct buf *b, const struct ctx *cx)
{
	if (cx->client != NULL && *cx->client != '\0') {
		buf_text(b, b->len > 1 ? ",\"client\":" : "\"client\":");
		json_write_text(b, cx->client);
	}
	buf_char(b, '}');
}

static const char *
fact_payload(const struct ctx *cx, const struct event_fact *fact)
{
	struct buf b;

	buf_init(&b, cx->mem, 512);
	buf_text(&b, "{\"user\":");
	cx->show_user(&b, fact->user);
	if (fact->changed != NULL) {
		buf_text(&b, ",\"changed\":");
		buf_text(&b, fact->changed);
	}
	if (fact->old_email != NULL) {
		buf_text(&b, ",\"old_email\":");
		json_write_text(&b, fact->old_email);
	}
	if (fact->password_changed)
		buf_text(&b, ",\"password_changed\":true");
	client_write(&b, cx);
	return b.data;
}

enum err
event_emit(struct ctx *cx, const struct event_fact *fact)
{
	const struct event_plan *p = cx->events;
	struct outbox_row row;

	if (!event_is_wanted(cx, fact->event))
		return OK;
	row = row_new(cx, fact->event, fact_payload(cx, fact));
	row.user_key = fact->user->id;
	for (size_t i = 0; i < p->count; i++) {
		if ((p->targets[i].events & EVENT_BIT(fact->event)) == 0)
			continue;
		row.target = p->targets[i].key;
		TRY(outbox_insert(cx->db, cx->mem, &row));
	}
	return OK;
}

/* One key for all spellings of an address, whatever the database's lower()
 * makes of letters outside ASCII. */
static const char *
fold(struct arena *mem, const char *email)
{
	return text_lower(arena_text(mem, email));
}

enum err
event_request(struct ctx *cx, enum event e, const char *email)
{
	struct outbox_row row;
	struct buf payload;

	if (!event_is_wanted(cx, e))
		return OK;
	buf_init(&payload, cx->mem, 128);
	buf_char(&payload, '{');
	client_write(&payload, cx);
	row = row_new(cx, e, payload.data);
	row.target = OUTBOX_NOBODY;
	row.user_key = fold(cx->mem, email);
	row.merge_key = arena_printf(cx->mem, "%s %s", row.event, row.user_key);
	return outbox_insert(cx->db, cx->mem, &row);
}

/* The same for one target and user, with the same rule about a second one
 * that comes while the first waits: the token is minted for whom it finds. */
enum err
event_expand(struct ctx *cx, const struct outbox_row *request,
	     const char *user_id)
{
	const struct event_plan *p = cx->events;
	struct outbox_row row = *request;
	enum event e;

	if (!event_find(request->event, &e))
		return ERR_INVALID;
	row.user_key = user_id;
	row.due_at = cx->now;
	for (size_t i = 0; i < p->count; i++) {
		if ((p->targets[i].events & EVENT_BIT(e)) == 0)
			continue;
		row.target = p->targets[i].key;
		row.merge_key = arena_printf(cx->mem, "%s %s %s", row.event,
					     user_id, row.target);
		TRY(outbox_insert(cx->db, cx->mem, &row));
	}
	return OK;
}
