/* SPDX-License-Identifier: MIT */
#include "core/password.h"

#include <crypt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <argon2.h>
#ifdef HAVE_SODIUM
#include <sodium.h>
#endif

#include "base/crypto.h"
#include "base/log.h"
#include "base/slots.h"
#include "core/phc.h"

#define SALT_SIZE 16
#define TAG_SIZE 32
#define HUGE_PAGE ((size_t)2 * 1024 * 1024)
#define BCRYPT_SIZE 60
#define BCRYPT_PASSWORD_LIMIT 72

/* Most that a fingerprint may ask for: the token says what, not we. */
#define PRINT_MEMORY_LIMIT (256 * 1024)
#define PRINT_PASSES_LIMIT 10
#define PRINT_LANES_LIMIT 16

/* What argon2 takes at least. */
static const struct password_parameters least = {
	.scheme = SCHEME_ARGON2ID,
	.memory_kib = 8,
	.passes = 1,
	.lanes = 1,
	.salt_size = SALT_SIZE,
	.tag_size = TAG_SIZE,
};

struct hasher {
	struct slots *slots;
	struct password_parameters wanted;
	bool is_fast; /* libsodium is there and knows its processor */
	void *block;  /* argon2's memory, kept: faulting it in is dear */
	size_t block_size;
	struct crypt_data bcrypt;
};

/*
 * The named exception to "no mutable globals" here: libargon2's callbacks
 * have no argument of ours. Set while one computation runs.
 */
static struct hasher *computing;

enum err
hasher_open(const struct config *conf, struct hasher **out)
{
	int64_t count = conf->password.max_parallel;
	struct arena *mem = arena_open(0, 65536);
	struct hasher *h = calloc(1, sizeof(*h));
	const char *path;
	enum err e;

	if (h == NULL)
		abort();
	path = arena_printf(mem, "%s/" SLOTS_FILE, conf->server.run_dir);
	e = slots_open(path, count > 0 ? (size_t)count : 1, &h->slots);
	arena_close(mem);
	if (e != OK) {
		free(h);
		return e;
	}
	h->wanted = (struct password_parameters){
		.scheme = SCHEME_ARGON2ID,
		.memory_kib = (unsigned)conf->password.memory_kib,
		.passes = (unsigned)conf->password.passes,
		.lanes = (unsigned)conf->password.lanes,
		.salt_size = SALT_SIZE,
		.tag_size = TAG_SIZE,
	};
#ifdef HAVE_SODIUM
	h->is_fast = sodium_init() >= 0;
#endif
	*out = h;
	return OK;
}

void
hasher_release_memory(struct hasher *h)
{
	if (h->block != NULL)
		(void)munmap(h->block, h->block_size);
	h->block = NULL;
	h->block_size = 0;
}

void
hasher_close(struct hasher *h)
{
	if (h == NULL)
		return;
	hasher_release_memory(h);
	slots_close(h->slots);
	crypto_wipe(h, sizeof(*h));
	free(h);
}

