/* SPDX-License-Identifier: MIT */
#include "base/err.h"

struct problem {
	int status;
	const char *name;
	const char *detail;
	const char *sentence;
};

static const struct problem problems[ERR__COUNT] = {
	[OK] = {200, "OK", "OK", "all is well"},
/* A row's tag and its name differ, so that grep finds both. */
#define PROBLEM(tag, code, text, why)                                          \
	[ERR_##tag] = {.status = (code),                                       \
		       .name = #tag,                                           \
		       .detail = (text),                                       \
		       .sentence = (why)},
#include "base/problems.def"
#undef PROBLEM
};

static const struct problem *
problem_of(enum err e)
{
	if ((unsigned)e >= ERR__COUNT)
		e = ERR_INTERNAL;
	return &problems[e];
}

int
err_status(enum err e)
{
	return problem_of(e)->status;
}

const char *
err_detail(enum err e)
{
	return problem_of(e)->detail;
}

const char *
err_sentence(enum err e)
{
	return problem_of(e)->sentence;
}

const char *
err_name(enum err e)
{
	return problem_of(e)->name;
}
