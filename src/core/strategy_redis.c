/* SPDX-License-Identifier: MIT */
/*
 * A token's key and value are the reference's: prefix and token, the user's
 * id. Beside it stands a key of ours with the generation of the user's tokens,
 * so that no clock decides which sessions a new password ended. The
 * reference's tokens have none: what is left of their time tells when they
 * were issued.
 */
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"
#include "core/strategy.h"
#include "remote/redis.h"

#define GENERATION_PREFIX "fcu_generation:"
#define MILLISECONDS 1000

static const char *
token_key(struct ctx *cx, const struct backend_settings *backend,
	  const char *text)
{
	return arena_printf(cx->mem, "%s%s", backend->key_prefix, text);
}

static const char *
generation_key(struct ctx *cx, const char *text)
{
	return arena_printf(cx->mem, GENERATION_PREFIX "%s", text);
}

/*
 * From what is left of its time. The backend with the longest lifetime may
 * have issued it, so it counts as that old; without an end, as the oldest.
 */
static int64_t
issue_time(const struct ctx *cx, const struct redis_reply *left)
{
	int64_t longest = strategy_lifetime(cx->conf, &strategy_redis);
	int64_t seconds = left->number / MILLISECONDS;

	if (left->number < 0 || seconds > longest)
		return 0;
	return cx->now - (longest - seconds);
}

/* When it is over at the latest; -1: never. */
static int64_t
end_time(const struct ctx *cx, const struct redis_reply *left)
{
	return left->number == -1 ? -1
				  : cx->now + left->number / MILLISECONDS + 1;
}

static enum err
redis_read(struct ctx *cx, const struct backend_settings *backend,
	   const char *text, struct user *out, struct token *token)
{
	const char *key = token_key(cx, backend, text);
	const struct redis_command commands[] = {
		{{"GET", key}},
		{{"GET", generation_key(cx, text)}},
		{{"PTTL", key}},
	};
	struct redis_reply replies[countof(commands)];

	if (!strategy_is_random_token(text))
		return ERR_BAD_TOKEN;
	TRY(redis_run(cx->redis, cx->mem, commands, countof(commands),
		      replies));
	if (replies[0].text == NULL)
		return ERR_BAD_TOKEN;
	*token = (struct token){
		.backend = backend,
		.text = text,
		.subject = replies[0].text,
		.generation = -1,
		.issued_at = issue_time(cx, &replies[2]),
		.expires_at = end_time(cx, &replies[2]),
		.hash = crypto_sha256_hex(cx->mem, text, strlen(text)),
	};
	if (replies[1].text != NULL &&
	    !text_number(replies[1].text, 0, INT64_MAX, &token->generation))
		return ERR_BAD_TOKEN;
	TRY(strategy_name_user(cx, token));
	return strategy_find_user(cx, token, out);
}

/* The generation first: a token must not be there without it. */
static enum err
redis_write(struct ctx *cx, const struct backend_settings *backend,
	    const struct user *u, const char **token)
{
	const char *text = strategy_random_token(cx->mem);
	const char *generation =
		arena_printf(cx->mem, "%lld", (long long)u->generation);
	const char *ex = NULL;
	const char *lifetime = NULL;
	struct redis_reply replies[2];

	if (backend->lifetime >= 0) {
		ex = "EX";
		lifetime = arena_printf(cx->mem, "%lld",
					(long long)backend->lifetime);
	}
	const struct redis_command commands[] = {
		{{"SET", generation_key(cx, text), generation, ex, lifetime}},
		{{"SET", token_key(cx, backend, text), u->id, ex, lifetime}},
	};

	TRY(redis_run(cx->redis, cx->mem, commands, countof(commands),
		      replies));
	*token = text;
	return OK;
}

/* A server that starts again from an older dump has the key again, so the
 * logout is kept with the users too. */
static enum err
redis_destroy(struct ctx *cx, const struct token *token)
{
	const struct redis_command command = {{
		"DEL",
		token_key(cx, token->backend, token->text),
		generation_key(cx, token->text),
	}};
	struct redis_reply reply;

	TRY(strategy_revoke(cx, token));
	return redis_run(cx->redis, cx->mem, &command, 1, &reply);
}

const struct strategy strategy_redis = {
	.name = "redis",
	.read = redis_read,
	.confirm = strategy_find_user,
	.write = redis_write,
	.destroy = redis_destroy,
};
