/* SPDX-License-Identifier: MIT */
#include "core/courier.h"

#include <stdlib.h>

#include "base/config.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/tally.h"
#include "core/delivery.h"
#include "core/event.h"

/* Milliseconds between two looks for rows that are too old. */
#define SWEEP 60000
/* And between two counts of them. */
#define COUNT 5000

/* A target that fails so often in a row is left alone for a while, longer
 * each time, so that the others need not wait for its time limit. */
#define FAILURES_MAX 3
#define PAUSE_MOST 60 /* seconds */

/* Longest that a target may ask us to wait. */
#define RETRY_AFTER_MOST 86400

/* Of a lease, what a delivery may take; the rest is for what follows it. */
#define LEASE_USED 750 /* milliseconds of each second */

/* What is known of a target, beyond its rows. */
struct health {
	unsigned failures;    /* in a row */
	int64_t pause;        /* seconds; begins when its turn comes */
	int64_t paused_until; /* clock_monotonic milliseconds, as next_sweep */
};

struct courier {
	struct health *healths; /* a row each, as the plan's targets */
	size_t count;
	size_t turn; /* whose it is next; `count`: that of the requests */
	int64_t next_sweep;
	int64_t next_count;
};

struct courier *
courier_open(const struct ctx *cx)
{
	struct courier *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->count = cx->events->count;
	c->turn = c->count;
	c->healths = calloc(c->count + 1, sizeof(*c->healths));
	if (c->healths == NULL)
		abort();
	return c;
}

void
courier_close(struct courier *c)
{
	if (c == NULL)
		return;
	free(c->healths);
	free(c);
}

/* Somewhere between half of it and all, so that those who failed together do
 * not come back together. */
static int64_t
jittered(int64_t seconds)
{
	uint32_t dice;

	crypto_random(&dice, sizeof(dice));
	return seconds - (int64_t)dice % (seconds / 2 + 1);
}

static int64_t
doubled(int64_t first, int64_t times, int64_t most)
{
	while (times-- > 0 && first < most)
		first *= 2;
	return first < most ? first : most;
}

static void
log_row(enum log_level level, const struct log_field is,
	const struct outbox_row *row, const char *error)
{
	log_event(level, is, log_text("of", row->event),
		  log_text("target", row->target),
		  log_text("message", row->message_id),
		  log_number("attempt", row->attempts),
		  log_text("error", error));
}

/* A claim that was lost is somebody else's row by now. */
static enum err
unless_lost(enum err e)
{
	return e == ERR_NOT_FOUND ? OK : e;
}

static enum err
give_up(struct ctx *cx, const struct outbox_row *row, const char *why)
{
	tally_add(TALLY_EVENTS_DEAD, 1);
	log_row(LEVEL_WARNING, log_is("event_dead"), row, why);
	return unless_lost(outbox_bury(cx->db, cx->mem, row, why));
}

static enum err
postpone(struct ctx *cx, const struct outbox_row *row, int64_t at_least,
	 const char *why)
{
	int64_t now = cx->clock();
	int64_t pause =
		jittered(doubled(cx->conf->courier.retry_first,
				 row->attempts - row->attempts_before - 1,
				 cx->conf->courier.retry_most));

	if (row->expires_at <= now)
		return give_up(cx, row, why);
	if (pause < at_least)
		pause = at_least < RETRY_AFTER_MOST ? at_least
						    : RETRY_AFTER_MOST;
	tally_add(TALLY_EVENTS_POSTPONED, 1);
	log_row(LEVEL_WARNING, log_is("event_postponed"), row, why);
	return unless_lost(
		outbox_postpone(cx->db, cx->mem, row, now + pause, why));
}

static enum err
drop(struct ctx *cx, const struct outbox_row *row)
{
	log_row(LEVEL_DEBUG, log_is("event_dropped"), row, NULL);
	return unless_lost(outbox_done(cx->db, cx->mem, row));
}

static void
note_success(struct health *h)
{
	*h = (struct health){0};
}

static void
note_failure(struct health *h, const struct outbox_row *row)
{
	if (++h->failures < FAILURES_MAX)
		return;
	h->pause = doubled(1, h->failures - FAILURES_MAX, PAUSE_MOST);
	log_event(LEVEL_WARNING, log_is("target_paused"),
		  log_text("target", row->target),
		  log_number("seconds", h->pause));
}

static const char *
reason_of(const struct delivery_report *report, enum err e)
{
	return report->why != NULL ? report->why : err_sentence(e);
}

