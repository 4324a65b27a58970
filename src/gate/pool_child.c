/* SPDX-License-Identifier: MIT */
#include "gate/pool_child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tally.h"

#define EXIT_SETUP 71

/* By name, so that nothing of the supervisor's is forgotten, and nothing
 * that the caller holds (a log) is closed under it. */
static void
supervisor_close(const struct pool_child *c)
{
	(void)close(c->signal_fd);
	(void)close(c->lock_fd);
	if (c->kin_fd >= 0)
		(void)close(c->kin_fd);
	for (struct door *d = c->doors; d != NULL; d = d->next) {
		if (d == c->own)
			continue;
		(void)close(d->fd);
		handover_close(&d->channel);
	}
}

/* Signals from a terminal reach the whole group; the supervisor decides. */
static bool
signals_set(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE,
				      SIGUSR2};
	static const int restored[] = {SIGTERM, SIGUSR1, SIGCHLD};
	sigset_t blocked;
	bool done = true;

	for (size_t i = 0; i < countof(ignored); i++)
		done = done && signal(ignored[i], SIG_IGN) != SIG_ERR;
	for (size_t i = 0; i < countof(restored); i++)
		done = done && signal(restored[i], SIG_DFL) != SIG_ERR;
	/* They wait until gate_fcgi_serve reads them. */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGUSR1);
	return done && sigprocmask(SIG_SETMASK, &blocked, NULL) == 0;
}

static bool
limits_set(const struct pool_plan *plan)
{
	const rlim_t files = (rlim_t)plan->connections + FCGI_OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (limit.rlim_cur < files) {
		limit.rlim_cur =
			files < limit.rlim_max ? files : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	(void)umask(077);
	return true;
}

static bool
identity_drop(const struct pool_plan *plan)
{
	struct identity id;

	return pool_identity(plan, &id) && identity_take(&id);
}

/* After the change of ids, which undoes some of these. */
static bool
process_bind(pid_t supervisor, bool may_gain)
{
	if ((!may_gain && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return false;
	errno = ESRCH;
	return getppid() == supervisor;
}

void
pool_child_run(const struct pool_child *c)
{
	supervisor_close(c);
	tally_use(c->tally);
	if (!signals_set() || !limits_set(c->worker.plan) ||
	    !identity_drop(c->worker.plan) ||
	    !process_bind(c->supervisor, c->worker.group->may_gain)) {
		log_event(LEVEL_ERROR, log_is("worker_failed"),
			  log_text("pool", c->worker.group->name),
			  log_text("error", strerror(errno)));
		_exit(EXIT_SETUP);
	}
	exit(c->calls->worker_main(c->calls->to, &c->worker));
}
