/* SPDX-License-Identifier: MIT */
/*
 * Which state of a user an answer shows, and a request means (RFC 9110,
 * sections 8.8.3 and 13.1): a strong tag, made of what is shown.
 */
#ifndef ETAG_H
#define ETAG_H

#include "api/bound.h"

/* In its quotes. */
const char *etag_of(struct arena *mem, const struct buf *shown)
	RETURNS_NONNULL NONNULL(1, 2);

/* Whether a header's list names the tag; "*" names every one. `weakly`: one
 * that is marked as weak counts, too. */
bool etag_is_listed(const char *list, const char *etag, bool weakly)
	NONNULL(1, 2);

/* Adds the tag of what is about to be shown, on the users' routes.
 * *is_known: whoever asks has it already, so 304 will do.
 * ERR_PRECONDITION_FAILED when a request that reads wants another. */
enum err etag_answer(struct call *c, const struct buf *shown, bool *is_known)
	NODISCARD NONNULL(1, 2, 3);

/* What If-Match and If-None-Match of a request that writes expect of whom it
 * changes; NULL: nothing. */
const struct precondition *etag_expected(const struct call *c) NONNULL(1);

/* The same as one element of a batch says it, in the words of If-Match. */
const struct precondition *etag_expected_as(const struct call *c,
					    const char *if_match)
	RETURNS_NONNULL NONNULL(1, 2);

#endif
