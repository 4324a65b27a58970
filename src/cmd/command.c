/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "api/page_shelf.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/slots.h"
#include "base/text.h"
#include "cmd/home.h"
#include "core/event.h"
#include "core/mail_shelf.h"
#include "core/token_keys.h"
#include "db/db.h"

#define KEYS_MEMORY ((size_t)16 * 1024 * 1024)

struct exit_row {
	enum err e;
	int status;
};

/* Whatever is not listed is a fault of the program. */
static const struct exit_row exits[] = {
	{OK, EX_OK},
	{ERR_USAGE, EX_USAGE},
	{ERR_UNPROCESSABLE, EX_DATAERR},
	{ERR_INVALID, EX_DATAERR},
	{ERR_REGISTER_INVALID_PASSWORD, EX_DATAERR},
	{ERR_UPDATE_USER_INVALID_PASSWORD, EX_DATAERR},
	{ERR_REGISTER_USER_ALREADY_EXISTS, EX_DATAERR},
	{ERR_UPDATE_USER_EMAIL_ALREADY_EXISTS, EX_DATAERR},
	{ERR_DELETE_USER_REFUSED, EX_DATAERR},
	{ERR_API_KEY_INVALID, EX_DATAERR},
	{ERR_API_KEY_TOO_MANY, EX_DATAERR},
	{ERR_NOT_FOUND, EX_NOUSER},
	{ERR_DATABASE_DOWN, EX_UNAVAILABLE},
	{ERR_REDIS_DOWN, EX_UNAVAILABLE},
	{ERR_CONFLICT, EX_TEMPFAIL},
	{ERR_BUSY, EX_TEMPFAIL},
	{ERR_HOOK_FAILED, EX_TEMPFAIL},
	{ERR_IO, EX_IOERR},
	{ERR_CONFIGURATION, EX_CONFIG},
};

int
command_status(enum err e)
{
	for (size_t i = 0; i < countof(exits); i++)
		if (exits[i].e == e)
			return exits[i].status;
	return EX_SOFTWARE;
}

/* The length of the control character here: of C0, DEL, or of C1 in UTF-8;
 * 0 for what may be shown. */
static size_t
control_length(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (c[0] < ' ' || c[0] == 0x7f)
		return 1;
	return c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

char *
command_printable(char *text)
{
	bool is_text = text_is_utf8(text, strlen(text));
	size_t n;

	for (char *at = text; *at != '\0'; at += n > 0 ? n : 1) {
		n = control_length(at);
		if (n == 0 && !is_text && (unsigned char)*at >= 0x80)
			n = 1;
		memset(at, '?', n);
	}
	return text;
}

int
command_fail(int status, const char *format, ...)
{
	char *sentence = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) >= 0) {
		(void)fprintf(stderr, "fastcgi-users: %s\n",
			      command_printable(sentence));
		free(sentence);
	}
	va_end(args);
	return status;
}

static void
complain(void *to, const char *sentence)
{
	(void)to;
	(void)command_fail(0, "%s", sentence);
}

static const char *
environment(const char *name)
{
	return getenv(name);
}

struct level_name {
	const char *name;
	enum log_level level;
};

static const struct level_name levels[] = {
	{"error", LEVEL_ERROR},
	{"warning", LEVEL_WARNING},
	{"info", LEVEL_INFO},
	{"debug", LEVEL_DEBUG},
};

void
command_set_log(const struct config *conf)
{
	for (size_t i = 0; i < countof(levels); i++)
		if (strcmp(levels[i].name, conf->log.level) == 0)
			log_set_level(levels[i].level);
	log_as_json(strcmp(conf->log.format, "json") == 0);
	log_to_syslog(strcmp(conf->log.to, "syslog") == 0);
}

static enum err
check_events(const struct config *conf)
{
	struct event_plan *plan = NULL;
	const char *why = NULL;
	enum err e = event_plan_open(conf, &plan, &why);

	event_plan_close(plan);
	if (e != OK)
		(void)command_fail(0, "%s", why);
	return e;
}

/* Nothing is connected to yet. */
static enum err
check_address(const struct config *conf)
{
	struct db_settings settings = {.url = conf->database.url};
	const char *why = NULL;
	struct db *db = NULL;
	enum err e = db_open(&settings, &db, &why);

	db_close(db);
	if (e != OK)
		(void)command_fail(0, "database.url: %s", why);
	return e;
}

static enum err
configure_by(const char *path, struct config **out)
{
	struct config_source from = {
		.path = path,
		.environment = environment,
		.complain = complain,
	};
	enum err e = config_load(&from, out);

	if (e == OK)
		e = check_events(*out);
	if (e == OK)
		e = mail_shelf_check(*out, complain, NULL);
	if (e == OK)
		e = page_shelf_check(*out, complain, NULL);
	if (e == OK)
		e = check_address(*out);
	if (e != OK) {
		config_free(*out);
		*out = NULL;
	}
	return e;
}

enum err
command_check_keys(const struct config *conf)
{
	struct arena *mem = arena_open(0, KEYS_MEMORY);
	const char *why = token_keys_fault(mem, conf);

	if (why != NULL)
		(void)command_fail(0, "%s", why);
	arena_close(mem);
	return why == NULL ? OK : ERR_CONFIGURATION;
}

enum err
command_configure(const char *path, struct config **out)
{
	struct home home;
	enum err e;

	if (path != NULL)
		return configure_by(path, out);
	*out = NULL;
	e = home_open(HOME_COMMAND, &home);
	if (e == OK)
		e = configure_by(home.file, out);
	home_close(&home);
	return e;
}

enum err
command_check_identity(const struct config *conf)
{
	const struct server_settings *s = &conf->server;
	struct identity id;

	if (identity_find(s->user, s->group, &id))
		return OK;
	if (identity_find(s->user, NULL, &id))
		(void)command_fail(0,
				   "server.group: this system knows no group "
				   "\"%s\"",
				   s->group);
	else
		(void)command_fail(0,
				   "server.user: this system knows no user "
				   "\"%s\"",
				   s->user);
	return ERR_CONFIGURATION;
}

enum err
command_become(const struct config *conf)
{
	struct identity id;

	TRY(command_check_identity(conf));
	if (identity_find(conf->server.user, conf->server.group, &id) &&
	    identity_make_folder(&id, conf->server.run_dir) &&
	    slots_make(conf->server.run_dir, &id) && identity_take(&id))
		return OK;
	(void)command_fail(0,
			   "cannot make the folder %s and its files, or become "
			   "the user "
			   "\"%s\", group \"%s\": %s",
			   conf->server.run_dir, conf->server.user,
			   conf->server.group, strerror(errno));
	return ERR_CONFIGURATION;
}

enum err
command_start(const char *path, struct config **out)
{
	enum err e = command_configure(path, out);

	if (e == OK)
		e = command_become(*out);
	if (e != OK) {
		config_free(*out);
		*out = NULL;
	}
	return e;
}
