/* SPDX-License-Identifier: MIT */
/*
 * Signed access tokens: JWT (RFC 7519), the algorithm fixed by the backend's
 * configuration, never by the token. The tokens of one backend never pass for
 * those of another with other keys or audiences.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"

#define TOKEN_SIZE_LIMIT 4096

/* What an access token of any strategy says. Texts live on cx->mem. */
struct token {
	const struct backend_settings *backend; /* whose it is */
	const char *text;                       /* the token itself */
	const char *subject;                    /* the user's canonical id */
	int64_t generation; /* of the user's tokens; -1: it names none */
	int64_t issued_at;  /* as told or concluded, else 0 */
	int64_t expires_at; /* -1: never, or nobody knows */
	const char *hash;   /* SHA-256, hexadecimal, of what is signed, or of
			     * the whole token where nothing is */
	unsigned scope;     /* of an API key: what it may do, bits of enum
			     * api_scope; 0: it is none */
};

/*
 * A new signed token of the backend for `subject`, valid from cx->now for the
 * backend's lifetime; for ever, without exp, when that is -1. Its jti names
 * the generation: "3-…".
 */
enum err token_issue(struct ctx *cx, const struct backend_settings *backend,
		     const char *subject, int64_t generation, const char **out)
	NODISCARD NONNULL(1, 2, 3, 5);

/*
 * Reads a signed token of the backend: ERR_BAD_TOKEN unless signature,
 * audience, exp, nbf and form are right. A token without exp is good only
 * where the backend's lifetime is -1.
 */
enum err token_read(struct ctx *cx, const struct backend_settings *backend,
		    const char *text, struct token *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/* The same but for out->hash, which stays NULL: for who looks nothing up. */
enum err token_verify(struct ctx *cx, const struct backend_settings *backend,
		      const char *text, struct token *out)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
