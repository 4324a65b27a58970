/* SPDX-License-Identifier: MIT */
/*
 * The commands: one file each, a row each in commands.def. All end with an exit
 * status of sysexits(3), and say what went wrong in one sentence on standard
 * error.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"

/* What every command is given. */
struct invocation {
	const char *program;     /* as it was called */
	const char *config_path; /* NULL: that of home.h, since nobody named
				  * one */
	int argc;
	char **argv; /* argv[0] is the command's name */
};

typedef int command_run(const struct invocation *in);

command_run command_pool;
command_run command_cgi;
command_run command_fastcgi;
command_run command_migrate;
command_run command_adopt;
command_run command_user;
command_run command_check;
command_run command_courier;
command_run command_outbox;
command_run command_key;
command_run command_apikey;
command_run command_token;
command_run command_limits;
command_run command_completion;
command_run command_version;

/* The exit status that an outcome stands for; EX_OK for OK. */
int command_status(enum err e);

/* "fastcgi-users: " and a sentence on standard error; gives `status` back. */
int command_fail(int status, const char *format, ...) NONNULL(2) PRINTF(2, 3);

/* Puts ? in the place of what a terminal would obey, and of all that is not
 * ASCII where the text is not UTF-8. Gives the text back. */
char *command_printable(char *text) RETURNS_NONNULL NONNULL(1);

/* Loads the configuration, printing each fault. NULL: that of home.h. */
enum err command_configure(const char *path, struct config **out)
	NODISCARD NONNULL(2);

/* Whether this system knows the user and the group that the configuration
 * names, as far as that matters to who we are; which it does not is told. */
enum err command_check_identity(const struct config *conf) NODISCARD NONNULL(1);

/*
 * Makes run_dir and what workers need in it, and stops being root where the
 * configuration names a user: what a command creates must belong to whom the
 * workers run as. Failures are told.
 */
enum err command_become(const struct config *conf) NODISCARD NONNULL(1);

/* Whether the signing keys that the configuration asks for are there; what is
 * wrong is told. */
enum err command_check_keys(const struct config *conf) NODISCARD NONNULL(1);

/* Both. *out is NULL unless all went well. */
enum err command_start(const char *path, struct config **out)
	NODISCARD NONNULL(2);

/* Where log lines go and which. */
void command_set_log(const struct config *conf) NONNULL(1);

#endif
