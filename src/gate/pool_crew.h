/* SPDX-License-Identifier: MIT */
/*
 * The workers of one group of one plan. A reload makes new crews; the old
 * ones go when theirs have taken over. Times are clock_monotonic's.
 */
#ifndef POOL_CREW_H
#define POOL_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "gate/pool.h"
#include "gate/pool_door.h"
#include "gate/score.h"

struct tally;

struct worker {
	struct worker *next;
	pid_t pid;
	struct score *score;
	struct tally *tally; /* NULL: there was no place */
	int64_t started;
	int64_t kill_at;     /* 0: nothing has been asked of it */
	const char *leaving; /* why, once it has been told to go */
	bool ready;
	bool killed;
};

enum crew_role {
	CREW_CURRENT, /* of the newest plan */
	CREW_STANDBY, /* of the last good one, until the newest is manned */
	CREW_OLD      /* its plan is gone; nobody joins it */
};

struct crew {
	struct crew *next;
	const struct pool_plan *plan; /* NULL, like the group: it is old */
	const struct pool_group *group;
	struct door *door; /* NULL: they serve no socket */
	char *name;
	enum crew_role role;
	size_t wanted;
	struct score *rows;
	size_t room;
	struct worker *workers;
	unsigned failures; /* in a row, of workers that never served */
	bool served;       /* one of its workers has */
	int64_t next_start;
	int64_t request_limit; /* milliseconds, like the other two */
	int64_t drain_limit;
	int64_t retire_limit;
};

/* NULL when memory is out. */
struct crew *crew_new(const struct pool_group *group,
		      const struct pool_plan *plan, struct door *door)
	NODISCARD NONNULL(1, 2);
void crew_free(struct crew *c) NONNULL(1);
/* Whether one of the crews stands at this door. */
bool crews_use_door(const struct crew *crews, const struct door *d) NONNULL(2);

/* Whether a worker should be started now. */
bool crew_wants_worker(const struct crew *c, int64_t now) NONNULL(1);
/* Before fork: a place for one more; NULL when there is none just now. */
struct worker *crew_enlist(struct crew *c, int64_t now) NODISCARD NONNULL(1);
/* After fork, with its result; a failed one is tried again later. */
void crew_enlisted(struct crew *c, struct worker *w, pid_t pid) NONNULL(1, 2);
/* A process has ended. False when it is not of this crew. */
bool crew_bury(struct crew *c, pid_t pid, int status, int64_t now)
	NODISCARD NONNULL(1);

/* Notes who has become ready and ends who takes too long. */
void crew_look(struct crew *c, int64_t now) NONNULL(1);
/* Nobody serves, not even one who is about to go. */
bool crew_is_empty(const struct crew *c) NONNULL(1);
/* As many workers serve as are wanted. */
bool crew_is_manned(const struct crew *c) NONNULL(1);
/* One of its workers serves, or sees what comes. */
bool crew_answers(const struct crew *c, int64_t now) NONNULL(1);

/* Tired workers go as far as others have taken their place. */
void crew_relieve_tired(struct crew *c, int64_t now) NONNULL(1);
/* All hand their connections over, and go. */
void crew_retire(struct crew *c, int64_t now) NONNULL(1);
/* All finish what they have begun, and go. */
void crew_stop(struct crew *c, int64_t now) NONNULL(1);
/* So many workers in a row could not start, and none ever did. */
bool crew_has_failed(const struct crew *c) NONNULL(1);
/* It is old from now on; who does not serve yet never will. */
void crew_discharge(struct crew *c, int64_t now) NONNULL(1);

#endif
