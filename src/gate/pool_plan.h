/* SPDX-License-Identifier: MIT */
/*
 * What a supervisor (gate/pool.c) keeps, and how it goes from one plan to the
 * next. Of use to the supervisor and its heir (pool_heir.c) only.
 */
#ifndef POOL_PLAN_H
#define POOL_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "gate/notify.h"
#include "gate/pool.h"

/* The other supervisor while one takes over from another. */
struct kin {
	int fd;        /* to it; -1: there is none */
	pid_t pid;     /* of the heir, while it has to prove itself; 0: none */
	int64_t until; /* it has to, clock_monotonic */
	bool late;     /* it did not, and was ended */
	bool heir;     /* we are one, and not in charge yet */
	bool left;     /* our heir is in charge; we only wait for our workers */
	bool moved;    /* its process file is another one */
	bool again;    /* SIGHUP came meanwhile */
};

struct supervisor {
	struct pool_plan *plan;
	struct pool_plan *standby; /* the last good one, until this one is */
	const struct pool_calls *calls;
	struct door *doors;
	struct crew *crews; /* of the newest plan and, while they go, others */
	struct kin kin;
	struct notifier notifier;
	int signal_fd;
	int wake_fd;
	int lock_fd;
	int status; /* the exit status */
	bool stopping;
	bool announced; /* that the newest plan's workers are all there */
	bool reloaded;
	int64_t now;
};

/* The plan is the one that counts from now on. False: nothing changed. */
bool plan_adopt(struct supervisor *s, struct pool_plan *plan)
	NODISCARD NONNULL(1, 2);
/* Says and counts that a new configuration was not taken, and why. */
void plan_refuse(const char *fault) NONNULL(1);
/* The workers of the newest plan cannot start: back to the one before. */
void plan_give_up(struct supervisor *s) NONNULL(1);
/* The plan before the newest is needed no longer. */
void standby_release(struct supervisor *s) NONNULL(1);
/* Closes the doors that nobody wants or stands at. */
void doors_forget(struct supervisor *s) NONNULL(1);

#endif
