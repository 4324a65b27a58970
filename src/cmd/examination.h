/* SPDX-License-Identifier: MIT */
/*
 * What `fastcgi-users check` looks into, and how it says what it found: each
 * finding is one line that ends with what to do, and holds no secret.
 */
#ifndef EXAMINATION_H
#define EXAMINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "cmd/database.h"

struct examination {
	const struct config *conf;
	struct database database;
	const char *site; /* address of the site, to be asked; NULL: is not */
	bool was_root;    /* until now: the folder run_dir is root's, then */
	bool as_json;
	bool answers;   /* the database does, as far as is known */
	enum err first; /* outcome of the first fault */
	size_t warnings;
};

enum finding {
	FINDING_OK,
	FINDING_WARNING, /* works, but somebody should know */
	FINDING_FAULT
};

/*
 * Says a finding of the check: what is good on standard output, the rest on
 * standard error; or everything as a JSON object a line on standard output.
 */
void examination_good(struct examination *x, const char *check,
		      const char *format, ...) NONNULL(1, 2, 3) PRINTF(3, 4);
void examination_warn(struct examination *x, const char *check,
		      const char *format, ...) NONNULL(1, 2, 3) PRINTF(3, 4);
/* A fault, and the outcome that stands for it. */
void examination_fault(struct examination *x, enum err e, const char *check,
		       const char *format, ...) NONNULL(1, 3, 4) PRINTF(4, 5);

/* Seconds that a clock is ahead, asked between `before` and now by ours: no
 * more than is certain. */
int64_t examination_skew(int64_t theirs, int64_t before);

typedef void examination_check(struct examination *x);

/* Files and what the machine allows. */
examination_check check_permissions;
examination_check check_secret_folders;
examination_check check_sockets;
examination_check check_programs;
examination_check check_memory;
examination_check check_hashing;
examination_check check_descriptors;
examination_check check_sandbox;
/* The database. */
examination_check check_file;
examination_check check_clock;
examination_check check_database;
examination_check check_schema;
examination_check check_indexes;
examination_check check_database_clock;
examination_check check_outbox;
/* The configuration. */
examination_check check_routers;
examination_check check_guard;
examination_check check_keys;
examination_check check_secrets;
examination_check check_cookies;
/* Other servers, and the site itself. */
examination_check check_redis;
examination_check check_mail;
examination_check check_webhooks;
examination_check check_providers;
examination_check check_site;

#endif
