/* SPDX-License-Identifier: MIT */
#include "cmd/usage.h"

#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#define WIDTH 76
#define HELP_COLUMN 30

const struct usage_command usage_commands[] = {
#define COMMAND(name, help) {#name, command_##name, (help)},
#define ACTION(command, action, operands, help)
#define OPTION(command, action, name, argument, help)
#include "cmd/commands.def"
#undef COMMAND
#undef ACTION
#undef OPTION
};
const size_t usage_command_count = countof(usage_commands);

const struct usage_action usage_actions[] = {
#define COMMAND(name, help)
#define ACTION(command, action, operands, help)                                \
	{(command), (action), (operands), (help)},
#define OPTION(command, action, name, argument, help)
#include "cmd/commands.def"
#undef COMMAND
#undef ACTION
#undef OPTION
};
const size_t usage_action_count = countof(usage_actions);

const struct usage_option usage_options[] = {
#define COMMAND(name, help)
#define ACTION(command, action, operands, help)
#define OPTION(command, action, name, argument, help)                          \
	{(command), (action), (name), (argument), (help)},
#include "cmd/commands.def"
#undef COMMAND
#undef ACTION
#undef OPTION
};
const size_t usage_option_count = countof(usage_options);

/* Text from a column on, its lines broken at blanks; `at` is where we are. */
static void
wrapped(FILE *to, const char *text, int column, int at)
{
	while (*text != '\0') {
		int word = (int)strcspn(text, " ");

		if (at > column && at + 1 + word > WIDTH) {
			(void)fprintf(to, "\n%*s", column, "");
			at = column;
		} else if (at > column) {
			(void)fputc(' ', to);
			at++;
		}
		(void)fprintf(to, "%.*s", word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	(void)fputc('\n', to);
}

/* A term and, in a column of their own, the words for it. */
static void
item(FILE *to, int used, const char *help)
{
	if (used >= HELP_COLUMN - 1) {
		(void)fputc('\n', to);
		used = 0;
	}
	(void)fprintf(to, "%*s", HELP_COLUMN - used, "");
	wrapped(to, help, HELP_COLUMN, HELP_COLUMN);
}

void
usage_overview(FILE *to)
{
	(void)fputs("usage: fastcgi-users [-c FILE] COMMAND [ARGUMENT ...]\n"
		    "       fastcgi-users COMMAND --help\n\n",
		    to);
	for (size_t i = 0; i < usage_command_count; i++)
		item(to, fprintf(to, "  %s", usage_commands[i].name),
		     usage_commands[i].help);
	(void)fputc('\n', to);
	item(to, fprintf(to, "  -c, --config=FILE"), "read this configuration");
	item(to, fprintf(to, "  -h, --help"), "say this");
	item(to, fprintf(to, "  --version"), "print the version");
	(void)fputs("\nSee fastcgi-users(8).\n", to);
}

const struct usage_command *
usage_command_named(const char *name)
{
	for (size_t i = 0; i < usage_command_count; i++)
		if (strcmp(usage_commands[i].name, name) == 0)
			return &usage_commands[i];
	return NULL;
}

/* The action that the first argument names, or else the command alone; NULL
 * where neither is there. */
static const struct usage_action *
action_of(const struct invocation *in)
{
	const char *word = in->argc > 1 ? in->argv[1] : "";
	const struct usage_action *alone = NULL;

	for (size_t i = 0; i < usage_action_count; i++) {
		const struct usage_action *a = &usage_actions[i];

		if (strcmp(a->command, in->argv[0]) != 0)
			continue;
		if (*a->action == '\0')
			alone = a;
		else if (strcmp(a->action, word) == 0)
			return a;
	}
	return alone;
}

static bool
is_of(const struct usage_option *o, const struct usage_action *a)
{
	return strcmp(o->command, a->command) == 0 &&
	       strcmp(o->action, a->action) == 0;
}

static int
option_term(FILE *to, const struct usage_option *o)
{
	if (*o->argument == '=')
		return fprintf(to, "  --%s[%s]", o->name, o->argument);
	return fprintf(to, "  --%s%s%s", o->name,
		       *o->argument != '\0' ? " " : "", o->argument);
}

static bool
has_options(const struct usage_action *a)
{
	for (size_t i = 0; i < usage_option_count; i++)
		if (is_of(&usage_options[i], a))
			return true;
	return false;
}

static void
action_line(FILE *to, const struct usage_action *a)
{
	(void)fprintf(to, "usage: fastcgi-users [-c FILE] %s%s%s%s%s%s\n",
		      a->command, *a->action != '\0' ? " " : "", a->action,
		      *a->operands != '\0' ? " " : "", a->operands,
		      has_options(a) ? " [OPTION ...]" : "");
}

static void
action_help(FILE *to, const struct usage_action *a)
{
	action_line(to, a);
	wrapped(to, a->help, 0, 0);
	for (size_t i = 0; i < usage_option_count; i++)
		if (is_of(&usage_options[i], a))
			item(to, option_term(to, &usage_options[i]),
			     usage_options[i].help);
}

static void
command_help(FILE *to, const char *command)
{
	bool first = true;

	for (size_t i = 0; i < usage_action_count; i++) {
		if (strcmp(usage_actions[i].command, command) != 0)
			continue;
		if (!first)
			(void)fputc('\n', to);
		action_help(to, &usage_actions[i]);
		first = false;
	}
}

bool
usage_helps(const struct invocation *in)
{
	const struct usage_action *a = action_of(in);

	for (int i = 1; i < in->argc && strcmp(in->argv[i], "--") != 0; i++) {
		if (strcmp(in->argv[i], "--help") != 0 &&
		    strcmp(in->argv[i], "-h") != 0)
			continue;
		if (a != NULL && *a->action != '\0')
			action_help(stdout, a);
		else
			command_help(stdout, in->argv[0]);
		(void)fputs("\nSee fastcgi-users(8).\n", stdout);
		return true;
	}
	return false;
}

/* Whether the action has the option that begins so. */
static bool
takes(const struct usage_action *a, const char *name, size_t len)
{
	for (size_t i = 0; i < usage_option_count; i++)
		if (is_of(&usage_options[i], a) &&
		    strncmp(usage_options[i].name, name, len) == 0)
			return true;
	return false;
}

enum err
usage_judge(const struct invocation *in)
{
	const struct usage_action *a = action_of(in);

	for (int i = 1; a != NULL && i < in->argc; i++) {
		const char *word = in->argv[i];
		size_t len = strcspn(word, "=");

		if (strcmp(word, "--") == 0)
			break;
		if (len < 2 || word[0] != '-' || word[1] != '-' ||
		    takes(a, word + 2, len - 2))
			continue;
		(void)command_fail(0, "%s%s%s does not take %.*s; try --help",
				   a->command, *a->action != '\0' ? " " : "",
				   a->action, (int)len, word);
		return ERR_USAGE;
	}
	return OK;
}

int
usage_fail(const struct invocation *in)
{
	const struct usage_action *a = action_of(in);

	if (a == NULL && in->argc > 1)
		return command_fail(EX_USAGE,
				    "%s has no action \"%s\"; try %s --help",
				    in->argv[0], in->argv[1], in->argv[0]);
	return command_fail(EX_USAGE,
			    "%s is not used like that; try %s%s%s "
			    "--help",
			    in->argv[0], in->argv[0],
			    a != NULL && *a->action != '\0' ? " " : "",
			    a != NULL ? a->action : "");
}
