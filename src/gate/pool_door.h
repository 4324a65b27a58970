/* SPDX-License-Identifier: MIT */
/* The listening sockets of a supervisor, and its process file. */
#ifndef POOL_DOOR_H
#define POOL_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
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
void door_adjust(const struct door *d, const struct pool_group *group,
		 const struct pool_plan *plan) NONNULL(1, 2, 3);

/*
 * The process file in run_dir, locked: one supervisor at a time. -1 when
 * another one holds it (errno EBUSY) or it cannot be made.
 */
int process_file_open(const struct pool_plan *plan) NODISCARD NONNULL(1);
void process_file_close(const char *run_dir, int fd) NONNULL(1);

/* An id that stays as it is, as chown(2) takes it. */
#define POOL_ID_SAME ((unsigned)-1)

/* The ids behind a plan's names; the user's only when run by root. False
 * when there are no such names, with errno EINVAL. */
struct pool_ids {
	uid_t user;
	gid_t group;
};
bool pool_ids_find(const struct pool_plan *plan, struct pool_ids *ids)
	NODISCARD NONNULL(1, 2);

#endif
