/* SPDX-License-Identifier: MIT */
#include "store/outbox.h"

#include <string.h>

/* Of an error, what is kept. */
#define ERROR_SIZE 500

/* What row_read reads, in its order. */
#define OUTBOX_COLUMNS                                                         \
	"id, message_id, event, target, user_key, payload, state, attempts,"   \
	" created_at, due_at, claimed_until, expires_at, last_error,"          \
	" attempts_before"
#define OUTBOX_RESULT "ittttttiiiiiti"
#define OUTBOX_COLUMN_COUNT 14

/* $1 to $5 of the statements that take a filter. */
#define FILTER                                                                 \
	" id = COALESCE($1, id) AND state = COALESCE($2, state)"               \
	" AND event = COALESCE($3, event) AND target = COALESCE($4, target)"   \
	" AND user_key = COALESCE($5, user_key)"
#define FILTER_COUNT 5

static const struct db_statement insert = {
	.name = "outbox_insert",
	.sql = "INSERT INTO fcu_outbox (message_id, event, target, user_key,"
	       " merge_key, payload, state, attempts, attempts_before,"
	       " created_at, due_at, claimed_until, expires_at)"
	       " VALUES ($1, $2, $3, $4, $5, $6,"
	       " 'waiting', 0, 0, $7, $8, 0, $9)"
	       " ON CONFLICT (merge_key) DO UPDATE SET due_at = CASE"
	       " WHEN excluded.due_at < fcu_outbox.due_at"
	       " THEN excluded.due_at ELSE fcu_outbox.due_at END",
	.result = "",
};

/*
 * The first condition of the outer WHERE is true of one row at most; the
 * others are looked at again by a database that had to wait for the lock of
 * somebody faster.
 */
static const struct db_statement claim = {
	.name = "outbox_claim",
	.sql = "UPDATE fcu_outbox SET claimed_until = $3,"
	       " attempts = attempts + 1"
	       " WHERE id = (SELECT o.id FROM fcu_outbox o"
	       " WHERE o.target = $1 AND o.state = 'waiting'"
	       " AND o.due_at <= $2 AND o.claimed_until <= $2"
	       " AND NOT EXISTS (SELECT 1 FROM fcu_outbox p"
	       " WHERE p.target = o.target AND p.user_key = o.user_key"
	       " AND p.id < o.id AND p.state = 'waiting')"
	       " ORDER BY o.due_at, o.id LIMIT 1)"
	       " AND claimed_until <= $2 AND state = 'waiting'"
	       " RETURNING " OUTBOX_COLUMNS,
	.result = OUTBOX_RESULT,
};

static const struct db_statement done = {
	.name = "outbox_done",
	.sql = "DELETE FROM fcu_outbox WHERE id = $1 AND attempts = $2",
	.result = "",
};

static const struct db_statement postpone = {
	.name = "outbox_postpone",
	.sql = "UPDATE fcu_outbox SET claimed_until = 0, due_at = $3,"
	       " last_error = $4 WHERE id = $1 AND attempts = $2",
	.result = "",
};

static const struct db_statement bury = {
	.name = "outbox_bury",
	.sql = "UPDATE fcu_outbox SET claimed_until = 0, state = 'dead',"
	       " merge_key = NULL, last_error = $3"
	       " WHERE id = $1 AND attempts = $2",
	.result = "",
};

static const struct db_statement forget_requests = {
	.name = "outbox_forget_requests",
	.sql = "DELETE FROM fcu_outbox WHERE target = '' AND expires_at <= $1"
	       " AND claimed_until <= $1",
	.result = "",
};

static const struct db_statement forget_dead = {
	.name = "outbox_forget_dead",
	.sql = "DELETE FROM fcu_outbox WHERE state = 'dead'"
	       " AND expires_at <= $1",
	.result = "",
};

static const struct db_statement expire = {
	.name = "outbox_expire",
	.sql = "UPDATE fcu_outbox SET state = 'dead', merge_key = NULL,"
	       " last_error = COALESCE(last_error, 'never delivered')"
	       " WHERE state = 'waiting' AND expires_at <= $1"
	       " AND claimed_until <= $1",
	.result = "",
};

static const struct db_statement list = {
	.name = "outbox_list",
	.sql = "SELECT " OUTBOX_COLUMNS " FROM fcu_outbox WHERE" FILTER
	       " AND id > $6 ORDER BY id LIMIT $7",
	.result = OUTBOX_RESULT,
	.reads_only = true,
};

static const struct db_statement retry = {
	.name = "outbox_retry",
	.sql = "UPDATE fcu_outbox SET state = 'waiting',"
	       " attempts_before = attempts, due_at = $6, expires_at = $7"
	       " WHERE" FILTER " AND claimed_until <= $6",
	.result = "",
};

static const struct db_statement drop = {
	.name = "outbox_drop",
	.sql = "DELETE FROM fcu_outbox WHERE" FILTER " AND claimed_until <= $6",
	.result = "",
};

static const struct db_statement count_state = {
	.name = "outbox_count",
	.sql = "SELECT count(*) FROM fcu_outbox WHERE state = $1",
	.result = "i",
	.reads_only = true,
};

static void
row_read(const struct db_value *row, struct outbox_row *out)
{
	*out = (struct outbox_row){
		.id = row[0].number,
		.message_id = row[1].text,
		.event = row[2].text,
		.target = row[3].text,
		.user_key = row[4].text,
		.payload = row[5].text,
		.state = row[6].text,
		.attempts = row[7].number,
		.created_at = row[8].number,
		.due_at = row[9].number,
		.claimed_until = row[10].number,
		.expires_at = row[11].number,
		.last_error = row[12].text,
		.attempts_before = row[13].number,
	};
}

