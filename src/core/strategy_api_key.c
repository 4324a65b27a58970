/* SPDX-License-Identifier: MIT */
/* API keys as tokens: read and confirmed like others, never handed out by a
 * login. */
#include <string.h>

#include "base/crypto.h"
#include "base/log.h"
#include "core/api_key.h"
#include "core/strategy.h"

/* Seconds for which a use is not noted again. */
#define TOUCH_AFTER 60

const struct backend_settings api_key_backend = {
	.title = "api_key",
	.transport = "bearer",
	.strategy = "api_key",
	.lifetime = -1,
};

static bool
is_over(const struct ctx *cx, const struct key_row *k)
{
	return k->expires_at >= 0 && k->expires_at <= cx->now;
}

/* The row of a key that is good by itself. */
static enum err
find_row(struct ctx *cx, const char *text, struct key_row *out)
{
	const char *id = api_key_id(cx->mem, text);
	const char *hash = crypto_sha256_hex(cx->mem, text, strlen(text));
	enum err e;

	if (id == NULL)
		return ERR_BAD_TOKEN;
	e = key_row_find(cx->db, cx->mem, id, out);
	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	if (strlen(out->hash) != strlen(hash) ||
	    !crypto_equal(out->hash, hash, strlen(hash)) || is_over(cx, out))
		return ERR_BAD_TOKEN;
	return OK;
}

static enum err
find_user(struct ctx *cx, const char *text, struct key_row *row,
	  struct user *out)
{
	enum err e;

	TRY(find_row(cx, text, row));
	e = user_by_id(cx->db, cx->mem, row->user_id, out);
	if (e == ERR_NOT_FOUND)
		return ERR_BAD_TOKEN;
	TRY(e);
	return row->generation == out->generation ? OK : ERR_BAD_TOKEN;
}

static enum err
key_confirm(struct ctx *cx, const struct token *token, struct user *out)
{
	struct key_row row;

	return find_user(cx, token->text, &row, out);
}

/* That it was used is worth knowing, but no reason to refuse. */
static void
touch(struct ctx *cx, const struct key_row *row)
{
	int64_t before = cx->now - TOUCH_AFTER;

	if (row->last_used_at >= before)
		return;
	if (key_row_touch(cx->db, cx->mem, row->id, cx->now, before) != OK)
		log_event(LEVEL_DEBUG, log_is("api_key_use_not_noted"),
			  log_text("key", row->id));
}

static enum err
key_read(struct ctx *cx, const struct backend_settings *backend,
	 const char *text, struct user *out, struct token *token)
{
	struct key_row row;

	TRY(find_user(cx, text, &row, out));
	touch(cx, &row);
	*token = (struct token){
		.backend = backend,
		.text = text,
		.subject = out->id,
		.generation = row.generation,
		.issued_at = row.created_at,
		.expires_at = row.expires_at,
		.hash = row.hash,
		.scope = api_scope_read(row.scope),
	};
	return OK;
}

static enum err
key_write(struct ctx *cx, const struct backend_settings *backend,
	  const struct user *u, const char **token)
{
	(void)cx;
	(void)backend;
	(void)u;
	*token = NULL;
	return ERR_FORBIDDEN;
}

static enum err
key_destroy(struct ctx *cx, const struct token *token)
{
	(void)cx;
	(void)token;
	return ERR_FORBIDDEN;
}

const struct strategy strategy_api_key = {
	.name = "api_key",
	.read = key_read,
	.confirm = key_confirm,
	.write = key_write,
	.destroy = key_destroy,
};
