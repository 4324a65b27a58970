/* SPDX-License-Identifier: MIT */
#include "core/jwt.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* {"alg":"HS256","typ":"JWT"} */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

const char *
jwt_sign(struct arena *mem, struct mac_key *key, const char *claims, size_t len)
{
	unsigned char mac[SHA256_SIZE];
	struct buf b;

	buf_init(&b, mem, sizeof(HEADER) + len + len / 3 + 64);
	buf_text(&b, HEADER ".");
	buf_text(&b, crypto_base64url(mem, claims, len));
	mac_sign(key, b.data, b.len, mac);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, mac, sizeof(mac)));
	return b.data;
}

/* A piece of the token's text, not terminated. */
struct part {
	const char *text;
	size_t len;
};

enum { PART_HEADER, PART_CLAIMS, PART_MAC, PART__COUNT };

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

/* All keys are tried, so the time does not tell which one fits. */
static bool
mac_fits(struct mac_key *const *keys, size_t count, const char *text,
	 size_t len, const unsigned char mac[SHA256_SIZE])
{
	unsigned char ours[SHA256_SIZE];
	bool fits = false;

	for (size_t i = 0; i < count; i++) {
		mac_sign(keys[i], text, len, ours);
		if (crypto_equal(ours, mac, sizeof(ours)))
			fits = true;
	}
	crypto_wipe(ours, sizeof(ours));
	return fits;
}

static enum err
read_object(struct arena *mem, const struct part *p, const struct json **out)
{
	struct json_fault fault;
	unsigned char *bytes;
	size_t len;

	if (crypto_base64url_decode(mem, p->text, p->len, &bytes, &len) != OK)
		return ERR_BAD_TOKEN;
	if (json_parse(mem, (const char *)bytes, len, JSON_TOKEN, out,
		       &fault) != OK)
		return ERR_BAD_TOKEN;
	return json_type(*out) == JSON_OBJECT ? OK : ERR_BAD_TOKEN;
}

static bool
is_text(const struct json *v)
{
	return json_type(v) == JSON_TEXT;
}

/*
 * The algorithm is ours to choose: a header may only agree. Extensions that
 * must be understood (RFC 7515, section 4.1.11; RFC 7797) are not.
 */
static enum err
check_header(struct arena *mem, const struct part *p)
{
	const struct json *header;
	const struct json *alg;
	const struct json *kid;

	if (p->len == strlen(HEADER) && memcmp(p->text, HEADER, p->len) == 0)
		return OK;
	TRY(read_object(mem, p, &header));
	alg = json_member(header, "alg");
	kid = json_member(header, "kid");
	if (alg == NULL || !is_text(alg) ||
	    strcmp(json_text(alg), "HS256") != 0)
		return ERR_BAD_TOKEN;
	if (kid != NULL && !is_text(kid))
		return ERR_BAD_TOKEN;
	if (json_member(header, "crit") != NULL ||
	    json_member(header, "b64") != NULL)
		return ERR_BAD_TOKEN;
	return OK;
}

enum err
jwt_verify(struct arena *mem, struct mac_key *const *keys, size_t count,
	   const char *text, size_t len, const struct json **claims)
{
	struct part parts[PART__COUNT];
	unsigned char *mac;
	size_t mac_len;

	if (!split(text, len, parts))
		return ERR_BAD_TOKEN;
	if (crypto_base64url_decode(mem, parts[PART_MAC].text,
				    parts[PART_MAC].len, &mac,
				    &mac_len) != OK ||
	    mac_len != SHA256_SIZE)
		return ERR_BAD_TOKEN;
	if (!mac_fits(keys, count, text, len - parts[PART_MAC].len - 1, mac))
		return ERR_BAD_TOKEN;
	TRY(check_header(mem, &parts[PART_HEADER]));
	return read_object(mem, &parts[PART_CLAIMS], claims);
}