static size_t
block_size_for(size_t bytes)
{
	return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static int
block_take(uint8_t **memory, size_t bytes)
{
	struct hasher *h = computing;
	size_t size = block_size_for(bytes);

	if (size > h->block_size) {
		void *block;

		hasher_release_memory(h);
		block = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			return ARGON2_MEMORY_ALLOCATION_ERROR;
		/* Without huge pages it is only slower. */
		(void)madvise(block, size, MADV_HUGEPAGE);
		h->block = block;
		h->block_size = size;
	}
	*memory = h->block;
	return ARGON2_OK;
}

/* libargon2 has wiped it by now. A guest larger than usual is not kept. */
static void
block_give(uint8_t *memory, size_t bytes)
{
	struct hasher *h = computing;
	size_t usual = (size_t)h->wanted.memory_kib * 1024;

	(void)memory;
	(void)bytes;
	if (h->block_size > block_size_for(usual))
		hasher_release_memory(h);
}

static argon2_type
argon2_type_of(enum password_scheme scheme)
{
	if (scheme == SCHEME_ARGON2I)
		return Argon2_i;
	return scheme == SCHEME_ARGON2D ? Argon2_d : Argon2_id;
}

/*
 * The tag of `plain` for the salt and the parameters in p. ERR_BUSY when
 * there is no memory. One thread: lanes need none, and the hash is the same.
 */
static enum err
argon2_compute(struct hasher *h, struct arena *mem, const struct phc *p,
	       const char *plain, uint8_t tag[PHC_TAG_LIMIT])
{
	struct phc copy = *p;
	size_t len = strlen(plain);
	argon2_context context = {
		.out = tag,
		.outlen = p->p.tag_size,
		.pwd = (uint8_t *)arena_copy(mem, plain, len),
		.pwdlen = (uint32_t)len,
		.salt = copy.salt,
		.saltlen = p->p.salt_size,
		.t_cost = p->p.passes,
		.m_cost = p->p.memory_kib,
		.lanes = p->p.lanes,
		.threads = 1,
		.version = p->version != 0 ? p->version : ARGON2_VERSION_10,
		.allocate_cbk = block_take,
		.free_cbk = block_give,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int result;

	computing = h;
	result = argon2_ctx(&context, argon2_type_of(p->p.scheme));
	computing = NULL;
	if (result == ARGON2_OK)
		return OK;
	log_event(LEVEL_ERROR, log_is("password_hash_failed"),
		  log_text("reason", argon2_error_message(result)));
	return ERR_BUSY;
}

/* What libsodium documents that it takes; the rest is libargon2's. */
static bool
fast_fits(const struct hasher *h, const struct phc *p, const char *stored)
{
#ifdef HAVE_SODIUM
	return h->is_fast && p->p.scheme == SCHEME_ARGON2ID &&
	       p->version == PHC_VERSION &&
	       p->p.tag_size >= crypto_pwhash_argon2id_BYTES_MIN &&
	       strlen(stored) < crypto_pwhash_argon2id_STRBYTES;
#else
	(void)h;
	(void)p;
	(void)stored;
	return false;
#endif
}

#ifdef HAVE_SODIUM
/* A computation's own memory and what little stands around it. */
static bool
has_memory_for(const struct phc *p)
{
	size_t blocks = (size_t)p->p.memory_kib * 1024;
	size_t size = blocks + blocks / 64 + HUGE_PAGE;
	void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (probe == MAP_FAILED)
		return false;
	(void)munmap(probe, size);
	return true;
}
#endif

/*
 * libsodium calls want of memory a mismatch, so that is looked at first. It
 * brings memory of its own: ours goes, or there would be twice as much.
 */
static enum err
fast_verify(struct hasher *h, const struct phc *p, const char *stored,
	    const char *plain)
{
#ifdef HAVE_SODIUM
	hasher_release_memory(h);
	if (!has_memory_for(p)) {
		log_event(LEVEL_ERROR, log_is("password_hash_failed"),
			  log_text("reason", "no memory"));
		return ERR_BUSY;
	}
	if (crypto_pwhash_argon2id_str_verify(stored, plain, strlen(plain)) ==
	    0)
		return OK;
#else
	(void)h;
	(void)p;
	(void)stored;
	(void)plain;
#endif
	return ERR_LOGIN_BAD_CREDENTIALS;
}

static enum err
argon2_verify_phc(struct hasher *h, struct arena *mem, const struct phc *p,
		  const char *stored, const char *plain)
{
	uint8_t tag[PHC_TAG_LIMIT] = {0};
	enum err e;

	if (fast_fits(h, p, stored))
		return fast_verify(h, p, stored, plain);
	e = argon2_compute(h, mem, p, plain, tag);
	if (e == OK && !crypto_equal(tag, p->tag, p->p.tag_size))
		e = ERR_LOGIN_BAD_CREDENTIALS;
	crypto_wipe(tag, sizeof(tag));
	return e;
}

/*
 * All four letters mean the one right algorithm, as in the reference: crypt's
 * own $2a$ and $2x$ answer otherwise for some passwords outside ASCII. Longer
 * passwords than bcrypt reads never match, but cost the same.
 */
static enum err
bcrypt_verify(struct hasher *h, struct arena *mem, const char *stored,
	      const char *plain)
{
	char *setting = arena_text(mem, stored);
	const char *hash;
	bool matches;

	setting[2] = 'b';
	hash = crypt_r(plain, setting, &h->bcrypt);
	matches = hash != NULL && strlen(hash) == BCRYPT_SIZE &&
		  crypto_equal(hash, setting, BCRYPT_SIZE) &&
		  strlen(plain) <= BCRYPT_PASSWORD_LIMIT;
	crypto_wipe(&h->bcrypt, sizeof(h->bcrypt));
	return matches ? OK : ERR_LOGIN_BAD_CREDENTIALS;
}

/* One verification with the configured parameters that cannot succeed. */
static enum err
pretend(struct hasher *h, struct arena *mem, const char *plain)
{
	struct phc dummy = {.p = h->wanted, .version = PHC_VERSION};
	enum err e;

	crypto_random(dummy.salt, SALT_SIZE);
	crypto_random(dummy.tag, TAG_SIZE);
	e = argon2_verify_phc(h, mem, &dummy, phc_write(mem, &dummy), plain);
	return e == OK ? ERR_LOGIN_BAD_CREDENTIALS : e;
}

static bool
is_outdated(const struct hasher *h, const struct phc *p)
{
	const struct password_parameters *w = &h->wanted;

	return p->p.scheme != w->scheme || p->version != PHC_VERSION ||
	       p->p.memory_kib != w->memory_kib || p->p.passes != w->passes ||
	       p->p.lanes != w->lanes || p->p.salt_size != w->salt_size ||
	       p->p.tag_size != w->tag_size;
}

static enum err
verify(struct hasher *h, struct arena *mem, const struct phc *p,
       const char *stored, const char *plain)
{
	enum err e = ERR_LOGIN_BAD_CREDENTIALS;

	switch (p->p.scheme) {
	case SCHEME_NONE:
		return pretend(h, mem, plain);
	case SCHEME_ARGON2ID:
	case SCHEME_ARGON2I:
	case SCHEME_ARGON2D:
		e = argon2_verify_phc(h, mem, p, stored, plain);
		break;
	case SCHEME_BCRYPT:
		e = bcrypt_verify(h, mem, stored, plain);
		break;
	}
	/*
	 * A right password is hashed anew after an outdated hash; a wrong one
	 * costs as much. So an old account never answers before a stranger,
	 * and right and wrong take the same time. That it answers later, by
	 * its old hash's cost, ends with the first login.
	 */
	if (e == ERR_LOGIN_BAD_CREDENTIALS && is_outdated(h, p))
		return pretend(h, mem, plain);
	return e;
}

static bool
is_too_long(const char *plain)
{
	return strnlen(plain, PASSWORD_SIZE_LIMIT + 1) > PASSWORD_SIZE_LIMIT;
}

const char *
password_unknown(struct ctx *cx)
{
	struct phc new = {.p = cx->hasher->wanted, .version = PHC_VERSION};

	crypto_random(new.salt, SALT_SIZE);
	crypto_random(new.tag, TAG_SIZE);
	return phc_write(cx->mem, &new);
}

enum err
password_hash(struct ctx *cx, const char *plain, const char **out)
{
	struct hasher *h = cx->hasher;
	struct phc new = {.p = h->wanted, .version = PHC_VERSION};
	enum err e;

	if (is_too_long(plain))
		return ERR_INVALID_PASSWORD;
	crypto_random(new.salt, SALT_SIZE);
	TRY(slots_take(h->slots, cx->hash_deadline));
	e = argon2_compute(h, cx->mem, &new, plain, new.tag);
	slots_give(h->slots);
	if (e == OK)
		*out = phc_write(cx->mem, &new);
	return e;
}

enum err
password_verify(struct ctx *cx, const char *plain, const char *stored,
		bool *outdated)
{
	struct hasher *h = cx->hasher;
	struct phc p;
	enum err e;

	*outdated = false;
	if (is_too_long(plain))
		return ERR_LOGIN_BAD_CREDENTIALS;
	(void)phc_parse(stored, &p);
	TRY(slots_take(h->slots, cx->hash_deadline));
	e = verify(h, cx->mem, &p, stored, plain);
	slots_give(h->slots);
	*outdated = is_outdated(h, &p);
	return e;
}

enum err
password_pretend(struct ctx *cx, const char *plain)
{
	struct hasher *h = cx->hasher;
	enum err e;

	if (is_too_long(plain))
		return ERR_LOGIN_BAD_CREDENTIALS;
	TRY(slots_take(h->slots, cx->hash_deadline));
	e = pretend(h, cx->mem, plain);
	slots_give(h->slots);
	return e;
}

enum err
password_fingerprint(struct ctx *cx, const char *stored, const char **out)
{
	struct phc new = {.p = least, .version = PHC_VERSION};
	enum err e;

	crypto_random(new.salt, SALT_SIZE);
	e = argon2_compute(cx->hasher, cx->mem, &new, stored, new.tag);
	if (e == OK)
		*out = phc_write(cx->mem, &new);
	return e;
}

static bool
is_print(const struct phc *p)
{
	return p->p.scheme != SCHEME_NONE && p->p.scheme != SCHEME_BCRYPT &&
	       p->p.memory_kib <= PRINT_MEMORY_LIMIT &&
	       p->p.passes <= PRINT_PASSES_LIMIT &&
	       p->p.lanes <= PRINT_LANES_LIMIT;
}

enum err
password_fingerprint_verify(struct ctx *cx, const char *stored,
			    const char *print)
{
	struct hasher *h = cx->hasher;
	struct phc p;
	enum err e;

	(void)phc_parse(print, &p);
	if (!is_print(&p))
		return ERR_BAD_TOKEN;
	TRY(slots_take(h->slots, cx->hash_deadline));
	e = argon2_verify_phc(h, cx->mem, &p, print, stored);
	slots_give(h->slots);
	return e == ERR_LOGIN_BAD_CREDENTIALS ? ERR_BAD_TOKEN : e;
}
