/* SPDX-License-Identifier: MIT */
#include "core/phc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define MEMORY_LIMIT 1048576U /* KiB: 1 GiB */
#define MEMORY_A_LANE 8U      /* RFC 9106, section 3.1 */
#define PASSES_LIMIT 64U
#define LANES_LIMIT 64U
#define SALT_MIN 8U
#define TAG_MIN 4U

#define BCRYPT_SIZE 60
#define BCRYPT_COST_MIN 4U
#define BCRYPT_COST_LIMIT 16U
#define BCRYPT_SALT_END 28 /* $2b$12$ and 22 digits of salt */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char bcrypt_digits[] =
	"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static const struct {
	const char *name;
	enum password_scheme scheme;
} argon2_names[] = {
	{"argon2id", SCHEME_ARGON2ID},
	{"argon2i", SCHEME_ARGON2I},
	{"argon2d", SCHEME_ARGON2D},
};

/* -1 when c is no digit of these 64. */
static int
digit_value(const char *digits, char c)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
take_text(const char **at, const char *text)
{
	if (!text_starts(*at, text))
		return false;
	*at += strlen(text);
	return true;
}

/* A decimal number without leading zeros; the bounds stop it growing. */
static bool
take_number(const char **at, unsigned low, unsigned high, unsigned *out)
{
	const char *p = *at;
	unsigned n = 0;

	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (unsigned)(*p - '0');
		if (n > high)
			return false;
	}
	if (n < low)
		return false;
	*at = p;
	*out = n;
	return true;
}

/* Base64 without padding, each byte string in its one spelling. */
static bool
take_base64(const char **at, uint8_t *out, size_t room, unsigned low,
	    unsigned *size)
{
	const char *p = *at;
	unsigned count = 0;
	uint32_t group = 0;
	unsigned bits = 0;
	int value;

	for (; (value = digit_value(base64_digits, *p)) >= 0; p++) {
		group = (group << 6 | (uint32_t)value) & 0xfff;
		bits += 6;
		if (bits < 8)
			continue;
		if (count == room)
			return false;
		bits -= 8;
		out[count++] = (uint8_t)(group >> bits);
	}
	if (bits >= 6 || (group & ((1U << bits) - 1)) != 0 || count < low)
		return false;
	*at = p;
	*size = count;
	return true;
}

static bool
take_version(const char **at, unsigned *out)
{
	*out = 0;
	if (!take_text(at, "v="))
		return true;
	return take_number(at, 16, PHC_VERSION, out) &&
	       (*out == 16 || *out == PHC_VERSION) && take_text(at, "$");
}

static bool
take_argon2(const char *at, struct phc *out)
{
	struct password_parameters *p = &out->p;

	return take_version(&at, &out->version) && take_text(&at, "m=") &&
	       take_number(&at, MEMORY_A_LANE, MEMORY_LIMIT, &p->memory_kib) &&
	       take_text(&at, ",t=") &&
	       take_number(&at, 1, PASSES_LIMIT, &p->passes) &&
	       take_text(&at, ",p=") &&
	       take_number(&at, 1, LANES_LIMIT, &p->lanes) &&
	       p->memory_kib >= MEMORY_A_LANE * p->lanes &&
	       take_text(&at, "$") &&
	       take_base64(&at, out->salt, sizeof(out->salt), SALT_MIN,
			   &p->salt_size) &&
	       take_text(&at, "$") &&
	       take_base64(&at, out->tag, sizeof(out->tag), TAG_MIN,
			   &p->tag_size) &&
	       *at == '\0';
}

/*
 * 128 bits of salt are 22 digits, 184 bits of hash are 31: the last digit of
 * each has bits that say nothing and must be zero.
 */
static bool
take_bcrypt(const char *stored, struct phc *out)
{
	const char *at = stored + 4;

	if (strlen(stored) != BCRYPT_SIZE || stored[3] != '$' ||
	    strchr("abxy", stored[2]) == NULL)
		return false;
	/* Two digits always, so a zero in front belongs there. */
	if (*at == '0')
		at++;
	if (!take_number(&at, BCRYPT_COST_MIN, BCRYPT_COST_LIMIT,
			 &out->p.passes))
		return false;
	if (at != stored + 6 || *at != '$')
		return false;
	while (*++at != '\0')
		if (digit_value(bcrypt_digits, *at) < 0)
			return false;
	return (digit_value(bcrypt_digits, stored[BCRYPT_SALT_END]) & 15) ==
		       0 &&
	       (digit_value(bcrypt_digits, stored[BCRYPT_SIZE - 1]) & 3) == 0;
}

static enum password_scheme
parse(const char *stored, struct phc *out)
{
	const char *at = stored;

	if (text_starts(stored, "$2"))
		return take_bcrypt(stored, out) ? SCHEME_BCRYPT : SCHEME_NONE;
	if (!take_text(&at, "$"))
		return SCHEME_NONE;
	for (size_t i = 0; i < countof(argon2_names); i++) {
		const char *rest = at;

		if (take_text(&rest, argon2_names[i].name) &&
		    take_text(&rest, "$"))
			return take_argon2(rest, out) ? argon2_names[i].scheme
						      : SCHEME_NONE;
	}
	return SCHEME_NONE;
}

enum password_scheme
phc_parse(const char *stored, struct phc *out)
{
	enum password_scheme scheme;

	*out = (struct phc){0};
	scheme = parse(stored, out);
	if (scheme == SCHEME_NONE)
		*out = (struct phc){0};
	out->p.scheme = scheme;
	return scheme;
}

enum password_scheme
password_parse(const char *stored, struct password_parameters *out)
{
	struct phc h;

	(void)phc_parse(stored, &h);
	*out = h.p;
	return out->scheme;
}

static void
write_base64(struct buf *b, const uint8_t *bytes, size_t len)
{
	uint32_t group = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		group = group << 8 | bytes[i];
		for (bits += 8; bits >= 6; bits -= 6)
			buf_char(b, base64_digits[group >> (bits - 6) & 63]);
	}
	if (bits > 0)
		buf_char(b, base64_digits[group << (6 - bits) & 63]);
}

const char *
phc_write(struct arena *mem, const struct phc *h)
{
	struct buf b;

	buf_init(&b, mem, 128);
	for (size_t i = 0; i < countof(argon2_names); i++)
		if (argon2_names[i].scheme == h->p.scheme)
			buf_printf(&b, "$%s$", argon2_names[i].name);
	if (h->version != 0)
		buf_printf(&b, "v=%u$", h->version);
	buf_printf(&b, "m=%u,t=%u,p=%u$", h->p.memory_kib, h->p.passes,
		   h->p.lanes);
	write_base64(&b, h->salt, h->p.salt_size);
	buf_char(&b, '$');
	write_base64(&b, h->tag, h->p.tag_size);
	return b.data;
}
