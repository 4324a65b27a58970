/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cmd/command.h"
#include "cmd/secret_input.h"
#include "cmd/user_print.h"
#include "cmd/worker.h"
#include "core/account.h"
#include "core/email.h"

#define PAGE_SIZE 500

/* What the options of all subcommands ask for. */
struct user_options {
	bool json;
	bool new_password;
	enum secret_source source;
	struct account_change change;
	const char *after;
	int64_t limit; /* 0: all */
};

static const bool yes = true;
static const bool no = false;

enum option_key {
	KEY_JSON = 256,
	KEY_STDIN,
	KEY_GENERATE,
	KEY_PROMPT,
	KEY_ACTIVE,
	KEY_SUPERUSER,
	KEY_VERIFIED,
	KEY_EMAIL,
	KEY_AFTER,
	KEY_LIMIT,
	KEY_HELP
};

static const struct option options[] = {
	{"json", no_argument, NULL, KEY_JSON},
	{"password-stdin", no_argument, NULL, KEY_STDIN},
	{"generate-password", no_argument, NULL, KEY_GENERATE},
	{"password", no_argument, NULL, KEY_PROMPT},
	{"active", optional_argument, NULL, KEY_ACTIVE},
	{"superuser", optional_argument, NULL, KEY_SUPERUSER},
	{"verified", optional_argument, NULL, KEY_VERIFIED},
	{"email", required_argument, NULL, KEY_EMAIL},
	{"after", required_argument, NULL, KEY_AFTER},
	{"limit", required_argument, NULL, KEY_LIMIT},
	{"help", no_argument, NULL, KEY_HELP},
	{0},
};

static const char usage[] =
	"usage: fastcgi-users user add E-MAIL [--superuser] [--verified]\n"
	"           [--active=no] [--password-stdin | --generate-password] "
	"[--json]\n"
	"       fastcgi-users user show E-MAIL|ID [--json]\n"
	"       fastcgi-users user list [--after ID] [--limit N] [--json]\n"
	"       fastcgi-users user set E-MAIL|ID [--email NEW] "
	"[--active[=yes|no]]\n"
	"           [--superuser[=yes|no]] [--verified[=yes|no]]\n"
	"           [--password | --password-stdin | --generate-password] "
	"[--json]\n"
	"       fastcgi-users user delete E-MAIL|ID\n"
	"The password is asked for, or comes from standard input; never from\n"
	"an argument, which everybody on the machine could read.\n";

/* --flag means yes; --flag=yes and --flag=no say it. NULL for other words. */
static const bool *
flag_value(const char *text)
{
	if (text == NULL || strcmp(text, "yes") == 0)
		return &yes;
	return strcmp(text, "no") == 0 ? &no : NULL;
}

static enum err
take_flag(const bool **out, const char *name, const char *text)
{
	*out = flag_value(text);
	if (*out != NULL)
		return OK;
	(void)command_fail(0, "--%s takes yes or no, not \"%s\"", name, text);
	return ERR_USAGE;
}

static enum err
take_password(struct user_options *o, enum secret_source source)
{
	o->new_password = true;
	o->source = source;
	return OK;
}

static enum err
take_limit(struct user_options *o, const char *text)
{
	if (text_number(text, 1, INT64_MAX, &o->limit))
		return OK;
	(void)command_fail(0, "--limit takes a number, not \"%s\"", text);
	return ERR_USAGE;
}

static enum err
take_after(struct user_options *o, const char *text)
{
	char id[UUID_SIZE];

	o->after = text;
	if (uuid_parse(text, id))
		return OK;
	(void)command_fail(0, "--after takes a user's id, not \"%s\"", text);
	return ERR_USAGE;
}

static enum err
take_option(struct user_options *o, int key)
{
	switch (key) {
	case KEY_JSON:
		o->json = true;
		return OK;
	case KEY_STDIN:
		return take_password(o, SECRET_STDIN);
	case KEY_GENERATE:
		return take_password(o, SECRET_GENERATED);
	case KEY_PROMPT:
		return take_password(o, SECRET_PROMPT);
	case KEY_ACTIVE:
		return take_flag(&o->change.is_active, "active", optarg);
	case KEY_SUPERUSER:
		return take_flag(&o->change.is_superuser, "superuser", optarg);
	case KEY_VERIFIED:
		return take_flag(&o->change.is_verified, "verified", optarg);
	case KEY_EMAIL:
		o->change.email = optarg;
		return OK;
	case KEY_AFTER:
		return take_after(o, optarg);
	case KEY_LIMIT:
		return take_limit(o, optarg);
	default:
		(void)fputs(usage, stderr);
		return ERR_USAGE;
	}
}

static enum err
normalise(struct ctx *cx, const char *text, const char **out)
{
	const char *reason = "it is not UTF-8";

	if (text_is_utf8(text, strlen(text)) &&
	    email_normalise(cx->mem, text, out, &reason) == OK)
		return OK;
	(void)command_fail(0, "\"%s\" is not an e-mail address: %s", text,
			   reason);
	return ERR_INVALID;
}

/* Whom an id or an address names. */
static enum err
find(struct ctx *cx, const char *who, struct user *out)
{
	char id[UUID_SIZE];
	enum err e;

	if (uuid_parse(who, id))
		e = user_by_id(cx->db, cx->mem, id, out);
	else if (text_is_utf8(who, strlen(who)))
		e = user_by_email(cx->db, cx->mem, who, out);
	else
		e = ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		(void)command_fail(0, "there is no user \"%s\"", who);
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
		user_print_lines(u, shown);
}

