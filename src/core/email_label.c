/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <string.h>

/* The contract's limit here is that of a whole name, not of a label. */
#define LABEL_LIMIT 254

#define JOINER 0x200d
#define VIRAMA 9

enum rune_class { DISALLOWED, VALID, CONTEXT_JOINER, CONTEXT_OTHER };

struct class_range {
	uint32_t first;
	uint32_t last;
	enum rune_class class;
};

/* RFC 5892, sections 2.6 (exceptions), 2.8 (blocks), 2.9 (old jamo). */
static const struct class_range exceptions[] = {
	{0x00b7, 0x00b7, CONTEXT_OTHER},  {0x00df, 0x00df, VALID},
	{0x0375, 0x0375, CONTEXT_OTHER},  {0x03c2, 0x03c2, VALID},
	{0x05f3, 0x05f4, CONTEXT_OTHER},  {0x0640, 0x0640, DISALLOWED},
	{0x0660, 0x0669, CONTEXT_OTHER},  {0x06f0, 0x06f9, CONTEXT_OTHER},
	{0x06fd, 0x06fe, VALID},          {0x07fa, 0x07fa, DISALLOWED},
	{0x0f0b, 0x0f0b, VALID},          {0x1100, 0x11ff, DISALLOWED},
	{0x200c, 0x200d, CONTEXT_JOINER}, {0x20d0, 0x20ff, DISALLOWED},
	{0x3007, 0x3007, VALID},          {0x302e, 0x302f, DISALLOWED},
	{0x3031, 0x3035, DISALLOWED},     {0x303b, 0x303b, DISALLOWED},
	{0x30fb, 0x30fb, CONTEXT_OTHER},  {0xa960, 0xa97c, DISALLOWED},
	{0xd7b0, 0xd7fb, DISALLOWED},     {0x1d100, 0x1d24f, DISALLOWED},
};

/*
 * Valid in the label tables of the contract (Unicode 18), though its
 * character tables, and ours, are older (Unicode 14). Labels with these are
 * refused either way; the table finds the right words for it. Two cases are
 * left in which other words are found: one of these decides the context of a
 * neighbour by its script or joining type (U+05C8 before U+05F4), and U+1171E
 * between a letter and U+200C, which our tables see through.
 */
