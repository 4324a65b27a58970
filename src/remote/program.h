/* SPDX-License-Identifier: MIT */
/*
 * A local program that is asked like a server: bytes on its standard input,
 * an answer within a time limit. By execve, never by a shell.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

/* What is kept of each output; the rest is read and forgotten. */
#define PROGRAM_OUTPUT_LIMIT 4096

struct program {
	const char *const *arguments;   /* the first: an absolute path; ends
					 * with NULL */
	const char *const *environment; /* all there is of it; ends with NULL */
	int64_t limit;                  /* milliseconds from start to end */
};

enum program_end {
	PROGRAM_EXITED,
	PROGRAM_SIGNALLED,
	PROGRAM_LATE,       /* it was killed, with all of its group */
	PROGRAM_NOT_STARTED /* it is not there, no process can be made, … or
			     * nobody can tell how it ended */
};

struct program_result {
	enum program_end end;
	int number;         /* exit status, signal, or errno */
	int64_t took;       /* milliseconds that the caller has waited */
	const char *output; /* standard output up to a NUL; never NULL */
	const char *errors; /* standard error, likewise */
};

/*
 * Runs it to its end: in a process group and with a folder (/) of its own,
 * with signals as usual, and nothing open but its three standard files. It
 * need not read its input. What it leaves running behind itself is not waited
 * for, and runs on when it has ended in time. It does not outlive the process
 * that calls this; its own children may, unless they see to that as it does
 * (prctl(2), PR_SET_PDEATHSIG).
 */
void program_run(struct arena *mem, const struct program *p, const char *input,
		 size_t len, struct program_result *out) NONNULL(1, 2, 3, 5);

/* How it ended, in a sentence, with the end of what it said on standard error;
 * printable ASCII. */
const char *program_result_text(struct arena *mem,
				const struct program_result *r)
	RETURNS_NONNULL NONNULL(1, 2);

#endif
