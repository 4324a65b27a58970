/* SPDX-License-Identifier: MIT */
/* The listening sockets of a supervisor, its folder and its process file. */
#ifndef POOL_DOOR_H
#define POOL_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/identity.h"
#include "gate/handover.h"
#include "gate/pool.h"

/*
 * One address. It outlives the plans that name it: workers before and after
 * a reload share its socket and its channel.
 */
struct door {
	struct door *next;
	char *address;
	char *lent; /* its name, when a service manager opened it; NULL */
	int fd;
	struct handover channel;
	dev_t device; /* of a unix socket's file, so that we unlink only ours */
	ino_t file;
	bool wanted; /* by the newest plan */
};

/* Opens the door of a group. NULL: errno says why. */
struct door *door_open(const struct pool_group *group,
		       const struct pool_plan *plan) NODISCARD NONNULL(1, 2);
/*
 * Makes a door of a socket that somebody else opened. lent: what a service
 * manager calls it; such a door keeps its file, permissions and backlog. NULL:
 * a supervisor before us did. channel: that one's, NULL: a new one. Owns fd
 * and channel from then on. NULL: errno says why.
 */
struct door *door_take(int fd, const char *address, const char *lent,
		       const struct handover *channel) NODISCARD NONNULL(2);
/* Closes it and removes its file, unless it was lent. */
void door_close(struct door *d) NONNULL(1);
/* Closes it; somebody else goes on with it. */
void door_leave(struct door *d) NONNULL(1);
/* What may change while it is open: permissions and backlog. */
void door_adjust(struct door *d, const struct pool_group *group,
		 const struct pool_plan *plan) NONNULL(1, 2, 3);

/*
 * Makes the folder run_dir, which is usually on a file system that starts
 * empty, and what workers need in it. False with errno.
 */
bool run_dir_make(const struct pool_plan *plan) NODISCARD NONNULL(1);

/*
 * The process file in run_dir, locked: one supervisor at a time. -1 when
 * another one holds it (errno EBUSY) or it cannot be made.
 */
int process_file_open(const struct pool_plan *plan) NODISCARD NONNULL(1);
/* Whether a descriptor is the process file of this plan. */
bool process_file_is(const struct pool_plan *plan, int fd) NODISCARD NONNULL(1);
/* Says in it who the supervisor is. A reader always finds a process id in
 * the first line. */
void process_file_write(int fd, pid_t pid);
/* Opens it for reading only. -1 with errno. */
int process_file_look(const char *run_dir) NODISCARD NONNULL(1);
/* Logs that another supervisor holds it. */
void process_file_log(const char *run_dir) NONNULL(1);
void process_file_close(const char *run_dir, int fd) NONNULL(1);

/* Whom a plan's workers run as. */
bool pool_identity(const struct pool_plan *plan, struct identity *out)
	NODISCARD NONNULL(1, 2);

#endif
