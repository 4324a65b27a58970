/* SPDX-License-Identifier: MIT */
#include "core/token_keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/key_ring.h"
#include "base/log.h"

/* What reading the keys takes, and is wiped after. */
#define READING_LIMIT ((size_t)16 * 1024 * 1024)

static void
key_add(struct key_set *s, struct jws_key *key)
{
	struct jws_key **keys =
		realloc(s->keys, (s->count + 1) * sizeof(struct jws_key *));

	if (keys == NULL)
		abort();
	s->keys = keys;
	s->keys[s->count++] = key;
}

static void
secrets_add(struct key_set *s, enum jws_alg alg,
	    const struct text_list *secrets)
{
	for (size_t i = 0; i < secrets->count; i++)
		key_add(s, jws_key_from_secret(alg, secrets->items[i],
					       strlen(secrets->items[i])));
}

/* What sets are made of. */
struct source {
	const struct config *conf;
	const struct key_ring *ring;
	struct arena *mem;
	int64_t now;
};

/* The reference's tokens name no key. */
static void
name_key(const struct source *from, struct jws_key *key)
{
	if (!from->conf->jwt.reference_claims)
		jws_key_name(key, from->mem);
}

static enum err
pems_add(const struct source *from, struct key_set *s, enum jws_alg alg,
	 const struct text_list *pems)
{
	struct jws_key *key;
	const char *why;

	for (size_t i = 0; i < pems->count; i++) {
		TRY(jws_key_from_pem(alg, pems->items[i],
				     strlen(pems->items[i]), NULL, &key, &why));
		name_key(from, key);
		key_add(s, key);
	}
	return OK;
}

/* The current key first, since the first one signs. */
static void
ring_add(const struct source *from, struct key_set *s, enum jws_alg alg)
{
	const struct ring_key *current =
		key_ring_find(from->ring, alg, RING_CURRENT);

	if (current != NULL)
		key_add(s, jws_key_hold(current->key));
	for (size_t i = 0; i < from->ring->count; i++) {
		const struct ring_key *k = &from->ring->keys[i];

		if (k != current && jws_key_alg(k->key) == alg &&
		    !ring_key_is_over(k, from->now))
			key_add(s, jws_key_hold(k->key));
	}
}

static const struct text_list *
secrets_of(const struct config *conf, const struct backend_settings *b)
{
	return b->secret.count > 0 ? &b->secret : &conf->secrets.jwt;
}

/* What the backend signed with before it had these keys. */
static enum err
former_add(const struct source *from, struct key_set *s,
	   const struct backend_settings *b)
{
	enum jws_alg alg;

	for (size_t i = 0; i < b->still_accepts.count; i++) {
		if (!jws_alg_named(b->still_accepts.items[i], &alg))
			return ERR_CONFIGURATION;
		if (jws_alg_has_secret(alg))
			secrets_add(s, alg, secrets_of(from->conf, b));
		else
			ring_add(from, s, alg);
	}
	return OK;
}

/* Secrets and keys were judged when the configuration was read. A backend
 * without secrets of its own signs with those of all. */
static enum err
key_set_open(const struct source *from, size_t i, struct key_set *s)
{
	const struct config *conf = from->conf;
	const struct backend_settings *b = &conf->backend[i];
	enum jws_alg alg;

	if (strcmp(b->strategy, "jwt") != 0)
		return OK;
	if (!jws_alg_named(b->algorithm, &alg))
		return ERR_CONFIGURATION;
	if (jws_alg_has_secret(alg))
		secrets_add(s, alg, secrets_of(conf, b));
	else if (config_backend_has_ring(b))
		ring_add(from, s, alg);
	if (!jws_alg_has_secret(alg))
		TRY(pems_add(from, s, alg, &conf->backend_keys[i]));
	if (s->count == 0 || !jws_key_can_sign(s->keys[0]))
		return ERR_CONFIGURATION;
	return former_add(from, s, b);
}

/* Whether it is the first of its kind; several backends may share one. */
static bool
is_first(const struct token_keys *k, size_t set, size_t at, const char *jwk,
	 struct arena *mem)
{
	for (size_t i = 0; i <= set; i++)
		for (size_t j = 0; j < (i < set ? k->sets[i].count : at); j++)
			if (!jws_alg_has_secret(
				    jws_key_alg(k->sets[i].keys[j])) &&
			    strcmp(jws_key_jwk(mem, k->sets[i].keys[j]), jwk) ==
				    0)
				return false;
	return true;
}

static void
jwk_add(struct buf *out, struct token_keys *k, size_t i, size_t j)
{
	const struct jws_key *key = k->sets[i].keys[j];
	const char *jwk;

	if (jws_alg_has_secret(jws_key_alg(key)))
		return;
	jwk = jws_key_jwk(out->mem, key);
	if (!is_first(k, i, j, jwk, out->mem))
		return;
	if (out->data[out->len - 1] == '}')
		buf_char(out, ',');
	buf_add(out, jwk, strlen(jwk) - 1);
	buf_printf(out, ",\"alg\":\"%s\",\"use\":\"sig\",\"kid\":\"%s\"}",
		   jws_alg_name(jws_key_alg(key)),
		   jws_key_thumbprint(out->mem, key));
}

static char *
jwks_make(struct arena *mem, struct token_keys *k)
{
	struct buf b;
	char *text;

	buf_init(&b, mem, 1024);
	buf_text(&b, "{\"keys\":[");
	for (size_t i = 0; i < k->count; i++)
		for (size_t j = 0; j < k->sets[i].count; j++)
			jwk_add(&b, k, i, j);
	buf_text(&b, "]}");
	text = strdup(b.data);
	if (text == NULL)
		abort();
	return text;
}

