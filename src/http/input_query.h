/* SPDX-License-Identifier: MIT */
/* Queries against field tables, strictly: what nobody knows is refused. */
#ifndef INPUT_QUERY_H
#define INPUT_QUERY_H

#include "base/attr.h"
#include "base/err.h"
#include "http/input.h"

/*
 * Fills `out` and `more_out`, zeroed by the caller, with what the query gives
 * of two schemas whose fields all have is_value set; of one name in both, the
 * first schema's field is meant. An empty value of an OPTIONAL field is null.
 * ERR_UNPROCESSABLE with rs's detail naming every fault, a parameter that
 * neither knows among them: a filter that is misspelled must not show all.
 */
enum err input_read_filter(const struct input *in, const struct schema *schema,
			   void *out, const struct schema *more, void *more_out,
			   struct resp *rs) NODISCARD NONNULL(1, 2, 3, 4, 6);

/* What rs says of one parameter whose value no table can judge; returns
 * ERR_UNPROCESSABLE. */
enum err input_refuse_query(struct resp *rs, const char *name,
			    const char *message, const char *given)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
