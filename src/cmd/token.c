/* SPDX-License-Identifier: MIT */
/* Access tokens, for an administrator: one for a user, what one says, and the
 * end of a user's sessions. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/usage.h"
#include "cmd/whom.h"
#include "core/account.h"
#include "core/api_key.h"
#include "core/sign_in.h"
#include "core/strategy.h"

#define LINE_LIMIT 16384

enum token_option { OPTION_BACKEND = 1 };

static const struct option options[] = {
	{"backend", required_argument, NULL, OPTION_BACKEND},
	{0},
};

/* What one call is about. */
struct token_work {
	const char *who;
	const char *backend; /* NULL: not named */
	enum err (*run)(struct ctx *cx, struct token_work *w, bool *told);
};

static bool
is_meant(const struct token_work *w, const struct backend_settings *b)
{
	return w->backend == NULL || strcmp(w->backend, b->title) == 0;
}

/* The named one, or the first that hands out bearer tokens, or the first. */
static const struct backend_settings *
backend_for(const struct ctx *cx, const struct token_work *w)
{
	const struct config *conf = cx->conf;

	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];

		if (w->backend != NULL ? is_meant(w, b)
				       : strcmp(b->transport, "bearer") == 0)
			return b;
	}
	return w->backend == NULL ? &conf->backend[0] : NULL;
}

static enum err
fail_backend(const struct token_work *w)
{
	(void)command_fail(0, "there is no backend \"%s\"", w->backend);
	return ERR_USAGE;
}

/* Nobody has signed in: no event tells of it, but the log does. */
static enum err
run_create(struct ctx *cx, struct token_work *w, bool *told)
{
	const struct backend_settings *b = backend_for(cx, w);
	struct user u = {0};
	const char *token;
	enum err e;

	*told = true;
	if (b == NULL)
		return fail_backend(w);
	e = whom_find(cx, w->who, &u);
	if (e == OK && !u.is_active) {
		(void)command_fail(0,
				   "%s is inactive, and no token would open "
				   "anything",
				   w->who);
		return ERR_INVALID;
	}
	*told = e == ERR_NOT_FOUND;
	if (e == OK)
		e = strategy_of(b)->write(cx, b, &u, &token);
	if (e != OK)
		return e;
	log_event(LEVEL_WARNING, log_is("token_created"),
		  log_text("user", u.id), log_text("backend", b->title));
	(void)puts(token);
	return OK;
}

static void
time_add(struct buf *out, const char *name, int64_t seconds)
{
	if (seconds <= 0)
		json_add_raw(out, name, "null");
	else
		json_add_text(out, name, clock_text(out->mem, seconds));
}

static void
show(struct ctx *cx, const struct token *t, const struct user *u)
{
	struct buf b;

	buf_init(&b, cx->mem, 512);
	json_begin(&b, NULL, '{');
	json_add_text(&b, "backend", t->backend->title);
	json_add_text(&b, "strategy", t->backend->strategy);
	json_add_text(&b, "user", t->subject);
	json_add_text(&b, "email", u->email);
	json_add_raw(&b, "is_active", u->is_active ? "true" : "false");
	time_add(&b, "issued_at", t->issued_at);
	time_add(&b, "expires_at", t->expires_at);
	json_end(&b, '}');
	(void)puts(b.data);
}

/* ERR_BAD_TOKEN when nobody takes it. */
static enum err
ask_backends(struct ctx *cx, const struct token_work *w, const char *text,
	     struct token *t, struct user *u)
{
	const struct config *conf = cx->conf;

	if (conf->api_keys.enabled && api_key_looks(text))
		return sign_in_read(cx, &api_key_backend, text, u, t);
	for (size_t i = 0; i < conf->backend_count; i++) {
		enum err e = ERR_BAD_TOKEN;

		if (is_meant(w, &conf->backend[i]))
			e = sign_in_read(cx, &conf->backend[i], text, u, t);
		if (e != ERR_BAD_TOKEN)
			return e;
	}
	return ERR_BAD_TOKEN;
}

/* The first line of standard input; NULL when there is none. */
static const char *
read_line(struct arena *mem)
{
	char line[LINE_LIMIT];

	if (fgets(line, sizeof(line), stdin) == NULL)
		return NULL;
	return arena_copy(mem, line, strcspn(line, "\r\n"));
}

static enum err
run_inspect(struct ctx *cx, struct token_work *w, bool *told)
{
	struct token t = {0};
	struct user u = {0};
	const char *text;
	enum err e;

	*told = true;
	if (backend_for(cx, w) == NULL)
		return fail_backend(w);
	text = read_line(cx->mem);
	if (text == NULL) {
		(void)command_fail(0, "standard input must hold the token in "
				      "its first line");
		return ERR_USAGE;
	}
	e = ask_backends(cx, w, text, &t, &u);
	if (e == OK && strategy_of(t.backend)->date != NULL)
		e = strategy_of(t.backend)->date(cx, &t);
	*told = e == ERR_BAD_TOKEN;
	if (*told) {
		(void)command_fail(0, "no backend takes this token: it is "
				      "none, has expired or was ended, or its "
				      "user is gone");
		return ERR_INVALID;
	}
	if (e == OK)
		show(cx, &t, &u);
	return e;
}

static enum err
run_end(struct ctx *cx, struct token_work *w, bool *told)
{
	struct user u = {0};
	enum err e = whom_find(cx, w->who, &u);

	*told = e == ERR_NOT_FOUND;
	if (e == OK)
		e = account_end_sessions(cx, u.id);
	return e;
}

static const struct token_command {
	const char *name;
	bool takes_who;
	bool takes_backend;
	enum err (*run)(struct ctx *cx, struct token_work *w, bool *told);
} subcommands[] = {
	{"create", true, true, run_create},
	{"inspect", false, true, run_inspect},
	{"end", true, false, run_end},
};

static enum err
work(struct ctx *cx, void *arg, bool *told)
{
	struct token_work *w = arg;

	return w->run(cx, w, told);
}

static enum err
read_options(const struct invocation *in, const struct token_command *c,
	     struct token_work *w)
{
	int argc = in->argc - 1;
	char **argv = in->argv + 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != OPTION_BACKEND)
			return ERR_USAGE;
		w->backend = optarg;
	}
	if (argc - optind == c->takes_who &&
	    (w->backend == NULL || c->takes_backend)) {
		w->who = c->takes_who ? argv[optind] : NULL;
		w->run = c->run;
		return OK;
	}
	(void)usage_fail(in);
	return ERR_USAGE;
}

static const struct token_command *
find_command(const struct invocation *in)
{
	for (size_t i = 0; in->argc > 1 && i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, in->argv[1]) == 0)
			return &subcommands[i];
	return NULL;
}

int
command_token(const struct invocation *in)
{
	const struct token_command *c = find_command(in);
	struct token_work w = {0};

	if (c == NULL)
		return usage_fail(in);
	if (read_options(in, c, &w) != OK)
		return EX_USAGE;
	return whom_run(in, work, &w);
}