enum err
outbox_insert(struct db *db, struct arena *mem, const struct outbox_row *row)
{
	const struct db_value values[] = {
		db_text(row->message_id),
		db_text(row->event),
		db_text(row->target),
		db_text(row->user_key),
		db_text_or_null(row->merge_key),
		db_text(row->payload),
		db_int(row->created_at),
		db_int(row->due_at),
		db_int(row->expires_at),
	};

	return db_run(db, mem, &insert, values, countof(values), NULL);
}

enum err
outbox_claim(struct db *db, struct arena *mem, const char *target, int64_t now,
	     int64_t until, struct outbox_row *out)
{
	const struct db_value values[] = {
		db_text(target),
		db_int(now),
		db_int(until),
	};
	struct db_rows rows;
	enum err e = db_query(db, mem, &claim, values, countof(values), &rows);

	if (e != OK)
		return e;
	if (rows.count == 0)
		return ERR_NOT_FOUND;
	row_read(rows.cells, out);
	return OK;
}

/* What others say may be longer than the column, and need not be text: the
 * row must be settled all the same. */
static const char *
last_error(struct arena *mem, const char *error)
{
	char *text = arena_copy(mem, error, strnlen(error, ERROR_SIZE));

	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

/* Of a row that is still ours. */
static enum err
settle(struct db *db, struct arena *mem, const struct db_statement *statement,
       const struct db_value *values, size_t count)
{
	int64_t changed = 0;
	enum err e = db_run(db, mem, statement, values, count, &changed);

	return e == OK && changed == 0 ? ERR_NOT_FOUND : e;
}

enum err
outbox_done(struct db *db, struct arena *mem, const struct outbox_row *row)
{
	const struct db_value values[] = {
		db_int(row->id),
		db_int(row->attempts),
	};

	return settle(db, mem, &done, values, countof(values));
}

enum err
outbox_postpone(struct db *db, struct arena *mem, const struct outbox_row *row,
		int64_t due_at, const char *error)
{
	const struct db_value values[] = {
		db_int(row->id),
		db_int(row->attempts),
		db_int(due_at),
		db_text(last_error(mem, error)),
	};

	return settle(db, mem, &postpone, values, countof(values));
}

enum err
outbox_bury(struct db *db, struct arena *mem, const struct outbox_row *row,
	    const char *error)
{
	const struct db_value values[] = {
		db_int(row->id),
		db_int(row->attempts),
		db_text(last_error(mem, error)),
	};

	return settle(db, mem, &bury, values, countof(values));
}

enum err
outbox_expire(struct db *db, struct arena *mem, int64_t now, int64_t *count)
{
	const struct db_value value = db_int(now);
	enum err e = db_run(db, mem, &forget_requests, &value, 1, NULL);

	if (e != OK)
		return e;
	return db_run(db, mem, &expire, &value, 1, count);
}

enum err
outbox_forget_dead(struct db *db, struct arena *mem, int64_t until)
{
	const struct db_value value = db_int(until);

	return db_run(db, mem, &forget_dead, &value, 1, NULL);
}

static void
filter_write(const struct outbox_filter *f, struct db_value *out)
{
	out[0] = f->id > 0 ? db_int(f->id) : db_null();
	out[1] = db_text_or_null(f->state);
	out[2] = db_text_or_null(f->event);
	out[3] = db_text_or_null(f->target);
	out[4] = db_text_or_null(f->user_key);
}

enum err
outbox_list(struct db *db, struct arena *mem,
	    const struct outbox_filter *filter, int64_t limit,
	    struct outbox_row **out, size_t *count)
{
	struct db_value values[FILTER_COUNT + 2];
	struct db_rows rows;
	enum err e;

	filter_write(filter, values);
	values[FILTER_COUNT] = db_int(filter->after);
	values[FILTER_COUNT + 1] = db_int(limit);
	e = db_query(db, mem, &list, values, countof(values), &rows);
	*count = rows.count;
	*out = arena_array(mem, rows.count + 1, sizeof(**out));
	for (size_t i = 0; i < rows.count; i++)
		row_read(&rows.cells[i * OUTBOX_COLUMN_COUNT], &(*out)[i]);
	return e;
}

enum err
outbox_retry(struct db *db, struct arena *mem,
	     const struct outbox_filter *filter, int64_t now,
	     int64_t expires_at, int64_t *count)
{
	struct db_value values[FILTER_COUNT + 2];

	filter_write(filter, values);
	values[FILTER_COUNT] = db_int(now);
	values[FILTER_COUNT + 1] = db_int(expires_at);
	return db_run(db, mem, &retry, values, countof(values), count);
}

enum err
outbox_drop(struct db *db, struct arena *mem,
	    const struct outbox_filter *filter, int64_t now, int64_t *count)
{
	struct db_value values[FILTER_COUNT + 1];

	filter_write(filter, values);
	values[FILTER_COUNT] = db_int(now);
	return db_run(db, mem, &drop, values, countof(values), count);
}

enum err
outbox_count(struct db *db, struct arena *mem, const char *state, int64_t *out)
{
	const struct db_value value = db_text(state);
	struct db_rows rows;
	enum err e = db_query(db, mem, &count_state, &value, 1, &rows);

	*out = e == OK ? rows.cells[0].number : 0;
	return e;
}
