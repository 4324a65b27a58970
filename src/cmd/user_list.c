/* SPDX-License-Identifier: MIT */
#include "cmd/user_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/fields.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/user_print.h"
#include "store/schema.h"
#include "store/user_id.h"
#include "store/user_page.h"

#define PAGE_SIZE 500

enum err
user_read_after(struct ctx *cx, struct user_options *o)
{
	const char *id;
	enum err e;

	if (o->given_after == NULL)
		return OK;
	e = user_id_read(cx->db, cx->mem, o->given_after, &id);
	if (e == ERR_NOT_FOUND) {
		o->told = true;
		(void)command_fail(0, "--after takes a user's id, not \"%s\"",
				   o->given_after);
		return ERR_USAGE;
	}
	TRY(e);
	(void)snprintf(o->after, sizeof(o->after), "%s", id);
	return OK;
}

static enum err
refuse_set(struct user_options *o, const char *set, const char *why)
{
	o->told = true;
	(void)command_fail(0, "--set %s: %s", set, why);
	return ERR_INVALID;
}

/* One --set: whoever may run commands may write any field. Nothing behind
 * the sign is null, where the field may be. */
static enum err
read_set(struct ctx *cx, struct user_options *o, const char *set,
	 struct user_value *values)
{
	const struct user_fields *fields = schema_fields(cx->db);
	const char *sign = strchr(set, '=');
	const struct user_field *f = user_field_named(
		fields, arena_copy(cx->mem, set, (size_t)(sign - set)));
	struct user_value *v;
	const char *why;

	if (f == NULL)
		return refuse_set(o, set, "there is no such field");
	if (!text_is_utf8(sign, strlen(sign)))
		return refuse_set(o, set, "it is not UTF-8");
	v = &values[f - fields->items];
	*v = (struct user_value){.is_given = true};
	if (sign[1] == '\0' && f->is_nullable)
		return OK;
	if (custom_read(cx->mem, f, sign + 1, &v->value, &why) != OK)
		return refuse_set(o, set, why);
	return OK;
}

/* What all of them say, one value each. */
enum err
user_read_sets(struct ctx *cx, struct user_options *o, struct user_value **out)
{
	*out = arena_array(cx->mem, schema_fields(cx->db)->count + 1,
			   sizeof(**out));
	for (size_t i = 0; i < o->set_count; i++)
		TRY(read_set(cx, o, o->sets[i], *out));
	return OK;
}

static int64_t
page_size(const struct user_options *o, int64_t printed)
{
	int64_t left = o->limit - printed;

	return o->limit > 0 && left < PAGE_SIZE ? left : PAGE_SIZE;
}

static enum err
refuse_text(struct user_options *o, const char *option)
{
	o->told = true;
	(void)command_fail(0, "--%s takes UTF-8", option);
	return ERR_USAGE;
}

/* Which users are meant. */
static enum err
read_filter(struct ctx *cx, struct user_options *o, struct user_filter *out)
{
	const struct account_change *c = &o->change;
	struct user_value *fields;

	if (c->email != NULL && !text_is_utf8(c->email, strlen(c->email)))
		return refuse_text(o, "email");
	if (o->search != NULL && !text_is_utf8(o->search, strlen(o->search)))
		return refuse_text(o, "search");
	TRY(user_read_sets(cx, o, &fields));
	*out = (struct user_filter){
		.is_active = c->is_active,
		.is_superuser = c->is_superuser,
		.is_verified = c->is_verified,
		.email = c->email,
		.search = o->search,
		.fields = fields,
	};
	return OK;
}

static void
print_page(struct ctx *cx, const struct user_options *o,
	   const struct user *users, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (o->json)
			user_print_json(cx->mem, &users[i], NULL);
		else
			user_print_row(cx->mem, &users[i]);
	}
}

/* Behind whom the list begins: his address, where it is in that order. */
static enum err
read_start(struct ctx *cx, struct user_options *o, char **after)
{
	struct user u = {0};
	enum err e;

	TRY(user_read_after(cx, o));
	if (*o->after == '\0')
		return OK;
	if (o->order == USER_BY_EMAIL || o->order == USER_BY_EMAIL_DOWN) {
		e = user_by_id(cx->db, cx->mem, o->after, &u);
		if (e == ERR_NOT_FOUND) {
			o->told = true;
			(void)command_fail(0, "there is no user \"%s\"",
					   o->after);
		}
		TRY(e);
	}
	u.id = o->after;
	*after = strdup(user_order_key(o->order, &u));
	return *after != NULL ? OK : ERR_INTERNAL;
}

/* A page's memory is given back before the next, so that a listing of any
 * length fits; the filter is read again from what lives longer. */
static enum err
print_all(struct ctx *cx, struct user_options *o, char **after)
{
	int64_t printed = 0;
	size_t count = 1;

	while (count > 0 && page_size(o, printed) > 0) {
		struct user_filter filter;
		struct user *users = NULL;

		TRY(read_filter(cx, o, &filter));
		TRY(user_page(cx->db, cx->mem, &filter, o->order, *after,
			      page_size(o, printed), &users, &count));
		print_page(cx, o, users, count);
		printed += (int64_t)count;
		if (count > 0) {
			free(*after);
			*after = strdup(
				user_order_key(o->order, &users[count - 1]));
			if (*after == NULL)
				return ERR_INTERNAL;
		}
		arena_reset(cx->mem);
	}
	return OK;
}

static enum err
print_count(struct ctx *cx, struct user_options *o)
{
	struct user_filter filter;
	int64_t count;

	TRY(read_filter(cx, o, &filter));
	TRY(user_count(cx->db, cx->mem, &filter, INT64_MAX, &count));
	(void)printf("%lld\n", (long long)count);
	return OK;
}

enum err
user_list_run(struct ctx *cx, struct user_options *o)
{
	char *after = NULL;
	enum err e;

	if (o->count)
		return print_count(cx, o);
	e = read_start(cx, o, &after);
	if (e == OK && !o->json)
		user_print_head();
	if (e == OK)
		e = print_all(cx, o, &after);
	free(after);
	return e;
}
