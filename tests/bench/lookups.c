/* SPDX-License-Identifier: MIT */
/*
 * How long the store takes to find users, among few and among many:
 * lookups ROUNDS CONFIGURATION COUNT [CONFIGURATION COUNT ...]. Each database
 * holds the first COUNT users of make_users. They take turns, a round each, so
 * that what else goes on disturbs all alike. Prints a JSON object a line: the
 * medians of one database in nanoseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "store/user.h"

#include "made_user.h"

#define PAGE 100
/* Of each operation a round. */
#define TIMES 3
#define ROUNDS_LIMIT 100000

struct place {
	struct config *conf;
	struct database database;
	uint64_t count;
	uint64_t dice;
	char id[MADE_USER_ID_SIZE]; /* of the user whose turn it is */
	const char *email;
};

static enum err
by_session(struct place *p)
{
	struct user_session out;

	return user_by_session(p->database.db, p->database.mem, p->id, "",
			       &out);
}

static enum err
by_email(struct place *p)
{
	struct user out;

	return user_by_email(p->database.db, p->database.mem, p->email, &out);
}

static enum err
page(struct place *p)
{
	struct user *users;
	size_t count;

	return user_list(p->database.db, p->database.mem, p->id, PAGE, &users,
			 &count);
}

static const struct {
	const char *name;
	enum err (*run)(struct place *p);
} operations[] = {
	{"session", by_session},
	{"email", by_email},
	{"page", page},
};

/* Whoever comes next, anywhere among them. */
static void
place_turn(struct place *p)
{
	uint64_t number = made_user_mix(p->dice++) % p->count + 1;

	arena_reset(p->database.mem);
	made_user_id(number, p->id);
	p->email = arena_printf(p->database.mem, MADE_USER_EMAIL, number);
}

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
place_measure(struct place *p, size_t operation, int64_t *out)
{
	for (size_t i = 0; i < TIMES; i++) {
		int64_t begin;

		place_turn(p);
		begin = now();
		if (operations[operation].run(p) != OK) {
			(void)fprintf(stderr, "%s failed: %s\n",
				      operations[operation].name,
				      db_complaint(p->database.db));
			exit(69);
		}
		out[i] = now() - begin;
	}
}

static void
place_open(struct place *p, const char *path, const char *count)
{
	p->count = strtoull(count, NULL, 10);
	if (p->count == 0 || command_configure(path, &p->conf) != OK ||
	    database_open(p->conf, false, &p->database) != OK)
		exit(78);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
place_print(const struct place *p, int64_t *took, size_t each)
{
	(void)printf("{\"count\":%llu", (unsigned long long)p->count);
	for (size_t o = 0; o < countof(operations); o++) {
		int64_t *own = took + o * each;

		qsort(own, each, sizeof(*own), compare);
		(void)printf(",\"%s\":%lld", operations[o].name,
			     (long long)own[each / 2]);
	}
	(void)puts("}");
}

int
main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t count = argc > 3 ? (size_t)(argc - 2) / 2 : 0;
	size_t each = rounds * TIMES;
	size_t all = countof(operations) * each;
	struct place *places = calloc(count + 1, sizeof(*places));
	int64_t *took = calloc(count * all + 1, sizeof(*took));

	if (rounds < 1 || rounds > ROUNDS_LIMIT || count < 1 || argc % 2 != 0 ||
	    places == NULL || took == NULL) {
		(void)fputs("usage: lookups ROUNDS CONFIGURATION COUNT ...\n",
			    stderr);
		return 64;
	}
	log_set_level(LEVEL_ERROR);
	for (size_t i = 0; i < count; i++)
		place_open(&places[i], argv[2 + i * 2], argv[3 + i * 2]);
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < count; i++)
			for (size_t o = 0; o < countof(operations); o++)
				place_measure(&places[i], o,
					      took + i * all + o * each +
						      r * TIMES);
	for (size_t i = 0; i < count; i++) {
		place_print(&places[i], took + i * all, each);
		database_close(&places[i].database);
		config_free(places[i].conf);
	}
	free(places);
	free(took);
	return 0;
}
