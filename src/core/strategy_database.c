/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/crypto.h"
#include "core/strategy.h"
#include "store/access_token.h"

/* The moment before which a row of this backend is none. */
static int64_t
since(const struct ctx *cx, const struct backend_settings *backend)
{
	return backend->lifetime < 0 ? INT64_MIN : cx->now - backend->lifetime;
}

static enum err
database_confirm(struct ctx *cx, const struct token *token, struct user *out)
{
	enum err e = user_by_access_token(cx->db, cx->mem, token->text,
					  since(cx, token->backend), out);

	return e == ERR_NOT_FOUND ? ERR_BAD_TOKEN : e;
}

static enum err
database_read(struct ctx *cx, const struct backend_settings *backend,
	      const char *text, struct user *out, struct token *token)
{
	*token = (struct token){
		.backend = backend,
		.text = text,
		.generation = -1,
		.expires_at = -1,
	};
	if (!strategy_is_random_token(text))
		return ERR_BAD_TOKEN;
	TRY(database_confirm(cx, token, out));
	token->subject = out->id;
	token->generation = out->generation;
	token->hash = crypto_sha256_hex(cx->mem, text, strlen(text));
	return OK;
}

/* A query that no request needs. */
static enum err
database_date(struct ctx *cx, struct token *token)
{
	enum err e = access_token_created(cx->db, cx->mem, token->text,
					  &token->issued_at);

	if (e == OK && token->backend->lifetime >= 0)
		token->expires_at = token->issued_at + token->backend->lifetime;
	return e == ERR_NOT_FOUND ? ERR_BAD_TOKEN : e;
}

/* What one transaction of a login needs. */
struct login {
	struct ctx *cx;
	const struct user *user;
	const char *token;
};

/*
 * Whoever ends the user's other sessions deletes the rows that are there. So
 * that this one does not come just after, though its password was proved
 * before, the user's row is locked and looked at.
 */
static enum err
login_body(struct db *db, void *arg)
{
	const struct login *l = arg;
	struct ctx *cx = l->cx;
	struct user now = {0};

	TRY(user_lock(db, cx->mem, l->user->id));
	TRY(user_by_id(db, cx->mem, l->user->id, &now));
	if (now.generation != l->user->generation)
		return ERR_LOGIN_BAD_CREDENTIALS;
	return access_token_insert(db, cx->mem, l->token, now.id, cx->now);
}

/* Some of those that no backend takes any more, at each login. */
static enum err
purge(struct ctx *cx)
{
	const struct config *conf = cx->conf;

	for (size_t i = 0; i < conf->backend_count; i++)
		if (strategy_of(&conf->backend[i]) == &strategy_database &&
		    conf->backend[i].lifetime < 0)
			return OK;
	return access_token_purge(
		cx->db, cx->mem,
		cx->now - strategy_lifetime(conf, &strategy_database));
}

static enum err
database_write(struct ctx *cx, const struct backend_settings *backend,
	       const struct user *u, const char **token)
{
	struct login l = {cx, u, strategy_random_token(cx->mem)};
	enum err e;

	(void)backend;
	/* Another login may be deleting the same rows, which is as good. */
	e = purge(cx);
	if (e != OK && e != ERR_CONFLICT)
		return e;
	e = db_transact(cx->db, login_body, &l);
	if (e == ERR_NOT_FOUND)
		return ERR_LOGIN_BAD_CREDENTIALS;
	TRY(e);
	*token = l.token;
	return OK;
}

static enum err
database_destroy(struct ctx *cx, const struct token *token)
{
	return access_token_delete(cx->db, cx->mem, token->text);
}

const struct strategy strategy_database = {
	.name = "database",
	.read = database_read,
	.confirm = database_confirm,
	.date = database_date,
	.write = database_write,
	.destroy = database_destroy,
};
