/* SPDX-License-Identifier: MIT */
#include "db/migrate.h"

#include <inttypes.h>
#include <string.h>

/* Ours, so that it is the same for every database. */
static const char version_table[] =
	"CREATE TABLE IF NOT EXISTS fcu_schema_version ("
	"version BIGINT NOT NULL PRIMARY KEY, "
	"name VARCHAR(64) NOT NULL, "
	"applied_at BIGINT NOT NULL)";

static const struct db_statement versions = {
	.name = "schema_versions",
	.sql = "SELECT version, name, applied_at FROM fcu_schema_version"
	       " ORDER BY version",
	.result = "iti",
	.reads_only = true,
};

static const struct db_statement version_insert = {
	.name = "schema_version_insert",
	.sql = "INSERT INTO fcu_schema_version (version, name, applied_at)"
	       " VALUES ($1, $2, $3)",
	.result = "",
};

/* One migration on its way. */
struct step {
	struct arena *mem;
	const struct migration *migration;
	const struct migrate_watch *watch;
	int64_t now;
	bool applied;
	const char **why;
};

/* This driver's migrations, which stand together in the table. */
static const struct migration *
migrations_of(const struct db *db, size_t *count)
{
	const struct migration *first = NULL;

	*count = 0;
	for (size_t i = 0; i < migrations_count; i++) {
		if (strcmp(migrations[i].driver, db_driver(db)) != 0)
			continue;
		if (first == NULL)
			first = &migrations[i];
		++*count;
	}
	return first;
}

static void
rows_to_done(struct arena *mem, const struct db_rows *rows,
	     struct migrate_state *out)
{
	struct migrate_done *done =
		arena_array(mem, rows->count + 1, sizeof(*done));

	for (size_t i = 0; i < rows->count; i++) {
		const struct db_value *row = &rows->cells[i * rows->columns];

		done[i] = (struct migrate_done){
			.version = row[0].number,
			.name = row[1].text,
			.applied_at = row[2].number,
		};
		out->version = row[0].number;
	}
	out->done = done;
	out->done_count = rows->count;
}

static enum err
done_read(struct db *db, struct arena *mem, struct migrate_state *out)
{
	struct db_rows rows;
	bool is_there;
	enum err e = db_has_table(db, mem, "fcu_schema_version", &is_there);

	if (e != OK || !is_there)
		return e;
	e = db_query(db, mem, &versions, NULL, 0, &rows);
	if (e == OK)
		rows_to_done(mem, &rows, out);
	return e;
}

/* The table may have been touched by hand. */
static bool
is_gapless(const struct migrate_state *s)
{
	for (size_t i = 0; i < s->done_count; i++)
		if (s->done[i].version != (int64_t)i + 1 ||
		    s->done[i].name == NULL)
			return false;
	return true;
}

enum err
migrate_state(struct db *db, struct arena *mem, struct migrate_state *out,
	      const char **why)
{
	size_t count;
	const struct migration *all = migrations_of(db, &count);
	enum err e;

	*out = (struct migrate_state){.newest = (int64_t)count};
	e = done_read(db, mem, out);
	if (e != OK) {
		*why = arena_printf(mem, "%s: %s", err_sentence(e),
				    db_complaint(db));
		return e;
	}
	if (!is_gapless(out)) {
		*why = "the table fcu_schema_version does not hold the "
		       "versions from 1 on without a gap; it was changed by "
		       "hand, or damaged: restore it";
		return ERR_CONFIGURATION;
	}
	if (out->version > out->newest) {
		*why = arena_printf(
			mem,
			"the database's schema has version %" PRId64
			", made by a newer program; this one knows %" PRId64,
			out->version, out->newest);
		return ERR_CONFIGURATION;
	}
	out->pending = all + out->version;
	out->pending_count = count - (size_t)out->version;
	return OK;
}

static enum err
step_apply(struct db *db, const struct step *s)
{
	const struct migration *m = s->migration;
	const struct db_value row[] = {
		db_int(m->version),
		db_text(m->name),
		db_int(s->now),
	};
	enum err e = db_script(db, version_table);

	if (e == OK)
		e = db_script(db, m->sql);
	if (e == OK)
		e = db_run(db, s->mem, &version_insert, row, countof(row),
			   NULL);
	if (e != OK)
		*s->why = arena_printf(s->mem, "migration %" PRId64 " (%s): %s",
				       m->version, m->name, db_complaint(db));
	return e;
}

/* The version is read again, now that nobody else can change it. */
static enum err
step_body(struct db *db, void *arg)
{
	struct step *s = arg;
	const struct migrate_watch *w = s->watch;
	struct migrate_state state;
	enum err e = migrate_state(db, s->mem, &state, s->why);

	s->applied = false;
	if (e != OK || state.version >= s->migration->version)
		return e;
	if (w->check != NULL)
		e = w->check(w->arg, db, s->mem, s->migration, s->why);
	if (e == OK)
		e = step_apply(db, s);
	s->applied = e == OK;
	return e;
}

enum err
migrate_apply(struct db *db, struct arena *mem, int64_t now,
	      const struct migrate_watch *watch, const char **why)
{
	struct migrate_state state;
	enum err e = migrate_state(db, mem, &state, why);

	for (size_t i = 0; e == OK && i < state.pending_count; i++) {
		struct step s = {
			.mem = mem,
			.migration = &state.pending[i],
			.watch = watch,
			.now = now,
			.why = why,
		};

		*why = NULL;
		e = db_transact_alone(db, step_body, &s);
		if (e != OK && *why == NULL)
			*why = arena_printf(mem, "%s: %s", err_sentence(e),
					    db_complaint(db));
		if (e == OK && s.applied && watch->applied != NULL)
			watch->applied(watch->arg, &state.pending[i]);
	}
	return e;
}