static enum err
deliver(struct ctx *cx, const struct event_target *target, struct health *h,
	const struct outbox_row *row, int64_t deadline)
{
	struct delivery_report report = {0};
	struct event_notice notice;
	enum err e = event_notice_make(cx, row, &notice);

	if (e == ERR_NOT_FOUND)
		return drop(cx, row);
	if (e == ERR_INVALID)
		return give_up(cx, row, "the row cannot be read");
	if (e != OK)
		return postpone(cx, row, 0, err_sentence(e));
	e = target->by->deliver(cx, target->name, &notice, deadline, &report);
	if (e == OK) {
		note_success(h);
		tally_add(TALLY_EVENTS_DELIVERED, 1);
		log_row(LEVEL_INFO, log_is("event_delivered"), row, NULL);
		return unless_lost(outbox_done(cx->db, cx->mem, row));
	}
	if (e == ERR_INVALID)
		return give_up(cx, row, reason_of(&report, e));
	if (e == ERR_NOT_FOUND)
		return drop(cx, row);
	note_failure(h, row);
	return postpone(cx, row, report.retry_after, reason_of(&report, e));
}

/* What looking into one request needs. */
struct request {
	struct ctx *cx;
	const struct outbox_row *row;
};

/* Dropped: nobody has the address, or he may have no token. */
static enum err
expand(struct db *db, void *arg)
{
	const struct request *r = arg;
	struct ctx *cx = r->cx;
	struct user u = {0};
	enum event kind;
	enum err e;

	TRY(outbox_done(db, cx->mem, r->row));
	e = user_by_email(db, cx->mem, r->row->user_key, &u);
	if (e == ERR_NOT_FOUND)
		return OK;
	TRY(e);
	if (!event_find(r->row->event, &kind) ||
	    !event_may_have_token(kind, &u))
		return OK;
	return event_expand(cx, r->row, u.id);
}

static enum err
take_request(struct ctx *cx, const struct outbox_row *row)
{
	struct request r = {cx, row};
	enum err e = unless_lost(db_transact(cx->db, expand, &r));

	return e == OK ? OK : postpone(cx, row, 0, err_sentence(e));
}

static enum err
sweep(struct courier *c, struct ctx *cx, int64_t monotonic)
{
	int64_t kept = cx->conf->courier.dead_age;
	int64_t count = 0;

	if (monotonic < c->next_sweep)
		return OK;
	TRY(outbox_expire(cx->db, cx->mem, cx->now, &count));
	if (kept >= 0)
		TRY(outbox_forget_dead(cx->db, cx->mem, cx->now - kept));
	c->next_sweep = monotonic + SWEEP;
	if (count > 0)
		log_event(LEVEL_WARNING, log_is("event_expired"),
			  log_number("count", count));
	return OK;
}

/* For whoever asks this pool how it is: so that asking costs no query. */
static enum err
count_rows(struct courier *c, struct ctx *cx, int64_t monotonic)
{
	int64_t waiting = 0;
	int64_t dead = 0;

	if (!tally_is_open() || monotonic < c->next_count)
		return OK;
	c->next_count = monotonic + COUNT;
	TRY(outbox_count(cx->db, cx->mem, OUTBOX_WAITING, &waiting));
	TRY(outbox_count(cx->db, cx->mem, OUTBOX_DEAD, &dead));
	tally_board_set(TALLY_OUTBOX_WAITING, (uint64_t)waiting);
	tally_board_set(TALLY_OUTBOX_DEAD, (uint64_t)dead);
	tally_board_set(TALLY_OUTBOX_COUNTED, (uint64_t)cx->now);
	return OK;
}

static bool
is_paused(struct health *h, int64_t monotonic)
{
	if (h->pause > 0)
		h->paused_until = monotonic + h->pause * 1000;
	h->pause = 0;
	return monotonic < h->paused_until;
}

/* One row of one queue: that of the requests, or that of a target. */
static enum err
take_turn(struct courier *c, struct ctx *cx, size_t turn, int64_t monotonic,
	  bool *worked)
{
	int64_t lease = cx->conf->courier.lease;
	const struct event_target *target =
		turn < c->count ? &cx->events->targets[turn] : NULL;
	struct health *h = &c->healths[turn];
	struct outbox_row row;
	enum err e;

	if (is_paused(h, monotonic))
		return OK;
	e = outbox_claim(cx->db, cx->mem,
			 target != NULL ? target->key : OUTBOX_NOBODY, cx->now,
			 cx->now + lease, &row);
	if (e == ERR_NOT_FOUND || e == ERR_CONFLICT)
		return OK;
	TRY(e);
	*worked = true;
	if (target == NULL)
		return take_request(cx, &row);
	return deliver(cx, target, h, &row, monotonic + lease * LEASE_USED);
}

enum err
courier_step(struct courier *c, struct ctx *cx, int64_t monotonic, bool *worked)
{
	*worked = false;
	TRY(sweep(c, cx, monotonic));
	TRY(count_rows(c, cx, monotonic));
	for (size_t i = 0; i <= c->count && !*worked; i++) {
		size_t turn = c->turn;

		c->turn = turn < c->count ? turn + 1 : 0;
		TRY(take_turn(c, cx, turn, monotonic, worked));
	}
	return OK;
}
