/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "api/fields.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "cmd/secret_input.h"
#include "cmd/usage.h"
#include "cmd/user_bulk.h"
#include "cmd/user_list.h"
#include "cmd/user_options.h"
#include "cmd/user_print.h"
#include "cmd/whom.h"
#include "cmd/worker.h"
#include "core/account.h"
#include "core/email.h"
#include "db/db.h"
#include "store/schema.h"
#include "store/user_id.h"

static enum err
normalise(struct ctx *cx, struct user_options *o, const char *text,
	  const char **out)
{
	const char *reason = "it is not UTF-8";

	if (text_is_utf8(text, strlen(text)) &&
	    email_normalise(cx->mem, text, out, &reason) == OK)
		return OK;
	o->told = true;
	(void)command_fail(0, "\"%s\" is not an e-mail address: %s", text,
			   reason);
	return ERR_INVALID;
}

static enum err
find(struct ctx *cx, struct user_options *o, struct user *out)
{
	enum err e = whom_find(cx, o->who, out);

	o->told = e == ERR_NOT_FOUND;
	return e;
}

/* A person may take any time over it. */
static enum err
read_password(struct ctx *cx, struct user_options *o)
{
	enum err e = secret_read(cx->mem, o->source, &o->change.password);

	o->told = e != OK;
	worker_ctx_renew(cx);
	return e;
}

static void
print(struct ctx *cx, const struct user_options *o, const struct user *u)
{
	const char *shown = o->new_password && o->source == SECRET_GENERATED
				    ? o->change.password
				    : NULL;

	if (o->json)
		user_print_json(cx->mem, u, shown);
	else
		user_print_lines(cx->mem, u, shown);
}

/* Why a rule refuses an address or a password. */
static enum err
say_refused(struct user_options *o, enum err e, const char *email,
	    const char *reason)
{
	bool is_taken = e == ERR_REGISTER_USER_ALREADY_EXISTS ||
			e == ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS;
	bool is_weak = e == ERR_REGISTER_INVALID_PASSWORD ||
		       e == ERR_UPDATE_USER_INVALID_PASSWORD;

	o->told = is_taken || is_weak || e == ERR_DELETE_USER_REFUSED;
	if (is_taken)
		(void)command_fail(0, "another user has the address \"%s\"",
				   email);
	if (is_weak)
		(void)command_fail(0, "the password is refused: %s", reason);
	if (e == ERR_DELETE_USER_REFUSED)
		(void)command_fail(0, "the user is not deleted: %s", reason);
	return e;
}

/* The fields of a new user: what is required must be said. */
static enum err
read_new_fields(struct ctx *cx, struct user_options *o,
		const struct db_value **out)
{
	const struct user_fields *fields = schema_fields(cx->db);
	struct user_value *given;
	struct db_value *values =
		arena_array(cx->mem, fields->count + 1, sizeof(*values));

	TRY(user_read_sets(cx, o, &given));
	for (size_t i = 0; i < fields->count; i++) {
		const struct user_field *f = &fields->items[i];

		values[i] = given[i].is_given ? given[i].value : f->initial;
		if (given[i].is_given || !f->is_required)
			continue;
		o->told = true;
		(void)command_fail(0, "--set %s=VALUE is needed", f->name);
		return ERR_INVALID;
	}
	*out = fields->count > 0 ? values : NULL;
	return OK;
}

static enum err
run_add(struct ctx *cx, struct user_options *o)
{
	const struct account_change *c = &o->change;
	struct signup in = {
		.is_active = c->is_active == NULL || *c->is_active,
		.is_superuser = c->is_superuser != NULL && *c->is_superuser,
		.is_verified = c->is_verified != NULL && *c->is_verified,
	};
	struct user u = {0};
	const char *reason = NULL;
	enum err e;

	TRY(normalise(cx, o, o->who, &in.email));
	TRY(read_new_fields(cx, o, &in.fields));
	TRY(read_password(cx, o));
	in.password = o->change.password;
	e = account_register(cx, &in, &u, &reason);
	TRY(say_refused(o, e, in.email, reason));
	print(cx, o, &u);
	return OK;
}

static enum err
run_show(struct ctx *cx, struct user_options *o)
{
	struct user u = {0};

	TRY(find(cx, o, &u));
	print(cx, o, &u);
	return OK;
}

