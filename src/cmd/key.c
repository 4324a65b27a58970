/* SPDX-License-Identifier: MIT */
/* The file of signing keys. Workers notice by themselves what changes here. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/key_ring.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "core/strategy.h"

#define MEMORY_LIMIT ((size_t)16 * 1024 * 1024)
#define DAY 86400
#define DAYS_LIMIT 36500
/* Workers look at the file once a second, machines copy it now and then. */
#define SLACK 60

enum key_option {
	OPTION_ALG = 1,
	OPTION_OLDER_THAN,
	OPTION_NOW,
	OPTION_DRY_RUN,
	OPTION_JSON
};

static const struct option options[] = {
	{"alg", required_argument, NULL, OPTION_ALG},
	{"older-than", required_argument, NULL, OPTION_OLDER_THAN},
	{"now", no_argument, NULL, OPTION_NOW},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"json", no_argument, NULL, OPTION_JSON},
	{0},
};

/* What one call works on. */
struct key_work {
	const struct config *conf;
	struct arena *mem;
	struct key_ring ring;
	int64_t now;
	const char *alg; /* NULL: all that are in use */
	const char *kid;
	int64_t days; /* 0: any */
	bool at_once;
	bool dry;
	bool json;
	bool changed;
	struct buf said; /* what was done; told once it is kept */
};

static enum err
take_option(struct key_work *w, int option)
{
	enum jws_alg alg;

	switch ((enum key_option)option) {
	case OPTION_ALG:
		w->alg = optarg;
		if (jws_alg_named(optarg, &alg) && !jws_alg_has_secret(alg))
			return OK;
		(void)command_fail(0,
				   "--alg takes RS256, ES256 or EdDSA, not "
				   "\"%s\"",
				   optarg);
		return ERR_USAGE;
	case OPTION_OLDER_THAN:
		if (text_number(optarg, 1, DAYS_LIMIT, &w->days))
			return OK;
		(void)command_fail(0, "--older-than takes days, not \"%s\"",
				   optarg);
		return ERR_USAGE;
	case OPTION_NOW:
		w->at_once = true;
		return OK;
	case OPTION_DRY_RUN:
		w->dry = true;
		return OK;
	case OPTION_JSON:
		w->json = true;
		return OK;
	}
	return ERR_USAGE;
}

static void
print_lines(const struct key_work *w, const struct ring_key *k)
{
	(void)printf("%-43s  %-5s  %-7s  %-20s  %s\n", k->kid,
		     jws_alg_name(jws_key_alg(k->key)),
		     ring_state_name(k->state), clock_text(w->mem, k->since),
		     k->state != RING_OLD ? "-"
		     : k->until < 0       ? "never"
					  : clock_text(w->mem, k->until));
}

static void
print_json(const struct key_work *w, const struct ring_key *k)
{
	struct buf b;

	buf_init(&b, w->mem, 256);
	json_begin(&b, NULL, '{');
	json_add_text(&b, "kid", k->kid);
	json_add_text(&b, "alg", jws_alg_name(jws_key_alg(k->key)));
	json_add_text(&b, "state", ring_state_name(k->state));
	json_add_text(&b, "since", clock_text(w->mem, k->since));
	if (k->state == RING_OLD && k->until >= 0)
		json_add_text(&b, "until", clock_text(w->mem, k->until));
	else
		json_add_raw(&b, "until", "null");
	json_end(&b, '}');
	(void)puts(b.data);
}

static enum err
run_list(struct key_work *w)
{
	if (!w->json)
		(void)printf("%-43s  %-5s  %-7s  %-20s  %s\n", "KID", "ALG",
			     "STATE", "SINCE", "UNTIL");
	for (size_t i = 0; i < w->ring.count; i++)
		(w->json ? print_json : print_lines)(w, &w->ring.keys[i]);
	return OK;
}

static void
say(struct key_work *w, const struct ring_key *k, const char *what)
{
	buf_printf(&w->said, "%s %s %s%s\n", jws_alg_name(jws_key_alg(k->key)),
		   k->kid, what, w->dry ? " (not done)" : "");
	w->changed = true;
}

