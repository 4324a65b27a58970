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

static void
add_text(struct buf *b, const char *name, const char *value)
{
	if (b->len > 1)
		buf_char(b, ',');
	json_write_text(b, name);
	buf_char(b, ':');
	json_write_text(b, value);
}

static void
add_bool(struct buf *b, const char *name, bool value)
{
	buf_char(b, ',');
	json_write_text(b, name);
	buf_char(b, ':');
	buf_text(b, word(value));
}

void
user_print_json(struct arena *mem, const struct user *u, const char *password)
{
	struct buf b;

	buf_init(&b, mem, 256);
	buf_text(&b, "{\"id\":");
	user_id_write(&b, u->id);
	add_text(&b, "email", u->email);
	add_bool(&b, "is_active", u->is_active);
	add_bool(&b, "is_superuser", u->is_superuser);
	add_bool(&b, "is_verified", u->is_verified);
	for (size_t i = 0; u->fields != NULL && i < u->shape->count; i++) {
		buf_char(&b, ',');
		json_write_text(&b, u->shape->items[i].name);
		buf_char(&b, ':');
		user_field_write(&b, &u->shape->items[i], &u->fields[i]);
	}
	if (password != NULL)
		add_text(&b, "password", password);
	buf_char(&b, '}');
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
