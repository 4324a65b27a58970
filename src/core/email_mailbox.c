/* SPDX-License-Identifier: MIT */
/* A stored address as SMTP wants it. */
#include <string.h>

#include "core/email.h"
#include "core/email_parts.h"

#define LOCAL_LIMIT 64
#define DOMAIN_LIMIT 255
/* Letters of an atom (RFC 5322), and the full stop between atoms. */
#define ATOM                                                                   \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"       \
	"!#$%&'*+-/=?^_`{|}~."

static bool
is_local(const char *text, size_t len)
{
	if (len == 0 || len > LOCAL_LIMIT || *text == '.' || *text == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x80 &&
		    strchr(ATOM, text[i]) == NULL)
			return false;
	return true;
}

static bool
is_host(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= DOMAIN_LIMIT && *text != '.' && *text != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

/* With A-labels. NULL when that cannot be. */
static const char *
domain_encode(struct arena *mem, const char *text)
{
	struct runes rest = runes_of(mem, text);
	const char *out = "";

	while (rest.len > 0) {
		struct runes label = runes_next(&rest, '.');
		struct runes ascii;

		if (idna_encode(mem, label, &ascii) != NULL)
			return NULL;
		out = arena_printf(mem, "%s%s%s", out, *out != '\0' ? "." : "",
				   runes_text(mem, ascii));
	}
	return out;
}

enum err
email_mailbox(struct arena *mem, const char *address, const char **out)
{
	const char *at = strrchr(address, '@');
	struct runes whole = runes_of(mem, address);
	const char *domain;

	for (size_t i = 0; i < whole.len; i++)
		if (whole.at[i] < 0x20 ||
		    (whole.at[i] >= 0x7f && whole.at[i] < 0xa0) ||
		    rune_is_space(whole.at[i]) ||
		    rune_is_ignorable(whole.at[i]))
			return ERR_INVALID;
	if (at == NULL || !is_local(address, (size_t)(at - address)))
		return ERR_INVALID;
	domain = is_host(at + 1) ? at + 1 : domain_encode(mem, at + 1);
	if (domain == NULL || !is_host(domain))
		return ERR_INVALID;
	*out = arena_printf(mem, "%.*s@%s", (int)(at - address), address,
			    domain);
	return OK;
}
