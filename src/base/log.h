/* SPDX-License-Identifier: MIT */
/*
 * One line an event, in one write: logfmt, or a JSON object (RFC 8259) in
 * ASCII with the same fields, "time" for "ts". Values are escaped: no byte of a
 * client's can start a line or a field. A value is cut, and ends in "...",
 * after 256 bytes. Passwords, tokens and secrets are never handed to it. Event
 * names are stable; the manual lists them.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* A value: a text, or a number when text is NULL. A NULL key ends a list. */
struct log_field {
	const char *key;
	const char *text;
	int64_t number;
};

/* The first field of each line. */
struct log_field log_is(const char *event) NONNULL(1);
/* A text of any bytes; NULL shows as an empty value. */
struct log_field log_text(const char *key, const char *text) NONNULL(1);
struct log_field log_number(const char *key, int64_t number) NONNULL(1);

/* log_event(LEVEL_INFO, log_is("worker_started"), log_number("pid", 1)); */
#define log_event(level, ...)                                                  \
	log_write((level), (const struct log_field[]){__VA_ARGS__, {0}})

/* Writes one line of the fields, up to the first with a NULL key. */
void log_write(enum log_level level, const struct log_field *fields) NONNULL(2);

/* Lines above this level are dropped; LEVEL_INFO at start. */
void log_set_level(enum log_level level);
/* Whether a line of this level would be written. */
bool log_wants(enum log_level level);
/* To syslog(3), facility daemon, instead of standard error; or back. Looks at
 * what standard error is. */
void log_to_syslog(bool wanted);
/* Lines are JSON objects instead of logfmt; or back. */
void log_as_json(bool wanted);
/* Every line carries this id until the next call. NULL for none; borrowed. */
void log_set_request(const char *id);

#endif
