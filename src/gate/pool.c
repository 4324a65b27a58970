/* SPDX-License-Identifier: MIT */
#include "gate/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/pool_child.h"
#include "gate/pool_crew.h"
#include "gate/pool_door.h"

#define TICK 500 /* milliseconds between two looks at the workers' limits */

struct supervisor {
	struct pool_plan *plan;
	struct pool_plan *standby; /* the last good one, until this one is */
	const struct pool_calls *calls;
	struct door *doors;
	struct crew *crews; /* of the newest plan and, while they go, others */
	int signal_fd;
	int wake_fd;
	int lock_fd;
	bool stopping;
	bool announced; /* that the newest plan's workers are all there */
	bool reloaded;
	int64_t now;
};

static void
doors_forget(struct supervisor *s)
{
	struct door **at = &s->doors;

	while (*at != NULL) {
		struct door *d = *at;

		if (d->wanted || crews_use_door(s->crews, d)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		log_event(LEVEL_INFO, log_is("socket_closed"),
			  log_text("address", d->address));
		door_close(d);
	}
}

static struct door *
door_find(const struct supervisor *s, const char *address)
{
	struct door *d = s->doors;

	while (d != NULL && strcmp(d->address, address) != 0)
		d = d->next;
	return d;
}

/* The door of a group, opened unless it is. */
static struct door *
door_get(struct supervisor *s, const struct pool_group *group,
	 const struct pool_plan *plan)
{
	struct door *d = door_find(s, group->address);

	if (d != NULL)
		return d;
	d = door_open(group, plan);
	if (d == NULL) {
		log_event(LEVEL_ERROR, log_is("socket_failed"),
			  log_text("pool", group->name),
			  log_text("address", group->address),
			  log_text("error", strerror(errno)));
		return NULL;
	}
	d->wanted = false;
	d->next = s->doors;
	s->doors = d;
	log_event(LEVEL_INFO, log_is("socket_opened"),
		  log_text("pool", group->name),
		  log_text("address", group->address));
	return d;
}

/* A crew for each group of a plan. NULL when one could not be made. */
static struct crew *
crews_make(struct supervisor *s, const struct pool_plan *plan)
{
	struct crew *crews = NULL;

	for (size_t i = plan->count; i-- > 0;) {
		const struct pool_group *group = &plan->groups[i];
		struct door *d = NULL;
		struct crew *c;

		if (group->address != NULL) {
			d = door_get(s, group, plan);
			if (d == NULL || crews_use_door(crews, d))
				goto failed;
		}
		c = crew_new(group, plan, d);
		if (c == NULL)
			goto failed;
		c->next = crews;
		crews = c;
	}
	return crews;
failed:
	while (crews != NULL) {
		struct crew *c = crews;

		crews = c->next;
		crew_free(c);
	}
	return NULL;
}

static void
crews_discharge(struct supervisor *s, enum crew_role role)
{
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == role)
			crew_discharge(c, s->now);
	}
}

static void
standby_release(struct supervisor *s)
{
	if (s->standby == NULL)
		return;
	crews_discharge(s, CREW_STANDBY);
	s->calls->release(s->calls->to, s->standby);
	s->standby = NULL;
}

/* Whether each crew has had a worker that served, be it the only one yet. */
static bool
plan_has_served(struct supervisor *s)
{
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT)
			continue;
		crew_look(c, s->now);
		if (!c->served)
			return false;
	}
	return true;
}

/* A plan that was good stays behind the next until that has proved itself;
 * one that was not makes way. */
static void
plan_leave(struct supervisor *s)
{
	if (!s->announced && !plan_has_served(s)) {
		crews_discharge(s, CREW_CURRENT);
		s->calls->release(s->calls->to, s->plan);
		return;
	}
	standby_release(s);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_CURRENT)
			c->role = CREW_STANDBY;
	}
	s->standby = s->plan;
}

/* The doors are as the newest plan wants them. */
static void
doors_adjust(struct supervisor *s)
{
	for (struct door *d = s->doors; d != NULL; d = d->next)
		d->wanted = false;
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT || c->door == NULL)
			continue;
		c->door->wanted = true;
		door_adjust(c->door, c->group, c->plan);
	}
}

