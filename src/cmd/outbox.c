/* SPDX-License-Identifier: MIT */
#include "store/outbox.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "cmd/usage.h"

#define PAGE_SIZE 100

enum outbox_option {
	OPTION_STATE = 1,
	OPTION_EVENT,
	OPTION_TARGET,
	OPTION_USER,
	OPTION_AFTER,
	OPTION_LIMIT,
	OPTION_JSON,
	OPTION_ALL
};

static const struct option options[] = {
	{"state", required_argument, NULL, OPTION_STATE},
	{"event", required_argument, NULL, OPTION_EVENT},
	{"target", required_argument, NULL, OPTION_TARGET},
	{"user", required_argument, NULL, OPTION_USER},
	{"after", required_argument, NULL, OPTION_AFTER},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"json", no_argument, NULL, OPTION_JSON},
	{"all", no_argument, NULL, OPTION_ALL},
	{0},
};

struct outbox_options {
	struct outbox_filter filter;
	int64_t limit; /* 0: none */
	bool json;
	bool all;
};

static enum err
take_number(const char *name, const char *text, int64_t *out)
{
	if (text_number(text, 1, INT64_MAX, out))
		return OK;
	(void)command_fail(0, "%s takes a number, not \"%s\"", name, text);
	return ERR_USAGE;
}

static enum err
take_state(struct outbox_options *o, const char *text)
{
	o->filter.state = text;
	if (strcmp(text, OUTBOX_WAITING) == 0 || strcmp(text, OUTBOX_DEAD) == 0)
		return OK;
	(void)command_fail(0, "--state takes waiting or dead, not \"%s\"",
			   text);
	return ERR_USAGE;
}

static enum err
take_option(struct outbox_options *o, int option)
{
	switch ((enum outbox_option)option) {
	case OPTION_STATE:
		return take_state(o, optarg);
	case OPTION_EVENT:
		o->filter.event = optarg;
		return OK;
	case OPTION_TARGET:
		o->filter.target = optarg;
		return OK;
	case OPTION_USER:
		o->filter.user_key = optarg;
		return OK;
	case OPTION_AFTER:
		return take_number("--after", optarg, &o->filter.after);
	case OPTION_LIMIT:
		return take_number("--limit", optarg, &o->limit);
	case OPTION_JSON:
		o->json = true;
		return OK;
	case OPTION_ALL:
		o->all = true;
		return OK;
	}
	return ERR_USAGE;
}

static bool
filters(const struct outbox_filter *f)
{
	return f->state != NULL || f->event != NULL || f->target != NULL ||
	       f->user_key != NULL;
}

static enum err
read_options(const struct invocation *in, bool lists, struct outbox_options *o)
{
	int argc = in->argc - 1;
	char **argv = in->argv + 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(take_option(o, option));
	if (!lists && argc - optind == 1 && !filters(&o->filter) && !o->all)
		return take_number("outbox", argv[optind], &o->filter.id);
	if (argc == optind && (lists || filters(&o->filter) || o->all))
		return OK;
	(void)usage_fail(in);
	return ERR_USAGE;
}

static void
member_text(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":", name);
	if (text != NULL)
		json_write_text(b, text);
	else
		buf_text(b, "null");
}

static void
print_json(struct arena *mem, const struct outbox_row *row)
{
	struct buf b;

	buf_init(&b, mem, 512);
	buf_printf(&b, "{\"id\":%lld", (long long)row->id);
	member_text(&b, "message", row->message_id);
	member_text(&b, "event", row->event);
	member_text(&b, "target", row->target);
	member_text(&b, "user", row->user_key);
	member_text(&b, "state", row->state);
	buf_printf(&b, ",\"attempts\":%lld", (long long)row->attempts);
	member_text(&b, "created_at", clock_text(mem, row->created_at));
	member_text(&b, "due_at", clock_text(mem, row->due_at));
	member_text(&b, "expires_at", clock_text(mem, row->expires_at));
	member_text(&b, "last_error", row->last_error);
	buf_char(&b, '}');
	(void)puts(b.data);
}

