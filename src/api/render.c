/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "api/etag.h"
#include "api/page.h"
#include "api/route.h"
#include "base/json.h"
#include "core/oauth.h"
#include "store/user_id.h"

#define USER_FIELD(member, kind, necessity)                                    \
	.name = #member, .type = (kind), .need = (necessity),                  \
	.offset = offsetof(struct user, member)

/* The order is that of the contract. */
static const struct field user_fields[] = {
	{USER_FIELD(id, FIELD_TEXT, FIELD_REQUIRED), .is_id = true,
	 .format = "uuid"},
	{USER_FIELD(email, FIELD_TEXT, FIELD_REQUIRED), .format = "email"},
	{USER_FIELD(is_active, FIELD_BOOL, FIELD_DEFAULTED), .initial = "true"},
	{USER_FIELD(is_superuser, FIELD_BOOL, FIELD_DEFAULTED),
	 .initial = "false"},
	{USER_FIELD(is_verified, FIELD_BOOL, FIELD_DEFAULTED),
	 .initial = "false"},
};

const struct schema user_schema = {.fields = user_fields,
				   .count = countof(user_fields)};

static void
value_render(struct buf *out, const struct field *f, const void *from)
{
	const char *at = (const char *)from + f->offset;
	const char *text;
	bool flag;

	switch (f->type) {
	case FIELD_TEXT:
		memcpy(&text, at, sizeof(text));
		/* Who is about to register has none yet. */
		if (f->is_id && text == NULL)
			buf_text(out, "null");
		else if (f->is_id)
			user_id_write(out, text);
		else
			json_write_text(out, text);
		break;
	case FIELD_BOOL:
		memcpy(&flag, at, sizeof(flag));
		buf_text(out, flag ? "true" : "false");
		break;
	case FIELD_LIST:
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_DATE:
	case FIELD_DATETIME:
	case FIELD_UUID:
	case FIELD_CHOICE:
	case FIELD_OBJECTS:
	case FIELD_OBJECT:
		/* Of queries and configured fields alone. */
		abort();
	}
}

static void
members_render(struct buf *out, const struct schema *schema, const void *from)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (i > 0)
			buf_char(out, ',');
		json_write_text(out, schema->fields[i].name);
		buf_char(out, ':');
		value_render(out, &schema->fields[i], from);
	}
}

void
object_render(struct buf *out, const struct schema *schema, const void *from)
{
	buf_char(out, '{');
	members_render(out, schema, from);
	buf_char(out, '}');
}

static void
fields_render(struct buf *out, const struct user *u, bool to_admin)
{
	const struct user_fields *shape = u->shape;

	for (size_t i = 0; u->fields != NULL && i < shape->count; i++) {
		const struct user_field *f = &shape->items[i];

		if (f->read == ACCESS_ADMIN && !to_admin)
			continue;
		buf_char(out, ',');
		json_write_text(out, f->name);
		buf_char(out, ':');
		user_field_write(out, f, &u->fields[i]);
	}
}

static void
user_show_to(struct buf *out, const struct user *u, bool to_admin)
{
	buf_char(out, '{');
	members_render(out, &user_schema, u);
	fields_render(out, u, to_admin);
	buf_char(out, '}');
}

void
user_show(struct buf *out, const struct user *u)
{
	user_show_to(out, u, true);
}

static void
text_or_null(struct buf *out, const char *text)
{
	if (text == NULL)
		buf_text(out, "null");
	else
		json_write_text(out, text);
}

static void
account_render(struct buf *out, const struct oauth_account *a)
{
	buf_text(out, "{\"id\":");
	user_id_write(out, a->id);
	buf_text(out, ",\"oauth_name\":");
	json_write_text(out, a->oauth_name);
	buf_text(out, ",\"access_token\":");
	json_write_text(out, a->access_token);
	buf_text(out, ",\"expires_at\":");
	if (a->expires_at < 0)
		buf_text(out, "null");
	else
		buf_number(out, a->expires_at);
	buf_text(out, ",\"refresh_token\":");
	text_or_null(out, a->refresh_token);
	buf_text(out, ",\"account_id\":");
	json_write_text(out, a->account_id);
	buf_text(out, ",\"account_email\":");
	json_write_text(out, a->account_email);
	buf_char(out, '}');
}

/* Behind the user's other members: his closing brace comes after them. */
static void
accounts_render(struct buf *out, const struct oauth_account *list, size_t count)
{
	out->data[--out->len] = '\0';
	buf_text(out, ",\"oauth_accounts\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(out, ',');
		account_render(out, &list[i]);
	}
	buf_text(out, "]}");
}

enum err
user_write(const struct call *c, const struct user *u, struct buf *out)
{
	struct oauth_account *list = NULL;
	size_t count = 0;
	/* A page tells of them by itself; their tokens change unseen. */
	bool shown = oauth_accounts_are_shown(c->cx->conf) &&
		     !route_is_page(c->route);

	if (shown)
		TRY(oauth_accounts(c->cx, u->id, &list, &count));
	buf_init(out, c->cx->mem, 256);
	user_show_to(out, u, route_is_superusers(c->route));
	if (shown)
		accounts_render(out, list, count);
	return OK;
}

enum err
user_render(struct call *c, const struct user *u)
{
	struct buf shown;
	bool is_known;

	TRY(user_write(c, u, &shown));
	TRY(etag_answer(c, &shown, &is_known));
	if (is_known) {
		resp_empty(c->rs, 304);
		return OK;
	}
	resp_json(c->rs, c->route->status);
	buf_add(&c->rs->body, shown.data, shown.len);
	return OK;
}

void
reason_detail(struct resp *rs, enum err e, const char *reason)
{
	struct buf b;

	buf_init(&b, rs->mem, 128);
	buf_text(&b, "{\"code\":");
	json_write_text(&b, err_detail(e));
	buf_text(&b, ",\"reason\":");
	json_write_text(&b, reason);
	buf_char(&b, '}');
	resp_detail(rs, b.data);
}
