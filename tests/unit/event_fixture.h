/* SPDX-License-Identifier: MIT */
/* What tests of events share: a database with one user, and a way to deliver
 * that does as it is told. */
#ifndef EVENT_FIXTURE_H
#define EVENT_FIXTURE_H

#include "db_fixture.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/config.h"
#include "core/delivery.h"
#include "core/event.h"
#include "core/password.h"
#include "core/ticket.h"
#include "db/migrate.h"

#define NOW INT64_C(1700000000)
#define ANNA "00000000-0000-4000-8000-00000000000a"
#define SECRET "a-secret-of-thirty-two-bytes-or-more-........"
#define REQUESTS                                                               \
	(EVENT_BIT(EVENT_AFTER_FORGOT_PASSWORD) |                              \
	 EVENT_BIT(EVENT_AFTER_REQUEST_VERIFY))

static const char *secrets[] = {SECRET};
static struct config conf;
static struct ctx cx;
static struct event_plan *plan;
static struct user anna;

/* What the fake has been told, a line each, and what it is to answer. */
static struct buf told;
static enum err outcome;
static int64_t retry_after;
static int64_t now;

static enum err
deliver_fake(struct ctx *c, const char *target, const struct event_notice *n,
	     int64_t deadline, struct delivery_report *report)
{
	(void)c;
	assert_true(deadline > 0);
	report->why = outcome == OK ? NULL : "told to";
	report->retry_after = retry_after;
	buf_printf(&told, "%s %s %s\n", target, event_name(n->event), n->email);
	return outcome;
}

static const struct delivery fake = {.name = "fake", .deliver = deliver_fake};

static int64_t
clock_of_the_test(void)
{
	return now;
}

static void
show(struct buf *out, const struct user *u)
{
	buf_printf(out, "{\"id\":\"%s\",\"email\":\"%s\"}", u->id, u->email);
}

static inline int
set_up(void **state)
{
	const struct migrate_watch watch = {0};
	struct fixture *f;
	const char *why;

	if (sqlite_set_up(state) != 0)
		return -1;
	f = *state;
	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
	conf = (struct config){0};
	conf.mem = f->mem;
	conf.courier.max_age = 100;
	conf.courier.dead_age = -1;
	conf.courier.lease = 20;
	conf.courier.retry_first = 4;
	conf.courier.retry_most = 16;
	conf.tokens.reset_lifetime = 60;
	conf.tokens.verify_lifetime = 60;
	conf.tokens.reset_names_email = true;
	conf.secrets.reset = (struct text_list){secrets, 1};
	conf.secrets.verify = (struct text_list){secrets, 1};
	conf.server.run_dir = f->folder;
	conf.password.memory_kib = 8;
	conf.password.passes = 1;
	conf.password.lanes = 1;
	cx = (struct ctx){.mem = f->mem,
			  .conf = &conf,
			  .db = f->db,
			  .now = NOW,
			  .clock = clock_of_the_test,
			  .hash_deadline = clock_monotonic() + 10000,
			  .show_user = show};
	now = NOW;
	outcome = OK;
	retry_after = 0;
	buf_init(&told, f->mem, 1024);
	plan = calloc(1, sizeof(*plan));
	assert_non_null(plan);
	plan->mem = arena_open(0, 1 << 20);
	cx.events = plan;
	ticket_keys_open(&conf, &cx.tickets);
	assert_int_equal(hasher_open(&conf, &cx.hasher), OK);
	anna = (struct user){.id = ANNA,
			     .email = "Anna@example.org",
			     .hashed_password = "$argon2id$old",
			     .is_active = true};
	assert_int_equal(user_insert(f->db, f->mem, &anna, 5), OK);
	return 0;
}

static inline int
tear_down(void **state)
{
	struct fixture *f = *state;

	hasher_close(cx.hasher);
	ticket_keys_close(cx.tickets);
	event_plan_close(plan);
	(void)unlink(arena_printf(f->mem, "%s/hash.slots", f->folder));
	return fixture_tear_down(state);
}

static inline struct outbox_row *
rows(size_t expected)
{
	const struct outbox_filter all = {0};
	struct outbox_row *out;
	size_t count;

	assert_int_equal(outbox_list(cx.db, cx.mem, &all, 99, &out, &count),
			 OK);
	assert_int_equal(count, expected);
	return out;
}

#endif
