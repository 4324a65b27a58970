/* SPDX-License-Identifier: MIT */
#include "core/jwt.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

/* The header of a key without a kid: {"alg":"…","typ":"JWT"}. */
static const char *const usual_headers[] = {
	[JWS_HS256] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
	[JWS_HS384] = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9",
	[JWS_HS512] = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9",
	[JWS_RS256] = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
	[JWS_ES256] = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9",
	[JWS_EDDSA] = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9",
};

static const char *
header_of(struct arena *mem, const struct jws_key *key)
{
	const char *kid = jws_key_id(key);
	struct buf b;

	if (kid == NULL)
		return usual_headers[jws_key_alg(key)];
	buf_init(&b, mem, 64);
	buf_printf(&b,
		   "{\"alg\":\"%s\",\"kid\":", jws_alg_name(jws_key_alg(key)));
	json_write_text(&b, kid);
	buf_text(&b, ",\"typ\":\"JWT\"}");
	return crypto_base64url(mem, b.data, b.len);
}

const char *
jwt_sign(struct arena *mem, struct jws_key *key, const char *claims, size_t len)
{
	unsigned char signature[JWS_SIGNATURE_LIMIT];
	size_t signature_len;
	struct buf b;

	buf_init(&b, mem, 512 + len + len / 3);
	buf_text(&b, header_of(mem, key));
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, claims, len));
	signature_len = jws_sign(key, b.data, b.len, signature);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, signature, signature_len));
	return b.data;
}

/* A piece of the token's text, not terminated. */
struct part {
	const char *text;
	size_t len;
};

enum { PART_HEADER, PART_CLAIMS, PART_SIGNATURE, PART__COUNT };

static bool
split(const char *text, size_t len, struct part parts[PART__COUNT])
{
	const char *end = text + len;

	for (int i = 0; i < PART__COUNT; i++) {
		const char *dot = memchr(text, '.', (size_t)(end - text));

		if ((dot == NULL) != (i == PART__COUNT - 1))
			return false;
		if (dot == NULL)
			dot = end;
		parts[i] = (struct part){text, (size_t)(dot - text)};
		text = dot + 1;
	}
	return true;
}

static enum err
decode(struct arena *mem, const struct part *p, struct jwt_payload *out)
{
	unsigned char *bytes;

	if (crypto_base64url_decode(mem, p->text, p->len, &bytes, &out->len) !=
	    OK)
		return ERR_BAD_TOKEN;
	out->text = (const char *)bytes;
	return OK;
}

enum err
jwt_claims(struct arena *mem, const struct jwt_payload *payload,
	   const struct json **out)
{
	struct json_fault fault;

	if (json_parse(mem, payload->text, payload->len, JSON_TOKEN, out,
		       &fault) != OK)
		return ERR_BAD_TOKEN;
	return json_type(*out) == JSON_OBJECT ? OK : ERR_BAD_TOKEN;
}

/* NULL where there is none; ERR_BAD_TOKEN for what is no text. */
static enum err
read_text(const struct json *header, const char *name, const char **out)
{
	const struct json *v = json_member(header, name);

	*out = NULL;
	if (v == NULL)
		return OK;
	if (json_type(v) != JSON_TEXT)
		return ERR_BAD_TOKEN;
	*out = json_text(v);
	return OK;
}

/* Extensions that must be understood (RFC 7515, section 4.1.11; RFC 7797) are
 * not. */
static enum err
read_header(struct arena *mem, const struct part *p, struct jwt_header *out)
{
	const struct json *header;
	struct jwt_payload text;

	TRY(decode(mem, p, &text));
	TRY(jwt_claims(mem, &text, &header));
	TRY(read_text(header, "alg", &out->alg));
	TRY(read_text(header, "kid", &out->kid));
	if (out->alg == NULL || json_member(header, "crit") != NULL ||
	    json_member(header, "b64") != NULL)
		return ERR_BAD_TOKEN;
	return OK;
}

/* What is asked of a key by a header that is none of ours. */
static bool
may_be_meant(const struct jws_key *key, const struct jwt_header *header)
{
	const char *kid = jws_key_id(key);

	if (strcmp(jws_alg_name(jws_key_alg(key)), header->alg) != 0)
		return false;
	return header->kid == NULL || kid == NULL ||
	       strcmp(kid, header->kid) == 0;
}

static bool
has_header(struct arena *mem, const struct jws_key *key, const struct part *p)
{
	const char *usual = header_of(mem, key);

	return p->len == strlen(usual) && memcmp(p->text, usual, p->len) == 0;
}

static bool
any_has_name(struct jws_key *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jws_key_id(keys[i]) != NULL)
			return true;
	return false;
}

