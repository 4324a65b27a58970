/* SPDX-License-Identifier: MIT */
#include "core/token.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "core/claims.h"
#include "core/jwt.h"
#include "core/own_claims.h"
#include "core/strategy.h"
#include "core/token_keys.h"
#include "store/user_id.h"

/* Clocks of machines that share a database differ a little. */
#define ISSUED_AHEAD 5

/* Bytes, and characters of their base64. */
#define JTI_SIZE 16
#define JTI_LENGTH 22

static const struct key_set *
keys_of(const struct ctx *cx, const struct backend_settings *backend)
{
	return &cx->keys->sets[backend - cx->conf->backend];
}

/* The backend's audiences, or that of all. */
static struct text_list
audiences_of(const struct ctx *cx, const struct backend_settings *backend)
{
	/* The list is only read. */
	const struct text_list shared = {
		(const char **)(uintptr_t)&cx->conf->jwt.audience, 1};

	return backend->audience.count > 0 ? backend->audience : shared;
}

static void
write_audiences(struct buf *out, const struct text_list *audiences)
{
	for (size_t i = 0; i < audiences->count; i++) {
		buf_char(out, i == 0 ? '[' : ',');
		json_write_text(out, audiences->items[i]);
	}
	buf_char(out, ']');
}

/* When it was issued, for which generation, and what tells it from others. */
static void
write_origin(struct ctx *cx, struct buf *claims, int64_t generation)
{
	unsigned char jti[JTI_SIZE];

	crypto_random(jti, sizeof(jti));
	buf_text(claims, ",\"iat\":");
	buf_number(claims, cx->now);
	buf_text(claims, ",\"jti\":\"");
	buf_number(claims, generation);
	buf_char(claims, '-');
	buf_text(claims, crypto_base64url(cx->mem, jti, sizeof(jti)));
	buf_char(claims, '"');
}

enum err
token_issue(struct ctx *cx, const struct backend_settings *backend,
	    const char *subject, int64_t generation, const char **out)
{
	const struct text_list audiences = audiences_of(cx, backend);
	struct buf claims;

	buf_init(&claims, cx->mem, 256);
	buf_text(&claims, "{\"sub\":");
	json_write_text(&claims, subject);
	buf_text(&claims, ",\"aud\":");
	write_audiences(&claims, &audiences);
	if (backend->lifetime >= 0) {
		buf_text(&claims, ",\"exp\":");
		buf_number(&claims, cx->now + backend->lifetime);
	}
	if (!cx->conf->jwt.reference_claims)
		write_origin(cx, &claims, generation);
	buf_char(&claims, '}');
	*out = jwt_sign(cx->mem, keys_of(cx, backend)->keys[0], claims.data,
			claims.len);
	return OK;
}

/* What a token tells of its time. */
struct times {
	int64_t iat;
	int64_t nbf;
	int64_t exp;
	bool issued;  /* there is an iat */
	bool expires; /* there is an exp */
};

static enum err
read_times(const struct json *claims, struct times *out)
{
	*out = (struct times){
		.nbf = -CLAIM_TIME_LIMIT,
		.exp = -1,
		.issued = json_member(claims, "iat") != NULL,
		.expires = json_member(claims, "exp") != NULL,
	};
	TRY(claim_time(claims, "iat", &out->iat));
	TRY(claim_time(claims, "nbf", &out->nbf));
	return claim_time(claims, "exp", &out->exp);
}

static enum err
check_times(const struct ctx *cx, const struct times *t, struct token *out)
{
	int64_t leeway = cx->conf->jwt.leeway;
	bool must_expire =
		out->backend->lifetime >= 0 && !cx->conf->jwt.reference_claims;
	int64_t iat = t->iat;

	if (iat > cx->now + leeway + ISSUED_AHEAD || t->nbf > cx->now + leeway)
		return ERR_BAD_TOKEN;
	if (t->expires ? t->exp <= cx->now - leeway : must_expire)
		return ERR_BAD_TOKEN;
	out->expires_at = t->exp;
	/* Without iat, as the reference makes them, it may be of any backend:
	 * it counts as issued when the longest-lived one would have. */
	if (!t->issued && t->expires)
		iat = t->exp - strategy_lifetime(cx->conf, &strategy_jwt);
	/* Nobody's lifetime: nothing is known, so it counts as the oldest. */
	if (!t->issued && iat > cx->now)
		iat = 0;
	out->issued_at = iat;
	return OK;
}

