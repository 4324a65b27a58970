/* SPDX-License-Identifier: MIT */
/* Many users at once: the subcommands export and import of `user`. */
#ifndef USER_BULK_H
#define USER_BULK_H

#include "base/attr.h"
#include "base/err.h"
#include "cmd/user_options.h"
#include "core/ctx.h"

/* Users on standard output, a line each, in the order of their ids, from
 * o->after on. */
enum err user_export(struct ctx *cx, struct user_options *o)
	NODISCARD NONNULL(1, 2);

/*
 * Users from standard input, in batches, each a transaction of its own. Lines
 * that are refused are told with number and reason; a batch that has one is
 * not written, and is the last, unless o says to skip them. ERR_INVALID when
 * any was refused. Nobody is told of the new users.
 */
enum err user_import(struct ctx *cx, struct user_options *o)
	NODISCARD NONNULL(1, 2);

#endif
