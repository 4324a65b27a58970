/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/page.h"
#include "base/crypto.h"
#include "http/body.h"
#include "http/cookie.h"

/* Names with __Host- are taken by browsers only as we set them, so that no
 * other host of the domain can set ours (RFC 6265bis, section 4.1.3.2). */
#define SECRET_COOKIE "fcu_form"
#define SAID_COOKIE "fcu_said"
#define HOST_PREFIX "__Host-"
#define SECRET_SIZE 18
#define SAID_LIFETIME 60

static const char *
cookie_name_of(const struct call *c, const char *name)
{
	return page_backend(c->cx->conf)->cookie_secure
		       ? arena_printf(c->cx->mem, HOST_PREFIX "%s", name)
		       : name;
}

const char *
page_cookie_value(const struct call *c, const char *name)
{
	if (c->rq->cookie == NULL)
		return NULL;
	return cookie_value(c->cx->mem, c->rq->cookie, cookie_name_of(c, name));
}

void
page_cookie(struct call *c, const char *name, const char *value,
	    int64_t seconds)
{
	const struct cookie cookie = {
		.name = cookie_name_of(c, name),
		.value = value,
		.domain = "",
		.path = "/",
		.samesite = "lax",
		.max_age = seconds,
		.secure = page_backend(c->cx->conf)->cookie_secure,
		.httponly = true,
	};

	cookie_set(c->rs, &cookie);
}

static const char *
token_by(struct arena *mem, const char *secret, const char *path)
{
	unsigned char mac[SHA256_SIZE];
	struct mac_key *key = mac_key_new(secret, strlen(secret));

	mac_sign(key, path, strlen(path), mac);
	mac_key_free(key);
	return crypto_base64url(mem, mac, sizeof(mac));
}

/* What ties a form to this browser; NULL where nothing does yet. */
static const char *
secret_of(const struct call *c)
{
	return c->user.id != NULL ? c->token.text
				  : page_cookie_value(c, SECRET_COOKIE);
}

const char *
page_token(struct call *c, const char *path)
{
	unsigned char bytes[SECRET_SIZE];

	path = page_path(c, path);
	if (c->form_secret == NULL)
		c->form_secret = secret_of(c);
	if (c->form_secret == NULL) {
		crypto_random(bytes, sizeof(bytes));
		c->form_secret =
			crypto_base64url(c->cx->mem, bytes, sizeof(bytes));
		page_cookie(c, SECRET_COOKIE, c->form_secret, -1);
	}
	return token_by(c->cx->mem, c->form_secret, path);
}

bool
page_token_fits(struct call *c, const char *path)
{
	const char *given = c->input.form != NULL
				    ? form_value(c->input.form, "form_token")
				    : NULL;
	const char *secret = secret_of(c);
	const char *right;

	if (given == NULL || secret == NULL)
		return false;
	right = token_by(c->cx->mem, secret, page_path(c, path));
	return strlen(given) == strlen(right) &&
	       crypto_equal(given, right, strlen(right));
}

void
page_say_next(struct call *c, const char *key)
{
	page_cookie(c, SAID_COOKIE, key != NULL ? key : "",
		    key != NULL ? SAID_LIFETIME : 0);
}

/* Only what is there to be said is said. */
const char *
page_said(struct call *c)
{
	const char *key = page_cookie_value(c, SAID_COOKIE);

	if (key == NULL)
		return NULL;
	page_say_next(c, NULL);
	if (strncmp(key, "said.", 5) != 0 ||
	    page_say_if(&page_languages[0], key) == NULL)
		return NULL;
	return key;
}
