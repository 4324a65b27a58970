/* SPDX-License-Identifier: MIT */
/*
 * Request bodies by type: forms, urlencoded (WHATWG URL, section 5) or
 * multipart (RFC 7578), and whether a body is JSON at all. As the reference
 * reads them.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

struct form;

/* Whether a body of this type is read as JSON: application/json or
 * application/…+json. NULL: no. */
bool body_is_json(const char *content_type);

/*
 * The body as a form. A body of another type gives a form without fields
 * (*out may then be NULL). ERR_BODY_UNREADABLE, ERR_MULTIPART_BOUNDARY; other
 * texts of the contract are set as rs's detail.
 */
enum err form_parse(const struct req *rq, struct resp *rs,
		    const struct form **out) NODISCARD NONNULL(1, 2, 3);

/* The query as a form. ERR_BODY_UNREADABLE when it has too many fields. */
enum err form_parse_query(const struct req *rq, const struct form **out)
	NODISCARD NONNULL(1, 2);

/*
 * The last value of a name, NULL when there is none. Bytes that were no text
 * (NUL, invalid UTF-8) are 0xff, as in base/json.h.
 */
const char *form_value(const struct form *f, const char *name) NONNULL(1, 2);

/* All values of a name, in their order; how many there are. */
size_t form_values(const struct form *f, struct arena *mem, const char *name,
		   const char ***out) NONNULL(1, 2, 3, 4);

/* Whether that value is an uploaded file: form_value gives no text of it. */
bool form_is_file(const struct form *f, const char *name) NONNULL(1, 2);

#endif
