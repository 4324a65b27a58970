/* SPDX-License-Identifier: MIT */
#include "cmd/user_bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/user_line.h"
#include "cmd/user_print.h"
#include "store/user_many.h"

/* Users that are read from the database at once. */
#define PAGE_SIZE 1000
/* A text of 65535 letters, the most that a field may have, is 384 KB when all
 * of them are control characters. */
#define LINE_LIMIT ((size_t)4 * 1024 * 1024)
/* What one transaction takes. */
#define BATCH_LINES 2048
#define BATCH_BYTES ((size_t)2 * 1024 * 1024)
/* Kept from batch to batch or page to page, and far more than one needs. */
#define BATCH_KEPT ((size_t)8 * 1024 * 1024)
#define BATCH_MEMORY ((size_t)512 * 1024 * 1024)
#define STREAM_BUFFER ((size_t)128 * 1024)

static enum err
page_write(struct arena *mem, const struct user *users, size_t count)
{
	struct buf b;

	buf_init(&b, mem, STREAM_BUFFER);
	for (size_t i = 0; i < count; i++) {
		user_write_json(&b, &users[i], true);
		buf_char(&b, '\n');
		if (b.len < STREAM_BUFFER && i + 1 < count)
			continue;
		if (fwrite(b.data, 1, b.len, stdout) != b.len)
			return ERR_IO;
		b.len = 0;
	}
	return OK;
}

/* How many will be written, where that can be told; counting reads the whole
 * table, so only for somebody who looks. */
static enum err
export_total(struct db *db, struct arena *mem, const struct user_options *o,
	     struct progress *p)
{
	int64_t all = 0;

	if (!p->on || *o->after != '\0')
		return OK;
	TRY(user_count_all(db, mem, &all));
	p->total = o->limit > 0 && o->limit < all ? o->limit : all;
	return OK;
}

static enum err
export_run(struct db *db, struct arena *mem, struct user_options *o,
	   struct progress *p)
{
	int64_t left = o->limit > 0 ? o->limit : INT64_MAX;
	size_t count = 1;

	TRY(export_total(db, mem, o, p));
	/* A page's memory is given back before the next, so that any number
	 * of users fits. */
	while (count > 0 && left > 0) {
		struct user *users = NULL;

		TRY(user_list(db, mem, *o->after != '\0' ? o->after : NULL,
			      left < PAGE_SIZE ? left : PAGE_SIZE, &users,
			      &count));
		TRY(page_write(mem, users, count));
		left -= (int64_t)count;
		progress_step(p, p->done + (int64_t)count);
		if (count > 0)
			(void)snprintf(o->after, sizeof(o->after), "%s",
				       users[count - 1].id);
		arena_reset(mem);
	}
	return OK;
}

enum err
user_export(struct ctx *cx, struct user_options *o)
{
	struct arena *mem = arena_open(BATCH_KEPT, BATCH_MEMORY);
	struct progress p;
	enum err e;

	/* A line between those of the file would be for nobody. */
	progress_begin(&p, "export", PROGRESS_USERS,
		       o->quiet || isatty(STDOUT_FILENO) == 1);
	e = export_run(cx->db, mem, o, &p);
	progress_end(&p);
	arena_close(mem);
	return e;
}

/* A user of a batch. */
struct arrival {
	int64_t line;
	const char *id; /* that was given, or NULL */
	bool inserted;
	enum user_taken taken; /* where he was not */
};

struct import {
	struct ctx cx; /* with an arena of its own, of a batch */
	const struct user_options *o;
	char *line; /* LINE_LIMIT */
	int64_t line_number;
	bool ended;
	bool careful; /* somebody is in the way of some, or was just now */
	/* The batch. */
	int64_t first_line;
	struct user *users;
	struct arrival *arrivals;
	size_t count;
	/* So far. */
	int64_t imported;
	int64_t there;
	int64_t refused;
	int64_t bytes;
	struct progress progress;
};

static void
refuse(struct import *im, int64_t line, const char *why)
{
	im->refused++;
	progress_hide(&im->progress);
	(void)command_fail(0, "line %lld: %s", (long long)line, why);
}

