/* SPDX-License-Identifier: MIT */
#include "gate/score.h"

#include <sys/mman.h>

struct score *
score_map(size_t count)
{
	void *rows =
		mmap(NULL, count * sizeof(struct score), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return rows == MAP_FAILED ? NULL : rows;
}

void
score_unmap(struct score *rows, size_t count)
{
	if (rows != NULL)
		(void)munmap(rows, count * sizeof(*rows));
}
