/* SPDX-License-Identifier: MIT */
/* The one list of outcomes; problems.def holds it. */
#ifndef ERR_H
#define ERR_H

#include "base/attr.h"

enum err {
	OK,
#define PROBLEM(name, status, detail, sentence) ERR_##name,
#include "base/problems.def"
#undef PROBLEM
	ERR__COUNT
};

/* The HTTP status an outcome ends as: 200 for OK. */
int err_status(enum err e);

/* The `detail` a client reads, "OK" for OK. Never NULL, static. */
const char *err_detail(enum err e) RETURNS_NONNULL;

/* A sentence for people, without a full stop. Never NULL, static. */
const char *err_sentence(enum err e) RETURNS_NONNULL;

/* The name of the row, which logs show: "DATABASE_DOWN". Static. */
const char *err_name(enum err e) RETURNS_NONNULL;

#endif
