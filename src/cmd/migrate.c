/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/adoption.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "cmd/progress.h"
#include "cmd/usage.h"
#include "store/user_columns.h"

static enum err
fail(enum err e, const char *why)
{
	(void)command_fail(0, "migrate: %s",
			   why != NULL ? why : err_sentence(e));
	return e;
}

/* What a run of apply shows while it works. */
struct applying {
	struct progress progress;
	int64_t first; /* the version of the first step that is pending */
};

/* Asked before each step, which may take long in a large table. */
static enum err
check_step(void *arg, struct db *db, struct arena *mem,
	   const struct migration *next, const char **why)
{
	struct applying *a = arg;

	progress_name(&a->progress, next->name, next->version - a->first);
	return adoption_check(NULL, db, mem, next, why);
}

static void
say_applied(void *arg, const struct migration *done)
{
	struct applying *a = arg;

	progress_hide(&a->progress);
	(void)printf("applied %04lld %s\n", (long long)done->version,
		     done->name);
}

static void
say_added(const struct user_column *c)
{
	(void)printf("added the column %s\n", c->name);
	if (c->note != NULL)
		(void)printf("note: %s\n", c->note);
}

static enum err
apply(struct database *d, struct applying *a, struct user_columns *columns,
      const char **why)
{
	const struct migrate_watch watch = {
		.check = check_step,
		.applied = say_applied,
		.arg = a,
	};
	struct migrate_state state = {0};
	enum err e = migrate_state(d->db, d->mem, &state, why);

	if (e != OK)
		return e;
	a->first = state.version + 1;
	a->progress.total = (int64_t)state.pending_count;
	e = migrate_apply(d->db, d->mem, clock_now(), &watch, why);
	if (e != OK)
		return e;
	progress_name(&a->progress, "columns", a->progress.total);
	return user_columns_add(d->db, d->mem, columns, why);
}

static enum err
run_apply(struct database *d, bool quiet)
{
	struct user_columns columns = {0};
	const char *why = NULL;
	struct applying a = {0};
	enum err e;

	progress_begin(&a.progress, "migrate", PROGRESS_STEPS, quiet);
	e = apply(d, &a, &columns, &why);
	progress_end(&a.progress);
	if (e != OK)
		return fail(e, why);
	for (size_t i = 0; i < columns.count; i++)
		say_added(&columns.missing[i]);
	(void)puts("the schema is up to date");
	return OK;
}

static enum err
plan_columns(struct database *d, const struct user_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		const struct user_column *c = &columns->missing[i];
		const char *sql;
		enum err e = db_expand(d->db, d->mem, c->sql, &sql);

		if (e != OK)
			return fail(e, db_complaint(d->db));
		(void)printf("-- the column %s%s%s\n%s;\n", c->name,
			     c->note != NULL ? ": " : "",
			     c->note != NULL ? c->note : "", sql);
	}
	return OK;
}

static enum err
run_plan(struct database *d, bool quiet)
{
	struct migrate_state state = {0};
	struct user_columns columns = {0};
	const char *why = NULL;
	enum err e = migrate_state(d->db, d->mem, &state, &why);

	(void)quiet;
	if (e == OK)
		e = user_columns_find(d->db, d->mem, &columns, &why);
	if (e != OK)
		return fail(e, why);
	for (size_t i = 0; i < state.pending_count; i++) {
		const char *sql;

		e = db_expand(d->db, d->mem, state.pending[i].sql, &sql);
		if (e != OK)
			return fail(e, db_complaint(d->db));
		(void)printf("-- %04lld %s\n%s\n",
			     (long long)state.pending[i].version,
			     state.pending[i].name, sql);
	}
	if (state.pending_count == 0 && columns.count == 0)
		(void)puts("-- nothing to do");
	return plan_columns(d, &columns);
}

static enum err
run_status(struct database *d, bool quiet)
{
	struct migrate_state state = {0};
	struct user_columns columns = {0};
	const char *why = NULL;
	enum err e = migrate_state(d->db, d->mem, &state, &why);

	(void)quiet;
	if (e == OK)
		e = user_columns_find(d->db, d->mem, &columns, &why);
	if (e != OK)
		return fail(e, why);
	for (size_t i = 0; i < state.done_count; i++)
		(void)printf("%04lld %-20s applied %s\n",
			     (long long)state.done[i].version,
			     state.done[i].name,
			     clock_text(d->mem, state.done[i].applied_at));
	for (size_t i = 0; i < state.pending_count; i++)
		(void)printf("%04lld %-20s pending\n",
			     (long long)state.pending[i].version,
			     state.pending[i].name);
	for (size_t i = 0; i < columns.count; i++)
		(void)printf("     %-20s column to be added\n",
			     columns.missing[i].name);
	return OK;
}

struct subcommand {
	const char *name;
	enum err (*run)(struct database *d, bool quiet);
	bool creates; /* a database file that is not there */
};

static const struct subcommand subcommands[] = {
	{"apply", run_apply, true},
	{"plan", run_plan, false},
	{"status", run_status, false},
};

static const struct subcommand *
find_subcommand(const char *name)
{
	for (size_t i = 0; i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

/* What is to be run; NULL where the line says nothing that there is. */
static const struct subcommand *
read_line(int argc, char **argv, bool *quiet)
{
	static const struct option options[] = {
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	int option;

	*quiet = false;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'q')
			return NULL;
		*quiet = true;
	}
	if (argc - optind > 1)
		return NULL;
	return find_subcommand(optind < argc ? argv[optind] : "apply");
}

int
command_migrate(const struct invocation *in)
{
	const struct subcommand *sub;
	struct config *conf = NULL;
	struct database d = {0};
	bool quiet;
	enum err e;

	sub = read_line(in->argc, in->argv, &quiet);
	if (sub == NULL)
		return usage_fail(in);
	e = command_start(in->config_path, &conf);
	if (e == OK)
		e = database_open(conf, sub->creates, &d);
	if (e == OK)
		e = sub->run(&d, quiet);
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	database_close(&d);
	config_free(conf);
	return command_status(e);
}