/* The plan is the one that counts from now on. */
static bool
plan_adopt(struct supervisor *s, struct pool_plan *plan)
{
	struct crew *crews = crews_make(s, plan);
	struct crew *last = crews;

	if (crews == NULL) {
		doors_forget(s);
		return false;
	}
	if (s->plan != plan)
		plan_leave(s);
	while (last->next != NULL)
		last = last->next;
	last->next = s->crews;
	s->crews = crews;
	s->plan = plan;
	s->announced = false;
	doors_adjust(s);
	return true;
}

/* The workers of the newest plan cannot start: back to the one before. */
static void
plan_give_up(struct supervisor *s)
{
	log_event(LEVEL_ERROR, log_is("reload_refused"),
		  log_text("error", "workers"));
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT)
			continue;
		crew_discharge(c, s->now);
		crew_stop(c, s->now);
	}
	s->calls->release(s->calls->to, s->plan);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_STANDBY)
			c->role = CREW_CURRENT;
	}
	s->plan = s->standby;
	s->standby = NULL;
	s->announced = true;
	doors_adjust(s);
}

/* Once, not in each worker, it is said that descriptors are short. */
static void
files_check(const struct pool_plan *plan)
{
	struct rlimit limit;
	size_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	room = fcgi_connections(plan->connections, limit.rlim_max);
	if (room < plan->connections)
		log_event(LEVEL_WARNING, log_is("connections_capped"),
			  log_number("connections", (int64_t)room),
			  log_number("files", (int64_t)limit.rlim_max));
}

static void
reload(struct supervisor *s)
{
	struct pool_plan *plan = NULL;
	const char *fault = NULL;
	struct identity id;

	if (s->stopping)
		return;
	if (s->calls->reload != NULL)
		plan = s->calls->reload(s->calls->to);
	/* Its user may be another one, to whom the locks must belong. */
	if (plan == NULL)
		fault = "configuration";
	else if (!pool_identity(plan, &id))
		fault = "user";
	else if (!run_dir_make(plan))
		fault = "run_dir";
	else if (!plan_adopt(s, plan))
		fault = "socket";
	if (fault == NULL) {
		files_check(plan);
		s->reloaded = true;
		log_event(LEVEL_INFO, log_is("pool_reloading"));
		return;
	}
	log_event(LEVEL_ERROR, log_is("reload_refused"),
		  log_text("error", fault));
	if (plan != NULL)
		s->calls->release(s->calls->to, plan);
}

static void
stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	log_event(LEVEL_INFO, log_is("pool_stopping"));
	for (struct crew *c = s->crews; c != NULL; c = c->next)
		crew_stop(c, s->now);
}

static struct fcgi_post
post_of(const struct supervisor *s, const struct crew *c,
	const struct worker *w)
{
	struct fcgi_post post = {
		.listen_fd = -1,
		.handover = {-1, -1},
		.wake_fd = s->wake_fd,
		.score = w->score,
	};

	if (c->door != NULL) {
		post.listen_fd = c->door->fd;
		post.handover = c->door->channel;
	}
	return post;
}

static void
worker_fork(struct supervisor *s, struct crew *c)
{
	const pid_t supervisor = getpid();
	struct worker *w = crew_enlist(c, s->now);
	pid_t pid;

	if (w == NULL)
		return;
	pid = fork();
	if (pid == 0) {
		const struct pool_child child = {
			.calls = s->calls,
			.worker = {.plan = c->plan,
				   .group = c->group,
				   .post = post_of(s, c, w)},
			.doors = s->doors,
			.own = c->door,
			.signal_fd = s->signal_fd,
			.lock_fd = s->lock_fd,
			.supervisor = supervisor,
		};

		pool_child_run(&child);
	}
	crew_enlisted(c, w, pid);
}

static void
workers_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct crew *c = s->crews;

		while (c != NULL && !crew_bury(c, pid, status, s->now))
			c = c->next;
	}
}

static void
signals_read(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(s);
		else if (info.ssi_signo != SIGCHLD)
			stop(s);
	}
}

static void
wake_read(const struct supervisor *s)
{
	uint64_t count;

	/* Only that it came counts. */
	if (read(s->wake_fd, &count, sizeof(count)) < 0)
		return;
}

static bool
plan_is_manned(const struct supervisor *s)
{
	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_CURRENT && !crew_is_manned(c))
			return false;
	}
	return true;
}

