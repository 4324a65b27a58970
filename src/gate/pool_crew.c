/* SPDX-License-Identifier: MIT */
#include "gate/pool_crew.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/tally.h"

/* Times in milliseconds. */
#define START_LIMIT 60000 /* from fork until a worker serves */
#define PAUSE_FIRST 100   /* between failing starts, doubled each time */
#define PAUSE_LONGEST 5000
#define PAUSE_SHORT 20 /* after one that served, but not for long */
#define LIFE_SHORT 1000
#define GRACE 1000 /* beyond the limits that workers keep themselves */
/* A worker that does nothing looks around each second. */
#define SILENCE 5000 /* beyond the limit of a request */
/* Starts that fail before a reload is given up: for two seconds or so. */
#define FAILURES_MAX 6
/* Places for successors while their predecessors are still there. */
#define SPARE_ROOM 8

struct crew *
crew_new(const struct pool_group *group, const struct pool_plan *plan,
	 struct door *door)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->plan = plan;
	c->group = group;
	c->door = door;
	c->role = CREW_CURRENT;
	c->wanted = group->workers;
	c->room = group->workers * 2 + SPARE_ROOM;
	c->request_limit = plan->request_limit * 1000;
	if (group->request_limit > 0)
		c->request_limit = group->request_limit * 1000;
	c->drain_limit = plan->drain_limit * 1000 + GRACE;
	c->retire_limit =
		(plan->idle_limit + plan->request_limit) * 1000 + GRACE;
	c->name = strdup(group->name);
	c->rows = score_map(c->room);
	if (c->name == NULL || c->rows == NULL) {
		crew_free(c);
		return NULL;
	}
	return c;
}

void
crew_free(struct crew *c)
{
	score_unmap(c->rows, c->room);
	free(c->name);
	free(c);
}

bool
crews_use_door(const struct crew *crews, const struct door *d)
{
	while (crews != NULL && crews->door != d)
		crews = crews->next;
	return crews != NULL;
}

static bool
is_tired(const struct worker *w)
{
	return w->score->state == SCORE_TIRED;
}

/* Workers that are here to stay. */
static size_t
count_staying(const struct crew *c, bool ready_only)
{
	size_t count = 0;

	for (const struct worker *w = c->workers; w != NULL; w = w->next) {
		if (w->leaving == NULL && !w->killed && !is_tired(w) &&
		    (w->ready || !ready_only))
			count++;
	}
	return count;
}

bool
crew_is_manned(const struct crew *c)
{
	return count_staying(c, true) >= c->wanted;
}

bool
crew_is_empty(const struct crew *c)
{
	const struct worker *w = c->workers;

	while (w != NULL && (!w->ready || w->killed))
		w = w->next;
	return w == NULL;
}

bool
crew_wants_worker(const struct crew *c, int64_t now)
{
	size_t staying = count_staying(c, false);

	if (c->role == CREW_OLD || staying >= c->wanted || now < c->next_start)
		return false;
	/* While starts fail, one at a time is tried. */
	return c->failures == 0 || staying == count_staying(c, true);
}

bool
crew_has_failed(const struct crew *c)
{
	return !c->served && c->failures >= FAILURES_MAX;
}

static struct score *
row_free(const struct crew *c)
{
	for (size_t i = 0; i < c->room; i++) {
		const struct worker *w = c->workers;

		while (w != NULL && w->score != &c->rows[i])
			w = w->next;
		if (w == NULL)
			return &c->rows[i];
	}
	return NULL;
}

struct worker *
crew_enlist(struct crew *c, int64_t now)
{
	struct score *row = row_free(c);
	struct worker *w = row != NULL ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL) {
		c->next_start = now + PAUSE_FIRST;
		return NULL;
	}
	row->state = SCORE_STARTING;
	row->busy_since = 0;
	row->seen = 0;
	row->requests = 0;
	w->score = row;
	w->tally = tally_take(c->name);
	w->started = now;
	w->next = c->workers;
	c->workers = w;
	return w;
}

void
crew_enlisted(struct crew *c, struct worker *w, pid_t pid)
{
	if (pid < 0) {
		c->workers = w->next;
		c->next_start = w->started + PAUSE_FIRST;
		tally_give(w->tally);
		free(w);
		return;
	}
	w->pid = pid;
	tally_add_to(w->tally, TALLY_WORKERS_STARTED, 1);
	log_event(LEVEL_INFO, log_is("worker_started"),
		  log_text("pool", c->name), log_number("pid", pid));
}

/* The first replacement comes at once; failing ones come ever more slowly. */
static void
start_delay(struct crew *c, const struct worker *w, int64_t now)
{
	int64_t pause = 0;

	if (w->ready) {
		pause = now - w->started < LIFE_SHORT ? PAUSE_SHORT : 0;
	} else {
		c->failures++;
		pause = PAUSE_FIRST;
		for (unsigned i = 2; i < c->failures; i++)
			pause = pause * 2 < PAUSE_LONGEST ? pause * 2
							  : PAUSE_LONGEST;
		pause = c->failures == 1 ? 0 : pause;
	}
	if (now + pause > c->next_start)
		c->next_start = now + pause;
}

