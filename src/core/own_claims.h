/* SPDX-License-Identifier: MIT */
/*
 * The claims of an access token in the very spelling in which token_issue
 * writes them. Nearly every request brings such a token, so they are read
 * without a JSON parser.
 */
#ifndef OWN_CLAIMS_H
#define OWN_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"

struct own_claims {
	const char *subject; /* a plausible id, on the arena */
	int64_t expires_at;
	int64_t issued_at;
	int64_t generation;
};

/*
 * Of a payload that was verified. False when it is spelled in any other way,
 * or names other audiences than all of these: that says nothing against it.
 */
bool own_claims_read(struct arena *mem, const char *text, size_t len,
		     const struct text_list *audiences, struct own_claims *out)
	NODISCARD NONNULL(1, 2, 4, 5);

#endif
