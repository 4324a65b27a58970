/* SPDX-License-Identifier: MIT */
/*
 * Events: which there are (events.def), who subscribes to them (computed once
 * from the configuration), and how they get into the outbox: a row for each
 * subscriber, in the transaction of the change itself. Without a subscriber
 * nothing is written. The courier (core/courier.h)
 * takes them out again.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "base/json.h"
#include "core/ctx.h"
#include "store/outbox.h"
#include "store/user.h"

enum event {
#define EVENT(name, text, how) EVENT_##name,
#include "core/events.def"
#undef EVENT
	EVENT__COUNT
};

/* "after_register"; static. */
const char *event_name(enum event e) RETURNS_NONNULL;
/* The event of that name; false when there is none. */
bool event_find(const char *name, enum event *out) NODISCARD NONNULL(1, 2);

/* A set of events, a bit for each. */
typedef uint32_t event_set;
#define EVENT_BIT(e) ((event_set)1 << (e))
#define EVENT_ALL (EVENT_BIT(EVENT__COUNT) - 1)

/* The events of a setting's list; names of others are passed over. */
event_set event_set_of(const struct text_list *names) NONNULL(1);

/*
 * Who subscribes: one for each target of a way to deliver, for instance
 * hook "audit". `key` is how the outbox names it: "hook:audit".
 */
struct delivery;
struct event_target {
	const struct delivery *by;
	const char *name;
	const char *key;
	event_set events;
};

struct event_plan {
	struct arena *mem; /* its own */
	struct event_target *targets;
	size_t count;
	event_set wanted; /* by any of them */
};

/*
 * Asks each row of delivery.def who subscribes. ERR_CONFIGURATION with *why,
 * a sentence that lives as long as the configuration, when one of them takes
 * the configuration for wrong. Heap; the configuration must outlive it.
 */
enum err event_plan_open(const struct config *conf, struct event_plan **out,
			 const char **why) NODISCARD NONNULL(1, 2, 3);
void event_plan_close(struct event_plan *p);

/* For a delivery's subscribe(): adds a target. Texts are borrowed from the
 * configuration. An empty set adds nothing. */
void event_subscribe(struct event_plan *p, const struct delivery *by,
		     const char *name, event_set events) NONNULL(1, 2, 3);

/* The target that the outbox calls so; NULL when there is none any more. */
const struct event_target *event_target(const struct event_plan *p,
					const char *key) NONNULL(1, 2);

/* Something that has happened to a user. */
struct event_fact {
	enum event event;
	const struct user *user; /* as he is afterwards; a deleted one: was */
	const char *changed;     /* a JSON object of the fields that were given
				  * and their new values, never the password;
				  * NULL: none */
	const char *old_email;   /* NULL unless it has changed */
	bool password_changed;
};

/* Whether anybody wants to know. */
bool event_is_wanted(const struct ctx *cx, enum event e) NODISCARD NONNULL(1);

/*
 * Writes a FACT into the outbox; call it in the transaction that makes it
 * one. ERR_… of the database only.
 */
enum err event_emit(struct ctx *cx, const struct event_fact *fact)
	NODISCARD NONNULL(1, 2);

/*
 * Writes a REQUEST for a normalised address, whoever has it: one statement,
 * the same for every address. While one waits for the same address already,
 * that one stands for both.
 */
enum err event_request(struct ctx *cx, enum event e, const char *email)
	NODISCARD NONNULL(1, 3);

/*
 * For the courier: a row of the REQUEST for each target that wants it, about
 * this user. In the transaction that deletes the request.
 */
enum err event_expand(struct ctx *cx, const struct outbox_row *request,
		      const char *user_id) NODISCARD NONNULL(1, 2, 3);

/* Whether a REQUEST for this user leads to a token, as in the reference. */
bool event_may_have_token(enum event e, const struct user *u) NONNULL(2);

/* What a target is told: a row of the outbox made whole. On cx->mem. */
struct event_notice {
	const char *id; /* of the message, the same at each attempt */
	enum event event;
	int64_t happened_at;     /* seconds since 1970 */
	int64_t attempt;         /* 1 at first */
	const struct json *user; /* as the API shows him */
	const char *user_id;
	const char *email;     /* his stored address: where mail goes */
	const char *old_email; /* NULL unless it has changed */
	bool password_changed;
	const char *token;  /* of a REQUEST, fresh; else NULL */
	const char *client; /* who asked, by address; NULL: not known */
	const char *json;   /* all of it as one JSON object */
};

/*
 * Makes the notice of a row; the token of a REQUEST is minted here, and lies
 * nowhere. ERR_NOT_FOUND when there is nothing to tell any more: the user is
 * gone or inactive, or verified already. ERR_INVALID when the row cannot be
 * read.
 */
enum err event_notice_make(struct ctx *cx, const struct outbox_row *row,
			   struct event_notice *out) NODISCARD NONNULL(1, 2, 3);

#endif