/*
 * Where keys have names, those that the header may mean: so that a signature is
 * verified once, however many keys there are. Which of them that is, is public.
 */
static enum err
choose(struct arena *mem, struct jws_key *const *keys, size_t count,
       const struct part *p, struct jws_key **out, size_t *out_count)
{
	struct jwt_header header;

	*out_count = 0;
	for (size_t i = 0; i < count; i++)
		if (has_header(mem, keys[i], p))
			out[(*out_count)++] = keys[i];
	if (*out_count > 0)
		return OK;
	TRY(read_header(mem, p, &header));
	for (size_t i = 0; i < count; i++)
		if (may_be_meant(keys[i], &header))
			out[(*out_count)++] = keys[i];
	return OK;
}

/* The algorithm is the key's: a header may only agree. */
static enum err
check_header(struct arena *mem, const struct part *p, const struct jws_key *key)
{
	struct jwt_header header;

	if (has_header(mem, key, p))
		return OK;
	TRY(read_header(mem, p, &header));
	return strcmp(header.alg, jws_alg_name(jws_key_alg(key))) == 0
		       ? OK
		       : ERR_BAD_TOKEN;
}

/* All keys are tried, so the time does not tell which one fits. */
static struct jws_key *
signer(struct jws_key *const *keys, size_t count, const char *text, size_t len,
       const unsigned char *signature, size_t signature_len)
{
	struct jws_key *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (jws_verify(keys[i], text, len, signature, signature_len))
			found = keys[i];
	return found;
}

static enum err
verify_parts(struct arena *mem, struct jws_key *const *keys, size_t count,
	     const struct part parts[PART__COUNT], struct jwt_payload *out)
{
	const struct part *header = &parts[PART_HEADER];
	const struct part *last = &parts[PART_SIGNATURE];
	const struct jws_key *key;
	unsigned char *signature;
	size_t len;

	if (crypto_base64url_decode(mem, last->text, last->len, &signature,
				    &len) != OK)
		return ERR_BAD_TOKEN;
	key = signer(keys, count, header->text,
		     (size_t)(last->text - header->text) - 1, signature, len);
	if (key == NULL)
		return ERR_BAD_TOKEN;
	TRY(check_header(mem, header, key));
	return decode(mem, &parts[PART_CLAIMS], out);
}

enum err
jwt_open(struct arena *mem, struct jws_key *const *keys, size_t count,
	 const char *text, size_t len, struct jwt_payload *out)
{
	struct part parts[PART__COUNT];
	struct jws_key **chosen;
	size_t chosen_count;

	if (!split(text, len, parts))
		return ERR_BAD_TOKEN;
	if (!any_has_name(keys, count))
		return verify_parts(mem, keys, count, parts, out);
	chosen = arena_array(mem, count, sizeof(struct jws_key *));
	TRY(choose(mem, keys, count, &parts[PART_HEADER], chosen,
		   &chosen_count));
	return verify_parts(mem, chosen, chosen_count, parts, out);
}

enum err
jwt_verify(struct arena *mem, struct jws_key *const *keys, size_t count,
	   const char *text, size_t len, const struct json **claims)
{
	struct jwt_payload payload;

	TRY(jwt_open(mem, keys, count, text, len, &payload));
	return jwt_claims(mem, &payload, claims);
}

static bool
is_named(const struct jws_key *key, const struct jwt_header *header)
{
	const char *kid = jws_key_id(key);

	if (strcmp(jws_alg_name(jws_key_alg(key)), header->alg) != 0)
		return false;
	if (header->kid == NULL)
		return true;
	return kid != NULL && strcmp(kid, header->kid) == 0;
}

enum err
jwt_verify_by_kid(struct arena *mem, struct jws_key *const *keys, size_t count,
		  const char *text, size_t len, const struct json **claims)
{
	struct jws_key **named =
		arena_array(mem, count + 1, sizeof(struct jws_key *));
	struct part parts[PART__COUNT];
	struct jwt_header header;
	struct jwt_payload payload;
	size_t named_count = 0;

	if (!split(text, len, parts))
		return ERR_BAD_TOKEN;
	TRY(read_header(mem, &parts[PART_HEADER], &header));
	for (size_t i = 0; i < count; i++)
		if (is_named(keys[i], &header))
			named[named_count++] = keys[i];
	TRY(verify_parts(mem, named, named_count, parts, &payload));
	return jwt_claims(mem, &payload, claims);
}

enum err
jwt_header_read(struct arena *mem, const char *text, size_t len,
		struct jwt_header *out)
{
	struct part parts[PART__COUNT];

	if (!split(text, len, parts))
		return ERR_BAD_TOKEN;
	return read_header(mem, &parts[PART_HEADER], out);
}
