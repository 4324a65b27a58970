/* SPDX-License-Identifier: MIT */
/* What the backends sign with, and whether their strategies can work. */
#include <string.h>
#include <sys/stat.h>

#include "base/config_table.h"
#include "base/jws_key.h"
#include "base/redis_url.h"

static bool
is_jwt(const struct backend_settings *b)
{
	return strcmp(b->strategy, "jwt") == 0;
}

static enum jws_alg
algorithm_of(const struct backend_settings *b)
{
	enum jws_alg alg = JWS_HS256;

	/* The table's bounds let nothing else through. */
	if (!jws_alg_named(b->algorithm, &alg))
		return JWS_HS256;
	return alg;
}

bool
config_backend_has_ring(const struct backend_settings *b)
{
	return is_jwt(b) && !jws_alg_has_secret(algorithm_of(b)) &&
	       b->key_file.count == 0;
}

/* Whether tokens that a secret signed are still good where keys sign now. */
static bool
accepts_secrets(const struct backend_settings *b)
{
	enum jws_alg alg;

	for (size_t i = 0; i < b->still_accepts.count; i++)
		if (jws_alg_named(b->still_accepts.items[i], &alg) &&
		    jws_alg_has_secret(alg))
			return true;
	return false;
}

/* Whether it takes secrets.jwt, having nothing of its own. */
static bool
borrows_secret(const struct backend_settings *b)
{
	return is_jwt(b) && b->secret.count == 0 &&
	       (jws_alg_has_secret(algorithm_of(b)) || accepts_secrets(b));
}

static const char *
pem_fault(enum jws_alg alg, const char *pem, bool must_sign)
{
	struct jws_key *key;
	const char *why = NULL;

	if (jws_key_from_pem(alg, pem, strlen(pem), NULL, &key, &why) != OK)
		return why;
	if (must_sign && !jws_key_can_sign(key))
		why = "there is a public key in it: name it in public_key_file";
	if (!must_sign && jws_key_can_sign(key))
		why = "there is a private key in it, which does not belong "
		      "there: write its public part by openssl pkey -pubout";
	jws_key_free(key);
	return why;
}

/* A public key may be read by all, a private one may not. */
static void
key_files_take(struct reading *r, size_t i, const char *setting,
	       const struct text_list *paths, mode_t forbidden)
{
	enum jws_alg alg = algorithm_of(&r->conf->backend[i]);
	bool must_sign = (forbidden & S_IROTH) != 0;

	for (size_t k = 0; k < paths->count; k++) {
		char *pem = NULL;
		const char *why =
			secret_file_read(r, paths->items[k], forbidden, &pem);

		if (why == NULL)
			why = pem_fault(alg, pem, must_sign);
		if (why != NULL)
			config_blame(r, "backend", i, setting, "%s: %s",
				     paths->items[k], why);
		else
			list_append(&r->conf->backend_keys[i], r->mem, pem,
				    strlen(pem));
	}
}

static void
own_secrets_take(struct reading *r, size_t i)
{
	struct backend_settings *b = &r->conf->backend[i];
	const struct place at = {"backend", i, "secret"};
	const struct place file_at = {"backend", i, "secret_file"};

	secrets_judge(r, &at, &b->secret);
	if (*b->secret_file != '\0')
		secrets_add_file(r, &file_at, b->secret_file, &b->secret);
}

static void
keys_take(struct reading *r, size_t i)
{
	const struct backend_settings *b = &r->conf->backend[i];

	if (!accepts_secrets(b) &&
	    (b->secret.count > 0 || *b->secret_file != '\0'))
		config_blame(r, "backend", i,
			     b->secret.count > 0 ? "secret" : "secret_file",
			     "%s signs with key_file, not with a secret",
			     b->algorithm);
	if (b->key_file.count == 0 && *r->conf->keys.file == '\0')
		config_blame(r, "backend", i, "key_file",
			     "%s needs a private key to sign with: name it "
			     "here, or the file of signing keys in keys.file",
			     b->algorithm);
	if (accepts_secrets(b))
		own_secrets_take(r, i);
	key_files_take(r, i, "key_file", &b->key_file, S_IROTH | S_IWOTH);
	key_files_take(r, i, "public_key_file", &b->public_key_file, S_IWOTH);
}

static void
secrets_take(struct reading *r, size_t i)
{
	const struct backend_settings *b = &r->conf->backend[i];

	if (b->key_file.count > 0 || b->public_key_file.count > 0)
		config_blame(
			r, "backend", i,
			b->key_file.count > 0 ? "key_file" : "public_key_file",
			"%s signs with a secret, not with a key", b->algorithm);
	if (b->still_accepts.count > 0)
		config_blame(r, "backend", i, "still_accepts",
			     "is for a backend that signs with a key, and %s "
			     "signs with a secret",
			     b->algorithm);
	own_secrets_take(r, i);
}

/* Of several backends that lack one it is told once. */
static void
shared_secret_check(struct reading *r)
{
	const struct config *c = r->conf;

	if (c->secrets.jwt.count > 0)
		return;
	for (size_t i = 0; i < c->backend_count; i++) {
		if (!borrows_secret(&c->backend[i]))
			continue;
		config_blame(r, "secrets", 0, "jwt",
			     "there is no secret, and backend \"%s\" has none "
			     "of its own: put one into jwt_file, into jwt or "
			     "into FASTCGI_USERS_JWT_SECRET",
			     c->backend[i].title);
		return;
	}
}

static void
redis_check(struct reading *r, size_t i)
{
	const struct config *c = r->conf;

#ifndef HAVE_HIREDIS
	config_blame(r, "backend", i, "strategy",
		     "this program was built without Redis");
#endif
	if (*c->redis.url == '\0')
		config_blame(r, "redis", 0, "url",
			     "is not set, and backend \"%s\" needs it",
			     c->backend[i].title);
	if (*c->backend[i].key_prefix == '\0')
		config_blame(r, "backend", i, "key_prefix",
			     "must not be empty");
}

static void
key_ring_check(struct reading *r)
{
	const char *path = r->conf->keys.file;

	if (*path != '\0' && (*path != '/' || path[strlen(path) - 1] == '/'))
		config_blame(r, "keys", 0, "file",
			     "\"%s\" must be the absolute path of a file",
			     path);
}

static void
redis_url_check(struct reading *r)
{
	const char *url = r->conf->redis.url;
	struct redis_url parts;
	const char *why =
		*url != '\0' ? redis_url_read(r->mem, url, &parts) : NULL;

	if (why != NULL)
		config_blame(r, "redis", 0, "url", "%s", why);
}

void
config_take_backends(struct reading *r)
{
	struct config *c = r->conf;

	c->backend_keys =
		arena_array(r->mem, c->backend_count, sizeof(*c->backend_keys));
	for (size_t i = 0; i < c->backend_count; i++) {
		if (strcmp(c->backend[i].strategy, "redis") == 0)
			redis_check(r, i);
		if (!is_jwt(&c->backend[i]))
			continue;
		if (jws_alg_has_secret(algorithm_of(&c->backend[i])))
			secrets_take(r, i);
		else
			keys_take(r, i);
	}
	shared_secret_check(r);
	redis_url_check(r);
	key_ring_check(r);
}
