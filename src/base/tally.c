/* SPDX-License-Identifier: MIT */
#include "base/tally.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Milliseconds that what was found out is good for. */
#define RECALL 1000

#define RELAXED memory_order_relaxed

const int tally_statuses[TALLY_STATUSES] = {
	200, 201, 202, 204, 207, 302, 303, 304, 307, 400, 401, 403, 404,
	405, 409, 410, 412, 413, 415, 422, 424, 429, 500, 503, 0,
};

const int64_t tally_bounds[TALLY_BUCKETS - 1] = {
	1000,   2500,   5000,    10000,   25000,   50000,    100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

static const bool is_gauge[TALLY__COUNT] = {
#define GAUGE true
#define COUNTER false
#define METRIC(name, kind, ...) [TALLY_##name] = kind,
#include "base/metrics.def"
#undef METRIC
#undef COUNTER
#undef GAUGE
};

struct board {
	_Atomic uint64_t values[TALLY__COUNT];
	/* When something was found out, and what, in one word, so that they
	 * belong together. */
	_Atomic int64_t known;
	_Atomic size_t count;
	size_t places;
	struct tally rows[];
};

static struct board *board;
static struct tally *mine;

static size_t
board_size(size_t places)
{
	return sizeof(struct board) + places * sizeof(struct tally);
}

/* Pages that nobody counts in cost nothing. */
bool
tally_open(size_t places)
{
	void *map = mmap(NULL, board_size(places), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return false;
	board = map;
	board->places = places;
	return true;
}

void
tally_close(void)
{
	if (board != NULL)
		(void)munmap(board, board_size(board->places));
	board = NULL;
	mine = NULL;
}

bool
tally_is_open(void)
{
	return board != NULL;
}

static bool
is_of_pool(const struct tally *row, const char *pool)
{
	return strncmp(row->pool, pool, sizeof(row->pool) - 1) == 0;
}

struct tally *
tally_take(const char *pool)
{
	struct tally *row;
	size_t i = 0;

	if (board == NULL)
		return NULL;
	while (i < board->count &&
	       (board->rows[i].taken || !is_of_pool(&board->rows[i], pool)))
		i++;
	if (i == board->places) {
		tally_board_add(TALLY_UNCOUNTED, 1);
		return NULL;
	}
	row = &board->rows[i];
	row->taken = true;
	if (i == board->count) {
		(void)snprintf(row->pool, sizeof(row->pool), "%s", pool);
		board->count = i + 1;
	}
	return row;
}

void
tally_give(struct tally *row)
{
	if (row == NULL)
		return;
	for (size_t i = 0; i < TALLY__COUNT; i++)
		if (is_gauge[i])
			atomic_store_explicit(&row->values[i], 0, RELAXED);
	row->taken = false;
}

void
tally_use(struct tally *row)
{
	mine = row;
}

/* Whoever writes is alone: a load and a store, and nothing locked. */
static void
count_up(_Atomic uint64_t *value, uint64_t count)
{
	uint64_t before = atomic_load_explicit(value, RELAXED);

	atomic_store_explicit(value, before + count, RELAXED);
}

void
tally_add_to(struct tally *row, enum tally_metric metric, uint64_t count)
{
	if (row != NULL)
		count_up(&row->values[metric], count);
}

void
tally_set_in(struct tally *row, enum tally_metric metric, uint64_t value)
{
	if (row != NULL)
		atomic_store_explicit(&row->values[metric], value, RELAXED);
}

void
tally_add(enum tally_metric metric, uint64_t count)
{
	tally_add_to(mine, metric, count);
}

void
tally_set(enum tally_metric metric, uint64_t value)
{
	tally_set_in(mine, metric, value);
}

static void
histogram_add(struct tally_histogram *h, int64_t micros)
{
	size_t i = 0;

	/* The clock may be that of another processor. */
	if (micros < 0)
		micros = 0;
	while (i < TALLY_BUCKETS - 1 && micros > tally_bounds[i])
		i++;
	count_up(&h->buckets[i], 1);
	count_up(&h->micros, (uint64_t)micros);
}

void
tally_request(size_t route, int status, int64_t micros, int64_t waited)
{
	struct tally_route *r;
	size_t i = 0;

	if (mine == NULL)
		return;
	r = &mine->routes[route < TALLY_NO_ROUTE ? route : TALLY_NO_ROUTE];
	while (tally_statuses[i] != 0 && tally_statuses[i] != status)
		i++;
	count_up(&r->statuses[i], 1);
	histogram_add(&r->time, micros);
	histogram_add(&mine->wait, waited);
}

void
tally_board_set(enum tally_metric metric, uint64_t value)
{
	if (board != NULL)
		atomic_store_explicit(&board->values[metric], value, RELAXED);
}

void
tally_board_add(enum tally_metric metric, uint64_t count)
{
	if (board != NULL)
		count_up(&board->values[metric], count);
}

uint64_t
tally_board_get(enum tally_metric metric)
{
	return board != NULL
		       ? atomic_load_explicit(&board->values[metric], RELAXED)
		       : 0;
}

size_t
tally_count(void)
{
	return board != NULL ? board->count : 0;
}

const struct tally *
tally_row(size_t i)
{
	if (board == NULL || i >= board->places)
		abort();
	return &board->rows[i];
}

bool
tally_recall(int64_t now, int64_t *state)
{
	int64_t known = board != NULL ? board->known : 0;

	*state = known & 7;
	return known != 0 && now - (known >> 3) >= 0 &&
	       now - (known >> 3) < RECALL;
}

void
tally_remember(int64_t now, int64_t state)
{
	if (board != NULL)
		board->known = now << 3 | state;
}