/* The end of the digits, or NULL when it is no jti of token_issue's: those of
 * others, such as UUIDs, may begin like one. */
static const char *
digits_end(const char *jti)
{
	const char *end = jti + strspn(jti, "0123456789");

	if (end == jti || *end != '-' || strlen(end + 1) != JTI_LENGTH)
		return NULL;
	return crypto_base64url_span(end + 1, JTI_LENGTH) == JTI_LENGTH ? end
									: NULL;
}

/* "3-…", as token_issue writes it; other tokens name no generation. */
static enum err
read_generation(struct arena *mem, const struct json *claims, int64_t *out)
{
	const struct json *jti = json_member(claims, "jti");
	const char *text;
	const char *end;

	*out = -1;
	if (jti == NULL)
		return OK;
	if (json_type(jti) != JSON_TEXT)
		return ERR_BAD_TOKEN;
	text = json_text(jti);
	end = digits_end(text);
	if (end != NULL &&
	    !text_number(arena_copy(mem, text, (size_t)(end - text)), 0,
			 INT64_MAX, out))
		*out = -1;
	return OK;
}

static enum err
read_subject(const struct json *claims, const char **out)
{
	const struct json *sub = json_member(claims, "sub");

	if (sub == NULL || json_type(sub) != JSON_TEXT)
		return ERR_BAD_TOKEN;
	if (!user_id_is_plausible(json_text(sub)))
		return ERR_BAD_TOKEN;
	*out = json_text(sub);
	return OK;
}

static enum err
take_own(const struct ctx *cx, const struct own_claims *own, struct token *out)
{
	const struct times t = {
		.iat = own->issued_at,
		.nbf = -CLAIM_TIME_LIMIT,
		.exp = own->expires_at,
		.issued = true,
		.expires = true,
	};

	out->subject = own->subject;
	out->generation = own->generation;
	return check_times(cx, &t, out);
}

static enum err
take_claims(struct ctx *cx, const struct json *claims,
	    const struct text_list *audiences, struct token *out)
{
	struct times t;

	TRY(read_times(claims, &t));
	TRY(check_times(cx, &t, out));
	if (!claims_are_for(claims, audiences))
		return ERR_BAD_TOKEN;
	TRY(read_subject(claims, &out->subject));
	return read_generation(cx->mem, claims, &out->generation);
}

enum err
token_verify(struct ctx *cx, const struct backend_settings *backend,
	     const char *text, struct token *out)
{
	const struct key_set *s = keys_of(cx, backend);
	const struct text_list audiences = audiences_of(cx, backend);
	size_t len = strnlen(text, TOKEN_SIZE_LIMIT + 1);
	const struct json *claims;
	struct own_claims own;
	struct jwt_payload payload;

	if (len > TOKEN_SIZE_LIMIT)
		return ERR_BAD_TOKEN;
	*out = (struct token){.backend = backend, .text = text};
	TRY(jwt_open(cx->mem, s->keys, s->count, text, len, &payload));
	if (own_claims_read(cx->mem, payload.text, payload.len, &audiences,
			    &own))
		return take_own(cx, &own, out);
	TRY(jwt_claims(cx->mem, &payload, &claims));
	return take_claims(cx, claims, &audiences, out);
}

enum err
token_read(struct ctx *cx, const struct backend_settings *backend,
	   const char *text, struct token *out)
{
	TRY(token_verify(cx, backend, text, out));
	/* An ECDSA signature (r, s) is as good as (r, n - s): what is signed
	 * has one spelling alone. */
	out->hash = crypto_sha256_hex(cx->mem, text,
				      (size_t)(strrchr(text, '.') - text));
	return OK;
}
