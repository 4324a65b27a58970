/* SPDX-License-Identifier: MIT */
/*
 * A cap on how many processes do something heavy at once, whoever started
 * them: workers of any pool, CGI programs, commands. A slot is a byte of a
 * file that is locked (fcntl open file description locks), so a process that
 * dies gives its slot back.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/identity.h"

/* Its name in run_dir. */
#define SLOTS_FILE "hash.slots"

struct slots;

/*
 * Makes the file of run_dir, or sees to its owner, where the processes that
 * share it run as somebody else than we, who are root: the folder is not
 * theirs to write to. Nothing to do for anybody else. False with errno.
 */
bool slots_make(const char *run_dir, const struct identity *id)
	NODISCARD NONNULL(1, 2);

/*
 * Opens (creating it, mode 0660) the file. count: slots there are. ERR_IO
 * when it cannot be opened, which is logged. Heap; slots_close frees.
 */
enum err slots_open(const char *path, size_t count, struct slots **out)
	NODISCARD NONNULL(1, 3);
void slots_close(struct slots *s);

/* The same file for another heavy thing: its slots are others. */
enum slots_use { SLOTS_HASHING, SLOTS_WAITING };
enum err slots_open_for(enum slots_use use, const char *path, size_t count,
			struct slots **out) NODISCARD NONNULL(2, 4);

/*
 * Takes a slot, waiting until `deadline` (clock_monotonic milliseconds).
 * ERR_BUSY when none came free in time, and at once when it has passed already.
 * Those who wait get theirs in the order in which they came. One slot a process
 * at a time.
 */
enum err slots_take(struct slots *s, int64_t deadline) NODISCARD NONNULL(1);
void slots_give(struct slots *s) NONNULL(1);

#endif
