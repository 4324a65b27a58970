/* SPDX-License-Identifier: MIT */
#include "store/user_id.h"

#include <inttypes.h>
#include <string.h>

#include "base/integer.h"
#include "base/json.h"
#include "base/uuid.h"
#include "store/schema.h"

enum err
user_id_find_kind(struct db *db, struct arena *mem, enum user_id_kind *out)
{
	const struct schema_ids *ids;
	enum err e = schema_find_ids(db, mem, &ids);

	*out = ids->kind;
	return e;
}

static enum err
read_integer(struct arena *mem, const struct schema_ids *ids, const char *text,
	     const char **out)
{
	int64_t number;

	if (!integer_parse(text, &number) || number > ids->max ||
	    number < -ids->max)
		return ERR_NOT_FOUND;
	*out = arena_printf(mem, "%" PRId64, number);
	return OK;
}

enum err
user_id_read(struct db *db, struct arena *mem, const char *text,
	     const char **out)
{
	char *id = arena_alloc(mem, UUID_SIZE);
	const struct schema_ids *ids;

	TRY(schema_find_ids(db, mem, &ids));
	if (ids->kind == USER_ID_INTEGER)
		return read_integer(mem, ids, text, out);
	if (!uuid_parse(text, id))
		return ERR_NOT_FOUND;
	*out = id;
	return OK;
}

bool
user_id_spell(struct arena *mem, const char *text, const char **out)
{
	char *id = arena_alloc(mem, UUID_SIZE);
	int64_t number;

	*out = id;
	if (uuid_parse(text, id))
		return true;
	if (!integer_parse(text, &number))
		return false;
	*out = arena_printf(mem, "%" PRId64, number);
	return true;
}

bool
user_id_is_plausible(const char *text)
{
	char id[UUID_SIZE];
	int64_t number;

	return uuid_parse(text, id) || integer_parse(text, &number);
}

/* A UUID has hyphens inside. */
void
user_id_write(struct buf *out, const char *id)
{
	size_t digits = strspn(id + (*id == '-'), "0123456789");

	if (digits > 0 && id[digits + (*id == '-')] == '\0')
		buf_text(out, id);
	else
		json_write_text(out, id);
}