static enum err
say_password_refused(enum err e, const char *reason)
{
	if (e == ERR_REGISTER_INVALID_PASSWORD ||
	    e == ERR_UPDATE_USER_INVALID_PASSWORD)
		(void)command_fail(0, "the password is refused: %s", reason);
	return e;
}

static enum err
run_add(struct ctx *cx, struct user_options *o, const char *who)
{
	const struct account_change *c = &o->change;
	struct signup in = {
		.is_active = c->is_active == NULL || *c->is_active,
		.is_superuser = c->is_superuser != NULL && *c->is_superuser,
		.is_verified = c->is_verified != NULL && *c->is_verified,
	};
	struct user u = {0};
	const char *reason;
	enum err e;

	TRY(normalise(cx, who, &in.email));
	TRY(secret_read(cx->mem, o->source, &o->change.password));
	in.password = o->change.password;
	e = account_register(cx, &in, &u, &reason);
	if (e == ERR_REGISTER_USER_ALREADY_EXISTS)
		(void)command_fail(0, "there is a user \"%s\" already",
				   in.email);
	TRY(say_password_refused(e, reason));
	print(cx, o, &u);
	return OK;
}

static enum err
run_show(struct ctx *cx, struct user_options *o, const char *who)
{
	struct user u = {0};

	TRY(find(cx, who, &u));
	print(cx, o, &u);
	return OK;
}

static enum err
run_set(struct ctx *cx, struct user_options *o, const char *who)
{
	struct user before = {0};
	struct user after = {0};
	const char *reason;
	enum err e;

	TRY(find(cx, who, &before));
	if (o->change.email != NULL)
		TRY(normalise(cx, o->change.email, &o->change.email));
	if (o->new_password)
		TRY(secret_read(cx->mem, o->source, &o->change.password));
	e = account_update(cx, &before, &o->change, NULL, &after, &reason);
	if (e == ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS)
		(void)command_fail(0, "another user has the address \"%s\"",
				   o->change.email);
	TRY(say_password_refused(e, reason));
	print(cx, o, &after);
	return OK;
}

static enum err
run_delete(struct ctx *cx, struct user_options *o, const char *who)
{
	struct user u = {0};

	(void)o;
	TRY(find(cx, who, &u));
	return account_delete(cx, u.id);
}

static int64_t
page_size(const struct user_options *o, int64_t printed)
{
	int64_t left = o->limit - printed;

	return o->limit > 0 && left < PAGE_SIZE ? left : PAGE_SIZE;
}

static enum err
run_list(struct ctx *cx, struct user_options *o, const char *who)
{
	char after[UUID_SIZE] = "";
	int64_t printed = 0;
	size_t count = 1;

	(void)who;
	if (o->after != NULL && !uuid_parse(o->after, after))
		return ERR_USAGE;
	if (!o->json)
		user_print_head();
	/* A page's memory is given back before the next, so that a listing
	 * of any length fits. */
	while (count > 0 && page_size(o, printed) > 0) {
		struct user *users = NULL;

		TRY(user_list(cx->db, cx->mem, *after != '\0' ? after : NULL,
			      page_size(o, printed), &users, &count));
		for (size_t i = 0; i < count; i++) {
			if (o->json)
				user_print_json(cx->mem, &users[i], NULL);
			else
				user_print_row(&users[i]);
		}
		printed += (int64_t)count;
		if (count > 0)
			(void)snprintf(after, sizeof(after), "%s",
				       users[count - 1].id);
		arena_reset(cx->mem);
	}
	return OK;
}

struct subcommand {
	const char *name;
	enum err (*run)(struct ctx *cx, struct user_options *o,
			const char *who);
	int operands;
};

static const struct subcommand subcommands[] = {
	{"add", run_add, 1}, {"show", run_show, 1},     {"list", run_list, 0},
	{"set", run_set, 1}, {"delete", run_delete, 1},
};

static const struct subcommand *
find_subcommand(const char *name)
{
	for (size_t i = 0; i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

static int
run(const struct invocation *in, const struct subcommand *sub,
    struct user_options *o, const char *who)
{
	struct config *conf = NULL;
	struct worker *w = NULL;
	enum err e = command_start(in->config_path, &conf);

	/* A person reads standard error here; routine events are not for
	 * him. */
	log_set_level(LEVEL_WARNING);
	if (e == OK)
		e = worker_open(conf, &w);
	if (e == OK)
		e = sub->run(worker_ctx(w), o, who);
	if (e == ERR_DATABASE_DOWN || e == ERR_INTERNAL)
		(void)command_fail_with(e, "user");
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	worker_close(w);
	config_free(conf);
	return command_status(e);
}

static int
run_with_options(const struct invocation *in, const struct subcommand *sub)
{
	struct user_options o = {0};
	char **argv = in->argv + 1;
	int argc = in->argc - 1;
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (key == KEY_HELP)
			return fputs(usage, stdout) < 0 ? EX_IOERR : EX_OK;
		if (take_option(&o, key) != OK)
			return EX_USAGE;
	}
	if (argc - optind != sub->operands)
		return command_fail(EX_USAGE,
				    "user %s takes %d operand%s; try user "
				    "--help",
				    sub->name, sub->operands,
				    sub->operands == 1 ? "" : "s");
	return run(in, sub, &o, argv[optind]);
}

int
command_user(const struct invocation *in)
{
	const struct subcommand *sub;

	if (in->argc < 2)
		return fputs(usage, stderr) < 0 ? EX_IOERR : EX_USAGE;
	if (strcmp(in->argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0 ? EX_IOERR : EX_OK;
	sub = find_subcommand(in->argv[1]);
	if (sub == NULL)
		return command_fail(EX_USAGE,
				    "user has no subcommand \"%s\"; try user "
				    "--help",
				    in->argv[1]);
	return run_with_options(in, sub);
}
