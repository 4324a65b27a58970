/* SPDX-License-Identifier: MIT */
/*
 * Dates and times as people and databases write them (ISO 8601, RFC 3339 and
 * what Pydantic takes besides), with its words for what is wrong with them.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"

struct moment {
	int year; /* 0 to 9999 */
	int month;
	int day;
	int hour;
	int minute;
	int second;
	int micro;
	bool has_zone;
	int offset; /* minutes east of UTC */
};

/* YYYY-MM-DD and nothing behind it. NULL when it is one, else what is wrong. */
const char *moment_read_date(const char *text, struct moment *out)
	NODISCARD NONNULL(1, 2);

/* A date, one of "T t _ blank", a time; or a number, as seconds or
 * milliseconds since 1970. NULL, or what is wrong. */
const char *moment_read_time(const char *text, struct moment *out)
	NODISCARD NONNULL(1, 2);

/* Seconds since 1970, or milliseconds where they are that many. NULL, or what
 * is wrong. */
const char *moment_from_number(double number, struct moment *out)
	NODISCARD NONNULL(2);

/* Seconds since 1970, in UTC; its micro stays. They must not be past year 9999.
 * gmtime_r would ask the system for a time zone first. */
void moment_from_seconds(struct moment *m, int64_t seconds) NONNULL(1);

/* The other way round, for a moment in UTC. */
int64_t moment_to_seconds(const struct moment *m) NONNULL(1);

/* The same moment in UTC; one without a zone is taken for UTC. False when
 * that is before year 1 or past 9999. */
bool moment_to_utc(struct moment *m) NODISCARD NONNULL(1);

/* "2020-01-01" */
const char *moment_date_text(struct arena *mem, const struct moment *m)
	RETURNS_NONNULL NONNULL(1, 2);

/* "2020-01-01 10:20:30.000000": as SQLAlchemy writes it for SQLite. */
const char *moment_time_text(struct arena *mem, const struct moment *m)
	RETURNS_NONNULL NONNULL(1, 2);

/* "2020-01-01T10:20:30.500000Z", the fraction only where there is one. */
const char *moment_json_text(struct arena *mem, const struct moment *m)
	RETURNS_NONNULL NONNULL(1, 2);

#endif
