/* SPDX-License-Identifier: MIT */
/*
 * A process beside this one that runs programs for it. A worker's sandbox
 * allows no new process, so the asker is forked before it is entered; it
 * knows which programs there are, and runs no other.
 */
#ifndef ASKER_H
#define ASKER_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "remote/program.h"

struct asker;

/*
 * Forks it, with the programs that may be asked for; they must outlive it. It
 * ends with the process that calls this. ERR_IO when the system refuses.
 * Heap; asker_close ends it, and takes it away: a program that runs has until
 * its limit.
 */
enum err asker_open(const struct program *programs, size_t count,
		    struct asker **out) NODISCARD NONNULL(1, 3);
void asker_close(struct asker *a);

/*
 * Has the program of this number run with the input, and waits until it has
 * ended, which takes little more than its limit. ERR_IO when nobody answers:
 * the asker is gone then, and so it stays. A process that has SIGTERM blocked
 * is sent one, so that its supervisor puts a whole one in its place.
 */
enum err asker_run(struct asker *a, struct arena *mem, size_t program,
		   const char *input, size_t len, struct program_result *out)
	NODISCARD NONNULL(1, 2, 4, 6);

#endif
