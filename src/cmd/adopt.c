/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cmd/adopt_print.h"
#include "cmd/adoption.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "cmd/progress.h"
#include "store/user_columns.h"

struct adopt_options {
	bool apply;
	bool json;
	bool quiet;
};

static enum err
options_read(int argc, char **argv, struct adopt_options *out)
{
	static const struct option options[] = {
		{"apply", no_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'},
		{"quiet", no_argument, NULL, 'q'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return ERR_USAGE;
		out->apply = out->apply || option == 'a';
		out->json = out->json || option == 'j';
		out->quiet = out->quiet || option == 'q';
	}
	if (optind == argc)
		return OK;
	(void)command_fail(0, "adopt takes no operand; try --help");
	return ERR_USAGE;
}

static enum err
fail(enum err e, const char *why)
{
	(void)command_fail(0, "adopt: %s", why != NULL ? why : err_sentence(e));
	return e;
}

static void
print(struct database *d, const struct adoption *a,
      const struct adopt_options *with, bool applied)
{
	if (with->json) {
		adopt_print_json(d->db, d->mem, a, applied);
		return;
	}
	adopt_print_lines(d->db, d->mem, a);
	if (applied)
		(void)puts("done: the database is adopted");
	else if (a->outcome == OK && a->additions.count == 0)
		(void)puts("nothing to do: the database is adopted");
	else if (a->outcome == OK)
		(void)puts("nothing was changed; adopt --apply adds this");
	else
		(void)puts("nothing was changed");
}

/* Asked before each step, which may take long in a large table. */
static enum err
check_step(void *arg, struct db *db, struct arena *mem,
	   const struct migration *next, const char **why)
{
	struct progress *p = arg;

	progress_name(p, next->name, p->done + 1);
	return adoption_check(NULL, db, mem, next, why);
}

static enum err
apply(struct database *d, struct progress *p, const char **why)
{
	const struct migrate_watch watch = {.check = check_step, .arg = p};
	struct user_columns columns = {0};
	enum err e = migrate_apply(d->db, d->mem, clock_now(), &watch, why);

	if (e != OK)
		return e;
	progress_name(p, "columns", p->done + 1);
	return user_columns_add(d->db, d->mem, &columns, why);
}

static enum err
adopt(struct database *d, const struct adopt_options *with)
{
	struct adoption found;
	const char *why = NULL;
	struct progress p;
	bool applies;
	enum err e;

	/* All users are counted and compared. */
	progress_begin(&p, "adopt", PROGRESS_STEPS, with->quiet);
	progress_name(&p, "looking at the tables", 0);
	e = adoption_examine(d->db, d->mem, &found, &why);
	applies = e == OK && found.outcome == OK && with->apply;
	if (applies)
		e = apply(d, &p, &why);
	progress_end(&p);
	if (e != OK)
		return fail(e, why);
	print(d, &found, with, applies);
	return found.outcome;
}

int
command_adopt(const struct invocation *in)
{
	struct adopt_options with = {0};
	struct config *conf = NULL;
	struct database d = {0};
	enum err e = options_read(in->argc, in->argv, &with);

	if (e != OK)
		return command_status(e);
	e = command_start(in->config_path, &conf);
	if (e == OK)
		e = database_open(conf, false, &d);
	if (e == OK)
		e = adopt(&d, &with);
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	database_close(&d);
	config_free(conf);
	return command_status(e);
}