/* False at the end of the input. *len is LINE_LIMIT for a line that is longer,
 * the rest of which is passed over. */
static bool
line_read(struct import *im, size_t *len)
{
	int c = getc_unlocked(stdin);

	*len = 0;
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(stdin)) {
		if (*len < LINE_LIMIT)
			im->line[(*len)++] = (char)c;
		else
			im->bytes++;
	}
	im->line_number++;
	im->bytes += (int64_t)*len + (c == '\n');
	return true;
}

static bool
is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r", line[i]) == NULL || line[i] == '\0')
			return false;
	return true;
}

static enum err
line_take(struct import *im, size_t len)
{
	struct user *u = &im->users[im->count];
	const char *why = NULL;
	enum err e;

	if (is_blank(im->line, len))
		return OK;
	if (len == LINE_LIMIT) {
		refuse(im, im->line_number, "it is too long");
		return OK;
	}
	e = user_line_read(&im->cx, im->line, len, u, &why);
	if (e == ERR_INVALID) {
		refuse(im, im->line_number, why);
		return OK;
	}
	TRY(e);
	im->arrivals[im->count++] =
		(struct arrival){.line = im->line_number, .id = u->id};
	return OK;
}

static enum err
batch_read(struct import *im)
{
	size_t bytes = 0;
	size_t len;

	arena_reset(im->cx.mem);
	im->count = 0;
	im->first_line = im->line_number + 1;
	im->users = arena_array(im->cx.mem, BATCH_LINES, sizeof(*im->users));
	im->arrivals =
		arena_array(im->cx.mem, BATCH_LINES, sizeof(*im->arrivals));
	while (im->count < BATCH_LINES && bytes < BATCH_BYTES) {
		if (!line_read(im, &len)) {
			im->ended = true;
			return ferror(stdin) != 0 ? ERR_IO : OK;
		}
		bytes += len;
		TRY(line_take(im, len));
	}
	return OK;
}

/* Who is in the way of those that were not inserted. */
static enum err
batch_look(struct import *im)
{
	struct arena *mem = im->cx.mem;
	struct user *users = arena_array(mem, im->count + 1, sizeof(*users));
	enum user_taken *taken =
		arena_array(mem, im->count + 1, sizeof(*taken));
	size_t count = 0;

	for (size_t i = 0; i < im->count; i++) {
		if (im->arrivals[i].inserted)
			continue;
		users[count] = im->users[i];
		users[count++].id = im->arrivals[i].id;
	}
	if (count == 0)
		return OK;
	TRY(user_find_taken(im->cx.db, mem, users, count, taken));
	count = 0;
	for (size_t i = 0; i < im->count; i++)
		if (!im->arrivals[i].inserted)
			im->arrivals[i].taken = taken[count++];
	return OK;
}

static bool
is_passed_over(const struct import *im, const struct arrival *a)
{
	return a->taken == USER_THERE && im->o->skip_existing;
}

/* When a transaction runs again, ids of the first time are nobody's. */
static void
batch_prepare(struct import *im)
{
	for (size_t i = 0; i < im->count; i++)
		im->users[i].id = im->arrivals[i].id;
}

static enum err
load_body(struct db *db, void *arg)
{
	struct import *im = arg;

	batch_prepare(im);
	TRY(user_load(db, im->cx.mem, im->users, im->count, im->cx.clock()));
	for (size_t i = 0; i < im->count; i++)
		im->arrivals[i].inserted = true;
	return OK;
}

static enum err
careful_body(struct db *db, void *arg)
{
	struct import *im = arg;
	bool *inserted = arena_array(im->cx.mem, im->count, sizeof(*inserted));
	bool all = true;

	batch_prepare(im);
	TRY(user_insert_many(db, im->cx.mem, im->users, im->count,
			     im->cx.clock(), inserted));
	for (size_t i = 0; i < im->count; i++) {
		im->arrivals[i].inserted = inserted[i];
		all = all && inserted[i];
	}
	im->careful = !all;
	TRY(batch_look(im));
	for (size_t i = 0; !im->o->skip_bad && i < im->count; i++)
		if (!inserted[i] && !is_passed_over(im, &im->arrivals[i]))
			return ERR_INVALID;
	return OK;
}