static const struct rune_range newer[] = {
	{0x05c8, 0x05c9},   {0x088f, 0x088f},   {0x0897, 0x0897},
	{0x0b53, 0x0b54},   {0x0c5c, 0x0c5c},   {0x0cdc, 0x0cdc},
	{0x0cf3, 0x0cf3},   {0x0ece, 0x0ece},   {0x1acf, 0x1af0},
	{0x1c8a, 0x1c8a},   {0x208f, 0x208f},   {0xa7cd, 0xa7cd},
	{0xa7cf, 0xa7cf},   {0xa7db, 0xa7db},   {0x105c0, 0x105f3},
	{0x10940, 0x10959}, {0x10d40, 0x10d4f}, {0x10d69, 0x10d6d},
	{0x10d6f, 0x10d85}, {0x10ec2, 0x10ec7}, {0x10ecb, 0x10ecf},
	{0x10ed9, 0x10eee}, {0x10ef0, 0x10eff}, {0x1123f, 0x11241},
	{0x11380, 0x11389}, {0x1138b, 0x1138b}, {0x1138e, 0x1138e},
	{0x11390, 0x113b5}, {0x113b7, 0x113c0}, {0x113c2, 0x113c2},
	{0x113c5, 0x113c5}, {0x113c7, 0x113ca}, {0x113cc, 0x113d3},
	{0x113e1, 0x113e2}, {0x116d0, 0x116e3}, {0x11b0a, 0x11b0a},
	{0x11b60, 0x11b67}, {0x11bc0, 0x11be0}, {0x11bf0, 0x11bf9},
	{0x11db0, 0x11ddb}, {0x11de0, 0x11de9}, {0x11df0, 0x11df1},
	{0x11f00, 0x11f10}, {0x11f12, 0x11f3a}, {0x11f3e, 0x11f42},
	{0x11f50, 0x11f5a}, {0x1342f, 0x1342f}, {0x13440, 0x13455},
	{0x13460, 0x143fa}, {0x16100, 0x16139}, {0x16d40, 0x16d6c},
	{0x16d70, 0x16d79}, {0x16ebb, 0x16ed3}, {0x16ff2, 0x16ff3},
	{0x187f8, 0x187ff}, {0x18cd6, 0x18cda}, {0x18cff, 0x18cff},
	{0x18d09, 0x18d20}, {0x18d80, 0x18df2}, {0x18e00, 0x19191},
	{0x191a0, 0x191d2}, {0x1b127, 0x1b128}, {0x1b132, 0x1b132},
	{0x1b155, 0x1b155}, {0x1b168, 0x1b168}, {0x1d250, 0x1d252},
	{0x1d25b, 0x1d25c}, {0x1d25f, 0x1d25f}, {0x1d280, 0x1d281},
	{0x1df1f, 0x1df3f}, {0x1df41, 0x1df47}, {0x1df49, 0x1df49},
	{0x1df4b, 0x1df4c}, {0x1df4e, 0x1df50}, {0x1df52, 0x1df67},
	{0x1df69, 0x1df69}, {0x1df6b, 0x1df6b}, {0x1df6d, 0x1df6d},
	{0x1df6f, 0x1df71}, {0x1df73, 0x1df73}, {0x1df75, 0x1df75},
	{0x1df77, 0x1df77}, {0x1df79, 0x1df79}, {0x1df7b, 0x1df7b},
	{0x1df7d, 0x1df7d}, {0x1df7f, 0x1df81}, {0x1df90, 0x1df94},
	{0x1df96, 0x1df96}, {0x1e08f, 0x1e08f}, {0x1e4d0, 0x1e4f9},
	{0x1e5d0, 0x1e5fa}, {0x1e6c0, 0x1e6de}, {0x1e6e0, 0x1e6f5},
	{0x1e6fe, 0x1e6ff}, {0x2b739, 0x2b73f}, {0x2b81e, 0x2b81e},
	{0x2cea2, 0x2cead}, {0x2ebf0, 0x2ee5d}, {0x31350, 0x33479},
	{0x3d000, 0x3fc3f},
};

/* Tangut ideographs: the contract's character tables lack their names. */
static const struct rune_range nameless[] = {
	{0x17000, 0x187f7},
	{0x18d00, 0x18d08},
};

