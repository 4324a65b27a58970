/* SPDX-License-Identifier: MIT */
/* What commands.def says, for who asks: --help, and the shells. */
#ifndef USAGE_H
#define USAGE_H

#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/err.h"
#include "cmd/command.h"

struct usage_command {
	const char *name;
	command_run *run;
	const char *help;
};

struct usage_action {
	const char *command;
	const char *action; /* "": the command alone */
	const char *operands;
	const char *help;
};

struct usage_option {
	const char *command;
	const char *action;
	const char *name;
	const char *argument; /* as in commands.def */
	const char *help;
};

/* The rows of commands.def, each kind in its order. */
extern const struct usage_command usage_commands[];
extern const struct usage_action usage_actions[];
extern const struct usage_option usage_options[];
extern const size_t usage_command_count;
extern const size_t usage_action_count;
extern const size_t usage_option_count;

/* All commands, for who names none. */
void usage_overview(FILE *to) NONNULL(1);

/* The command of that name, or NULL. */
const struct usage_command *usage_command_named(const char *name) NONNULL(1);

/*
 * Whether its arguments ask for help. It is printed then: of the action that
 * they name, or of all.
 */
bool usage_helps(const struct invocation *in) NONNULL(1);

/* ERR_USAGE, told, when an option is none of the action's; may be shortened
 * as getopt_long allows. */
enum err usage_judge(const struct invocation *in) NODISCARD NONNULL(1);

/* That the command is not used so, in a sentence; gives EX_USAGE. */
int usage_fail(const struct invocation *in) NONNULL(1);

#endif
