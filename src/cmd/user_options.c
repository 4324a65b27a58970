/* SPDX-License-Identifier: MIT */
#include "cmd/user_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/command.h"

static const bool yes = true;
static const bool no = false;

static const struct option options[] = {
	{"json", no_argument, NULL, USER_JSON},
	{"password-stdin", no_argument, NULL, USER_STDIN},
	{"generate-password", no_argument, NULL, USER_GENERATE},
	{"password", no_argument, NULL, USER_PROMPT},
	{"active", optional_argument, NULL, USER_ACTIVE},
	{"superuser", optional_argument, NULL, USER_SUPERUSER},
	{"verified", optional_argument, NULL, USER_VERIFIED},
	{"email", required_argument, NULL, USER_EMAIL},
	{"set", required_argument, NULL, USER_FIELD},
	{"after", required_argument, NULL, USER_AFTER},
	{"limit", required_argument, NULL, USER_LIMIT},
	{"search", required_argument, NULL, USER_SEARCH},
	{"sort", required_argument, NULL, USER_SORT},
	{"count", no_argument, NULL, USER_COUNT},
	{"check", no_argument, NULL, USER_CHECK},
	{"skip-bad", no_argument, NULL, USER_SKIP_BAD},
	{"skip-existing", no_argument, NULL, USER_SKIP_EXISTING},
	{"quiet", no_argument, NULL, USER_QUIET},
	{0},
};

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
	if (o->new_password) {
		(void)command_fail(0, "the password comes from one place only; "
				      "try user --help");
		return ERR_USAGE;
	}
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
take_set(struct user_options *o, const char *text)
{
	const char *sign = strchr(text, '=');

	if (sign == NULL || sign == text) {
		(void)command_fail(0, "--set takes FIELD=VALUE, not \"%s\"",
				   text);
		return ERR_USAGE;
	}
	if (o->set_count == USER_SETS_LIMIT)
		return ERR_USAGE;
	o->sets[o->set_count++] = text;
	return OK;
}

static enum err
take_sort(struct user_options *o, const char *text)
{
	if (user_order_read(text, &o->order))
		return OK;
	(void)command_fail(
		0, "--sort takes id, -id, email or -email, not \"%s\"", text);
	return ERR_USAGE;
}

static enum err
take_option(struct user_options *o, enum user_option option)
{
	o->given |= option;
	switch (option) {
	case USER_JSON:
		o->json = true;
		return OK;
	case USER_STDIN:
		return take_password(o, SECRET_STDIN);
	case USER_GENERATE:
		return take_password(o, SECRET_GENERATED);
	case USER_PROMPT:
		return take_password(o, SECRET_PROMPT);
	case USER_ACTIVE:
		return take_flag(&o->change.is_active, "active", optarg);
	case USER_SUPERUSER:
		return take_flag(&o->change.is_superuser, "superuser", optarg);
	case USER_VERIFIED:
		return take_flag(&o->change.is_verified, "verified", optarg);
	case USER_EMAIL:
		o->change.email = optarg;
		return OK;
	case USER_FIELD:
		return take_set(o, optarg);
	case USER_AFTER:
		o->given_after = optarg;
		return OK;
	case USER_LIMIT:
		return take_limit(o, optarg);
	case USER_SEARCH:
		o->search = optarg;
		return OK;
	case USER_SORT:
		return take_sort(o, optarg);
	case USER_COUNT:
		o->count = true;
		return OK;
	case USER_CHECK:
		o->check = true;
		return OK;
	case USER_SKIP_BAD:
		o->skip_bad = true;
		return OK;
	case USER_SKIP_EXISTING:
		o->skip_existing = true;
		return OK;
	case USER_QUIET:
		o->quiet = true;
		return OK;
	}
	return ERR_USAGE;
}

/* What only the whole line shows. */
static enum err
check_line(const struct user_syntax *syntax, const struct user_options *o,
	   int operands)
{
	if (operands != (syntax->names_user ? 1 : 0)) {
		(void)command_fail(
			0, "user %s takes %s; try user --help", syntax->name,
			syntax->names_user ? "one operand" : "no operand");
		return ERR_USAGE;
	}
	if (syntax->changes != 0 && (o->given & syntax->changes) == 0) {
		(void)command_fail(0,
				   "user %s must be told what to change; try "
				   "user --help",
				   syntax->name);
		return ERR_USAGE;
	}
	return OK;
}

enum err
user_options_read(const struct user_syntax *syntax, int argc, char **argv,
		  struct user_options *out)
{
	int which = 0;
	int key;

	*out = (struct user_options){0};
	while ((key = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (key == '?')
			return ERR_USAGE;
		if (((unsigned)key & syntax->options) == 0) {
			(void)command_fail(0, "user %s does not take --%s",
					   syntax->name, options[which].name);
			return ERR_USAGE;
		}
		TRY(take_option(out, (enum user_option)key));
	}
	out->who = argv[optind];
	return check_line(syntax, out, argc - optind);
}
