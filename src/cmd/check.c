/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/examination.h"
#include "remote/http_client.h"

static examination_check *const checks[] = {
	check_permissions,    check_file,        check_secret_folders,
	check_sockets,        check_programs,    check_memory,
	check_hashing,        check_descriptors, check_sandbox,
	check_clock,          check_secrets,     check_keys,
	check_routers,        check_guard,       check_cookies,
	check_database,       check_schema,      check_indexes,
	check_database_clock, check_outbox,      check_redis,
	check_mail,           check_webhooks,    check_providers,
	check_site,
};

/* What the command line asks for. */
struct wishes {
	bool dump;
	bool defaults;
	bool as_json;
	bool strict;
	const char *site;
};

/* Every check has its say; the first fault decides the exit status. */
static int
examine(const struct config *conf, const struct wishes *w, bool was_root)
{
	struct examination x = {
		.conf = conf,
		.site = w->site,
		.was_root = was_root,
		.as_json = w->as_json,
	};

	x.first = database_open(conf, false, &x.database);
	/* What goes wrong is told here, in sentences. */
	log_set_level(LEVEL_ERROR);
	examination_good(&x, "configuration", "the configuration");
	for (size_t i = 0; x.database.db != NULL && i < countof(checks); i++)
		checks[i](&x);
	database_close(&x.database);
	if (x.first == OK && w->strict && x.warnings > 0)
		return EX_CONFIG;
	return command_status(x.first);
}

static void
show_setting(void *to, const char *section, const char *name, const char *value)
{
	(void)to;
	(void)printf("%s.%s = %s\n", section, name, value);
}

static int
print_defaults(void)
{
	struct arena *mem = arena_open(0, (size_t)1 << 24);
	struct buf out;
	int status;

	buf_init(&out, mem, 4096);
	config_print_defaults(&out);
	status = fputs(out.data, stdout) < 0 ? EX_IOERR : EX_OK;
	arena_close(mem);
	return status;
}

static enum err
options_read(struct wishes *w, const struct invocation *in)
{
	static const struct option options[] = {
		{"dump", no_argument, NULL, 'd'},
		{"defaults", no_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"strict", no_argument, NULL, 's'},
		{"url", required_argument, NULL, 'u'},
		{0},
	};
	int option;

	optind = 1;
	while ((option = getopt_long(in->argc, in->argv, "", options, NULL)) !=
	       -1) {
		if (option == '?')
			return ERR_USAGE;
		w->dump = w->dump || option == 'd';
		w->defaults = w->defaults || option == 'f';
		w->as_json = w->as_json || option == 'j';
		w->strict = w->strict || option == 's';
		if (option == 'u')
			w->site = optarg;
	}
	return OK;
}

/* NULL when these go together, else what is wrong. */
static const char *
wishes_fault(const struct wishes *w, const struct invocation *in)
{
	if (optind < in->argc)
		return "check takes options only";
	if ((w->dump || w->defaults) && in->argc > 2)
		return "--dump and --defaults stand alone";
	if (w->site != NULL && (!http_url_is_fit(w->site, true) ||
				w->site[strcspn(w->site, "?#")] != '\0' ||
				w->site[strlen(w->site) - 1] == '/'))
		return "--url takes the address of the site, such as "
		       "https://users.example.org, without a slash at its end";
	return NULL;
}

/* The sentences are on standard error already. */
static int
misconfigured(const struct wishes *w, enum err e)
{
	struct examination x = {.as_json = true};

	if (w->as_json)
		examination_fault(&x, e, "configuration",
				  "the configuration is at fault; standard "
				  "error says where");
	return command_status(e);
}

int
command_check(const struct invocation *in)
{
	struct wishes w = {0};
	struct config *conf = NULL;
	const char *why;
	bool was_root;
	int status;
	enum err e;

	if (options_read(&w, in) != OK)
		return EX_USAGE;
	why = wishes_fault(&w, in);
	if (why != NULL)
		return command_fail(EX_USAGE, "%s", why);
	if (w.defaults)
		return print_defaults();
	e = command_configure(in->config_path, &conf);
	if (e == OK && w.dump) {
		config_dump(conf, show_setting, NULL);
		config_free(conf);
		return EX_OK;
	}
	was_root = geteuid() == 0 && e == OK && *conf->server.user != '\0';
	if (e == OK)
		e = command_become(conf);
	status = e == OK ? examine(conf, &w, was_root) : misconfigured(&w, e);
	config_free(conf);
	return status;
}
