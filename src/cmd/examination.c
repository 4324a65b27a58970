/* SPDX-License-Identifier: MIT */
#include "cmd/examination.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cmd/command.h"

static const char *const levels[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_FAULT] = "fault",
};

static void
say_json(enum finding level, const char *check, const char *sentence)
{
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct buf out;

	buf_init(&out, mem, 256);
	json_begin(&out, NULL, '{');
	json_add_text(&out, "level", levels[level]);
	json_add_text(&out, "check", check);
	json_add_text(&out, "message", sentence);
	json_end(&out, '}');
	(void)puts(out.data);
	arena_close(mem);
}

static void
say(const struct examination *x, enum finding level, const char *check,
    const char *format, va_list args)
{
	struct arena *mem = arena_open(0, (size_t)1 << 20);
	struct buf sentence;

	buf_init(&sentence, mem, 256);
	buf_vprintf(&sentence, format, args);
	(void)command_printable(sentence.data);
	if (x->as_json)
		say_json(level, check, sentence.data);
	else if (level == FINDING_OK)
		(void)printf("ok: %s\n", sentence.data);
	else if (level == FINDING_WARNING)
		(void)command_fail(0, "warning: %s", sentence.data);
	else
		(void)command_fail(0, "%s: %s", check, sentence.data);
	arena_close(mem);
}

void
examination_good(struct examination *x, const char *check, const char *format,
		 ...)
{
	va_list args;

	va_start(args, format);
	say(x, FINDING_OK, check, format, args);
	va_end(args);
}

void
examination_warn(struct examination *x, const char *check, const char *format,
		 ...)
{
	va_list args;

	x->warnings++;
	va_start(args, format);
	say(x, FINDING_WARNING, check, format, args);
	va_end(args);
}

void
examination_fault(struct examination *x, enum err e, const char *check,
		  const char *format, ...)
{
	va_list args;

	if (x->first == OK)
		x->first = e;
	va_start(args, format);
	say(x, FINDING_FAULT, check, format, args);
	va_end(args);
}

int64_t
examination_skew(int64_t theirs, int64_t before)
{
	int64_t after = clock_now();

	if (theirs > after)
		return theirs - after;
	return theirs < before ? theirs - before : 0;
}
