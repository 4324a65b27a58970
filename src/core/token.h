/* SPDX-License-Identifier: MIT */
/*
 * Signed tokens: JWT (RFC 7519) with HS256, the algorithm fixed by the
 * configuration, never by the token. One kind of token never passes for
 * another: each has its own audience and its own key.
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

/* The keys, made once a process from the configured secrets. Heap. */
enum err token_keys_open(const struct config *conf, struct token_keys **out)
	NODISCARD NONNULL(1, 2);
void token_keys_close(struct token_keys *k);

/* What an access token says. Texts live on cx->mem. */
struct token {
	const char *subject; /* the user's canonical id */
	int64_t generation;  /* of the user's tokens; -1: it names none */
	int64_t issued_at;   /* iat, else from exp, else 0 */
	int64_t expires_at;  /* -1: never */
	const char *hash;    /* SHA-256 of the whole token, hexadecimal */
};

/*
 * A new access token for `subject`, valid for `lifetime` seconds (-1: for
 * ever, without exp) from cx->now. Its jti names the generation: "3-…"; under
 * jwt.reference_claims it has neither jti nor iat.
 */
enum err token_issue(struct ctx *cx, const char *subject, int64_t generation,
		     int64_t lifetime, const char **out)
	NODISCARD NONNULL(1, 2, 5);

/*
 * Reads an access token: ERR_BAD_TOKEN unless signature, audience, exp, nbf
 * and form are right. A token without exp is good only when lifetime is -1,
 * or under jwt.reference_claims.
 */
enum err token_read(struct ctx *cx, const char *text, int64_t lifetime,
		    struct token *out) NODISCARD NONNULL(1, 2, 4);

#endif
