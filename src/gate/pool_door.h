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
	int fd;
	struct handover channel;
	dev_t device; /* of a unix socket's file, so that we unlink only ours */
	ino_t file;
	bool wanted; /* by the newest plan */
};

/* Opens the door of a group. NULL: errno says why. */
struct door *door_open(const struct pool_group *group,
		       const struct pool_plan *plan) NODISCARD NONNULL(1, 2);
/* Closes it and removes its file. */
void door_close(struct door *d) NONNULL(1);
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
/* Logs that another supervisor holds it. */
void process_file_log(const char *run_dir) NONNULL(1);
void process_file_close(const char *run_dir, int fd) NONNULL(1);

/* Whom a plan's workers run as. */
bool pool_identity(const struct pool_plan *plan, struct identity *out)
	NODISCARD NONNULL(1, 2);

#endif