static const char *
shown(struct arena *mem, const char *text)
{
	return text == NULL || *text == '\0'
		       ? "-"
		       : command_printable(arena_text(mem, text));
}

static void
print_row(struct arena *mem, const struct outbox_row *row)
{
	(void)printf("%-8lld  %-7s  %-21s  %-20s  %3lld  %s  %s  %s\n",
		     (long long)row->id, row->state, shown(mem, row->event),
		     shown(mem, row->target), (long long)row->attempts,
		     clock_text(mem, row->due_at), shown(mem, row->user_key),
		     shown(mem, row->last_error));
}

static enum err
run_list(struct database *d, const struct config *conf,
	 struct outbox_options *o)
{
	int64_t left = o->limit > 0 ? o->limit : INT64_MAX;
	size_t count = 1;

	(void)conf;
	if (!o->json)
		(void)printf("%-8s  %-7s  %-21s  %-20s  %3s  %-20s  %s  %s\n",
			     "ID", "STATE", "EVENT", "TARGET", "TRY", "DUE",
			     "USER", "ERROR");
	while (count > 0 && left > 0) {
		struct outbox_row *rows;

		TRY(outbox_list(d->db, d->mem, &o->filter,
				left < PAGE_SIZE ? left : PAGE_SIZE, &rows,
				&count));
		for (size_t i = 0; i < count; i++)
			(o->json ? print_json : print_row)(d->mem, &rows[i]);
		left -= (int64_t)count;
		if (count > 0)
			o->filter.after = rows[count - 1].id;
		arena_reset(d->mem);
	}
	return OK;
}

/* How many, or for one that was named, that it was not there. */
static enum err
say_count(const struct outbox_options *o, int64_t count)
{
	if (o->filter.id > 0 && count == 0) {
		(void)command_fail(0,
				   "there is no row %lld that may be touched: "
				   "it is gone, or a courier has it",
				   (long long)o->filter.id);
		return ERR_NOT_FOUND;
	}
	(void)printf("%lld\n", (long long)count);
	return OK;
}

static enum err
run_retry(struct database *d, const struct config *conf,
	  struct outbox_options *o)
{
	int64_t now = clock_now();
	int64_t count;

	if (o->filter.id == 0 && o->filter.state == NULL)
		o->filter.state = OUTBOX_DEAD;
	TRY(outbox_retry(d->db, d->mem, &o->filter, now,
			 now + conf->courier.max_age, &count));
	return say_count(o, count);
}

static enum err
run_drop(struct database *d, const struct config *conf,
	 struct outbox_options *o)
{
	int64_t count;

	(void)conf;
	TRY(outbox_drop(d->db, d->mem, &o->filter, clock_now(), &count));
	return say_count(o, count);
}

static const struct subcommand {
	const char *name;
	bool lists;
	enum err (*run)(struct database *d, const struct config *conf,
			struct outbox_options *o);
} subcommands[] = {
	{"list", true, run_list},
	{"retry", false, run_retry},
	{"drop", false, run_drop},
};

static const struct subcommand *
find_subcommand(const struct invocation *in)
{
	for (size_t i = 0; in->argc > 1 && i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, in->argv[1]) == 0)
			return &subcommands[i];
	return NULL;
}

static int
run(const struct invocation *in, const struct subcommand *sub,
    struct outbox_options *o)
{
	struct database d = {0};
	struct config *conf = NULL;
	enum err e = command_start(in->config_path, &conf);

	if (e != OK)
		return command_status(e);
	log_set_level(LEVEL_ERROR);
	e = database_open(conf, false, &d);
	if (e == OK)
		e = sub->run(&d, conf, o);
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK && e != ERR_NOT_FOUND && d.db != NULL)
		e = database_explain(e, d.db, d.mem);
	database_close(&d);
	config_free(conf);
	return command_status(e);
}

int
command_outbox(const struct invocation *in)
{
	const struct subcommand *sub = find_subcommand(in);
	struct outbox_options o = {0};

	if (sub == NULL)
		return usage_fail(in);
	if (read_options(in, sub->lists, &o) != OK)
		return EX_USAGE;
	return run(in, sub, &o);
}
