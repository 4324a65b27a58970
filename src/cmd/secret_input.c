/* SPDX-License-Identifier: MIT */
#include "cmd/secret_input.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/text.h"
#include "cmd/command.h"
#include "core/password.h"

#define LINE_SIZE (PASSWORD_SIZE_LIMIT + 2)

/* One line without its end. ERR_INVALID when it is too long, holds a NUL or
 * is no UTF-8. */
static enum err
read_line(struct arena *mem, FILE *from, const char **out)
{
	char line[LINE_SIZE];
	size_t len = 0;
	enum err e = OK;
	int c;

	while ((c = getc(from)) != EOF && c != '\n') {
		if (len == sizeof(line) || c == '\0') {
			e = ERR_INVALID;
			goto out;
		}
		line[len++] = (char)c;
	}
	if (ferror(from) || (c == EOF && len == 0) || !text_is_utf8(line, len))
		e = ERR_INVALID;
	else
		*out = arena_copy(mem, line, len);
out:
	crypto_wipe(line, sizeof(line));
	return e;
}

static enum err
ask(struct arena *mem, FILE *terminal, const char *question, const char **out)
{
	struct termios before;
	struct termios quiet;
	enum err e;

	if (tcgetattr(fileno(terminal), &before) != 0)
		return ERR_INVALID;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)fputs(question, terminal);
	(void)fflush(terminal);
	if (tcsetattr(fileno(terminal), TCSAFLUSH, &quiet) != 0)
		return ERR_INVALID;
	e = read_line(mem, terminal, out);
	(void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	(void)fputs("\n", terminal);
	return e;
}

static enum err
read_prompt(struct arena *mem, const char **out)
{
	FILE *terminal = fopen("/dev/tty", "r+e");
	const char *again = NULL;
	enum err e;

	if (terminal == NULL) {
		(void)command_fail(0, "there is no terminal to ask for the "
				      "password; use --password-stdin or "
				      "--generate-password");
		return ERR_USAGE;
	}
	setvbuf(terminal, NULL, _IONBF, 0);
	e = ask(mem, terminal, "Password: ", out);
	if (e == OK)
		e = ask(mem, terminal, "Again: ", &again);
	(void)fclose(terminal);
	if (e == OK && strcmp(*out, again) != 0)
		e = ERR_INVALID;
	if (e != OK)
		(void)command_fail(0, "the two passwords differ, or cannot be "
				      "read");
	return e;
}

enum err
secret_read(struct arena *mem, enum secret_source source, const char **out)
{
	enum err e = OK;

	switch (source) {
	case SECRET_PROMPT:
		e = read_prompt(mem, out);
		break;
	case SECRET_STDIN:
		e = read_line(mem, stdin, out);
		if (e != OK)
			(void)command_fail(
				0,
				"standard input must hold the password in "
				"one line of UTF-8, at most %d bytes",
				PASSWORD_SIZE_LIMIT);
		break;
	case SECRET_GENERATED:
		*out = password_generate(mem);
		break;
	}
	return e;
}
