/* SPDX-License-Identifier: MIT */
#include "core/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core/claims.h"
#include "core/jwt.h"
#include "core/token.h"

struct kind_row {
	const char *audience;
	size_t secrets;  /* in struct config */
	size_t lifetime; /* in struct config */
};

static const struct kind_row kinds[TICKET__COUNT] = {
	[TICKET_RESET] = {"fastapi-users:reset",
			  offsetof(struct config, secrets.reset),
			  offsetof(struct config, tokens.reset_lifetime)},
	[TICKET_VERIFY] = {"fastapi-users:verify",
			   offsetof(struct config, secrets.verify),
			   offsetof(struct config, tokens.verify_lifetime)},
	[TICKET_STATE] = {"fastapi-users:oauth-state",
			  offsetof(struct config, secrets.state),
			  offsetof(struct config, tokens.state_lifetime)},
};

struct key_set {
	struct jws_key **keys; /* the first signs, all verify */
	size_t count;
};

struct ticket_keys {
	struct key_set sets[TICKET__COUNT];
};

static const struct text_list *
secrets_of(const struct config *conf, enum ticket_kind kind)
{
	return (const void *)((const char *)conf + kinds[kind].secrets);
}

static int64_t
lifetime_of(const struct config *conf, enum ticket_kind kind)
{
	const int64_t *seconds =
		(const void *)((const char *)conf + kinds[kind].lifetime);

	return *seconds;
}

static void
key_set_fill(struct key_set *s, const struct text_list *secrets)
{
	s->keys = calloc(secrets->count + 1, sizeof(struct jws_key *));
	if (s->keys == NULL)
		abort();
	for (size_t i = 0; i < secrets->count; i++)
		s->keys[i] = jws_key_from_secret(JWS_HS256, secrets->items[i],
						 strlen(secrets->items[i]));
	s->count = secrets->count;
}

void
ticket_keys_open(const struct config *conf, struct ticket_keys **out)
{
	struct ticket_keys *k = calloc(1, sizeof(*k));

	if (k == NULL)
		abort();
	for (enum ticket_kind i = 0; i < TICKET__COUNT; i++)
		key_set_fill(&k->sets[i], secrets_of(conf, i));
	*out = k;
}

void
ticket_keys_close(struct ticket_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < TICKET__COUNT; i++) {
		for (size_t j = 0; j < k->sets[i].count; j++)
			jws_key_free(k->sets[i].keys[j]);
		free(k->sets[i].keys);
	}
	free(k);
}

bool
ticket_is_on(const struct config *conf, enum ticket_kind kind)
{
	return secrets_of(conf, kind)->count > 0;
}

const char *
ticket_issue(struct ctx *cx, enum ticket_kind kind,
	     const struct ticket_claim *claims, size_t count)
{
	const struct key_set *s = &cx->tickets->sets[kind];
	struct buf b;

	if (s->count == 0)
		abort();
	buf_init(&b, cx->mem, 256);
	buf_char(&b, '{');
	for (size_t i = 0; i < count; i++) {
		if (claims[i].text == NULL)
			continue;
		json_write_text(&b, claims[i].name);
		buf_char(&b, ':');
		json_write_text(&b, claims[i].text);
		buf_char(&b, ',');
	}
	buf_text(&b, "\"aud\":");
	json_write_text(&b, kinds[kind].audience);
	buf_text(&b, ",\"exp\":");
	buf_number(&b, cx->now + lifetime_of(cx->conf, kind));
	buf_char(&b, '}');
	return jwt_sign(cx->mem, s->keys[0], b.data, b.len);
}

static bool
is_for(const struct json *claims, enum ticket_kind kind)
{
	const char *audience = kinds[kind].audience;
	const struct text_list audiences = {&audience, 1};

	return claims_are_for(claims, &audiences);
}

static bool
is_in_time(const struct ctx *cx, const struct json *claims, bool *expired)
{
	int64_t leeway = cx->conf->jwt.leeway;
	int64_t exp = 0;
	int64_t nbf = 0;
	int64_t iat = 0;

	if (claim_time(claims, "exp", &exp) != OK ||
	    claim_time(claims, "nbf", &nbf) != OK ||
	    claim_time(claims, "iat", &iat) != OK || nbf > cx->now + leeway ||
	    iat > cx->now + leeway)
		return false;
	*expired = exp <= cx->now - leeway && json_member(claims, "exp");
	return exp > cx->now - leeway;
}

enum err
ticket_read_dated(struct ctx *cx, enum ticket_kind kind, const char *text,
		  const struct json **claims, bool *expired)
{
	const struct key_set *s = &cx->tickets->sets[kind];
	size_t len = strnlen(text, TOKEN_SIZE_LIMIT + 1);

	*expired = false;
	if (len > TOKEN_SIZE_LIMIT)
		return ERR_BAD_TOKEN;
	TRY(jwt_verify(cx->mem, s->keys, s->count, text, len, claims));
	if (!is_for(*claims, kind) || !is_in_time(cx, *claims, expired))
		return ERR_BAD_TOKEN;
	return OK;
}

enum err
ticket_read(struct ctx *cx, enum ticket_kind kind, const char *text,
	    const struct json **claims)
{
	bool expired;

	return ticket_read_dated(cx, kind, text, claims, &expired);
}

const char *
ticket_text(const struct json *claims, const char *name)
{
	const struct json *v = json_member(claims, name);

	if (v == NULL || json_type(v) != JSON_TEXT ||
	    !json_text_is_clean(json_text(v)))
		return NULL;
	return json_text(v);
}
