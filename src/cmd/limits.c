/* SPDX-License-Identifier: MIT */
#include "core/limiter.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/network.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "cmd/usage.h"

#define PAGE_SIZE 100

enum limits_option {
	OPTION_ACCOUNT = 1,
	OPTION_NETWORK,
	OPTION_ALL,
	OPTION_JSON
};

static const struct option options[] = {
	{"account", required_argument, NULL, OPTION_ACCOUNT},
	{"network", required_argument, NULL, OPTION_NETWORK},
	{"all", no_argument, NULL, OPTION_ALL},
	{"json", no_argument, NULL, OPTION_JSON},
	{0},
};

struct limits_options {
	const char *account;
	const char *network;
	bool all;
	bool json;
};

/* What one run needs. */
struct limits_run {
	const struct config *conf;
	struct database database;
	struct limiter *limiter;
	struct limit_filter filter;
	bool json;
};

static enum err
take_network(struct limits_options *o, const char *text)
{
	o->network = text;
	if (network_fault(text) == NULL || strcmp(text, NETWORK_UNKNOWN) == 0)
		return OK;
	(void)command_fail(0, "--network takes an address, not \"%s\"", text);
	return ERR_USAGE;
}

static enum err
take_option(struct limits_options *o, int option)
{
	switch ((enum limits_option)option) {
	case OPTION_ACCOUNT:
		o->account = optarg;
		return OK;
	case OPTION_NETWORK:
		return take_network(o, optarg);
	case OPTION_ALL:
		o->all = true;
		return OK;
	case OPTION_JSON:
		o->json = true;
		return OK;
	}
	return ERR_USAGE;
}

static enum err
read_options(const struct invocation *in, bool lists, struct limits_options *o)
{
	bool filters;
	int argc = in->argc - 1;
	char **argv = in->argv + 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(take_option(o, option));
	filters = o->account != NULL || o->network != NULL;
	if (argc == optind && (lists ? !o->all : filters != o->all))
		return OK;
	(void)usage_fail(in);
	return ERR_USAGE;
}

/* A row's moment, or nothing where it is over. */
static const char *
moment(struct arena *mem, int64_t seconds, int64_t now)
{
	return seconds > now ? clock_text(mem, seconds) : NULL;
}

static void
member_text(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":", name);
	if (text != NULL && *text != '\0')
		json_write_text(b, text);
	else
		buf_text(b, "null");
}

static void
print_json(const struct limits_run *r, const struct limit_row *row, int64_t now)
{
	struct arena *mem = r->database.mem;
	struct buf b;

	buf_init(&b, mem, 256);
	buf_text(&b, "{\"kind\":");
	json_write_text(&b, row->key.kind);
	buf_printf(&b, ",\"tries\":%lld,\"reached\":%s", (long long)row->used,
		   limit_is_reached(r->conf, row) ? "true" : "false");
	member_text(&b, "until",
		    row->used > 0 ? moment(mem, row->ends_at, now) : NULL);
	member_text(&b, "known_until", moment(mem, row->known_until, now));
	member_text(&b, "account", row->key.account);
	member_text(&b, "network", row->key.network);
	buf_char(&b, '}');
	(void)puts(b.data);
}

static const char *
shown(const char *text)
{
	return text != NULL && *text != '\0' ? text : "-";
}

static void
print_row(const struct limits_run *r, const struct limit_row *row, int64_t now)
{
	struct arena *mem = r->database.mem;

	(void)printf(
		"%-8s  %5lld  %-7s  %-20s  %-20s  %-24s  %s\n", row->key.kind,
		(long long)row->used,
		limit_is_reached(r->conf, row) ? "yes" : "no",
		shown(row->used > 0 ? moment(mem, row->ends_at, now) : NULL),
		shown(moment(mem, row->known_until, now)),
		shown(row->key.account), shown(row->key.network));
}

static enum err
run_list(struct limits_run *r)
{
	struct database *d = &r->database;
	struct arena *last = arena_open(0, (size_t)1 << 16);
	int64_t now = clock_now();
	size_t count = PAGE_SIZE;
	enum err e = OK;

	if (!r->json)
		(void)printf("%-8s  %5s  %-7s  %-20s  %-20s  %-24s  %s\n",
			     "KIND", "TRIES", "REACHED", "UNTIL", "KNOWN UNTIL",
			     "ACCOUNT", "NETWORK");
	while (e == OK && count == PAGE_SIZE) {
		struct limit_row *rows;

		e = limit_list(d->db, d->mem, &r->filter, now, PAGE_SIZE, &rows,
			       &count);
		for (size_t i = 0; e == OK && i < count; i++)
			(r->json ? print_json : print_row)(r, &rows[i], now);
		if (e != OK || count == 0)
			break;
		arena_reset(last);
		r->filter.after = (struct limit_key){
			.account =
				arena_text(last, rows[count - 1].key.account),
			.network =
				arena_text(last, rows[count - 1].key.network),
			.kind = arena_text(last, rows[count - 1].key.kind),
		};
		arena_reset(d->mem);
	}
	arena_close(last);
	return e;
}

static enum err
run_clear(struct limits_run *r)
{
	int64_t count;

	TRY(limit_clear(r->database.db, r->database.mem, &r->filter,
			clock_now(), &count));
	(void)printf("%lld\n", (long long)count);
	return OK;
}

static const struct subcommand {
	const char *name;
	bool lists;
	enum err (*run)(struct limits_run *r);
} subcommands[] = {
	{"list", true, run_list},
	{"clear", false, run_clear},
};

static const struct subcommand *
find_subcommand(const struct invocation *in)
{
	for (size_t i = 0; in->argc > 1 && i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, in->argv[1]) == 0)
			return &subcommands[i];
	return NULL;
}

static enum err
prepare(struct limits_run *r, const struct limits_options *o)
{
	struct arena *kept;

	limiter_open(r->conf, &r->limiter);
	if (r->limiter == NULL) {
		(void)command_fail(0, "limits are switched off "
				      "(limits.enabled)");
		return ERR_CONFIGURATION;
	}
	TRY(database_open(r->conf, false, &r->database));
	kept = r->database.kept;
	r->json = o->json;
	r->filter = (struct limit_filter){
		.account = o->account != NULL
				   ? limit_account_key(r->limiter, kept,
						       o->account)
				   : "",
		.network = o->network != NULL
				   ? limit_network_key(r->limiter, kept,
						       o->network)
				   : "",
		.after = {"", "", ""},
	};
	return OK;
}

static int
run(const struct invocation *in, const struct subcommand *sub,
    const struct limits_options *o)
{
	struct limits_run r = {0};
	struct config *conf = NULL;
	enum err e = command_start(in->config_path, &conf);

	if (e != OK)
		return command_status(e);
	log_set_level(LEVEL_ERROR);
	r.conf = conf;
	e = prepare(&r, o);
	if (e == OK)
		e = sub->run(&r);
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK && r.database.db != NULL)
		e = database_explain(e, r.database.db, r.database.mem);
	database_close(&r.database);
	limiter_close(r.limiter);
	config_free(conf);
	return command_status(e);
}

int
command_limits(const struct invocation *in)
{
	const struct subcommand *sub = find_subcommand(in);
	struct limits_options o = {0};

	if (sub == NULL)
		return usage_fail(in);
	if (read_options(in, sub->lists, &o) != OK)
		return EX_USAGE;
	return run(in, sub, &o);
}
