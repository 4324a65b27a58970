/* SPDX-License-Identifier: MIT */
#include "cmd/user_line.h"

#include <stdbool.h>
#include <string.h>

#include "api/fields.h"
#include "base/json.h"
#include "core/email.h"
#include "core/password.h"
#include "http/input.h"
#include "store/schema.h"
#include "store/user_id.h"

/* A line while it is read. */
struct line {
	struct ctx *cx;
	struct user *user;
	struct db_value *fields; /* one each */
	bool *given;             /* one each */
	const char *why;         /* it is refused */
};

static enum err
refuse(struct line *l, const char *why)
{
	l->why = why;
	return ERR_INVALID;
}

/* NULL unless it is a text that can be kept. */
static const char *
text_of(const struct json *v)
{
	const char *text = json_text(v);

	return text != NULL && json_text_is_clean(text) ? text : NULL;
}

static enum err
read_id(struct line *l, const struct json *v)
{
	bool is_number = json_type(v) == JSON_NUMBER && json_number_is_int(v);
	const char *text = is_number ? json_number_text(v) : text_of(v);
	enum err e = ERR_NOT_FOUND;

	if (text != NULL)
		e = user_id_read(l->cx->db, l->cx->mem, text, &l->user->id);
	return e == ERR_NOT_FOUND
		       ? refuse(l, "id: it is none of this table's kind")
		       : e;
}

static enum err
read_email(struct line *l, const struct json *v)
{
	const char *text = text_of(v);
	const char *reason = NULL;

	if (text == NULL)
		return refuse(l, "email: it is no text");
	if (email_normalise(l->cx->mem, text, &l->user->email, &reason) == OK)
		return OK;
	return refuse(l, arena_printf(l->cx->mem, "email: %s", reason));
}

static enum err
read_hash(struct line *l, const struct json *v)
{
	const char *text = text_of(v);
	struct password_parameters p;

	if (json_type(v) == JSON_NULL)
		l->user->hashed_password = password_unknown(l->cx);
	else if (text != NULL && password_parse(text, &p) != SCHEME_NONE)
		l->user->hashed_password = text;
	else
		return refuse(l, "hashed_password: it is no hash of argon2 or "
				 "bcrypt as this program knows them");
	return OK;
}

static enum err
read_flag(struct line *l, const struct json *v, const char *name, bool *out)
{
	const char *type;
	const char *message;
	const bool *value = input_bool(v, NULL, &type, &message);

	if (value == NULL)
		return refuse(
			l, arena_printf(l->cx->mem, "%s: %s", name, message));
	*out = *value;
	return OK;
}

static enum err
read_active(struct line *l, const struct json *v)
{
	return read_flag(l, v, "is_active", &l->user->is_active);
}

static enum err
read_superuser(struct line *l, const struct json *v)
{
	return read_flag(l, v, "is_superuser", &l->user->is_superuser);
}

static enum err
read_verified(struct line *l, const struct json *v)
{
	return read_flag(l, v, "is_verified", &l->user->is_verified);
}

static enum err
refuse_password(struct line *l, const struct json *v)
{
	(void)v;
	return refuse(l, "password: only hashes are imported; give "
			 "hashed_password");
}

static const struct {
	const char *name;
	enum err (*read)(struct line *l, const struct json *v);
} members[] = {
	{"id", read_id},
	{"email", read_email},
	{"hashed_password", read_hash},
	{"is_active", read_active},
	{"is_superuser", read_superuser},
	{"is_verified", read_verified},
	{"password", refuse_password},
};

/* A configured field wins nothing: none may have a name of the above. */
static enum err
read_field(struct line *l, const struct json *v)
{
	const struct user_fields *fields = schema_fields(l->cx->db);
	const struct user_field *f = user_field_named(fields, json_name(v));
	const char *why = NULL;

	if (f == NULL)
		return refuse(l, arena_printf(l->cx->mem,
					      "%s: there is no such field",
					      json_name(v)));
	l->given[f - fields->items] = true;
	if (custom_read_json(l->cx->mem, f, v, &l->fields[f - fields->items],
			     &why) == OK)
		return OK;
	return refuse(l, arena_printf(l->cx->mem, "%s: %s", f->name, why));
}

static enum err
read_member(struct line *l, const struct json *v)
{
	for (size_t i = 0; i < countof(members); i++)
		if (strcmp(members[i].name, json_name(v)) == 0)
			return members[i].read(l, v);
	return read_field(l, v);
}

/* What must be there is, and what is not has its initial value. */
static enum err
complete(struct line *l)
{
	const struct user_fields *fields = schema_fields(l->cx->db);

	if (l->user->email == NULL)
		return refuse(l, "email is missing");
	if (l->user->hashed_password == NULL)
		return refuse(l, "hashed_password is missing");
	for (size_t i = 0; i < fields->count; i++) {
		if (l->given[i])
			continue;
		if (fields->items[i].is_required)
			return refuse(l,
				      arena_printf(l->cx->mem, "%s is missing",
						   fields->items[i].name));
		l->fields[i] = fields->items[i].initial;
	}
	return OK;
}

static enum err
read_line(struct line *l, const char *bytes, size_t len)
{
	const struct json *document;
	struct json_fault fault = {.reason = "too much in it"};

	if (json_parse(l->cx->mem, bytes, len, JSON_TOKEN, &document, &fault) !=
	    OK)
		return refuse(l, arena_printf(l->cx->mem, "it is no JSON: %s",
					      fault.reason));
	if (json_type(document) != JSON_OBJECT)
		return refuse(l, "it is no JSON object");
	for (const struct json *v = json_first(document); v != NULL;
	     v = json_next(v))
		TRY(read_member(l, v));
	return complete(l);
}

enum err
user_line_read(struct ctx *cx, const char *bytes, size_t len, struct user *out,
	       const char **why)
{
	size_t count = schema_fields(cx->db)->count;
	struct line l = {
		.cx = cx,
		.user = out,
		.fields = arena_array(cx->mem, count + 1, sizeof(*l.fields)),
		.given = arena_array(cx->mem, count + 1, sizeof(*l.given)),
	};
	enum err e;

	*out = (struct user){
		.is_active = true,
		.shape = schema_fields(cx->db),
		.fields = count > 0 ? l.fields : NULL,
	};
	e = read_line(&l, bytes, len);
	*why = l.why;
	return e;
}
