/* SPDX-License-Identifier: MIT */
/*
 * What a service manager is told, by the protocol of sd_notify(3): a datagram
 * for each state. Without NOTIFY_SOCKET in the environment nothing is sent.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct notifier {
	int64_t pause; /* milliseconds between two signs of life; 0: none are
			* wanted */
	int64_t next;  /* clock_monotonic */
};

/* Finds out whether signs of life are wanted (WATCHDOG_USEC). heir: what was
 * meant for the process that started this one counts too. */
void notify_open(struct notifier *n, bool heir) NONNULL(1);

/* Variables, as the protocol has them: "READY=1". */
void notify_send(const char *format, ...) NONNULL(1) PRINTF(1, 2);

/* Variables that say that a reload begins. */
void notify_reloading(void);

/* A sign of life, if one is due. */
void notify_alive(struct notifier *n, int64_t now) NONNULL(1);

#endif
