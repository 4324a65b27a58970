/* SPDX-License-Identifier: MIT */
/* Scripts for shells, made from commands.def. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/usage.h"

static const char bash_head[] =
	"# Completion of fastcgi-users(8) for bash, made by fastcgi-users "
	"completion bash.\n"
	"_fastcgi_users()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command= action= words= i\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == '=' ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == '=' ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t-c | --config)\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} == '=' ]] && ((i++))\n"
	"\t\t\t((i++))\n"
	"\t\t\t;;\n"
	"\t\t-* | =) ;;\n"
	"\t\t*)\n"
	"\t\t\tif [[ -z $command ]]; then\n"
	"\t\t\t\tcommand=${COMP_WORDS[i]}\n"
	"\t\t\telif [[ -z $action ]]; then\n"
	"\t\t\t\taction=${COMP_WORDS[i]}\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif [[ -z $command && ($prev == -c || $prev == --config) ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n";

static const char bash_tail[] =
	"\tesac\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"}\n"
	"complete -F _fastcgi_users fastcgi-users\n";

/* "a|b" as "a b" */
static void
put_words(const char *argument)
{
	for (; *argument != '\0'; argument++)
		(void)putchar(*argument == '|' ? ' ' : *argument);
}

/* An argument that is one of several words: where they begin, else NULL. */
static const char *
words_of(const struct usage_option *o)
{
	if (*o->argument == '=')
		return o->argument + 1;
	return strchr(o->argument, '|') != NULL ? o->argument : NULL;
}

static bool
is_of(const struct usage_option *o, const struct usage_action *a)
{
	return strcmp(o->command, a->command) == 0 &&
	       strcmp(o->action, a->action) == 0;
}

/* The options whose argument comes behind a blank. */
static void
bash_arguments(void)
{
	(void)puts("\tcase \"$command $action $prev\" in");
	for (size_t i = 0; i < usage_option_count; i++) {
		const struct usage_option *o = &usage_options[i];
		const char *words = words_of(o);

		if (*o->argument == '\0')
			continue;
		/* One that may be left out stands behind = only. */
		(void)printf("\t'%s %s --%s')\n", o->command, o->action,
			     o->name);
		if (*o->argument == '=')
			(void)puts("\t\tif [[ ${COMP_WORDS[COMP_CWORD-1]} == "
				   "'=' || ${COMP_WORDS[COMP_CWORD]} == '=' "
				   "]]; then");
		if (words != NULL) {
			(void)fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
			put_words(words);
			(void)puts("' -- \"$cur\"))");
		}
		(void)puts("\t\treturn");
		if (*o->argument == '=')
			(void)puts("\t\tfi");
		(void)puts("\t\t;;");
	}
	(void)puts("\tesac");
}

/* What may come next where so much was said: the actions of a command. */
static void
bash_actions(const char *command)
{
	(void)printf("\t'%s ') words='", command);
	for (size_t i = 0; i < usage_action_count; i++) {
		const struct usage_action *a = &usage_actions[i];

		if (strcmp(a->command, command) != 0)
			continue;
		if (*a->action != '\0')
			(void)printf("%s ", a->action);
		for (size_t k = 0; k < usage_option_count; k++)
			if (*a->action == '\0' && is_of(&usage_options[k], a))
				(void)printf("--%s ", usage_options[k].name);
	}
	(void)puts("--help' ;;");
}

static int
print_bash(void)
{
	(void)fputs(bash_head, stdout);
	bash_arguments();
	(void)puts("\tcase \"$command $action\" in");
	(void)fputs("\t' ') words='", stdout);
	for (size_t i = 0; i < usage_command_count; i++)
		(void)printf("%s ", usage_commands[i].name);
	(void)puts("-c --config --help --version' ;;");
	for (size_t i = 0; i < usage_command_count; i++)
		bash_actions(usage_commands[i].name);
	for (size_t i = 0; i < usage_action_count; i++) {
		const struct usage_action *a = &usage_actions[i];

		if (*a->action == '\0')
			continue;
		(void)printf("\t'%s %s') words='", a->command, a->action);
		for (size_t k = 0; k < usage_option_count; k++)
			if (is_of(&usage_options[k], a))
				(void)printf("--%s ", usage_options[k].name);
		(void)puts("--help' ;;");
	}
	(void)fputs(bash_tail, stdout);
	return EX_OK;
}

static const char zsh_head[] =
	"#compdef fastcgi-users\n"
	"# Completion of fastcgi-users(8) for zsh, made by fastcgi-users "
	"completion zsh.\n"
	"_fastcgi-users()\n"
	"{\n"
	"\tlocal curcontext=$curcontext state line\n"
	"\tlocal -a commands actions\n"
	"\ttypeset -A opt_args\n"
	"\n"
	"\t_arguments -C \\\n"
	"\t\t'(-c --config)'{-c,--config}'[read this "
	"configuration]:file:_files' \\\n"
	"\t\t'(-h --help)'{-h,--help}'[say what there is]' \\\n"
	"\t\t'--version[print the version]' \\\n"
	"\t\t'1:command:->command' \\\n"
	"\t\t'*::argument:->argument' && return\n"
	"\tif [[ $state == command ]]; then\n"
	"\t\tcommands=(\n";

