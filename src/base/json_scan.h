/* SPDX-License-Identifier: MIT */
/*
 * The strict pass of json.c: grammar, encoding and limits are judged here, in
 * one go and without recursion. It writes a copy of the document in which
 * nothing is left that cJSON would misread.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define JSON_VALUES_LIMIT 10000

/* Stands for a character that C text or UTF-8 cannot hold. */
#define JSON_UNCLEAN '\xff'

struct json_cleaned {
	struct buf clean;   /* each number is "0" */
	struct buf numbers; /* their spellings in order, each with its NUL */
};

/* As json_parse. */
enum err json_scan(struct arena *mem, const char *bytes, size_t len,
		   enum json_rules rules, struct json_cleaned *out,
		   struct json_fault *fault) NODISCARD NONNULL(1, 5, 6);

#endif
