/* SPDX-License-Identifier: MIT */
/* argon2_loop PROCESSES SECONDS: passwords hashed one after the other with
 * libargon2 at 64 MiB, 3 passes, 4 lanes; prints how many a second, and how
 * many. */
#include "ceiling.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <argon2.h>

enum { MEMORY_KIB = 65536, PASSES = 3, LANES = 4 };

/* What the processes share. */
struct tally {
	_Atomic int64_t hashes;
	_Atomic int64_t rates; /* hashes in 1000 seconds, summed up */
};

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The last hash is finished, and counts with its time. */
static void
hash_for(int seconds, struct tally *tally)
{
	static uint8_t password[] = "correct horse battery";
	static uint8_t salt[] = "0123456789abcde";
	uint8_t tag[32];
	argon2_context context = {
		.out = tag,
		.outlen = sizeof(tag),
		.pwd = password,
		.pwdlen = sizeof(password) - 1,
		.salt = salt,
		.saltlen = sizeof(salt),
		.t_cost = PASSES,
		.m_cost = MEMORY_KIB,
		.lanes = LANES,
		.threads = 1, /* more would only take turns */
		.version = ARGON2_VERSION_13,
	};
	int64_t begun = now();
	int64_t count = 0;

	while (now() - begun < (int64_t)seconds * 1000000000) {
		if (argon2id_ctx(&context) != ARGON2_OK)
			ceiling_fail("argon2");
		count++;
	}
	tally->hashes += count;
	tally->rates +=
		(int64_t)((double)count * 1e12 / (double)(now() - begun));
}

int
main(int argc, char **argv)
{
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int processes;

	if (argc != 3 || tally == MAP_FAILED)
		return 64;
	processes = ceiling_number(argv[1]);
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			hash_for(ceiling_number(argv[2]), tally);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	if (tally->hashes < processes)
		return 1;
	printf("%.3f %lld\n", (double)tally->rates / 1000,
	       (long long)tally->hashes);
	return 0;
}
