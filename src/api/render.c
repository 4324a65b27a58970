/* SPDX-License-Identifier: MIT */
#include "api/api.h"
#include "base/json.h"

static void
member_bool(struct buf *b, const char *name, bool value)
{
	buf_char(b, ',');
	json_write_text(b, name);
	buf_text(b, value ? ":true" : ":false");
}

void
user_render(struct resp *rs, int status, const struct user *u)
{
	resp_json(rs, status);
	buf_text(&rs->body, "{\"id\":");
	json_write_text(&rs->body, u->id);
	buf_text(&rs->body, ",\"email\":");
	json_write_text(&rs->body, u->email);
	member_bool(&rs->body, "is_active", u->is_active);
	member_bool(&rs->body, "is_superuser", u->is_superuser);
	member_bool(&rs->body, "is_verified", u->is_verified);
	buf_char(&rs->body, '}');
}

void
password_detail(struct resp *rs, enum err e, const char *reason)
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