static enum err
generate(struct key_work *w, enum jws_alg alg)
{
	static const enum ring_state needed[] = {RING_CURRENT, RING_NEXT};

	/* A next one has been published already. */
	if (key_ring_find(&w->ring, alg, RING_CURRENT) == NULL &&
	    key_ring_find(&w->ring, alg, RING_NEXT) != NULL) {
		key_ring_advance(&w->ring, alg, w->now, 0);
		say(w, key_ring_find(&w->ring, alg, RING_CURRENT), "signs now");
	}
	for (size_t i = 0; i < countof(needed); i++)
		if (key_ring_find(&w->ring, alg, needed[i]) == NULL)
			say(w, key_ring_add(&w->ring, alg, needed[i], w->now),
			    needed[i] == RING_CURRENT ? "signs now"
						      : "comes next");
	return OK;
}

/* When the last token that the current key signed is over. */
static int64_t
last_expiry(const struct key_work *w)
{
	const struct config *conf = w->conf;

	for (size_t i = 0; i < conf->backend_count; i++)
		if (strcmp(conf->backend[i].strategy, "jwt") == 0 &&
		    conf->backend[i].lifetime < 0)
			return -1;
	return w->now + strategy_lifetime(conf, &strategy_jwt) +
	       conf->jwt.leeway + conf->keys.max_age + SLACK;
}

/* Others must have had the time to hear of it before it signs. */
static enum err
check_published(const struct key_work *w, const struct ring_key *next)
{
	int64_t left = next->since + w->conf->keys.max_age - w->now;

	if (w->at_once || left <= 0)
		return OK;
	(void)command_fail(0,
			   "the next key for %s was made only now, and others "
			   "may not have heard of it: rotate in %lld seconds, "
			   "or with --now",
			   jws_alg_name(jws_key_alg(next->key)),
			   (long long)left);
	return ERR_CONFLICT;
}

static enum err
rotate(struct key_work *w, enum jws_alg alg)
{
	const struct ring_key *current =
		key_ring_find(&w->ring, alg, RING_CURRENT);
	const struct ring_key *next = key_ring_find(&w->ring, alg, RING_NEXT);

	if (current == NULL || next == NULL) {
		(void)command_fail(0,
				   "there is no %s key for %s: run "
				   "fastcgi-users key generate",
				   current == NULL ? "current" : "next",
				   jws_alg_name(alg));
		return ERR_CONFIGURATION;
	}
	if (w->days > 0 && current->since > w->now - w->days * DAY)
		return OK;
	TRY(check_published(w, next));
	say(w, current, "verifies what it signed");
	say(w, next, "signs now");
	key_ring_advance(&w->ring, alg, w->now, last_expiry(w));
	say(w, key_ring_add(&w->ring, alg, RING_NEXT, w->now), "comes next");
	return OK;
}

static bool
is_in_use(const struct config *conf, enum jws_alg alg)
{
	for (size_t i = 0; i < conf->backend_count; i++)
		if (config_backend_has_ring(&conf->backend[i]) &&
		    strcmp(conf->backend[i].algorithm, jws_alg_name(alg)) == 0)
			return true;
	return false;
}

/* For the algorithm that was named, or each that is in use. */
static enum err
for_each(struct key_work *w,
	 enum err (*change)(struct key_work *w, enum jws_alg alg))
{
	static const enum jws_alg all[] = {JWS_RS256, JWS_ES256, JWS_EDDSA};
	bool any = false;

	for (size_t i = 0; i < countof(all); i++) {
		if (w->alg != NULL ? strcmp(w->alg, jws_alg_name(all[i])) != 0
				   : !is_in_use(w->conf, all[i]))
			continue;
		any = true;
		TRY(change(w, all[i]));
	}
	if (any)
		return OK;
	(void)command_fail(0, "no backend signs with keys of keys.file: give "
			      "one an algorithm such as ES256, or say --alg");
	return ERR_CONFIGURATION;
}

static void
purge(struct key_work *w)
{
	size_t gone = key_ring_purge(&w->ring, w->now);

	if (gone == 0)
		return;
	buf_printf(&w->said, "%zu old key%s removed%s\n", gone,
		   gone == 1 ? "" : "s", w->dry ? " (not done)" : "");
	w->changed = true;
}

static enum err
run_generate(struct key_work *w)
{
	TRY(for_each(w, generate));
	if (!w->changed)
		(void)puts("there is a current key and a next one already");
	return OK;
}

static enum err
run_rotate(struct key_work *w)
{
	TRY(for_each(w, rotate));
	purge(w);
	return OK;
}

