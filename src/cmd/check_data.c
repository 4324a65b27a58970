/* SPDX-License-Identifier: MIT */
/* The database and its clock. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cmd/examination.h"
#include "db/migrate.h"
#include "store/outbox.h"
#include "store/survey.h"
#include "store/user.h"
#include "store/user_columns.h"
#include "store/user_table.h"

/* Seconds. A clock that is behind a file of ours by more is wrong. */
#define CLOCK_SLACK 86400
/* Two clocks that differ by more make tokens end early or late. */
#define SKEW_SLACK 5
#define SKEW_WRONG 60

void
check_database(struct examination *x)
{
	enum err e = db_ping(x->database.db);

	x->answers = e == OK;
	if (e != OK)
		examination_fault(x, e, "database", "%s; %s",
				  db_complaint(x->database.db),
				  db_file(x->database.db) == NULL
					  ? "is it running, and is "
					    "database.url right?"
					  : "is database.url right, and may "
					    "server.user write that file and "
					    "its folder?");
	else
		examination_good(x, "database", "the database answers (%s)",
				 db_driver(x->database.db));
}

static void
judge_pending(struct examination *x, const struct migrate_state *state,
	      const struct user_columns *columns)
{
	if (state->pending_count > 0)
		examination_fault(x, ERR_CONFIGURATION, "schema",
				  "%zu migration%s pending; run fastcgi-users "
				  "migrate",
				  state->pending_count,
				  state->pending_count == 1 ? " is" : "s are");
	else if (columns->count > 0)
		examination_fault(x, ERR_CONFIGURATION, "schema",
				  "the table of users lacks the column "
				  "\"%s\"%s of the configured fields; run "
				  "fastcgi-users migrate",
				  columns->missing[0].name,
				  columns->count > 1 ? " and others" : "");
	else
		examination_good(x, "schema",
				 "the schema is up to date (version %lld)",
				 (long long)state->version);
}

void
check_schema(struct examination *x)
{
	struct migrate_state state = {0};
	struct user_columns columns = {0};
	const char *why = NULL;
	struct db *db = x->database.db;
	struct arena *mem = x->database.mem;
	enum err e = migrate_state(db, mem, &state, &why);

	if (e == OK)
		e = user_table_check(db, mem, &why);
	if (e == OK)
		e = user_columns_find(db, mem, &columns, &why);
	if (e != OK)
		examination_fault(x, e, "schema", "%s", why);
	else
		judge_pending(x, &state, &columns);
}

static void
judge_clashes(struct examination *x)
{
	const char **emails = NULL;
	size_t count = 0;

	if (user_duplicates(x->database.db, x->database.mem, SURVEY_CLASHES,
			    &emails, &count) != OK)
		return;
	for (size_t i = 0; i < count; i++)
		examination_fault(x, ERR_INVALID, "clash",
				  "%s belongs to several users without regard "
				  "to case; change or delete all but one, by "
				  "fastcgi-users user",
				  emails[i]);
}

/* Where migrations are pending that has been said. */
void
check_indexes(struct examination *x)
{
	const char *missing[SURVEY_INDEXES];
	struct migrate_state state = {0};
	const char *why;
	size_t count = 0;

	if (!x->answers ||
	    migrate_state(x->database.db, x->database.mem, &state, &why) != OK)
		return;
	if (survey_indexes(x->database.db, x->database.mem, missing, &count) !=
	    OK)
		return;
	/* With all of them there can be no such users. */
	if (count > 0)
		judge_clashes(x);
	for (size_t i = 0; state.pending_count == 0 && i < count; i++)
		examination_fault(x, ERR_CONFIGURATION, "index",
				  "an index is missing, without which one "
				  "address may get two users, or looking takes "
				  "long; run this SQL: %s",
				  missing[i]);
	if (state.pending_count == 0 && count == 0)
		examination_good(x, "index", "the indexes");
}

void
check_clock(struct examination *x)
{
	struct stat st;

	if (x->conf->path == NULL || stat(x->conf->path, &st) != 0)
		return;
	if ((int64_t)st.st_mtime > clock_now() + CLOCK_SLACK)
		examination_fault(x, ERR_CONFIGURATION, "clock",
				  "%s is from the future, or the clock is "
				  "behind, and tokens would expire wrongly; "
				  "set the clock (timedatectl set-ntp true)",
				  x->conf->path);
	else
		examination_good(x, "clock", "the clock says %s",
				 clock_text(x->database.mem, clock_now()));
}

void
check_database_clock(struct examination *x)
{
	int64_t before = clock_now();
	int64_t theirs = 0;
	int64_t skew;

	if (!x->answers ||
	    db_clock(x->database.db, x->database.mem, &theirs) != OK)
		return;
	skew = examination_skew(theirs, before);
	if (llabs(skew) > SKEW_WRONG)
		examination_fault(x, ERR_CONFIGURATION, "clock",
				  "the database's clock is %lld seconds %s "
				  "this one; let both follow the same time "
				  "servers",
				  llabs(skew),
				  skew > 0 ? "ahead of" : "behind");
	else if (llabs(skew) > SKEW_SLACK)
		examination_warn(x, "clock",
				 "the database's clock is %lld seconds %s this "
				 "one; let both follow the same time servers",
				 llabs(skew), skew > 0 ? "ahead of" : "behind");
}

/* None of this is a fault, but somebody should know. Without its tables the
 * schema has said so. */
void
check_outbox(struct examination *x)
{
	struct db *db = x->database.db;
	struct arena *mem = x->database.mem;
	int64_t dead = 0;
	int64_t waiting = 0;
	bool is_there = false;

	if (!x->answers ||
	    db_has_table(db, mem, "fcu_outbox", &is_there) != OK || !is_there ||
	    outbox_count(db, mem, OUTBOX_DEAD, &dead) != OK ||
	    outbox_count(db, mem, OUTBOX_WAITING, &waiting) != OK)
		return;
	if (dead > 0)
		examination_warn(x, "outbox",
				 "%lld events could not be delivered; see "
				 "fastcgi-users outbox list --state dead",
				 (long long)dead);
	examination_good(x, "outbox", "the outbox (%lld waiting, %lld dead)",
			 (long long)waiting, (long long)dead);
}
