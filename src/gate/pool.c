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
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/tally.h"
#include "gate/pool_child.h"
#include "gate/pool_crew.h"
#include "gate/pool_door.h"
#include "gate/pool_heir.h"
#include "gate/pool_lent.h"
#include "gate/pool_plan.h"

#define TICK 500 /* milliseconds between two looks at the workers' limits */
/* Places to count in, beyond two for each worker there is and its successor. */
#define SPARE_PLACES 64

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

/* The manager hears of what serves, once we are who serves. */
static void
manager_tell(const struct supervisor *s)
{
	size_t count = 0;

	if (s->kin.heir || !s->announced)
		return;
	for (const struct crew *c = s->crews; c != NULL; c = c->next)
		count += c->role == CREW_CURRENT ? c->wanted : 0;
	notify_send("READY=1\nSTATUS=%zu workers serve", count);
}

static void
reload(struct supervisor *s)
{
	struct pool_plan *plan = NULL;
	const char *fault = NULL;
	struct identity id;

	if (s->stopping)
		return;
	/* The heir may have read the configuration before it changed. */
	if (s->kin.pid != 0) {
		s->kin.again = true;
		(void)kill(s->kin.pid, SIGHUP);
		return;
	}
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
		if (!s->kin.heir)
			notify_reloading();
		tally_board_add(TALLY_RELOADED, 1);
		log_event(LEVEL_INFO, log_is("pool_reloading"));
		return;
	}
	plan_refuse(fault);
	/* The manager may have been promised a reload: it is over. */
	manager_tell(s);
	if (plan != NULL)
		s->calls->release(s->calls->to, plan);
}

static void
stop(struct supervisor *s)
{
	if (s->stopping && !s->kin.left)
		return;
	s->stopping = true;
	heir_stop(s);
	log_event(LEVEL_INFO, log_is("pool_stopping"));
	if (!s->kin.heir && !s->kin.left)
		notify_send("STOPPING=1\nSTATUS=Finishing what has begun");
	for (struct crew *c = s->crews; c != NULL; c = c->next)
		crew_stop(c, s->now);
}

static struct fcgi_post
post_of(const struct supervisor *s, const struct crew *c,
	const struct worker *w)
{
	struct fcgi_post post = {
		.listen_fd = -1,
		.roles = c->group->roles,
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
			.tally = w->tally,
			.signal_fd = s->signal_fd,
			.lock_fd = s->lock_fd,
			.kin_fd = s->kin.fd,
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

		if (heir_bury(s, pid, status)) {
			if (s->kin.again)
				reload(s);
			s->kin.again = false;
			continue;
		}
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
		else if (info.ssi_signo == SIGUSR2)
			heir_start(s);
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
	manager_tell(s);
	heir_prove(s);
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
	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_CURRENT && crew_has_failed(c))
			return true;
	}
	return false;
}

/* Back to the plan before; an heir leaves all to whom it would follow. */
static void
plan_judge(struct supervisor *s)
{
	if ((s->standby == NULL && !s->kin.heir) || !plan_has_failed(s))
		return;
	if (s->standby != NULL) {
		plan_give_up(s);
		manager_tell(s);
		return;
	}
	log_event(LEVEL_ERROR, log_is("pool_failed"),
		  log_text("error", "workers"));
	s->status = EX_SOFTWARE;
	stop(s);
}

/* Whether each pool has a worker that answers, of whichever plan. */
static bool
pools_answer(const struct supervisor *s)
{
	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		const struct crew *other = s->crews;

		if (c->role != CREW_CURRENT)
			continue;
		while (other != NULL &&
		       (other->door != c->door || !crew_answers(other, s->now)))
			other = other->next;
		if (other == NULL)
			return false;
	}
	return true;
}

/* A group whose new workers are not there yet may still have old ones. */
static bool
is_empty(const struct supervisor *s, const struct crew *wanted)
{
	for (const struct crew *c = s->crews; c != NULL; c = c->next) {
		if (strcmp(c->name, wanted->name) == 0 && !crew_is_empty(c))
			return false;
	}
	return true;
}

