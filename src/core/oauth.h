/* SPDX-License-Identifier: MIT */
/*
 * Signing in with somebody else's account (RFC 6749, OpenID Connect Core
 * 1.0): the way to the provider, the way back, and whose account it is here.
 */
#ifndef OAUTH_H
#define OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "core/token.h"
#include "store/oauth_account.h"
#include "store/user.h"

struct oauth;

/* What asks providers, and what they said of themselves; once a process. Heap;
 * oauth_close frees. *out is NULL where no provider is configured. */
enum err oauth_open(const struct config *conf, struct oauth **out)
	NODISCARD NONNULL(1, 2);
void oauth_close(struct oauth *o);

/* What a way to a provider is for: one never passes for the other. */
enum oauth_purpose { OAUTH_LOGIN, OAUTH_ASSOCIATE };

/* A way to a provider as it begins. */
struct oauth_way {
	const struct provider_settings *provider;
	enum oauth_purpose purpose;
	const char *user_id;  /* who associates; NULL for a sign-in */
	const char *redirect; /* where the provider sends the browser to */
};

/*
 * The address to send the browser to, and the value of the cookie that ties
 * it to this browser. Of the scopes asked for, those that are configured
 * count, and openid always; without any of them, the configured ones are asked
 * for.
 * ERR_OAUTH_PROVIDER_ERROR when the provider has to be asked and fails.
 */
enum err oauth_begin(struct ctx *cx, const struct oauth_way *way,
		     const struct text_list *scopes, const char **url,
		     const char **cookie) NODISCARD NONNULL(1, 2, 3, 4, 5);

/* What the browser brings back; NULL for what is missing. */
struct oauth_return {
	const char *code; /* never NULL */
	const char *state;
	const char *cookie;
	const char *verifier; /* the client's own, where we have none */
	const char *issuer;   /* RFC 9207 */
};

/* Who somebody is at a provider. */
struct oauth_identity {
	const char *account_id;
	const char *account_email; /* as the provider spells it */
	bool email_verified;       /* the provider says so */
	bool email_refused;        /* the provider says that it is not */
	const char *access_token;
	const char *refresh_token; /* NULL: none */
	int64_t expires_at;        /* -1: not known */
};

/*
 * Judges what came back, asks the provider, and tells who this is.
 * ERR_ACCESS_TOKEN_DECODE_ERROR, ERR_ACCESS_TOKEN_ALREADY_EXPIRED or
 * ERR_OAUTH_INVALID_STATE for a state that is not this browser's, this way's,
 * or was used before; ERR_BAD_REQUEST for another user's. The provider is
 * asked after all of that only: ERR_OAUTH_PROVIDER_ERROR,
 * ERR_OAUTH_NOT_AVAILABLE_EMAIL.
 */
enum err oauth_finish(struct ctx *cx, const struct oauth_way *way,
		      const struct oauth_return *back,
		      struct oauth_identity *out) NODISCARD NONNULL(1, 2, 3, 4);

/*
 * The user whose account this is: known by it, by the verified address where
 * that is allowed, or new. His tokens of the provider are stored.
 * ERR_OAUTH_USER_ALREADY_EXISTS; says nothing about is_active.
 */
enum err oauth_sign_in(struct ctx *cx, const struct provider_settings *p,
		       const struct oauth_identity *who, struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Makes the account one of the user's, whose token still stands and who is
 * verified where the provider demands it: ERR_UNAUTHORIZED, ERR_FORBIDDEN.
 * ERR_OAUTH_USER_ALREADY_EXISTS when it is another's.
 */
enum err oauth_associate(struct ctx *cx, const struct provider_settings *p,
			 const struct oauth_identity *who,
			 const struct token *by, struct user *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/* Whether users are shown with their accounts. */
bool oauth_accounts_are_shown(const struct config *conf) NONNULL(1);

/* Those of a user, readable. */
enum err oauth_accounts(struct ctx *cx, const char *user_id,
			struct oauth_account **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4);

#endif