static void
exit_log(const struct crew *c, const struct worker *w, int status)
{
	bool signalled = WIFSIGNALED(status);
	bool expected =
		w->leaving != NULL && !signalled && WEXITSTATUS(status) == 0;

	tally_add_to(w->tally, TALLY_WORKERS_LOST, expected ? 0 : 1);
	log_event(
		expected ? LEVEL_INFO : LEVEL_WARNING, log_is("worker_exited"),
		log_text("pool", c->name), log_number("pid", w->pid),
		log_number(signalled ? "signal" : "status",
			   signalled ? WTERMSIG(status) : WEXITSTATUS(status)),
		log_number("requests", (int64_t)w->score->requests));
}

bool
crew_bury(struct crew *c, pid_t pid, int status, int64_t now)
{
	struct worker **at = &c->workers;
	struct worker *w;

	while (*at != NULL && (*at)->pid != pid)
		at = &(*at)->next;
	w = *at;
	if (w == NULL)
		return false;
	/* It may have become ready since the last look. */
	w->ready = w->ready || w->score->state != SCORE_STARTING;
	c->served = c->served || w->ready;
	exit_log(c, w, status);
	if (w->leaving == NULL)
		start_delay(c, w, now);
	*at = w->next;
	tally_give(w->tally);
	free(w);
	return true;
}

static void
worker_end(const struct crew *c, struct worker *w, const char *reason)
{
	if (w->killed)
		return;
	w->killed = true;
	log_event(LEVEL_WARNING, log_is("worker_killed"),
		  log_text("pool", c->name), log_number("pid", w->pid),
		  log_text("reason", reason));
	(void)kill(w->pid, SIGKILL);
}

/* It has not looked at what comes for too long, and not for a request. */
static bool
is_silent(const struct crew *c, const struct worker *w, int64_t now)
{
	int64_t seen = w->score->seen;

	return seen != 0 && w->score->busy_since == 0 &&
	       now - seen > c->request_limit + SILENCE;
}

bool
crew_answers(const struct crew *c, int64_t now)
{
	const struct worker *w = c->workers;

	while (w != NULL && (!w->ready || w->killed || is_silent(c, w, now)))
		w = w->next;
	return w != NULL;
}

static void
worker_look(struct crew *c, struct worker *w, int64_t now)
{
	int64_t busy = w->score->busy_since;

	if (!w->ready && w->score->state != SCORE_STARTING) {
		w->ready = true;
		c->failures = 0;
		c->served = true;
		tally_set_in(w->tally, TALLY_WORKERS, 1);
		log_event(LEVEL_INFO, log_is("worker_ready"),
			  log_text("pool", c->name), log_number("pid", w->pid));
	}
	if (busy != 0 && now - busy > c->request_limit)
		worker_end(c, w, "request");
	else if (!w->ready && now - w->started > START_LIMIT)
		worker_end(c, w, "start");
	else if (is_silent(c, w, now))
		worker_end(c, w, "silent");
	else if (w->leaving != NULL && now > w->kill_at)
		worker_end(c, w, w->leaving);
}

void
crew_look(struct crew *c, int64_t now)
{
	for (struct worker *w = c->workers; w != NULL; w = w->next)
		worker_look(c, w, now);
}

static void
worker_retire(const struct crew *c, struct worker *w, int64_t now)
{
	if (w->leaving != NULL)
		return;
	w->leaving = "retirement";
	w->kill_at = now + c->retire_limit;
	log_event(LEVEL_INFO, log_is("worker_retiring"),
		  log_text("pool", c->name), log_number("pid", w->pid));
	(void)kill(w->pid, SIGUSR1);
}

static void
worker_stop(const struct crew *c, struct worker *w, int64_t now)
{
	if (w->leaving != NULL && strcmp(w->leaving, "drain") == 0)
		return;
	w->leaving = "drain";
	w->kill_at = now + c->drain_limit;
	(void)kill(w->pid, SIGTERM);
}

void
crew_relieve_tired(struct crew *c, int64_t now)
{
	size_t serving = count_staying(c, true);

	for (const struct worker *w = c->workers; w != NULL; w = w->next) {
		if (w->leaving == NULL && is_tired(w))
			serving++;
	}
	for (struct worker *w = c->workers; w != NULL; w = w->next) {
		if (serving <= c->wanted)
			return;
		if (w->leaving != NULL || !is_tired(w))
			continue;
		worker_retire(c, w, now);
		serving--;
	}
}

void
crew_retire(struct crew *c, int64_t now)
{
	for (struct worker *w = c->workers; w != NULL; w = w->next)
		worker_retire(c, w, now);
}

void
crew_stop(struct crew *c, int64_t now)
{
	for (struct worker *w = c->workers; w != NULL; w = w->next)
		worker_stop(c, w, now);
}

void
crew_discharge(struct crew *c, int64_t now)
{
	c->role = CREW_OLD;
	c->plan = NULL;
	c->group = NULL;
	for (struct worker *w = c->workers; w != NULL; w = w->next) {
		if (w->score->state == SCORE_STARTING)
			worker_stop(c, w, now);
	}
}