static enum err
run_retire(struct key_work *w)
{
	struct ring_key *k = key_ring_named(&w->ring, w->kid);

	if (k == NULL) {
		(void)command_fail(0, "there is no key \"%s\"", w->kid);
		return ERR_NOT_FOUND;
	}
	if (k->state == RING_CURRENT) {
		(void)command_fail(0,
				   "%s signs: let another take its place first "
				   "by fastcgi-users key rotate --now",
				   w->kid);
		return ERR_INVALID;
	}
	say(w, k, "is gone, and so are its tokens");
	key_ring_remove(&w->ring, k);
	return OK;
}

static const struct key_command {
	const char *name;
	enum err (*run)(struct key_work *w);
	bool changes;
	bool makes; /* the file need not be there */
	bool takes_kid;
} subcommands[] = {
	{"generate", run_generate, true, true, false},
	{"list", run_list, false, false, false},
	{"rotate", run_rotate, true, false, false},
	{"retire", run_retire, true, false, true},
};

static enum err
fail_file(const struct key_work *w, const char *what, const char *why)
{
	(void)command_fail(0, "keys.file: %s: %s: %s", w->conf->keys.file, what,
			   why);
	return ERR_IO;
}

static enum err
ring_open(struct key_work *w, bool may_make)
{
	const char *path = w->conf->keys.file;
	struct stat st;
	const char *why;

	if (may_make && stat(path, &st) != 0 && errno == ENOENT)
		why = key_ring_parse(w->mem, "", 0, &w->ring);
	else
		why = key_ring_read(w->mem, path, &w->ring, NULL);
	return why == NULL ? OK : fail_file(w, "cannot be read", why);
}

static enum err
ring_keep(struct key_work *w)
{
	struct buf text;

	if (!w->changed || w->dry)
		return OK;
	buf_init(&text, w->mem, 4096);
	key_ring_write(&w->ring, &text);
	if (key_ring_replace(w->conf->keys.file, text.data, text.len) == 0)
		return OK;
	return fail_file(w, "cannot be written", strerror(errno));
}

static enum err
work_locked(struct key_work *w, const struct key_command *c)
{
	enum err e = ring_open(w, c->makes);

	if (e != OK)
		return e;
	e = c->run(w);
	if (e == OK)
		e = ring_keep(w);
	if (e == OK)
		(void)fputs(w->said.data, stdout);
	key_ring_close(&w->ring);
	return e;
}

static enum err
work(struct key_work *w, const struct key_command *c)
{
	int lock = -1;
	enum err e;

	if (*w->conf->keys.file == '\0') {
		(void)command_fail(0, "keys.file is not set: name the file "
				      "there that is to hold the keys");
		return ERR_CONFIGURATION;
	}
	if (c->changes && !w->dry) {
		lock = key_ring_lock(w->conf->keys.file);
		if (lock < 0)
			return fail_file(w, "its folder cannot be written",
					 strerror(errno));
	}
	e = work_locked(w, c);
	if (lock >= 0)
		(void)close(lock);
	return e;
}

static int
run(const struct invocation *in, const struct key_command *c,
    struct key_work *w)
{
	struct config *conf = NULL;
	enum err e = command_start(in->config_path, &conf);

	if (e != OK)
		return command_status(e);
	w->conf = conf;
	w->mem = arena_open(0, MEMORY_LIMIT);
	w->now = clock_now();
	buf_init(&w->said, w->mem, 256);
	e = work(w, c);
	if (fflush(stdout) != 0 && e == OK)
		e = ERR_IO;
	arena_close(w->mem);
	config_free(conf);
	return command_status(e);
}

static const struct key_command *
find_command(const struct invocation *in)
{
	for (size_t i = 0; in->argc > 1 && i < countof(subcommands); i++)
		if (strcmp(subcommands[i].name, in->argv[1]) == 0)
			return &subcommands[i];
	return NULL;
}

static enum err
read_options(const struct invocation *in, const struct key_command *c,
	     struct key_work *w)
{
	int argc = in->argc - 1;
	int option;

	while ((option = getopt_long(argc, in->argv + 1, "", options, NULL)) !=
	       -1)
		TRY(take_option(w, option));
	if (c->takes_kid && argc - optind == 1) {
		w->kid = in->argv[1 + optind];
		return OK;
	}
	if (!c->takes_kid && argc == optind)
		return OK;
	(void)usage_fail(in);
	return ERR_USAGE;
}

int
command_key(const struct invocation *in)
{
	const struct key_command *c = find_command(in);
	struct key_work w = {0};

	if (c == NULL)
		return usage_fail(in);
	if (read_options(in, c, &w) != OK)
		return EX_USAGE;
	return run(in, c, &w);
}
