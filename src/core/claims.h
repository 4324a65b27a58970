/* SPDX-License-Identifier: MIT */
/*
 * Claims of a token that was verified (RFC 7519, section 4.1), read as the
 * reference's library reads them.
 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "base/json.h"

/* A time past the year 9999, or as long before 1970, is nobody's. */
#define CLAIM_TIME_LIMIT INT64_C(253402300799)

/* Longest leeway that can be configured: a revocation must outlive what any
 * leeway, now or after a reload, adds to its token. */
#define CLAIM_LEEWAY_LIMIT 3600

/*
 * Whole seconds of exp, iat or nbf, cut towards zero; *out stays as it is
 * when there is no such claim. ERR_BAD_TOKEN: no number, or nobody's time.
 */
enum err claim_time(const struct json *claims, const char *name, int64_t *out)
	NODISCARD NONNULL(1, 2, 3);

/* Whether aud is one of these, compared as a whole, or a list of texts that
 * holds one. */
bool claims_are_for(const struct json *claims,
		    const struct text_list *audiences) NONNULL(1, 2);

#endif
