/* SPDX-License-Identifier: MIT */
/*
 * What the tokens of a backend are, and what can be done with them: a row of
 * operations for each word of the setting backend.strategy.
 */
#ifndef STRATEGY_H
#define STRATEGY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/token.h"
#include "store/user.h"

struct strategy {
	const char *name;
	/* Whose token this is; ERR_BAD_TOKEN when nobody's. Another failure
	 * says nothing about the token. */
	enum err (*read)(struct ctx *cx, const struct backend_settings *backend,
			 const char *text, struct user *out,
			 struct token *token) NODISCARD;
	/* The same by what the token itself proves, as sign_in_trust says; NULL
	 * where it proves nothing. */
	enum err (*trust)(struct ctx *cx,
			  const struct backend_settings *backend,
			  const char *text, struct user *out,
			  struct token *token) NODISCARD;
	/* What a token tells by itself; strategy_find_user tells the rest.
	 * NULL where somebody else has to be asked. */
	enum err (*decode)(struct ctx *cx,
			   const struct backend_settings *backend,
			   const char *text, struct token *token) NODISCARD;
	/* The same for a token that was read before: does it still stand? */
	enum err (*confirm)(struct ctx *cx, const struct token *token,
			    struct user *out) NODISCARD;
	/* Fills in when a token that was read was issued and expires; NULL
	 * where reading it tells that. */
	enum err (*date)(struct ctx *cx, struct token *token) NODISCARD;
	/* A new token. ERR_LOGIN_BAD_CREDENTIALS when the user's sessions were
	 * ended since `u` was read. */
	enum err (*write)(struct ctx *cx,
			  const struct backend_settings *backend,
			  const struct user *u, const char **token) NODISCARD;
	/* Voids the token from now on, as far as that is configured. */
	enum err (*destroy)(struct ctx *cx, const struct token *token)
		NODISCARD;
};

extern const struct strategy strategy_jwt;
extern const struct strategy strategy_database;
extern const struct strategy strategy_redis;
/* Of api_key_backend alone. */
extern const struct strategy strategy_api_key;

const struct strategy *strategy_of(const struct backend_settings *backend)
	RETURNS_NONNULL NONNULL(1);

/* Whether any backend has the strategy. */
bool strategy_is_used(const struct config *conf, const struct strategy *s)
	NONNULL(1, 2);

/* The longest lifetime of the backends with this strategy, in seconds, "none"
 * left aside: what a token that expires may have had. 0 when there is none. */
int64_t strategy_lifetime(const struct config *conf, const struct strategy *s)
	NONNULL(1, 2);

/* The token's subject in its canonical form; ERR_BAD_TOKEN when it is no id. */
enum err strategy_name_user(struct ctx *cx, struct token *token)
	NODISCARD NONNULL(1, 2);

/* Whether what is kept with the user speaks against the token. */
bool strategy_is_ended(const struct user_session *s, const struct token *token)
	NONNULL(1, 2);

/* For tokens that nobody keeps with the user: ERR_BAD_TOKEN when the token was
 * ended by its user's new generation, or logged out, or its user is gone. */
enum err strategy_find_user(struct ctx *cx, const struct token *token,
			    struct user *out) NODISCARD NONNULL(1, 2, 3);

/* What strategy_find_user then finds: a logout that holds as long as the token
 * would. */
enum err strategy_revoke(struct ctx *cx, const struct token *token)
	NODISCARD NONNULL(1, 2);

/* A token that means nothing by itself: 43 characters of 32 random bytes, as
 * the reference makes them. */
const char *strategy_random_token(struct arena *mem) RETURNS_NONNULL NONNULL(1);
/* Whether the text is of that form; nothing else is looked up anywhere. */
bool strategy_is_random_token(const char *text) NONNULL(1);

#endif
