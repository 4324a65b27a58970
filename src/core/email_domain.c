/* SPDX-License-Identifier: MIT */
#include "core/email_parts.h"

#include <string.h>

#define NAME_LIMIT 253
#define LABEL_LIMIT 63

static const struct email_dots dots = {
	.first_period = "An email address cannot have a period immediately "
			"after the @-sign.",
	.last_period = "An email address cannot end with a period.",
	.first_hyphen = "An email address cannot have a hyphen immediately "
			"after the @-sign.",
	.last_hyphen = "An email address cannot end with a hyphen.",
};

/* IANA's special-use names that no mail can reach. */
static const char *const special_names[] = {
	"arpa", "invalid", "local", "localhost", "onion", "test",
};

static bool
is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_hostname_ascii(uint32_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool
is_hostname(uint32_t c)
{
	return c >= 0x80 || is_hostname_ascii(c);
}

static bool
hides_no_period(uint32_t c)
{
	return !rune_hides_period(c);
}

static enum err
map_domain(struct email *m, struct runes text, struct runes *out)
{
	const char *words = runes_unfit(m->mem, text, is_hostname);

	if (words == NULL) {
		TRY(email_check_safe(m, text, false));
		words = runes_unfit(m->mem, text, hides_no_period);
	}
	if (words != NULL)
		return email_refuse(m,
				    "The part after the @-sign contains "
				    "invalid characters: %s.",
				    words);
	words = idna_map(m->mem, text, out);
	if (words != NULL)
		return email_refuse(m,
				    "The part after the @-sign contains "
				    "invalid characters (%s).",
				    words);
	words = runes_unfit(m->mem, *out, is_hostname);
	if (words != NULL)
		return email_refuse(m,
				    "The part after the @-sign contains "
				    "invalid characters after Unicode "
				    "normalization: %s.",
				    words);
	return email_check_dots(m, *out, &dots);
}

/* RFC 5890's reserved labels: two hyphens behind two characters, not "xn". */
static enum err
check_reserved(struct email *m, struct runes domain)
{
	while (domain.len > 0) {
		struct runes label = runes_next(&domain, '.');

		if (label.len >= 4 && label.at[2] == '-' &&
		    label.at[3] == '-' &&
		    !runes_are(runes_upto(label, 2), "xn"))
			return email_refuse(
				m,
				"An email address cannot have two letters "
				"followed by two dashes immediately after the "
				"@-sign or after a period, except Punycode.");
	}
	return OK;
}

static size_t
count_labels(struct runes domain)
{
	size_t count = 1;

	for (size_t i = 0; i < domain.len; i++)
		count += domain.at[i] == '.' ? 1 : 0;
	return count;
}

/* Converts every label; no result of `convert` is longer than a DNS label. */
static const char *
convert_labels(struct arena *mem, struct runes domain,
	       const char *(*convert)(struct arena *, struct runes,
				      struct runes *),
	       struct runes *out)
{
	size_t count = count_labels(domain);
	uint32_t *all =
		arena_array(mem, count, (LABEL_LIMIT + 1) * sizeof(*all));
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		struct runes written = runes_next(&domain, '.');
		struct runes label;
		const char *fault = convert(mem, written, &label);

		if (fault != NULL)
			return fault;
		if (i > 0)
			all[len++] = '.';
		memcpy(all + len, label.at, label.len * sizeof(*all));
		len += label.len;
	}
	*out = (struct runes){all, len};
	return NULL;
}

static enum err
encode_domain(struct email *m, struct runes domain, struct runes *out)
{
	const char *fault;

	if (domain.len > 0 && runes_ascii(domain)) {
		*out = domain;
		return OK;
	}
	fault = convert_labels(m->mem, domain, idna_encode, out);
	if (fault == NULL)
		return OK;
	return email_refuse(m, "The part after the @-sign is invalid (%s).",
			    fault);
}

static enum err
check_lengths(struct email *m, struct runes ascii, struct runes original)
{
	struct runes rest = ascii;

	if (ascii.len > NAME_LIMIT && runes_same(ascii, original))
		return email_refuse(
			m, "The email address is too long after the @-sign %s.",
			email_excess(m->mem, ascii.len - NAME_LIMIT,
				     "character"));
	if (ascii.len > NAME_LIMIT) {
		size_t excess = ascii.len - NAME_LIMIT;

		return email_refuse(m,
				    "The email address is too long after the "
				    "@-sign (%zu byte%s too many after IDNA "
				    "encoding).",
				    excess, excess == 1 ? "" : "s");
	}
	while (rest.len > 0) {
		struct runes label = runes_next(&rest, '.');

		if (label.len > LABEL_LIMIT)
			return email_refuse(
				m,
				"After the @-sign, periods cannot be separated "
				"by so many characters %s.",
				email_excess(m->mem, label.len - LABEL_LIMIT,
					     "character"));
	}
	return OK;
}

static bool
is_special(const char *domain)
{
	size_t len = strlen(domain);

	for (size_t i = 0; i < countof(special_names); i++) {
		size_t tail = strlen(special_names[i]);

		/* A domain has a period by now, so the name follows one. */
		if (len > tail && domain[len - tail - 1] == '.' &&
		    strcmp(domain + len - tail, special_names[i]) == 0)
			return true;
	}
	return false;
}

static enum err
check_deliverable(struct email *m, struct runes ascii)
{
	if (runes_find(ascii, '.') == ascii.len)
		return email_refuse(m, "The part after the @-sign is not "
				       "valid. It should have a period.");
	if (!is_letter(ascii.at[ascii.len - 1]))
		return email_refuse(m,
				    "The part after the @-sign is not valid. "
				    "It is not within a valid top-level "
				    "domain.");
	if (is_special(runes_text(m->mem, ascii)))
		return email_refuse(m,
				    "The part after the @-sign is a "
				    "special-use or reserved name that cannot "
				    "be used with email.");
	return OK;
}

enum err
email_check_domain(struct email *m, struct runes text, struct email_domain *out)
{
	struct runes mapped;
	struct runes ascii;
	const char *fault;

	TRY(map_domain(m, text, &mapped));
	TRY(check_reserved(m, mapped));
	TRY(encode_domain(m, mapped, &ascii));
	TRY(check_lengths(m, ascii, text));
	TRY(check_deliverable(m, ascii));
	fault = convert_labels(m->mem, ascii, idna_decode, &out->text);
	if (fault != NULL)
		return email_refuse(m,
				    "The part after the @-sign is not valid "
				    "IDNA (%s).",
				    fault);
	/* Joiners are good in some labels, never in an address. */
	TRY(email_check_safe(m, out->text, false));
	out->ascii = runes_text(m->mem, ascii);
	return OK;
}
