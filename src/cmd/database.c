/* SPDX-License-Identifier: MIT */
#include "cmd/database.h"

#include "base/log.h"
#include "cmd/command.h"
#include "db/migrate.h"
#include "store/user_columns.h"

/* Kept between requests without going back to the system. */
#define ARENA_KEPT ((size_t)256 * 1024)
#define SCHEMA_LIMIT ((size_t)4 * 1024 * 1024)

enum err
database_open(const struct config *conf, bool create, struct database *out)
{
	struct arena *kept = arena_open(0, SCHEMA_LIMIT);
	struct schema *schema = schema_make(kept, conf);
	const struct db_settings settings = {
		.names = schema_names(schema),
		.url = conf->database.url,
		.connect_limit = conf->database.connect_limit,
		.statement_limit = conf->database.statement_limit,
		.prepared = conf->database.prepared,
		.create = create,
	};
	const char *why = NULL;
	enum err e = db_open(&settings, &out->db, &why);

	out->kept = kept;
	out->schema = schema;
	if (e != OK)
		log_event(LEVEL_ERROR, log_is("database_refused"),
			  log_text("why", why));
	out->mem =
		arena_open(ARENA_KEPT, (size_t)conf->server.memory_per_request);
	return e;
}

void
database_close(struct database *d)
{
	db_close(d->db);
	arena_close(d->mem);
	arena_close(d->kept);
	*d = (struct database){0};
}

/* A statement fails on tables and columns that nobody has made yet. */
static bool
wants_migrating(struct db *db, struct arena *mem)
{
	struct migrate_state state = {0};
	struct user_columns columns = {0};
	const char *why;

	if (migrate_state(db, mem, &state, &why) != OK)
		return false;
	return state.pending_count > 0 ||
	       (user_columns_find(db, mem, &columns, &why) == OK &&
		columns.count > 0);
}

enum err
database_explain(enum err e, struct db *db, struct arena *mem)
{
	bool is_of_database = e == ERR_DATABASE_DOWN || e == ERR_CONFLICT ||
			      e == ERR_INTERNAL;
	const char *words = "";

	if (db != NULL && is_of_database)
		words = arena_printf(mem, "%s", db_complaint(db));
	if (db != NULL && e == ERR_INTERNAL && wants_migrating(db, mem)) {
		(void)command_fail(0,
				   "the tables are not yet what they must be "
				   "(%s); run fastcgi-users migrate",
				   words);
		return ERR_CONFIGURATION;
	}
	(void)command_fail(0, "%s%s%s", err_sentence(e),
			   *words != '\0' ? ": " : "", words);
	return e;
}
