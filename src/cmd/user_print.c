/* SPDX-License-Identifier: MIT */
#include "cmd/user_print.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "cmd/command.h"
#include "store/user_id.h"

static const char *
word(bool truth)
{
	return truth ? "true" : "false";
}

void
user_write_json(struct buf *out, const struct user *u, bool hash)
{
	buf_text(out, "{\"id\":");
	user_id_write(out, u->id);
	buf_text(out, ",\"email\":");
	json_write_text(out, u->email);
	if (hash) {
		buf_text(out, ",\"hashed_password\":");
		json_write_text(out, u->hashed_password);
	}
	buf_text(out, ",\"is_active\":");
	buf_text(out, word(u->is_active));
	buf_text(out, ",\"is_superuser\":");
	buf_text(out, word(u->is_superuser));
	buf_text(out, ",\"is_verified\":");
	buf_text(out, word(u->is_verified));
	for (size_t i = 0; u->fields != NULL && i < u->shape->count; i++) {
		buf_char(out, ',');
		json_write_text(out, u->shape->items[i].name);
		buf_char(out, ':');
		user_field_write(out, &u->shape->items[i], &u->fields[i]);
	}
	buf_char(out, '}');
}

void
user_print_json(struct arena *mem, const struct user *u, const char *password)
{
	struct buf b;

	buf_init(&b, mem, 256);
	user_write_json(&b, u, false);
	if (password != NULL) {
		b.len--; /* the bracket */
		buf_text(&b, ",\"password\":");
		json_write_text(&b, password);
		buf_char(&b, '}');
	}
	(void)puts(b.data);
}

static const char *
shown(struct arena *mem, const char *text)
{
	return command_printable(arena_text(mem, text));
}

void
user_print_lines(struct arena *mem, const struct user *u, const char *password)
{
	(void)printf("id: %s\nemail: %s\n", shown(mem, u->id),
		     shown(mem, u->email));
	(void)printf("is_active: %s\nis_superuser: %s\nis_verified: %s\n",
		     word(u->is_active), word(u->is_superuser),
		     word(u->is_verified));
	for (size_t i = 0; u->fields != NULL && i < u->shape->count; i++) {
		const struct user_field *f = &u->shape->items[i];

		(void)printf(
			"%s: %s\n", f->name,
			shown(mem, user_field_text(mem, f, &u->fields[i])));
	}
	if (password != NULL)
		(void)printf("password: %s\n", password);
}

void
user_print_head(void)
{
	(void)printf("%-36s  %-6s  %-9s  %-8s  %s\n", "ID", "ACTIVE",
		     "SUPERUSER", "VERIFIED", "E-MAIL");
}

void
user_print_row(struct arena *mem, const struct user *u)
{
	(void)printf("%-36s  %-6s  %-9s  %-8s  %s\n", shown(mem, u->id),
		     word(u->is_active), word(u->is_superuser),
		     word(u->is_verified), shown(mem, u->email));
}