/* What a line is told that nobody stands in the way of: another one of the
 * batch does, or a constraint of somebody else's. */
static const char *const reasons[] = {
	[USER_FREE] = "it has a value that only one user may have, and another "
		      "one has it",
	[USER_THERE] = "another user, or a line before, has the address",
	[USER_HAS_EMAIL] = "another user, or a line before, has the address",
	[USER_HAS_ID] = "another user, or a line before, has the id",
};

/* `only_taken`: nothing was tried, so who is free is no fault. */
static void
batch_count(struct import *im, bool only_taken)
{
	for (size_t i = 0; i < im->count; i++) {
		const struct arrival *a = &im->arrivals[i];

		if (a->inserted || (only_taken && a->taken == USER_FREE))
			im->imported++;
		else if (is_passed_over(im, a))
			im->there++;
		else
			refuse(im, a->line, reasons[a->taken]);
	}
}

/* Nothing is written: that was asked for, or a line was refused. */
static enum err
batch_check(struct import *im)
{
	TRY(batch_look(im));
	batch_count(im, true);
	return OK;
}

static enum err
batch_write(struct import *im)
{
	enum err e = OK;

	if (im->count > 0 && !im->careful)
		e = db_transact(im->cx.db, load_body, im);
	if (im->count > 0 && (im->careful || e == ERR_ALREADY_EXISTS))
		e = db_transact(im->cx.db, careful_body, im);
	if (e == OK || e == ERR_INVALID)
		batch_count(im, false);
	return e;
}

/* Of a batch with a refused line. */
static enum err
stop(struct import *im, int64_t imported)
{
	im->imported = imported;
	progress_hide(&im->progress);
	(void)command_fail(0,
			   "stopped: nothing from line %lld on is imported; "
			   "all before it is",
			   (long long)im->first_line);
	return ERR_INVALID;
}

static enum err
batch_run(struct import *im)
{
	int64_t imported = im->imported;
	enum err e;

	TRY(batch_read(im));
	if (im->o->check)
		return batch_check(im);
	if (im->refused > 0 && !im->o->skip_bad) {
		TRY(batch_check(im));
		return stop(im, imported);
	}
	e = batch_write(im);
	if (e == ERR_INVALID)
		return stop(im, imported);
	if (e == OK)
		return OK;
	progress_hide(&im->progress);
	(void)command_fail(0, "stopped within lines %lld to %lld",
			   (long long)im->first_line,
			   (long long)im->line_number);
	return e;
}

static enum err
import_run(struct import *im)
{
	while (!im->ended) {
		TRY(batch_run(im));
		progress_step(&im->progress, im->bytes);
	}
	return im->refused > 0 ? ERR_INVALID : OK;
}

/* What is left of a file; 0 of anything else. */
static int64_t
input_size(void)
{
	struct stat st;
	off_t at;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	return at < 0 || st.st_size <= at ? 0 : st.st_size - at;
}

enum err
user_import(struct ctx *cx, struct user_options *o)
{
	struct import im = {.cx = *cx, .o = o};
	enum err e;

	im.line = malloc(LINE_LIMIT);
	if (im.line == NULL)
		abort();
	im.cx.mem = arena_open(BATCH_KEPT, BATCH_MEMORY);
	(void)setvbuf(stdin, NULL, _IOFBF, STREAM_BUFFER);
	progress_begin(&im.progress, o->check ? "check" : "import",
		       PROGRESS_BYTES, o->quiet);
	im.progress.total = input_size();
	progress_step(&im.progress, 0);
	e = import_run(&im);
	progress_end(&im.progress);
	o->told = e == ERR_INVALID;
	(void)printf("%lld %s, %lld there already, %lld refused\n",
		     (long long)im.imported,
		     o->check ? "could be imported" : "imported",
		     (long long)im.there, (long long)im.refused);
	arena_close(im.cx.mem);
	free(im.line);
	return e;
}
