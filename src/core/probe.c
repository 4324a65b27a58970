/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

/* Seconds that one is good for, on either side. */
#define LIFETIME 60
/* No token that is signed with one of these secrets has a blank in it. */
#define PURPOSE "fastcgi-users probe "

static const char *
secret_of(const struct config *conf)
{
	const struct text_list *lists[] = {
		&conf->secrets.jwt,
		&conf->secrets.reset,
		&conf->secrets.verify,
		&conf->secrets.state,
	};

	for (size_t i = 0; i < countof(lists); i++)
		if (lists[i]->count > 0)
			return lists[i]->items[0];
	return NULL;
}

static const char *
signed_time(struct arena *mem, const char *secret, int64_t when)
{
	const char *text = arena_printf(mem, PURPOSE "%lld", (long long)when);
	unsigned char mac[SHA256_SIZE];
	struct mac_key *key = mac_key_new(secret, strlen(secret));

	mac_sign(key, text, strlen(text), mac);
	mac_key_free(key);
	return arena_printf(mem, "%lld.%s", (long long)when,
			    crypto_base64url(mem, mac, sizeof(mac)));
}

const char *
probe_write(const struct config *conf, struct arena *mem, int64_t now)
{
	const char *secret = secret_of(conf);

	return secret != NULL ? signed_time(mem, secret, now) : NULL;
}

bool
probe_is_good(const struct config *conf, struct arena *mem, int64_t now,
	      const char *text)
{
	const char *secret = secret_of(conf);
	size_t digits = strcspn(text, ".");
	const char *right;
	int64_t when;

	if (secret == NULL ||
	    !text_number(arena_copy(mem, text, digits), now - LIFETIME,
			 now + LIFETIME, &when))
		return false;
	right = signed_time(mem, secret, when);
	return strlen(text) == strlen(right) &&
	       crypto_equal(text, right, strlen(right));
}
