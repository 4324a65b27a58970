/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a pool count, in memory that they share: a row each,
 * which nobody else writes, so that counting takes no lock and no system call.
 * A row outlives its process: the next one of the same pool counts on in it,
 * so no counter ever falls, and nothing need be added up when a worker dies.
 *
 * Named exception to "no mutable globals": the board, and the row of this
 * process. Without them (CGI, commands) counting does nothing.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum tally_metric {
#define METRIC(name, ...) TALLY_##name,
#include "base/metrics.def"
#undef METRIC
	TALLY__COUNT
};

/* Rows of routes.def, and one more for requests that fit none. */
#define TALLY_ROUTES 128
#define TALLY_NO_ROUTE (TALLY_ROUTES - 1)
#define TALLY_STATUSES 25
#define TALLY_BUCKETS 14
#define TALLY_POOL_SIZE 64

struct tally_histogram {
	_Atomic uint64_t buckets[TALLY_BUCKETS]; /* not cumulative */
	_Atomic uint64_t micros;                 /* of all */
};

struct tally_route {
	_Atomic uint64_t statuses[TALLY_STATUSES];
	struct tally_histogram time;
};

struct tally {
	_Alignas(64) char pool[TALLY_POOL_SIZE]; /* whose it is, for good */
	bool taken;                              /* the supervisor's own */
	_Atomic uint64_t values[TALLY__COUNT];
	struct tally_histogram wait;
	struct tally_route routes[TALLY_ROUTES];
};

/* The status codes that are counted by themselves; 0: all others. The upper
 * bounds of the buckets in microseconds; the last has none. */
extern const int tally_statuses[TALLY_STATUSES];
extern const int64_t tally_bounds[TALLY_BUCKETS - 1];

/* Makes the board, with places for so many processes: before the first fork.
 * False, with errno, when memory is out; nothing is counted then. */
bool tally_open(size_t places) NODISCARD;
void tally_close(void);
bool tally_is_open(void);

/* For the supervisor: a row for a process of the pool, and the end of that
 * process, which takes its gauges back. NULL when there is no place left. */
struct tally *tally_take(const char *pool) NODISCARD NONNULL(1);
void tally_give(struct tally *row);

/* The row that this process counts in from now on; NULL: none. */
void tally_use(struct tally *row);

/* In this process's row. */
void tally_add(enum tally_metric metric, uint64_t count);
void tally_set(enum tally_metric metric, uint64_t value);
/* A request was answered: its route's number in routes.def, how long that
 * took, and how long it had waited before. */
void tally_request(size_t route, int status, int64_t micros, int64_t waited);

/* In a row of another one: the supervisor's, of its workers. */
void tally_add_to(struct tally *row, enum tally_metric metric, uint64_t count);
void tally_set_in(struct tally *row, enum tally_metric metric, uint64_t value);

/* On the board. Who adds is alone in doing so. */
void tally_board_set(enum tally_metric metric, uint64_t value);
void tally_board_add(enum tally_metric metric, uint64_t count);
uint64_t tally_board_get(enum tally_metric metric);

/* The rows that were ever taken: tally_row(i) for i below tally_count(). */
size_t tally_count(void);
const struct tally *tally_row(size_t i) RETURNS_NONNULL;

/*
 * What was found out last, for all who are asked the same within a second.
 * False when that is too long ago, or there is no board.
 */
bool tally_recall(int64_t now, int64_t *state) NODISCARD NONNULL(2);
void tally_remember(int64_t now, int64_t state);

#endif
