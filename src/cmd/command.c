/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"

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
	{ERR_NOT_FOUND, EX_NOUSER},
	{ERR_DATABASE_DOWN, EX_UNAVAILABLE},
	{ERR_CONFLICT, EX_TEMPFAIL},
	{ERR_BUSY, EX_TEMPFAIL},
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

int
command_fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("fastcgi-users: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputs("\n", stderr);
	va_end(args);
	return status;
}

int
command_fail_with(enum err e, const char *what)
{
	return command_fail(command_status(e), "%s: %s", what, err_sentence(e));
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
	if (strcmp(conf->log.to, "syslog") == 0)
		log_to_syslog();
}

enum err
command_configure(const char *path, struct config **out)
{
	struct config_source from = {
		.path = path,
		.environment = environment,
		.complain = complain,
	};

	return config_load(&from, out);
}
