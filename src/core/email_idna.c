/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <string.h>

/* The contract's limits: of its IDNA library, and of the DNS. */
#define INPUT_LIMIT 1024
#define LABEL_LIMIT 63

/* UTS #46: disallowed, though their foldings are harmless. */
static const struct rune_range unmappable[] = {
	{0x2ff0, 0x2fff}, {0x31ef, 0x31ef}, {0xfe12, 0xfe12},
	{0xfe19, 0xfe19}, {0xfe30, 0xfe30}, {0xfffc, 0xfffd},
};

/* Deviations keep their form since UTS #46 stopped its transition. */
static size_t
map_rune(uint32_t c, uint32_t out[RUNE_FOLD_MAX])
{
	static const uint32_t special[][2] = {
		{0x00df, 0x00df}, {0x03c2, 0x03c2}, {0x1e9e, 0x00df},
		{0x3002, '.'},    {0xff61, '.'},
	};
	size_t kept = 0;
	size_t len;

	for (size_t i = 0; i < countof(special); i++) {
		if (c != special[i][0])
			continue;
		out[0] = special[i][1];
		return 1;
	}
	len = rune_fold(c, out);
	for (size_t i = 0; i < len; i++)
		if (!rune_is_ignorable(out[i]))
			out[kept++] = out[i];
	return kept;
}

const char *
idna_map(struct arena *mem, struct runes domain, struct runes *out)
{
	uint32_t *mapped;
	size_t len = 0;

	if (domain.len > INPUT_LIMIT)
		return "Domain too long";
	if (runes_ascii(domain)) {
		*out = runes_lower(mem, domain);
		return NULL;
	}
	mapped = arena_array(mem, domain.len, RUNE_FOLD_MAX * sizeof(*mapped));
	for (size_t i = 0; i < domain.len; i++) {
		if (rune_in(domain.at[i], unmappable, countof(unmappable)))
			return arena_printf(mem,
					    "Codepoint U+%04X not allowed at "
					    "position %zu in %s",
					    domain.at[i], i + 1,
					    runes_quoted(mem, domain));
		len += map_rune(domain.at[i], mapped + len);
	}
	*out = runes_nfc(mem, (struct runes){mapped, len});
	return NULL;
}

static const char *
decode_ace(struct arena *mem, struct runes code, struct runes *out)
{
	if (code.len == 0)
		return "Malformed A-label, no Punycode eligible content found";
	if (code.at[code.len - 1] == '-')
		return "A-label must not end with a hyphen";
	if (!punycode_decode(mem, code, out))
		return "Invalid A-label";
	if (!runes_same(punycode_encode(mem, *out), code))
		return "A-label is not the canonical Punycode encoding of its "
		       "U-label";
	return idna_label_fault(mem, *out);
}

const char *
idna_decode(struct arena *mem, struct runes label, struct runes *out)
{
	if (label.len > INPUT_LIMIT)
		return "Label too long";
	*out = runes_lower(mem, label);
	if (out->len < 4 || !runes_are(runes_upto(*out, 4), "xn--"))
		return idna_label_fault(mem, *out);
	return decode_ace(mem, runes_from(*out, 4), out);
}

static struct runes
ace_of(struct arena *mem, struct runes label)
{
	struct runes code = punycode_encode(mem, label);
	uint32_t *ace = arena_array(mem, code.len + 4, sizeof(*ace));

	ace[0] = 'x';
	ace[1] = 'n';
	ace[2] = '-';
	ace[3] = '-';
	memcpy(ace + 4, code.at, code.len * sizeof(*ace));
	return (struct runes){ace, code.len + 4};
}

const char *
idna_encode(struct arena *mem, struct runes label, struct runes *out)
{
	struct runes decoded;
	const char *fault;

	if (label.len > INPUT_LIMIT)
		return "Label too long";
	if (runes_ascii(label)) {
		fault = idna_decode(mem, label, &decoded);
		*out = label;
	} else {
		fault = idna_label_fault(mem, label);
		if (fault == NULL)
			*out = ace_of(mem, label);
	}
	if (fault == NULL && out->len > LABEL_LIMIT)
		fault = "Label too long";
	return fault;
}