static enum err
run_set(struct ctx *cx, struct user_options *o)
{
	struct user_value *fields;
	struct user before = {0};
	struct user after = {0};
	const char *reason = NULL;
	enum err e;

	TRY(find(cx, o, &before));
	TRY(user_read_sets(cx, o, &fields));
	o->change.fields = fields;
	if (o->change.email != NULL)
		TRY(normalise(cx, o, o->change.email, &o->change.email));
	if (o->new_password)
		TRY(read_password(cx, o));
	e = account_update(cx, &before, &o->change, NULL, &after, &reason);
	TRY(say_refused(o, e, o->change.email, reason));
	print(cx, o, &after);
	return OK;
}

static enum err
run_delete(struct ctx *cx, struct user_options *o)
{
	struct user u = {0};
	const char *reason = NULL;
	enum err e;

	TRY(find(cx, o, &u));
	e = account_delete(cx, &u, NULL, &reason);
	return say_refused(o, e, u.email, reason);
}

static enum err
run_export(struct ctx *cx, struct user_options *o)
{
	TRY(user_read_after(cx, o));
	return user_export(cx, o);
}

#define NEW_PASSWORD (USER_STDIN | USER_GENERATE)
#define FLAGS (USER_ACTIVE | USER_SUPERUSER | USER_VERIFIED)
#define LIST                                                                   \
	(USER_AFTER | USER_LIMIT | USER_SEARCH | USER_SORT | USER_COUNT |      \
	 USER_EMAIL | FLAGS | USER_FIELD)
#define CHANGES (USER_EMAIL | FLAGS | USER_FIELD | USER_PROMPT | NEW_PASSWORD)

static const struct subcommand {
	struct user_syntax syntax;
	enum err (*run)(struct ctx *cx, struct user_options *o);
} subcommands[] = {
	{{"add", true, FLAGS | USER_FIELD | NEW_PASSWORD | USER_JSON, 0},
	 run_add},
	{{"show", true, USER_JSON, 0}, run_show},
	{{"list", false, LIST | USER_JSON, 0}, user_list_run},
	{{"set", true, CHANGES | USER_JSON, CHANGES}, run_set},
	{{"delete", true, 0, 0}, run_delete},
	{{"export", false, USER_AFTER | USER_LIMIT | USER_QUIET, 0},
	 run_export},
	{{"import", false,
	  USER_CHECK | USER_SKIP_BAD | USER_SKIP_EXISTING | USER_QUIET, 0},
	 user_import},
};

static const struct subcommand *
find_subcommand(const char *name)
{
	for (size_t i = 0; i < countof(subcommands); i++)
		if (strcmp(subcommands[i].syntax.name, name) == 0)
			return &subcommands[i];
	return NULL;
}

/* A person reads standard error here; routine events are not for him. */
static void
set_log(const struct config *conf)
{
	if (strcmp(conf->log.to, "syslog") == 0)
		command_set_log(conf);
	else
		log_set_level(LEVEL_WARNING);
}

static int
run(const struct invocation *in, const struct subcommand *sub,
    struct user_options *o)
{
	struct config *conf = NULL;
	struct worker *w = NULL;
	struct ctx *cx = NULL;
	enum err e = command_start(in->config_path, &conf);

	o->told = e != OK;
	if (e == OK) {
		set_log(conf);
		e = worker_open(conf, WORKER_REQUESTS, &w);
	}
	if (e == OK) {
		cx = worker_ctx(w);
		e = sub->run(cx, o);
	}
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	if (e != OK && !o->told)
		e = database_explain(e, cx != NULL ? cx->db : NULL,
				     cx != NULL ? cx->mem : NULL);
	worker_close(w);
	config_free(conf);
	return command_status(e);
}

int
command_user(const struct invocation *in)
{
	const struct subcommand *sub;
	struct user_options o;

	sub = in->argc > 1 ? find_subcommand(in->argv[1]) : NULL;
	if (sub == NULL)
		return usage_fail(in);
	if (user_options_read(&sub->syntax, in->argc - 1, in->argv + 1, &o) !=
	    OK)
		return EX_USAGE;
	return run(in, sub, &o);
}
