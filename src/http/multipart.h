/* SPDX-License-Identifier: MIT */
/* multipart/form-data (RFC 7578, RFC 2046), as the reference reads it. */
#ifndef MULTIPART_H
#define MULTIPART_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "http/form.h"
#include "http/option.h"

/*
 * Adds the parts of a body to `out`. ERR_MULTIPART_BOUNDARY when the content
 * type names no boundary; ERR_BODY_UNREADABLE with *reason set, to the words
 * that the contract has for it. What follows the last finished part of a body
 * that was cut off is dropped without a complaint.
 */
enum err multipart_read(struct arena *mem, const char *content_type,
			struct span body, struct form *out, const char **reason)
	NODISCARD NONNULL(1, 2, 4, 5);

#endif
