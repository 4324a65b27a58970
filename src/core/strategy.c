/* SPDX-License-Identifier: MIT */
#include "core/strategy.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "core/claims.h"
#include "store/session.h"
#include "store/user_id.h"

#define RANDOM_SIZE 32
#define RANDOM_LENGTH 43

static const struct strategy *const strategies[] = {
	&strategy_jwt,
	&strategy_database,
	&strategy_redis,
	&strategy_api_key,
};

const struct strategy *
strategy_of(const struct backend_settings *backend)
{
	for (size_t i = 0; i < countof(strategies); i++)
		if (strcmp(strategies[i]->name, backend->strategy) == 0)
			return strategies[i];
	/* The setting's bounds let nothing else through. */
	abort();
}

bool
strategy_is_used(const struct config *conf, const struct strategy *s)
{
	for (size_t i = 0; i < conf->backend_count; i++)
		if (strategy_of(&conf->backend[i]) == s)
			return true;
	return false;
}

int64_t
strategy_lifetime(const struct config *conf, const struct strategy *s)
{
	int64_t longest = 0;

	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];

		if (strategy_of(b) == s && b->lifetime > longest)
			longest = b->lifetime;
	}
	return longest;
}

enum err
strategy_name_user(struct ctx *cx, struct token *token)
{
	enum err e =
		user_id_read(cx->db, cx->mem, token->subject, &token->subject);

	return e == ERR_NOT_FOUND ? ERR_BAD_TOKEN : e;
}

bool
strategy_is_ended(const struct user_session *s, const struct token *token)
{
	if (s->revoked)
		return true;
	if (s->exempt_hash != NULL && strcmp(s->exempt_hash, token->hash) == 0)
		return false;
	if (token->generation >= 0)
		return token->generation != s->user.generation;
	return token->issued_at <= s->not_before;
}

enum err
strategy_find_user(struct ctx *cx, const struct token *token, struct user *out)
{
	struct user_session s = {0};
	enum err e = user_by_session(cx->db, cx->mem, token->subject,
				     token->hash, &s);

	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	if (strategy_is_ended(&s, token))
		return ERR_BAD_TOKEN;
	*out = s.user;
	return OK;
}

enum err
strategy_revoke(struct ctx *cx, const struct token *token)
{
	TRY(session_purge(cx->db, cx->mem, cx->now - CLAIM_LEEWAY_LIMIT));
	return session_revoke(cx->db, cx->mem, token->hash, token->expires_at);
}

const char *
strategy_random_token(struct arena *mem)
{
	unsigned char bytes[RANDOM_SIZE];
	const char *text;

	crypto_random(bytes, sizeof(bytes));
	text = crypto_base64url(mem, bytes, sizeof(bytes));
	crypto_wipe(bytes, sizeof(bytes));
	return text;
}

bool
strategy_is_random_token(const char *text)
{
	return strnlen(text, RANDOM_LENGTH + 1) == RANDOM_LENGTH &&
	       crypto_base64url_span(text, RANDOM_LENGTH) == RANDOM_LENGTH;
}