static bool
is_any(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static bool
is_unassigned(uint32_t c)
{
	return strcmp(rune_category(c), "Cn") == 0;
}

/* RFC 5892, sections 2.1 (letters and digits) and 2.2 (unstable). */
static bool
is_stable_letter(uint32_t c)
{
	static const char *const categories[] = {"Ll", "Lu", "Lo", "Nd",
						 "Lm", "Mn", "Mc"};
	uint32_t folded[RUNE_FOLD_MAX];

	return is_any(rune_category(c), categories, countof(categories)) &&
	       !rune_is_ignorable(c) && rune_fold(c, folded) == 1 &&
	       folded[0] == c;
}

static enum rune_class
class_of(uint32_t c)
{
	if (c == '-')
		return VALID;
	for (size_t i = 0; i < countof(exceptions); i++)
		if (c >= exceptions[i].first && c <= exceptions[i].last)
			return exceptions[i].class;
	if (is_unassigned(c))
		return rune_in(c, newer, countof(newer)) ? VALID : DISALLOWED;
	return is_stable_letter(c) ? VALID : DISALLOWED;
}

/* The joining type found next to `at`, past transparent ones; 'U' for none. */
static char
joining_beside(struct runes label, size_t at, bool before)
{
	size_t count = before ? at : label.len - at - 1;

	for (size_t i = 1; i <= count; i++) {
		uint32_t c = label.at[before ? at - i : at + i];
		char type = rune_joining(c);

		if (type != 'T')
			return type;
	}
	return 'U';
}

/* RFC 5892, appendices A.1 and A.2. */
static bool
joiner_fits(struct runes label, size_t at)
{
	char before;
	char after;

	if (at > 0 && rune_combining(label.at[at - 1]) == VIRAMA)
		return true;
	if (label.at[at] == JOINER)
		return false;
	before = joining_beside(label, at, true);
	after = joining_beside(label, at, false);
	return (before == 'L' || before == 'D') &&
	       (after == 'R' || after == 'D');
}

static bool
follows_nameless(struct runes label, size_t at)
{
	uint32_t c;

	if (at == 0)
		return false;
	c = label.at[at - 1];
	return is_unassigned(c) || rune_in(c, nameless, countof(nameless));
}

static bool
holds_any(struct runes label, uint32_t first, uint32_t last)
{
	for (size_t i = 0; i < label.len; i++)
		if (label.at[i] >= first && label.at[i] <= last)
			return true;
	return false;
}

static bool
holds_japanese(struct runes label)
{
	for (size_t i = 0; i < label.len; i++) {
		uint32_t c = label.at[i];

		if (c != 0x30fb &&
		    (rune_is_script(c, "Hiragana") ||
		     rune_is_script(c, "Katakana") || rune_is_script(c, "Han")))
			return true;
	}
	return false;
}

/* RFC 5892, appendices A.3 to A.9. */
static bool
context_fits(struct runes label, size_t at)
{
	uint32_t c = label.at[at];
	uint32_t before = at > 0 ? label.at[at - 1] : 0;
	uint32_t after = at + 1 < label.len ? label.at[at + 1] : 0;

	if (c == 0x00b7)
		return before == 'l' && after == 'l';
	if (c == 0x0375)
		return rune_is_script(after, "Greek");
	if (c == 0x05f3 || c == 0x05f4)
		return rune_is_script(before, "Hebrew");
	if (c == 0x30fb)
		return holds_japanese(label);
	if (c <= 0x0669)
		return !holds_any(label, 0x06f0, 0x06f9);
	return !holds_any(label, 0x0660, 0x0669);
}

/* What is wrong with one code point of a label; NULL when nothing is. */
static const char *
rune_fault(struct arena *mem, struct runes label, size_t at)
{
	uint32_t c = label.at[at];
	enum rune_class class = class_of(c);

	if (class == VALID)
		return NULL;
	if (class == DISALLOWED)
		return arena_printf(
			mem,
			"Codepoint U+%04X at position %zu of %s not allowed", c,
			at + 1, runes_quoted(mem, label));
	if (class == CONTEXT_OTHER && !context_fits(label, at))
		return arena_printf(
			mem,
			"Codepoint U+%04X not allowed at position %zu in %s", c,
			at + 1, runes_quoted(mem, label));
	if (class == CONTEXT_OTHER)
		return NULL;
	if (follows_nameless(label, at))
		return arena_printf(mem,
				    "Unknown codepoint adjacent to joiner "
				    "U+%04X at position %zu in %s",
				    c, at + 1, runes_quoted(mem, label));
	if (joiner_fits(label, at))
		return NULL;
	return arena_printf(mem,
			    "Joiner U+%04X not allowed at position %zu in %s",
			    c, at + 1, runes_quoted(mem, label));
}

/* Whether the label holds right-to-left letters; NULL and *out, or a fault. */
static const char *
find_direction(struct arena *mem, struct runes label, bool *out)
{
	static const char *const rtl[] = {"R", "AL", "AN"};

	*out = false;
	for (size_t i = 0; i < label.len; i++) {
		const char *direction = rune_direction(label.at[i]);

		if (*direction == '\0')
			return arena_printf(mem,
					    "Unknown directionality in label "
					    "%s at position %zu",
					    runes_quoted(mem, label), i + 1);
		*out = *out || is_any(direction, rtl, countof(rtl));
	}
	return NULL;
}

static bool
is_allowed_direction(const char *direction, bool rtl)
{
	static const char *const both[] = {"EN", "ES", "CS", "ET",
					   "ON", "BN", "NSM"};
	static const char *const right[] = {"R", "AL", "AN"};

	if (is_any(direction, both, countof(both)))
		return true;
	return rtl ? is_any(direction, right, countof(right))
		   : strcmp(direction, "L") == 0;
}

static bool
is_allowed_end(const char *direction, bool rtl)
{
	static const char *const left[] = {"L", "EN"};
	static const char *const right[] = {"R", "AL", "EN", "AN"};

	return rtl ? is_any(direction, right, countof(right))
		   : is_any(direction, left, countof(left));
}

/* RFC 5893, section 2, rules 2 to 6. */
static const char *
direction_fault(struct arena *mem, struct runes label, bool rtl)
{
	bool good_end = false;
	const char *numbers = NULL;

	for (size_t i = 0; i < label.len; i++) {
		const char *direction = rune_direction(label.at[i]);

		if (!is_allowed_direction(direction, rtl))
			return arena_printf(
				mem,
				"Invalid direction for codepoint at position "
				"%zu in a %s label",
				i + 1, rtl ? "right-to-left" : "left-to-right");
		if (is_allowed_end(direction, rtl))
			good_end = true;
		else if (strcmp(direction, "NSM") != 0)
			good_end = false;
		if (!rtl || (strcmp(direction, "AN") != 0 &&
			     strcmp(direction, "EN") != 0))
			continue;
		if (numbers != NULL && strcmp(numbers, direction) != 0)
			return "Can not mix numeral types in a right-to-left "
			       "label";
		numbers = direction;
	}
	return good_end ? NULL
			: "Label ends with illegal codepoint "
			  "directionality";
}

/* RFC 5893, section 2; labels without right-to-left letters are exempt. */
static const char *
bidi_fault(struct arena *mem, struct runes label)
{
	const char *first = rune_direction(label.at[0]);
	bool rtl;
	const char *fault = find_direction(mem, label, &rtl);

	if (fault != NULL || !rtl)
		return fault;
	rtl = strcmp(first, "R") == 0 || strcmp(first, "AL") == 0;
	if (!rtl && strcmp(first, "L") != 0)
		return arena_printf(mem,
				    "First codepoint in label %s must be "
				    "directionality L, R or AL",
				    runes_quoted(mem, label));
	return direction_fault(mem, label, rtl);
}

static bool
is_surrogate(uint32_t c)
{
	return c >= 0xd800 && c <= 0xdfff;
}

/* Punycode can hide surrogates; nothing composes with them. */
static bool
is_nfc(struct arena *mem, struct runes label)
{
	size_t from = 0;

	for (size_t i = 0; i <= label.len; i++) {
		struct runes part;

		if (i < label.len && !is_surrogate(label.at[i]))
			continue;
		part = runes_from(runes_upto(label, i), from);
		if (!runes_same(part, runes_nfc(mem, part)))
			return false;
		from = i + 1;
	}
	return true;
}

/* NULL when it is a U-label or plain ASCII. */
const char *
idna_label_fault(struct arena *mem, struct runes label)
{
	const char *fault = NULL;

	if (label.len == 0)
		return "Empty Label";
	if (label.len > LABEL_LIMIT)
		return "Label too long";
	if (!is_nfc(mem, label))
		return "Label must be in Normalization Form C";
	if (label.len >= 4 && label.at[2] == '-' && label.at[3] == '-')
		return "Label has disallowed hyphens in 3rd and 4th position";
	if (label.at[0] == '-' || label.at[label.len - 1] == '-')
		return "Label must not start or end with a hyphen";
	if (*rune_category(label.at[0]) == 'M')
		return "Label begins with an illegal combining character";
	for (size_t i = 0; fault == NULL && i < label.len; i++)
		fault = rune_fault(mem, label, i);
	return fault != NULL ? fault : bidi_fault(mem, label);
}
