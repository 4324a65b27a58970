/* SPDX-License-Identifier: MIT */
/* Personal API keys, for an administrator. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cmd/usage.h"
#include "cmd/whom.h"
#include "core/api_key.h"

#define DAY 86400
#define DAYS_LIMIT 36500

enum api_key_option { OPTION_NAME = 1, OPTION_SCOPE, OPTION_DAYS, OPTION_JSON };

static const struct option options[] = {
	{"name", required_argument, NULL, OPTION_NAME},
	{"scope", required_argument, NULL, OPTION_SCOPE},
	{"days", required_argument, NULL, OPTION_DAYS},
	{"json", no_argument, NULL, OPTION_JSON},
	{0},
};

/* What one call is about. */
struct api_key_work {
	const char *who;
	const char *id; /* of revoke */
	struct api_key_wish wish;
	bool json;
	enum err (*run)(struct ctx *cx, struct api_key_work *w,
			const struct user *u, bool *told);
};

static void
print_json(struct ctx *cx, const struct key_row *k, const char *text)
{
	struct buf b;

	buf_init(&b, cx->mem, 256);
	api_key_write(&b, NULL, k, text);
	(void)puts(b.data);
}

static enum err
run_create(struct ctx *cx, struct api_key_work *w, const struct user *u,
	   bool *told)
{
	struct key_row row;
	const char *text;
	const char *why;
	enum err e = api_key_create(cx, u, &w->wish, NULL, &row, &text, &why);

	*told = e == ERR_API_KEY_INVALID;
	if (*told)
		(void)command_fail(0, "%s", why);
	if (e == OK && w->json)
		print_json(cx, &row, text);
	else if (e == OK)
		(void)puts(text);
	return e;
}

static const char *
moment(struct ctx *cx, int64_t seconds)
{
	return seconds >= 0 ? clock_text(cx->mem, seconds) : "never";
}

static enum err
run_list(struct ctx *cx, struct api_key_work *w, const struct user *u,
	 bool *told)
{
	struct key_row *rows;
	size_t count;
	enum err e = api_key_list(cx, u, &rows, &count);

	(void)told;
	if (e == OK && !w->json)
		(void)printf("%-16s  %-20s  %-20s  %-20s  %s  %s\n", "ID",
			     "CREATED", "EXPIRES", "USED", "SCOPE", "NAME");
	for (size_t i = 0; e == OK && i < count; i++) {
		const struct key_row *k = &rows[i];

		if (w->json)
			print_json(cx, k, NULL);
		else
			(void)printf("%-16s  %-20s  %-20s  %-20s  %s  %s\n",
				     k->id, moment(cx, k->created_at),
				     moment(cx, k->expires_at),
				     moment(cx, k->last_used_at), k->scope,
				     command_printable(
					     arena_text(cx->mem, k->name)));
	}
	return e;
}

static enum err
run_revoke(struct ctx *cx, struct api_key_work *w, const struct user *u,
	   bool *told)
{
	enum err e = api_key_revoke(cx, u, w->id, NULL);

	*told = e == ERR_NOT_FOUND;
	if (*told)
		(void)command_fail(0, "%s has no API key \"%s\"", w->who,
				   w->id);
	return e;
}

static const struct api_key_command {
	const char *name;
	int operands;
	bool makes;
	enum err (*run)(struct ctx *cx, struct api_key_work *w,
			const struct user *u, bool *told);
} subcommands[] = {
	{"create", 1, true, run_create},
	{"list", 1, false, run_list},
	{"revoke", 2, false, run_revoke},
};

static enum err
work(struct ctx *cx, void *arg, bool *told)
{
	struct api_key_work *w = arg;
	struct user u = {0};
	enum err e;

	if (!cx->conf->api_keys.enabled) {
		*told = true;
		(void)command_fail(0, "there are no API keys: api_keys.enabled "
				      "is false");
		return ERR_CONFIGURATION;
	}
	e = whom_find(cx, w->who, &u);
	*told = e == ERR_NOT_FOUND;
	return e == OK ? w->run(cx, w, &u, told) : e;
}

static enum err
take_option(struct api_key_work *w, int option)
{
	int64_t days;

	switch ((enum api_key_option)option) {
	case OPTION_NAME:
		w->wish.name = optarg;
		return OK;
	case OPTION_SCOPE:
		w->wish.scope = optarg;
		return OK;
	case OPTION_DAYS:
		if (text_number(optarg, 1, DAYS_LIMIT, &days)) {
			w->wish.lifetime = days * DAY;
			return OK;
		}
		(void)command_fail(0, "--days takes a number, not \"%s\"",
				   optarg);
		return ERR_USAGE;
	case OPTION_JSON:
		w->json = true;
		return OK;
	}
	return ERR_USAGE;
}

static enum err
read_options(const struct invocation *in, const struct api_key_command *c,
	     struct api_key_work *w)
{
	int argc = in->argc - 1;
	char **argv = in->argv + 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(take_option(w, option));
	if (argc - optind == c->operands &&
	    c->makes == (w->wish.name != NULL) &&
	    c->makes == (w->wish.scope != NULL)) {
		w->who = argv[optind];
		w->id = c->operands > 1 ? argv[optind + 1] : NULL;
		w->run = c->run;
		return OK;
	}
	(void)usage_fail(in);
	return ERR_USAGE;
}

static const struct api_key_command *
find_command(const struct invocation *in)
{
	for (size_t i = 0; in->argc > 1 && i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, in->argv[1]) == 0)
			return &subcommands[i];
	return NULL;
}

int
command_apikey(const struct invocation *in)
{
	const struct api_key_command *c = find_command(in);
	struct api_key_work w = {0};

	if (c == NULL)
		return usage_fail(in);
	if (read_options(in, c, &w) != OK)
		return EX_USAGE;
	return whom_run(in, work, &w);
}
