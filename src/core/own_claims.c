/* SPDX-License-Identifier: MIT */
#include "core/own_claims.h"

#include <string.h>

#include "base/crypto.h"
#include "core/claims.h"
#include "store/user_id.h"

/* Of the random part of a jti, in base64. */
#define RANDOM_LENGTH 22
/* No number with more digits is read here, so that none overflows. */
#define DIGITS_LIMIT 15

/* What has not been read yet. */
struct rest {
	const char *at;
	const char *end;
};

static bool
take(struct rest *r, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

/* As JSON spells it: no zero in front. */
static bool
take_number(struct rest *r, int64_t *out)
{
	const char *start = r->at;
	int64_t number = 0;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
		if (r->at - start == DIGITS_LIMIT)
			return false;
		number = number * 10 + (*r->at++ - '0');
	}
	*out = number;
	return r->at > start && (*start != '0' || r->at - start == 1);
}

/* A UUID or a number, both as they are written here. */
static bool
take_id(struct rest *r, struct arena *mem, const char **out)
{
	const char *start = r->at;
	const char *stop = memchr(start, '"', (size_t)(r->end - start));
	size_t len;

	if (stop == NULL)
		return false;
	len = (size_t)(stop - start);
	*out = arena_copy(mem, start, len);
	r->at = stop;
	return strspn(*out, "0123456789abcdef-") == len &&
	       user_id_is_plausible(*out);
}

static bool
take_audiences(struct rest *r, const struct text_list *audiences)
{
	for (size_t i = 0; i < audiences->count; i++) {
		const char *one = audiences->items[i];

		/* That would have been escaped. */
		if (strpbrk(one, "\"\\") != NULL)
			return false;
		if (!take(r, i == 0 ? "[\"" : "\",\"") || !take(r, one))
			return false;
	}
	return take(r, "\"]");
}

static bool
take_random(struct rest *r)
{
	if (r->end - r->at < RANDOM_LENGTH ||
	    crypto_base64url_span(r->at, RANDOM_LENGTH) != RANDOM_LENGTH)
		return false;
	r->at += RANDOM_LENGTH;
	return true;
}

bool
own_claims_read(struct arena *mem, const char *text, size_t len,
		const struct text_list *audiences, struct own_claims *out)
{
	struct rest r = {text, text + len};

	return take(&r, "{\"sub\":\"") && take_id(&r, mem, &out->subject) &&
	       take(&r, "\",\"aud\":") && take_audiences(&r, audiences) &&
	       take(&r, ",\"exp\":") && take_number(&r, &out->expires_at) &&
	       out->expires_at <= CLAIM_TIME_LIMIT && take(&r, ",\"iat\":") &&
	       take_number(&r, &out->issued_at) &&
	       out->issued_at <= CLAIM_TIME_LIMIT && take(&r, ",\"jti\":\"") &&
	       take_number(&r, &out->generation) && take(&r, "-") &&
	       take_random(&r) && take(&r, "\"}") && r.at == r.end;
}