/* Workers whose successors serve may go. */
static void
workers_relieve(struct supervisor *s)
{
	bool manned = plan_is_manned(s);

	if (manned)
		standby_release(s);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_OLD)
			crew_relieve_tired(c, s->now);
		else if (manned && c->door != NULL && c->door->wanted)
			crew_retire(c, s->now);
		else if (manned)
			crew_stop(c, s->now);
	}
	if (!manned || s->announced)
		return;
	s->announced = true;
	log_event(LEVEL_INFO,
		  log_is(s->reloaded ? "pool_reloaded" : "pool_ready"));
}

static void
crews_forget(struct supervisor *s)
{
	struct crew **at = &s->crews;

	while (*at != NULL) {
		struct crew *c = *at;

		if (c->workers != NULL ||
		    (c->role != CREW_OLD && !s->stopping)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		crew_free(c);
	}
}

static bool
plan_has_failed(const struct supervisor *s)
{
	if (s->standby == NULL)
		return false;
	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_CURRENT && crew_has_failed(c))
			return true;
	}
	return false;
}

static void
crews_tend(struct supervisor *s)
{
	if (!s->stopping && plan_has_failed(s))
		plan_give_up(s);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		crew_look(c, s->now);
		while (!s->stopping && crew_wants_worker(c, s->now))
			worker_fork(s, c);
	}
	if (!s->stopping)
		workers_relieve(s);
	crews_forget(s);
	doors_forget(s);
}

static int
wait_time(const struct supervisor *s)
{
	int64_t until = s->now + TICK;

	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_OLD && c->next_start > s->now &&
		    c->next_start < until)
			until = c->next_start;
	}
	return (int)(until - s->now);
}

static void
supervise(struct supervisor *s)
{
	struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN},
			       {.fd = s->wake_fd, .events = POLLIN}};

	crews_tend(s);
	while (!s->stopping || s->crews != NULL) {
		int ready = poll(fds, countof(fds), wait_time(s));

		s->now = clock_monotonic();
		if (ready > 0 && fds[1].revents != 0)
			wake_read(s);
		if (ready > 0 && fds[0].revents != 0)
			signals_read(s);
		workers_reap(s);
		crews_tend(s);
	}
}

static bool
signals_open(struct supervisor *s)
{
	static const int taken[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD};
	static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < countof(taken); i++) {
		(void)sigaddset(&set, taken[i]);
		/* An ignored one (nohup) would never be seen. */
		(void)signal(taken[i], SIG_DFL);
	}
	for (size_t i = 0; i < countof(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return false;
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return s->signal_fd >= 0 && s->wake_fd >= 0;
}

static bool
supervisor_open(struct supervisor *s)
{
	if (!signals_open(s) || !run_dir_make(s->plan))
		return false;
	s->lock_fd = process_file_open(s->plan);
	return s->lock_fd >= 0 && plan_adopt(s, s->plan);
}

int
pool_run(struct pool_plan *plan, const struct pool_calls *calls)
{
	struct supervisor s = {.plan = plan,
			       .calls = calls,
			       .signal_fd = -1,
			       .wake_fd = -1,
			       .lock_fd = -1,
			       .now = clock_monotonic()};
	char *run_dir = strdup(plan->run_dir);
	int status = 1;

	if (run_dir == NULL || !supervisor_open(&s)) {
		if (errno == EBUSY)
			process_file_log(plan->run_dir);
		else
			log_event(LEVEL_ERROR, log_is("pool_failed"),
				  log_text("error", strerror(errno)));
		goto out;
	}
	files_check(plan);
	log_event(LEVEL_INFO, log_is("pool_started"),
		  log_number("pid", getpid()));
	supervise(&s);
	for (struct door *d = s.doors; d != NULL; d = d->next)
		d->wanted = false;
	doors_forget(&s);
	log_event(LEVEL_INFO, log_is("pool_stopped"));
	status = 0;
out:
	if (s.lock_fd >= 0)
		process_file_close(run_dir, s.lock_fd);
	if (s.signal_fd >= 0)
		(void)close(s.signal_fd);
	if (s.wake_fd >= 0)
		(void)close(s.wake_fd);
	free(run_dir);
	standby_release(&s);
	calls->release(calls->to, s.plan);
	return status;
}
