/* SPDX-License-Identifier: MIT */
#include "core/provider_token.h"

#include <string.h>

#include "base/config.h"
#include "base/crypto.h"
#include "base/crypto_box.h"
#include "base/log.h"

#define MARK "fcu."
#define MARK_SIZE 4

/* A sealed token opens in its own row and place only. */
static const char *
bound(struct ctx *cx, const struct oauth_account *a, const char *place)
{
	return arena_printf(cx->mem, "%s\n%s\n%s", place, a->oauth_name,
			    a->account_id);
}

static void
key_of(const char *secret, unsigned char out[BOX_KEY_SIZE])
{
	box_key(secret, "fastcgi-users provider tokens", out);
}

static const char *
seal(struct ctx *cx, const struct oauth_account *a, const char *place,
     const char *token)
{
	const struct text_list *secrets = &cx->conf->secrets.provider_tokens;
	unsigned char key[BOX_KEY_SIZE];
	const char *sealed;

	if (token == NULL || secrets->count == 0)
		return token;
	key_of(secrets->items[0], key);
	sealed = box_seal(cx->mem, key, bound(cx, a, place), token);
	crypto_wipe(key, sizeof(key));
	return arena_printf(cx->mem, MARK "%s", sealed);
}

static const char *
unseal(struct ctx *cx, const struct oauth_account *a, const char *place,
       const char *stored)
{
	const struct text_list *secrets = &cx->conf->secrets.provider_tokens;
	unsigned char key[BOX_KEY_SIZE];
	const char *token = NULL;

	if (stored == NULL || strncmp(stored, MARK, MARK_SIZE) != 0)
		return stored;
	for (size_t i = 0; i < secrets->count && token == NULL; i++) {
		key_of(secrets->items[i], key);
		if (box_open(cx->mem, key, bound(cx, a, place),
			     stored + MARK_SIZE, &token) != OK)
			token = NULL;
	}
	crypto_wipe(key, sizeof(key));
	if (token != NULL)
		return token;
	log_event(LEVEL_WARNING, log_is("provider_token_unreadable"),
		  log_text("provider", a->oauth_name),
		  log_text("user", a->user_id));
	return "";
}

void
provider_token_seal(struct ctx *cx, struct oauth_account *a)
{
	a->access_token = seal(cx, a, "access", a->access_token);
	a->refresh_token = seal(cx, a, "refresh", a->refresh_token);
}

void
provider_token_open(struct ctx *cx, struct oauth_account *a)
{
	a->access_token = unseal(cx, a, "access", a->access_token);
	a->refresh_token = unseal(cx, a, "refresh", a->refresh_token);
}