static struct token_keys *
keys_make(const struct source *from, enum err *e)
{
	const struct config *conf = from->conf;
	struct token_keys *k = calloc(1, sizeof(*k));

	if (k == NULL)
		abort();
	k->conf = conf;
	k->sets = calloc(conf->backend_count + 1, sizeof(*k->sets));
	if (k->sets == NULL)
		abort();
	k->count = conf->backend_count;
	*e = OK;
	for (size_t i = 0; i < k->count && *e == OK; i++)
		*e = key_set_open(from, i, &k->sets[i]);
	if (*e == OK) {
		k->jwks = jwks_make(from->mem, k);
		return k;
	}
	token_keys_close(k);
	*e = ERR_CONFIGURATION;
	return NULL;
}

static bool
needs_ring(const struct config *conf)
{
	for (size_t i = 0; i < conf->backend_count; i++)
		if (config_backend_has_ring(&conf->backend[i]))
			return true;
	return false;
}

/* The first algorithm that a backend should sign by and has no key for. */
static const char *
missing(const struct config *conf, const struct key_ring *ring)
{
	for (size_t i = 0; i < conf->backend_count; i++) {
		const struct backend_settings *b = &conf->backend[i];
		enum jws_alg alg;

		if (config_backend_has_ring(b) &&
		    jws_alg_named(b->algorithm, &alg) &&
		    key_ring_find(ring, alg, RING_CURRENT) == NULL)
			return b->algorithm;
	}
	return NULL;
}

/* An empty ring where none is needed. NULL, or why not; *ring needs no closing
 * then. */
static const char *
ring_open(struct arena *mem, const struct config *conf, struct key_ring *ring,
	  struct stat *st)
{
	const char *alg;
	const char *why;

	*ring = (struct key_ring){.mem = mem};
	if (!needs_ring(conf))
		return NULL;
	why = key_ring_read(mem, conf->keys.file, ring, st);
	if (why != NULL && access(conf->keys.file, F_OK) != 0)
		return arena_printf(mem,
				    "keys.file: %s: %s; fastcgi-users key "
				    "generate makes it",
				    conf->keys.file, why);
	if (why != NULL)
		return arena_printf(mem, "keys.file: %s: %s", conf->keys.file,
				    why);
	alg = missing(conf, ring);
	if (alg == NULL)
		return NULL;
	key_ring_close(ring);
	return arena_printf(mem,
			    "keys.file: %s: there is no current key for %s; "
			    "fastcgi-users key generate makes one",
			    conf->keys.file, alg);
}

const char *
token_keys_fault(struct arena *mem, const struct config *conf)
{
	struct key_ring ring;
	struct stat st;
	const char *why = ring_open(mem, conf, &ring, &st);

	if (why == NULL)
		key_ring_close(&ring);
	return why;
}

static enum err
keys_open(const struct config *conf, int64_t now, struct token_keys **out)
{
	struct arena *mem = arena_open(0, READING_LIMIT);
	struct key_ring ring;
	struct stat st = {0};
	struct source from = {conf, &ring, mem, now};
	const char *why = ring_open(mem, conf, &ring, &st);
	enum err e = ERR_CONFIGURATION;

	if (why != NULL) {
		log_event(LEVEL_ERROR, log_is("signing_keys_failed"),
			  log_text("why", why));
		goto out;
	}
	*out = keys_make(&from, &e);
	if (e == OK) {
		(*out)->has_ring = needs_ring(conf);
		(*out)->seen = st;
		(*out)->opened_at = now;
		(*out)->good_until = key_ring_next_end(&ring, now);
	}
	key_ring_close(&ring);
out:
	arena_close(mem);
	return e;
}

enum err
token_keys_open(const struct config *conf, int64_t now, struct token_keys **out)
{
	*out = NULL;
	return keys_open(conf, now, out);
}

static void
keys_release(struct token_keys *k)
{
	for (size_t i = 0; i < k->count; i++) {
		for (size_t j = 0; j < k->sets[i].count; j++)
			jws_key_free(k->sets[i].keys[j]);
		free(k->sets[i].keys);
	}
	free(k->sets);
	free(k->jwks);
}

void
token_keys_close(struct token_keys *k)
{
	if (k == NULL)
		return;
	keys_release(k);
	free(k);
}

/* By the time of its last change of any kind: owner and mode decide, too,
 * whether it can be used. */
static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Of a clock that was set back, a key may not be over yet. */
static bool
is_in_time(const struct token_keys *k, int64_t now)
{
	return now >= k->opened_at && now < k->good_until;
}

void
token_keys_refresh(struct token_keys *k, int64_t now)
{
	struct token_keys *fresh = NULL;
	struct stat st;

	if (!k->has_ring || now == k->looked_at)
		return;
	k->looked_at = now;
	if (stat(k->conf->keys.file, &st) != 0 ||
	    (is_same_file(&st, &k->seen) && is_in_time(k, now)))
		return;
	/* What cannot be used is told of once. */
	k->seen = st;
	k->opened_at = now;
	k->good_until = INT64_MAX;
	if (keys_open(k->conf, now, &fresh) != OK)
		return;
	fresh->looked_at = now;
	keys_release(k);
	*k = *fresh;
	free(fresh);
	log_event(LEVEL_INFO, log_is("signing_keys_changed"));
}

const char *
token_keys_jwks(const struct token_keys *k)
{
	return k->jwks;
}

bool
token_keys_are_public(const struct config *conf)
{
	for (size_t i = 0; i < conf->backend_count; i++) {
		enum jws_alg alg;

		if (strcmp(conf->backend[i].strategy, "jwt") == 0 &&
		    jws_alg_named(conf->backend[i].algorithm, &alg) &&
		    !jws_alg_has_secret(alg))
			return true;
	}
	return false;
}
