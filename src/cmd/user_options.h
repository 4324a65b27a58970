/* SPDX-License-Identifier: MIT */
/* What is asked of the command `user`: its options, and who takes which. */
#ifndef USER_OPTIONS_H
#define USER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/uuid.h"
#include "cmd/secret_input.h"
#include "core/account.h"
#include "store/user_page.h"

/* A bit each, above all characters, which getopt_long may also give. */
enum user_option {
	USER_JSON = 1 << 8,
	USER_STDIN = 1 << 9,
	USER_GENERATE = 1 << 10,
	USER_PROMPT = 1 << 11,
	USER_ACTIVE = 1 << 12,
	USER_SUPERUSER = 1 << 13,
	USER_VERIFIED = 1 << 14,
	USER_EMAIL = 1 << 15,
	USER_AFTER = 1 << 16,
	USER_LIMIT = 1 << 17,
	USER_FIELD = 1 << 18,
	USER_CHECK = 1 << 19,
	USER_SKIP_BAD = 1 << 20,
	USER_SKIP_EXISTING = 1 << 21,
	USER_QUIET = 1 << 22,
	USER_SEARCH = 1 << 23,
	USER_SORT = 1 << 24,
	USER_COUNT = 1 << 25
};

/* What a subcommand takes. */
struct user_syntax {
	const char *name;
	bool names_user;  /* takes an operand: an address or an id */
	unsigned options; /* those it takes */
	unsigned changes; /* of those, one must be given; 0: none must */
};

/* Of one line; nobody has more fields than these by far. */
#define USER_SETS_LIMIT 256

/* Texts are those of argv. */
struct user_options {
	unsigned given;
	const char *who; /* the operand, or NULL */
	bool json;
	bool new_password;
	enum secret_source source;
	struct account_change change;
	const char *given_after; /* as it was spelled, or NULL */
	char after[UUID_SIZE];   /* an id of any kind; "": from the first */
	const char *search;      /* a part of the address, or NULL */
	enum user_order order;
	bool count;    /* how many there are, and nothing of them */
	int64_t limit; /* 0: all */
	const char *sets[USER_SETS_LIMIT]; /* "name=value" of fields */
	size_t set_count;
	bool check;         /* of import: nothing is written */
	bool skip_bad;      /* lines that are refused stop nothing */
	bool skip_existing; /* users who are there are no fault */
	bool quiet;         /* no progress is shown */
	bool told;          /* why it fails has been said */
};

/*
 * argv[0] is the subcommand. ERR_USAGE, told on standard error, when it does
 * not fit.
 */
enum err user_options_read(const struct user_syntax *syntax, int argc,
			   char **argv, struct user_options *out)
	NODISCARD NONNULL(1, 3, 4);

#endif