static void
empty_count(const struct supervisor *s)
{
	uint64_t count = 0;

	for (const struct crew *c = s->crews; c != NULL; c = c->next)
		count += c->role == CREW_CURRENT && is_empty(s, c);
	tally_board_set(TALLY_POOLS_EMPTY, count);
}

static void
crews_tend(struct supervisor *s)
{
	if (!s->stopping)
		plan_judge(s);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		crew_look(c, s->now);
		while (!s->stopping && crew_wants_worker(c, s->now))
			worker_fork(s, c);
	}
	if (!s->stopping)
		workers_relieve(s);
	crews_forget(s);
	doors_forget(s);
	if (!s->kin.heir && !s->kin.left && pools_answer(s))
		notify_alive(&s->notifier, s->now);
	empty_count(s);
}

static int
wait_time(const struct supervisor *s)
{
	int64_t until = s->now + TICK;

	if (s->notifier.pause != 0 && s->notifier.next > s->now &&
	    s->notifier.next < until)
		until = s->notifier.next;
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
			       {.fd = s->wake_fd, .events = POLLIN},
			       {.events = POLLIN}};

	crews_tend(s);
	while (!s->stopping || s->crews != NULL || s->kin.pid != 0) {
		int ready;

		fds[2].fd = s->kin.fd;
		ready = poll(fds, countof(fds), wait_time(s));
		s->now = clock_monotonic();
		if (ready > 0 && fds[1].revents != 0)
			wake_read(s);
		if (ready > 0 && fds[0].revents != 0)
			signals_read(s);
		workers_reap(s);
		if (heir_look(s))
			manager_tell(s);
		crews_tend(s);
	}
}

static bool
signals_open(struct supervisor *s)
{
	static const int taken[] = {SIGTERM, SIGINT,  SIGQUIT,
				    SIGHUP,  SIGUSR2, SIGCHLD};
	static const int ignored[] = {SIGPIPE, SIGUSR1};
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

/* False with errno, and in *at the folder where it failed, or "". */
static bool
supervisor_open(struct supervisor *s, const char **at)
{
	*at = "";
	if (!signals_open(s) || !heir_open(s) || !lent_open(s))
		return false;
	*at = s->plan->run_dir;
	if (!run_dir_make(s->plan) || !heir_open_process_file(s))
		return false;
	*at = "";
	if (!plan_adopt(s, s->plan))
		return false;
	notify_open(&s->notifier, s->kin.heir);
	lent_check(s);
	return true;
}

/* A reload may ask for more workers, and those before go last. */
static void
board_open(const struct pool_plan *plan)
{
	size_t workers = 0;

	for (size_t i = 0; i < plan->count; i++)
		workers += plan->groups[i].workers;
	if (tally_open(4 * workers + SPARE_PLACES))
		tally_board_set(TALLY_STARTED, (uint64_t)clock_now());
	else
		log_event(LEVEL_WARNING, log_is("nothing_counted"),
			  log_text("error", strerror(errno)));
}

int
pool_run(struct pool_plan *plan, const struct pool_calls *calls)
{
	struct supervisor s = {.plan = plan,
			       .calls = calls,
			       .kin = {.fd = -1},
			       .signal_fd = -1,
			       .wake_fd = -1,
			       .lock_fd = -1,
			       .now = clock_monotonic()};
	char *run_dir = strdup(plan->run_dir);
	const char *at;

	if (run_dir == NULL)
		abort();
	s.status = EX_OSERR;
	board_open(plan);
	if (!supervisor_open(&s, &at)) {
		if (errno == EBUSY)
			process_file_log(plan->run_dir);
		else
			log_event(LEVEL_ERROR, log_is("pool_failed"),
				  log_text("error", strerror(errno)),
				  log_text("file", at));
		goto out;
	}
	files_check(plan);
	log_event(LEVEL_INFO, log_is("pool_started"),
		  log_number("pid", getpid()));
	s.status = 0;
	supervise(&s);
	log_event(LEVEL_INFO, log_is("pool_stopped"));
out:
	heir_close(&s, run_dir);
	if (s.signal_fd >= 0)
		(void)close(s.signal_fd);
	if (s.wake_fd >= 0)
		(void)close(s.wake_fd);
	free(run_dir);
	tally_close();
	standby_release(&s);
	calls->release(calls->to, s.plan);
	return s.status;
}
