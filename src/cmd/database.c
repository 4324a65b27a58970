/* SPDX-License-Identifier: MIT */
#include "cmd/database.h"

#include "base/log.h"

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
