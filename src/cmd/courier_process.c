/* SPDX-License-Identifier: MIT */
#include "cmd/courier_process.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/tally.h"
#include "cmd/command.h"
#include "cmd/worker.h"
#include "core/courier.h"
#include "core/event.h"

/* Milliseconds between two looks while nothing is due: short after work. */
#define WAIT_FIRST 50
#define WAIT_MOST 1000

/* What ends a run. */
static const int ends[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP};

bool
courier_is_needed(const struct config *conf)
{
	struct event_plan *plan = NULL;
	const char *why;
	bool needed =
		event_plan_open(conf, &plan, &why) == OK && plan->count > 0;

	event_plan_close(plan);
	return needed;
}

static void
ends_fill(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < countof(ends); i++)
		(void)sigaddset(set, ends[i]);
}

/* The signal that came, 0 when none did in time. */
static int
signal_wait(int64_t milliseconds)
{
	const struct timespec time = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = milliseconds % 1000 * 1000000,
	};
	sigset_t set;
	int number;

	ends_fill(&set);
	number = sigtimedwait(&set, NULL, &time);
	return number > 0 ? number : 0;
}

static void
score_busy(struct score *score, bool busy)
{
	tally_set(TALLY_WORKERS_BUSY, busy);
	if (score == NULL)
		return;
	score->seen = clock_monotonic();
	score->busy_since = busy ? clock_monotonic() : 0;
	if (!busy)
		score->requests++;
}

/* Rows until one of the ends. */
static enum err
run(struct worker *w, struct courier *c, struct score *score, bool once,
    int *number)
{
	int64_t wait = 0;

	*number = 0;
	while ((*number = signal_wait(wait)) == 0) {
		bool worked = false;
		enum err e;

		score_busy(score, true);
		e = courier_step(c, worker_ctx(w), clock_monotonic(), &worked);
		score_busy(score, false);
		if (once && (e != OK || !worked))
			return e;
		if (worked && e == OK)
			wait = 0;
		else
			wait = wait == 0 ? WAIT_FIRST : wait * 2;
		if (wait > WAIT_MOST || e != OK)
			wait = WAIT_MOST;
	}
	return OK;
}

int
courier_run(const struct config *conf, struct score *score, bool once,
	    int *number)
{
	struct worker *w = NULL;
	enum err e = worker_open(conf, WORKER_EVENTS, &w);

	*number = 0;
	if (e == OK) {
		struct courier *c = courier_open(worker_ctx(w));

		if (score != NULL)
			score->state = SCORE_READY;
		e = run(w, c, score, once, number);
		courier_close(c);
	}
	worker_close(w);
	return command_status(e);
}

void
courier_block_ends(void)
{
	sigset_t set;

	ends_fill(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}
