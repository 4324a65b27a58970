/* SPDX-License-Identifier: MIT */
/* A stored hash that is taken is within bounds and has one spelling. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int truth)
{
	if (!truth)
		abort();
}

static void
check_argon2(struct arena *mem, const struct phc *h, const char *stored)
{
	must(h->p.memory_kib >= 8 * h->p.lanes);
	must(h->p.memory_kib <= 1048576);
	must(h->p.passes >= 1 && h->p.passes <= 64);
	must(h->p.lanes >= 1 && h->p.lanes <= 64);
	must(h->p.salt_size >= 8 && h->p.salt_size <= PHC_SALT_LIMIT);
	must(h->p.tag_size >= 4 && h->p.tag_size <= PHC_TAG_LIMIT);
	must(strcmp(phc_write(mem, h), stored) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_open(0, (size_t)1 << 24);
	const char *stored = arena_copy(mem, data, size);
	struct password_parameters p;
	struct phc h;

	must(phc_parse(stored, &h) == password_parse(stored, &p));
	must(memcmp(&h.p, &p, sizeof(p)) == 0);
	switch (h.p.scheme) {
	case SCHEME_NONE:
		must(p.memory_kib == 0 && p.passes == 0);
		break;
	case SCHEME_BCRYPT:
		must(strlen(stored) == 60);
		must(p.passes >= 4 && p.passes <= 16);
		break;
	case SCHEME_ARGON2ID:
	case SCHEME_ARGON2I:
	case SCHEME_ARGON2D:
		check_argon2(mem, &h, stored);
		break;
	}
	arena_close(mem);
	return 0;
}
