/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <string.h>

/* The names and values of RFC 3492, section 5. */
#define BASE ((uint64_t)36)
#define TMIN ((uint64_t)1)
#define TMAX ((uint64_t)26)
#define SKEW ((uint64_t)38)
#define DAMP ((uint64_t)700)
#define FIRST_BIAS ((uint64_t)72)
#define FIRST_CODE ((uint32_t)0x80)
#define LAST_CODE ((uint64_t)0x10ffff)
#define NO_DIGIT BASE

/* No delta of a label that fits into memory is larger. */
#define DELTA_MAX ((uint64_t)1 << 40)
/* Each digit but the last divides a delta by ten at least. */
#define DIGITS_MAX ((size_t)14)

/* Its members have room for all that one call can write. */
struct writer {
	uint32_t *at;
	size_t len;
};

static uint64_t
threshold(uint64_t k, uint64_t bias)
{
	if (k <= bias + TMIN)
		return TMIN;
	return k >= bias + TMAX ? TMAX : k - bias;
}

static uint64_t
adapted_bias(uint64_t delta, bool first, uint64_t points)
{
	uint64_t k = 0;

	delta /= first ? DAMP : 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint64_t
digit_value(uint32_t c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= '0' && c <= '9')
		return c - '0' + 26;
	return NO_DIGIT;
}

static uint32_t
digit_of(uint64_t value)
{
	return (uint32_t)(value < 26 ? 'a' + value : '0' + value - 26);
}

static void
write_delta(struct writer *w, uint64_t delta, uint64_t bias)
{
	for (uint64_t k = BASE;; k += BASE) {
		uint64_t t = threshold(k, bias);

		if (delta < t)
			break;
		w->at[w->len++] = digit_of(t + (delta - t) % (BASE - t));
		delta = (delta - t) / (BASE - t);
	}
	w->at[w->len++] = digit_of(delta);
}

/* False when the digits end early or the number is absurd. */
static bool
read_delta(struct runes *code, uint64_t bias, uint64_t *out)
{
	uint64_t delta = 0;
	uint64_t weight = 1;

	for (uint64_t k = BASE; code->len > 0; k += BASE) {
		uint64_t digit = digit_value(code->at[0]);
		uint64_t t = threshold(k, bias);

		*code = runes_from(*code, 1);
		if (digit == NO_DIGIT)
			return false;
		delta += digit * weight;
		if (delta > DELTA_MAX)
			return false;
		if (digit < t) {
			*out = delta;
			return true;
		}
		weight *= BASE - t;
	}
	return false;
}

static uint32_t
smallest_from(struct runes label, uint32_t low)
{
	uint32_t found = UINT32_MAX;

	for (size_t i = 0; i < label.len; i++)
		if (label.at[i] >= low && label.at[i] < found)
			found = label.at[i];
	return found;
}

static void
write_basic(struct writer *w, struct runes label)
{
	for (size_t i = 0; i < label.len; i++)
		if (label.at[i] < FIRST_CODE)
			w->at[w->len++] = label.at[i];
}

struct runes
punycode_encode(struct arena *mem, struct runes label)
{
	struct writer w = {
		arena_array(mem, label.len + 1, DIGITS_MAX * sizeof(uint32_t)),
		0};
	uint64_t bias = FIRST_BIAS;
	uint64_t delta = 0;
	uint64_t basic;
	uint64_t done;
	uint32_t code = FIRST_CODE;

	write_basic(&w, label);
	basic = w.len;
	if (basic > 0)
		w.at[w.len++] = '-';
	for (done = basic; done < label.len; delta++, code++) {
		uint32_t next = smallest_from(label, code);

		delta += (next - code) * (done + 1);
		code = next;
		for (size_t i = 0; i < label.len; i++) {
			if (label.at[i] < code)
				delta++;
			if (label.at[i] != code)
				continue;
			write_delta(&w, delta, bias);
			bias = adapted_bias(delta, done == basic, done + 1);
			delta = 0;
			done++;
		}
	}
	return (struct runes){w.at, w.len};
}

static void
insert(struct writer *w, uint64_t at, uint32_t c)
{
	memmove(w->at + at + 1, w->at + at, (w->len - at) * sizeof(*w->at));
	w->at[at] = c;
	w->len++;
}

bool
punycode_decode(struct arena *mem, struct runes code, struct runes *out)
{
	struct writer w = {arena_array(mem, code.len + 1, sizeof(uint32_t)), 0};
	uint64_t bias = FIRST_BIAS;
	uint64_t at = 0;
	uint64_t c = FIRST_CODE;
	uint64_t delta;
	size_t basic = code.len;
	bool first = true;

	while (basic > 0 && code.at[basic - 1] != '-')
		basic--;
	for (; basic > 0 && w.len < basic - 1; w.len++)
		w.at[w.len] = code.at[w.len];
	for (code = runes_from(code, basic); code.len > 0; at++) {
		if (!read_delta(&code, bias, &delta))
			return false;
		at += delta;
		c += at / (w.len + 1);
		if (c > LAST_CODE)
			return false;
		at %= w.len + 1;
		insert(&w, at, (uint32_t)c);
		bias = adapted_bias(delta, first, w.len);
		first = false;
	}
	*out = (struct runes){w.at, w.len};
	return true;
}