static const char zsh_middle[] = "\t\t)\n"
				 "\t\t_describe -t commands command commands\n"
				 "\t\treturn\n"
				 "\tfi\n"
				 "\tcase $words[1] in\n";

static const char zsh_tail[] =
	"\tesac\n"
	"}\n"
	"if [[ $funcstack[1] == _fastcgi-users ]]; then\n"
	"\t_fastcgi-users \"$@\"\n"
	"else\n"
	"\tcompdef _fastcgi-users fastcgi-users\n"
	"fi\n";

/* Text within '…', where [ ] and : mean something to _arguments. */
static void
zsh_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			(void)fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text) != NULL)
			(void)printf("\\%c", *text);
		else
			(void)putchar(*text);
	}
}

static void
zsh_option(const struct usage_option *o)
{
	const char *words = words_of(o);
	bool may_be_left_out = *o->argument == '=';

	(void)printf(" \\\n\t\t\t'*--%s%s[", o->name,
		     may_be_left_out        ? "=-"
		     : *o->argument != '\0' ? "="
					    : "");
	zsh_text(o->help);
	(void)putchar(']');
	if (*o->argument != '\0')
		(void)fputs(may_be_left_out ? "::" : ":", stdout);
	if (words != NULL) {
		(void)fputs("which:(", stdout);
		put_words(words);
		(void)putchar(')');
	} else if (*o->argument != '\0') {
		zsh_text(o->argument);
		(void)putchar(':');
	}
	(void)putchar('\'');
}

static void
zsh_arguments(const struct usage_action *a)
{
	(void)fputs("\t\t\t_arguments '--help[say what there is]'", stdout);
	for (size_t i = 0; i < usage_option_count; i++)
		if (is_of(&usage_options[i], a))
			zsh_option(&usage_options[i]);
	(void)putchar('\n');
}

static bool
has_actions(const char *command)
{
	for (size_t i = 0; i < usage_action_count; i++)
		if (strcmp(usage_actions[i].command, command) == 0 &&
		    *usage_actions[i].action != '\0')
			return true;
	return false;
}

static void
zsh_actions(const char *command)
{
	(void)puts("\t\tif ((CURRENT == 2)); then\n\t\t\tactions=(");
	for (size_t i = 0; i < usage_action_count; i++) {
		const struct usage_action *a = &usage_actions[i];

		if (strcmp(a->command, command) != 0 || *a->action == '\0')
			continue;
		(void)printf("\t\t\t\t'%s:", a->action);
		zsh_text(a->help);
		(void)puts("'");
	}
	(void)puts("\t\t\t)\n\t\t\t_describe -t actions action actions\n"
		   "\t\t\treturn\n\t\tfi\n\t\tshift words\n"
		   "\t\t((CURRENT--))\n\t\tcase $words[1] in");
	for (size_t i = 0; i < usage_action_count; i++) {
		const struct usage_action *a = &usage_actions[i];

		if (strcmp(a->command, command) != 0 || *a->action == '\0')
			continue;
		(void)printf("\t\t%s)\n", a->action);
		zsh_arguments(a);
		(void)puts("\t\t\t;;");
	}
	(void)puts("\t\tesac");
}

static int
print_zsh(void)
{
	(void)fputs(zsh_head, stdout);
	for (size_t i = 0; i < usage_command_count; i++) {
		(void)printf("\t\t\t'%s:", usage_commands[i].name);
		zsh_text(usage_commands[i].help);
		(void)puts("'");
	}
	(void)fputs(zsh_middle, stdout);
	for (size_t i = 0; i < usage_command_count; i++) {
		const char *name = usage_commands[i].name;

		(void)printf("\t%s)\n", name);
		if (has_actions(name))
			zsh_actions(name);
		for (size_t k = 0; k < usage_action_count; k++)
			if (!has_actions(name) &&
			    strcmp(usage_actions[k].command, name) == 0)
				zsh_arguments(&usage_actions[k]);
		(void)puts("\t\t;;");
	}
	(void)fputs(zsh_tail, stdout);
	return EX_OK;
}

int
command_completion(const struct invocation *in)
{
	int status;

	if (in->argc != 2)
		return usage_fail(in);
	if (strcmp(in->argv[1], "bash") == 0)
		status = print_bash();
	else if (strcmp(in->argv[1], "zsh") == 0)
		status = print_zsh();
	else
		return usage_fail(in);
	return fflush(stdout) != 0 ? EX_IOERR : status;
}
