/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#define IP4_OCTETS 4
#define IP6_PARTS 8

static bool
is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(uint32_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_digit_or_period(uint32_t c)
{
	return is_digit(c) || c == '.';
}

static bool
is_literal_character(uint32_t c)
{
	return c >= 0x21 && c <= 0xfa;
}

/* The parts between the colons or periods; there is at least one. */
static struct runes *
split_at(struct arena *mem, struct runes s, uint32_t separator, size_t *count)
{
	struct runes *parts = arena_array(mem, s.len + 2, sizeof(*parts));
	bool more = true;

	for (*count = 0; more; (*count)++) {
		more = runes_find(s, separator) < s.len;
		parts[*count] = runes_next(&s, separator);
	}
	return parts;
}

static const char *
octet_fault(struct arena *mem, struct runes octet)
{
	uint32_t value = 0;

	if (octet.len == 0)
		return "Empty octet not permitted";
	if (!runes_fit(octet, is_digit))
		return arena_printf(mem, "Only decimal digits permitted in %s",
				    runes_quoted(mem, octet));
	if (octet.len > 3)
		return arena_printf(mem, "At most 3 characters permitted in %s",
				    runes_quoted(mem, octet));
	if (octet.len > 1 && octet.at[0] == '0')
		return arena_printf(mem,
				    "Leading zeros are not permitted in %s",
				    runes_quoted(mem, octet));
	for (size_t i = 0; i < octet.len; i++)
		value = value * 10 + (octet.at[i] - '0');
	if (value > 255)
		return arena_printf(mem, "Octet %u (> 255) not permitted",
				    value);
	return NULL;
}

/* NULL when it is an IPv4 address, else what is wrong. */
static const char *
ip4_fault(struct arena *mem, struct runes text)
{
	size_t count;
	struct runes *octets = split_at(mem, text, '.', &count);

	if (count != IP4_OCTETS)
		return arena_printf(mem, "Expected 4 octets in %s",
				    runes_quoted(mem, text));
	for (size_t i = 0; i < count; i++) {
		const char *fault = octet_fault(mem, octets[i]);

		if (fault != NULL)
			return arena_printf(mem, "%s in %s", fault,
					    runes_quoted(mem, text));
	}
	return NULL;
}

static const char *
hextet_fault(struct arena *mem, struct runes part)
{
	if (!runes_fit(part, is_hex))
		return arena_printf(mem, "Only hex digits permitted in %s",
				    runes_quoted(mem, part));
	if (part.len > 4)
		return arena_printf(mem, "At most 4 characters permitted in %s",
				    runes_quoted(mem, part));
	return NULL;
}

/* An IPv4 address at the end counts as two parts. */
static const char *
fold_ip4_tail(struct arena *mem, struct runes *parts, size_t *count)
{
	static const uint32_t zero = '0';
	struct runes tail = parts[*count - 1];
	const char *fault;

	if (runes_find(tail, '.') == tail.len)
		return NULL;
	fault = ip4_fault(mem, tail);
	if (fault != NULL)
		return fault;
	parts[*count - 1] = (struct runes){&zero, 1};
	parts[*count] = (struct runes){&zero, 1};
	(*count)++;
	return NULL;
}

/* The inner empty parts, "::", and where the first one is. */
static size_t
count_gaps(const struct runes *parts, size_t count, size_t *gap)
{
	size_t gaps = 0;

	for (size_t i = 1; i + 1 < count; i++) {
		if (parts[i].len > 0)
			continue;
		if (gaps == 0)
			*gap = i;
		gaps++;
	}
	return gaps;
}

/* What is wrong with the arrangement of the parts; "%s in <the text>". */
static const char *
shape_fault(const struct runes *parts, size_t count)
{
	size_t gap = 0;
	size_t gaps = count_gaps(parts, count, &gap);
	bool open_start = parts[0].len == 0;
	bool open_end = parts[count - 1].len == 0;
	size_t before = gap;
	size_t after = count - gap - 1;

	if (gaps > 1)
		return "At most one '::' permitted";
	if (gaps == 0 && count != IP6_PARTS)
		return "Exactly 8 parts expected without '::'";
	if (open_start && (gaps == 0 || before > 1))
		return "Leading ':' only permitted as part of '::'";
	if (open_end && (gaps == 0 || after > 1))
		return "Trailing ':' only permitted as part of '::'";
	before -= open_start ? 1 : 0;
	after -= open_end ? 1 : 0;
	if (gaps == 1 && before + after >= IP6_PARTS)
		return "Expected at most 7 other parts with '::'";
	return NULL;
}

static const char *
ip6_part_fault(struct arena *mem, struct runes text)
{
	size_t count;
	struct runes *parts = split_at(mem, text, ':', &count);
	const char *fault;

	if (count < 3)
		return "At least 3 parts expected";
	fault = fold_ip4_tail(mem, parts, &count);
	if (fault != NULL)
		return fault;
	if (count > IP6_PARTS + 1)
		return "At most 8 colons permitted";
	fault = shape_fault(parts, count);
	for (size_t i = 0; fault == NULL && i < count; i++)
		fault = hextet_fault(mem, parts[i]);
	return fault;
}

/* NULL when it is an IPv6 address, with or without a zone. */
static const char *
ip6_fault(struct arena *mem, struct runes text)
{
	size_t percent = runes_find(text, '%');
	const char *fault;

	if (runes_find(text, '/') < text.len)
		return arena_printf(mem, "Unexpected '/' in %s",
				    runes_quoted(mem, text));
	if (percent < text.len) {
		struct runes zone = runes_from(text, percent + 1);

		if (zone.len == 0 || runes_find(zone, '%') < zone.len)
			return arena_printf(mem, "Invalid IPv6 address: \"%s\"",
					    runes_quoted(mem, text));
		text = runes_upto(text, percent);
	}
	if (text.len == 0)
		return "Address cannot be empty";
	fault = ip6_part_fault(mem, text);
	if (fault == NULL)
		return NULL;
	return arena_printf(mem, "%s in %s", fault, runes_quoted(mem, text));
}

static enum err
refuse_unknown_tag(struct email *m, struct runes inside)
{
	const char *unfit;

	if (runes_find(inside, ':') == inside.len)
		return email_refuse(
			m, "The part after the @-sign in brackets is not an "
			   "IPv4 address and has no address literal tag.");
	unfit = runes_unfit(m->mem, inside, is_literal_character);
	if (unfit != NULL)
		return email_refuse(m,
				    "The part after the @-sign contains "
				    "invalid characters in brackets: %s.",
				    unfit);
	return email_refuse(m, "The part after the @-sign contains an invalid "
			       "address literal tag in brackets.");
}

enum err
email_refuse_literal(struct email *m, struct runes inside)
{
	const char *fault;

	if (inside.len > 0 && runes_fit(inside, is_digit_or_period)) {
		fault = ip4_fault(m->mem, inside);
		if (fault != NULL)
			return email_refuse(
				m,
				"The address in brackets after the @-sign is "
				"not valid: It is not an IPv4 address (%s) or "
				"is missing an address literal tag.",
				fault);
	} else if (inside.len >= 5 &&
		   runes_are(runes_upto(inside, 5), "IPv6:")) {
		fault = ip6_fault(m->mem, runes_from(inside, 5));
		if (fault != NULL)
			return email_refuse(m,
					    "The IPv6 address in brackets "
					    "after the @-sign is not valid "
					    "(%s).",
					    fault);
	} else {
		return refuse_unknown_tag(m, inside);
	}
	return email_refuse(m, "A bracketed IP address after the @-sign is "
			       "not allowed here.");
}
