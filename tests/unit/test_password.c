/* SPDX-License-Identifier: MIT */
#include "core/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/slots.h"
#include "core/phc.h"
#include "store/user.h"

#define PHRASE "correct horse battery staple"
#define UMLAUTS "p\xc3\xa4ssw\xc3\xb6rd \xe2\x82\xac"
#define A24 "aaaaaaaaaaaaaaaaaaaaaaaa"
#define A72 A24 A24 A24

#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* Slots of the tests: they count, and can be full. */
struct slots {
	int taken;
	int given;
	bool are_full;
};

struct fixture {
	struct ctx cx;
	struct config conf;
};

static struct slots slots;

enum err
slots_open(const char *path, size_t count, struct slots **out)
{
	if (strcmp(path, "/run/test/hash.slots") != 0 || count != 2)
		return ERR_IO;
	slots = (struct slots){0};
	*out = &slots;
	return OK;
}

void
slots_close(struct slots *s)
{
	assert_int_equal(s->taken, s->given);
}

enum err
slots_take(struct slots *s, int64_t deadline)
{
	assert_int_equal(deadline, 4711);
	assert_int_equal(s->taken, s->given);
	if (s->are_full)
		return ERR_BUSY;
	s->taken++;
	return OK;
}

void
slots_give(struct slots *s)
{
	s->given++;
	assert_int_equal(s->taken, s->given);
}

static void
configure(struct fixture *f, int64_t memory_kib, int64_t passes, int64_t lanes)
{
	f->conf.password.memory_kib = memory_kib;
	f->conf.password.passes = passes;
	f->conf.password.lanes = lanes;
	hasher_close(f->cx.hasher);
	assert_int_equal(hasher_open(&f->conf, &f->cx.hasher), OK);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->conf.server.run_dir = "/run/test";
	f->conf.password.max_parallel = 2;
	f->conf.password.policy = "basic";
	f->conf.password.min_length = 8;
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 22);
	f->cx.hash_deadline = 4711;
	configure(f, 64, 2, 4);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	hasher_close(f->cx.hasher);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static enum err
verify(struct fixture *f, const char *plain, const char *stored)
{
	bool outdated;

	return password_verify(&f->cx, plain, stored, &outdated);
}

struct known {
	const char *plain;
	const char *stored;
};

static const struct known argon2_known[] = {
	/* libargon2's published answers. */
	{"password",
	 "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7"
	 "cJHAph8ArZWb2GRPPc"},
	{"password",
	 "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7T"
	 "KyQwu9U1bMCHGi/4"},
	{"password",
	 "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0tt"
	 "Zwg2f/5U52iv1cDc"},
	{"password",
	 "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbf"
	 "tvj+qf+YFY4NeBbtA"},
	{"password",
	 "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjY"
	 "VJxGAL3swxpQ"},
	/* The rest was made by argon2-cffi 25.1.0. */
	{PHRASE,
	 "$argon2id$v=16$m=64,t=2,p=2$c29tZXNhbHQwMTIz$T0SnmJWUPrfHyxH3uOSI/Gm"
	 "V1fupvx8e16bdoHhAajk"},
	{PHRASE,
	 "$argon2i$v=16$m=64,t=2,p=2$c29tZXNhbHQwMTIz$eFXwavCzOlEuYOHV1kBjP4w9"
	 "H3jDrI/V5dOiLeWsnk8"},
	{PHRASE,
	 "$argon2id$v=19$m=65536,t=3,p=4$o+eFNuTcfAoOhh832pviKw$KZwCQFk2m6Fbe2"
	 "D5jpdyMPgozHQSwSsSU4rSDOqt1IM"},
	{PHRASE,
	 "$argon2id$v=19$m=8,t=1,p=1$nRMNpHAyGUqzGCVu0tXfMQ$XSRfkuoKnE6TgqrtcG"
	 "JLpPvtkM0SX0rF0wDIVbMXUb8"},
	{PHRASE,
	 "$argon2id$v=19$m=64,t=2,p=4$hBC4+S0s/eaJoErhcy5Hbw$HIzcrUJW8l/fCu3w2"
	 "bmhr/KoBcHin/eHhEeyYRIxzCk"},
	{PHRASE,
	 "$argon2i$v=19$m=256,t=3,p=2$X2gn1TsRu55MYa8eu9BiNw$smhnivEj31lrWkKV3"
	 "oQDRQqTIOQkaYH8M2Tm6S1fBPI"},
	{PHRASE,
	 "$argon2d$v=19$m=128,t=2,p=3$2h031LN0MfYysIr/VOAGBQ$uSCGYFznMGAsCCOUM"
	 "qqzJhTpVq/LPK1Xr2RhYyLQnAU"},
	{PHRASE,
	 "$argon2id$v=19$m=64,t=1,p=1$C/hC5f/DK1Q$M/b08ZnTu6Cax8yxG6+D+w"},
	{PHRASE,
	 "$argon2id$v=19$m=512,t=1,p=64$HroOJwNOHGSz0f5jtyiTsiSFVvWzINLP9aeRAF"
	 "pdXl690fREPQZqZLBEDLROAwDu$OC2PTNpqZIoGenfX/frAEjbqNvFoMLowNVtftmU3Y"
	 "+8GtvF8IWrqJ45Jpc/pooGQgzcR/iGoQ7HNEiiu5N1sLQ"},
	{PHRASE,
	 "$argon2id$v=19$m=16,t=1,p=1$RKJtiCRq3x0kGWovTX3jzQ$b3po5/UV+9S77Pc2"},
	{PHRASE, "$argon2id$v=19$m=16,t=1,p=1$rg5R3JsqNvwIy+7jnlAllw$D5EYWA"},
	{UMLAUTS,
	 "$argon2id$v=19$m=19,t=2,p=1$BrpJC/maUO8QbKik9bELiw$7LQ6CcLwKgwfCtfFJ"
	 "uxKJmSBYJRIgRtNqbcni19v2E0"},
	{"",
	 "$argon2id$v=19$m=64,t=1,p=8$4hWTMrbxTtLbOOy34DobZA$LUZw5eB1smkzaRYtn"
	 "m+5HablTl9aBJkPSF495MPwxRQ"},
};

/* Made by bcrypt 5.0.0; the last two find the old sign extension bug. */
static const struct known bcrypt_known[] = {
	{PHRASE,
	 "$2b$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG"},
	{PHRASE,
	 "$2a$04$1gUiU9ceTEkhS0VUdWJEqOr98x5lNNqvSekZCLoNW2whyJFDLWjNa"},
	{UMLAUTS,
	 "$2b$04$swInAKUcSZK3pu70nBkw2OEzI7VIPFfOxMiBJW8Gtc9pc817lhN0y"},
	{A72, "$2b$04$YyKc0O1UbQIyJ.p.cx26NOS8KfoLpZYMeo20QfbNq/zuJP.hPt53O"},
	{"", "$2b$04$o1YX7/SYHtHU9fgoCf1MGu9/49iQEPhq3xNudDdjOq7GKi4n/xv1m"},
	{"\xff\xff\xa3",
	 "$2a$04$.059tO08.daqr7YLs.dizuimGtP9s8NfKAN2bCkSjami2jbLsDH4m"},
	{"a\xff\xff\xa3",
	 "$2b$04$5jxSMJdDW3C6gZKiUm8y9OHFjmBV.hLas/X2b3rjRJWAohHAK.U3i"},
};

static void
argon2_hashes_of_others_verify(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(argon2_known); i++) {
		const struct known *k = &argon2_known[i];

		assert_int_equal(verify(f, k->plain, k->stored), OK);
		assert_int_equal(verify(f, "wrong", k->stored),
				 ERR_LOGIN_BAD_CREDENTIALS);
	}
}

static void
bcrypt_hashes_of_others_verify_under_each_letter(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(bcrypt_known); i++) {
		const struct known *k = &bcrypt_known[i];
		char *stored = arena_text(f->cx.mem, k->stored);

		for (const char *letter = "abxy"; *letter != '\0'; letter++) {
			stored[2] = *letter;
			assert_int_equal(verify(f, k->plain, stored), OK);
		}
		assert_int_equal(verify(f, "wrong", stored),
				 ERR_LOGIN_BAD_CREDENTIALS);
	}
}

/* V29: not by its first 72 bytes either. */
static void
a_password_longer_than_bcrypt_reads_never_matches(void **state)
{
	struct fixture *f = *state;
	const char *stored = bcrypt_known[3].stored;

	assert_int_equal(verify(f, A72, stored), OK);
	assert_int_equal(verify(f, A72 "a", stored), ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(verify(f, A72 A72, stored), ERR_LOGIN_BAD_CREDENTIALS);
}

static void
every_part_of_a_hash_counts(void **state)
{
	struct fixture *f = *state;
	const char *stored = argon2_known[9].stored;
	char *changed;

	assert_int_equal(verify(f, PHRASE, stored), OK);
	for (size_t i = 0; stored[i] != '\0'; i++) {
		changed = arena_text(f->cx.mem, stored);
		changed[i] = changed[i] == '1' ? '2' : '1';
		assert_int_equal(verify(f, PHRASE, changed),
				 ERR_LOGIN_BAD_CREDENTIALS);
	}
	changed = arena_text(f->cx.mem, bcrypt_known[0].stored);
	for (size_t i = 0; changed[i] != '\0'; i++) {
		char kept = changed[i];

		changed[i] = kept == '5' ? '6' : '5';
		assert_int_equal(verify(f, PHRASE, changed),
				 ERR_LOGIN_BAD_CREDENTIALS);
		changed[i] = kept;
	}
}

static void
damaged_hashes_match_nothing_and_do_not_fail(void **state)
{
	static const char *const stored[] = {
		"",
		"!",
		"*",
		"x",
		"$",
		"$$",
		"$argon2id$",
		"$2b$",
		"plain",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1a",
		"$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXP",
		"$6$salt$hash",
		"$pbkdf2-sha256$29000$x$y"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(stored); i++) {
		assert_int_equal(verify(f, stored[i], stored[i]),
				 ERR_LOGIN_BAD_CREDENTIALS);
		assert_int_equal(verify(f, "", stored[i]),
				 ERR_LOGIN_BAD_CREDENTIALS);
	}
}

/* Hashed by libargon2, verified by libsodium where that is built in. */
static void
both_libraries_agree_over_many_parameters(void **state)
{
	static const int64_t parameters[][3] = {
		{8, 1, 1},    {9, 2, 1},     {15, 1, 1},    {16, 3, 2},
		{33, 2, 3},   {64, 1, 4},    {100, 5, 4},   {255, 1, 7},
		{512, 2, 8},  {512, 1, 64},  {1024, 3, 16}, {4099, 1, 5},
		{8192, 4, 4}, {65536, 3, 4},
	};
	static const char *const plains[] = {"", "x", UMLAUTS, A72 A72 A72};
	struct fixture *f = *state;
	const char *stored;
	bool outdated;

	for (size_t i = 0; i < countof(parameters); i++) {
		const char *plain = plains[i % countof(plains)];

		configure(f, parameters[i][0], parameters[i][1],
			  parameters[i][2]);
		assert_int_equal(password_hash(&f->cx, plain, &stored), OK);
		assert_int_equal(
			password_verify(&f->cx, plain, stored, &outdated), OK);
		assert_false(outdated);
		assert_int_equal(verify(f, "not it", stored),
				 ERR_LOGIN_BAD_CREDENTIALS);
	}
}

static void
a_new_hash_says_the_configured_parameters(void **state)
{
	struct fixture *f = *state;
	const char *one;
	const char *two;

	assert_int_equal(password_hash(&f->cx, PHRASE, &one), OK);
	assert_int_equal(password_hash(&f->cx, PHRASE, &two), OK);

	assert_memory_equal(one, "$argon2id$v=19$m=64,t=2,p=4$", 28);
	/* 16 bytes of salt and 32 of hash. */
	assert_int_equal(strlen(one), 28 + 22 + 1 + 43);
	assert_string_not_equal(one, two);
}

static void
a_hash_is_outdated_unless_all_of_it_is_as_configured(void **state)
{
	static const struct {
		const char *plain;
		const char *stored;
		bool outdated;
	} cases[] = {
		{PHRASE,
		 "$argon2id$v=19$m=64,t=2,p=4$hBC4+S0s/eaJoErhcy5Hbw$"
		 "HIzcrUJW8l/fCu3w2bmhr/KoBcHin/eHhEeyYRIxzCk",
		 false},
		{PHRASE,
		 "$2b$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7"
		 "gwMD3jG",
		 true},
	};
	struct fixture *f = *state;
	bool outdated;

	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(password_verify(&f->cx, cases[i].plain,
						 cases[i].stored, &outdated),
				 OK);
		assert_int_equal(outdated, cases[i].outdated);
	}
	for (size_t i = 0; i < countof(argon2_known); i++) {
		const struct known *k = &argon2_known[i];

		assert_int_equal(
			password_verify(&f->cx, k->plain, k->stored, &outdated),
			OK);
		assert_int_equal(outdated,
				 strstr(k->stored, "$m=64,t=2,p=4$") == NULL);
	}
}

static void
each_parameter_alone_makes_a_hash_outdated(void **state)
{
	static const int64_t others[][3] = {{72, 2, 4}, {64, 3, 4}, {64, 2, 2}};
	struct fixture *f = *state;
	const char *stored;
	bool outdated;

	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	for (size_t i = 0; i < countof(others); i++) {
		configure(f, others[i][0], others[i][1], others[i][2]);
		assert_int_equal(
			password_verify(&f->cx, PHRASE, stored, &outdated), OK);
		assert_true(outdated);
	}
}

/* Each differs from the first in one thing: salt, length, version. */
static void
lengths_and_version_make_a_hash_outdated(void **state)
{
	static const char *const stored[] = {
		"$argon2id$v=19$m=64,t=2,p=4$c2l4dGVlbiBieXRlcy4uIQ$FjPLKigpl"
		"pLHk9DYPJMXwt/EUX6Z8SNY85vIg9xqV6Q",
		"$argon2id$v=19$m=64,t=2,p=4$OCBieXRlcyE$z3e84yig62rtOJlXacFv"
		"/GbPrQhWdm5zN+3dGEqn1KY",
		"$argon2id$v=19$m=64,t=2,p=4$c2l4dGVlbiBieXRlcy4uIQ$BduwvphuW"
		"WGUht7oHShJag",
		"$argon2id$v=16$m=64,t=2,p=4$c2l4dGVlbiBieXRlcy4uIQ$SxVs9GxbG"
		"rJgTWx+l/M2NB2ok48DE3iDyP37if5EFd0",
	};
	struct fixture *f = *state;
	bool outdated;

	for (size_t i = 0; i < countof(stored); i++) {
		assert_int_equal(
			password_verify(&f->cx, PHRASE, stored[i], &outdated),
			OK);
		assert_int_equal(outdated, i > 0);
	}
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cost_of(struct fixture *f, const char *stored)
{
	double start = cpu_seconds();

	assert_int_equal(stored != NULL ? verify(f, PHRASE "!", stored)
					: password_pretend(&f->cx, PHRASE),
			 ERR_LOGIN_BAD_CREDENTIALS);
	return cpu_seconds() - start;
}

static void
every_failure_costs_a_configured_hash(void **state)
{
	struct fixture *f = *state;
	const char *stored;
	double usual;

	configure(f, 16384, 3, 4);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	(void)cost_of(f, stored);
	usual = cost_of(f, stored);

	assert_true(cost_of(f, NULL) > usual / 2);
	assert_true(cost_of(f, "") > usual / 2);
	assert_true(cost_of(f, "!") > usual / 2);
	assert_true(cost_of(f, "$argon2id$v=19$m=8,t=1,p=1$x$y") > usual / 2);
	assert_true(cost_of(f, argon2_known[8].stored) > usual / 2);
	assert_true(cost_of(f, bcrypt_known[0].stored) > usual / 2);
}

static void
each_answer_takes_one_slot_and_gives_it_back(void **state)
{
	struct fixture *f = *state;
	const char *stored;

	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	assert_int_equal(slots.taken, 1);
	assert_int_equal(verify(f, PHRASE, stored), OK);
	assert_int_equal(slots.taken, 2);
	assert_int_equal(verify(f, PHRASE, "damaged"),
			 ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(slots.taken, 3);
	assert_int_equal(password_pretend(&f->cx, PHRASE),
			 ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(slots.taken, 4);
	assert_int_equal(verify(f, "wrong", bcrypt_known[0].stored),
			 ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(slots.taken, 5);
	assert_int_equal(slots.given, 5);
}

static void
full_slots_are_busy(void **state)
{
	struct fixture *f = *state;
	const char *stored;

	slots.are_full = true;

	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), ERR_BUSY);
	assert_int_equal(verify(f, PHRASE, argon2_known[0].stored), ERR_BUSY);
	assert_int_equal(verify(f, PHRASE, "damaged"), ERR_BUSY);
	assert_int_equal(password_pretend(&f->cx, PHRASE), ERR_BUSY);
	assert_int_equal(slots.given, 0);
}

static void
a_hasher_without_slots_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct hasher *h;

	f->conf.server.run_dir = "/nowhere";

	assert_int_equal(hasher_open(&f->conf, &h), ERR_IO);
	hasher_close(NULL);
}

static void
memory_given_back_comes_again(void **state)
{
	struct fixture *f = *state;
	const char *stored;

	hasher_release_memory(f->cx.hasher);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	hasher_release_memory(f->cx.hasher);
	hasher_release_memory(f->cx.hasher);
	assert_int_equal(verify(f, PHRASE, stored), OK);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	/* A guest that needs more than the configured memory, and back. */
	assert_int_equal(verify(f, "password", argon2_known[3].stored), OK);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	assert_int_equal(verify(f, PHRASE, stored), OK);
}

static void
want_of_memory_is_busy_and_passes(void **state)
{
	struct fixture *f = *state;
	struct rlimit all;
	struct rlimit none;
	const char *stored;

	/* A sanitizer's own memory could not grow either. */
	if (IS_SANITIZED)
		skip();
	configure(f, 65536, 1, 1);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), OK);
	hasher_release_memory(f->cx.hasher);
	log_set_level(LEVEL_ERROR);
	assert_int_equal(getrlimit(RLIMIT_AS, &all), 0);
	none = (struct rlimit){.rlim_cur = 1, .rlim_max = all.rlim_max};

	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	assert_int_equal(password_hash(&f->cx, PHRASE, &stored), ERR_BUSY);
	assert_int_equal(verify(f, PHRASE, stored), ERR_BUSY);
	assert_int_equal(password_pretend(&f->cx, PHRASE), ERR_BUSY);
	assert_int_equal(setrlimit(RLIMIT_AS, &all), 0);

	assert_int_equal(verify(f, PHRASE, stored), OK);
}

static const struct user somebody = {.email = "somebody@example.com"};

/* V28 */
static void
a_password_past_the_size_limit_is_never_hashed(void **state)
{
	struct fixture *f = *state;
	char *longest = arena_alloc(f->cx.mem, PASSWORD_SIZE_LIMIT + 2);
	const char *stored;
	const char *reason = NULL;

	memset(longest, 'a', PASSWORD_SIZE_LIMIT);
	assert_int_equal(password_hash(&f->cx, longest, &stored), OK);
	assert_int_equal(verify(f, longest, stored), OK);
	assert_int_equal(password_judge(&f->cx, longest, &somebody, &reason),
			 OK);

	longest[PASSWORD_SIZE_LIMIT] = 'a';
	slots.taken = slots.given = 0;
	assert_int_equal(verify(f, longest, stored), ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(verify(f, longest, "damaged"),
			 ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(password_pretend(&f->cx, longest),
			 ERR_LOGIN_BAD_CREDENTIALS);
	assert_int_equal(password_hash(&f->cx, longest, &stored),
			 ERR_INVALID_PASSWORD);
	f->conf.password.policy = "none";
	assert_int_equal(password_judge(&f->cx, longest, &somebody, &reason),
			 ERR_INVALID_PASSWORD);
	assert_non_null(reason);
	assert_int_equal(slots.taken, 0);
}

static void
a_short_password_is_refused_by_its_characters(void **state)
{
	struct fixture *f = *state;
	const char *reason = NULL;

	assert_int_equal(password_judge(&f->cx, "xkcd936", &somebody, &reason),
			 ERR_INVALID_PASSWORD);
	assert_string_equal(reason, "Password should be at least 8 characters");
	/* Fourteen bytes, but seven characters; then eight. */
	assert_int_equal(
		password_judge(&f->cx,
			       "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6"
			       "\xc3\xbc\xc3\xa4",
			       &somebody, &reason),
		ERR_INVALID_PASSWORD);
	assert_int_equal(
		password_judge(&f->cx,
			       "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6"
			       "\xc3\xbc\xc3\xa4\xc3\xb6",
			       &somebody, &reason),
		OK);
	f->conf.password.min_length = 15;
	assert_int_equal(
		password_judge(&f->cx, "fourteen chars", &somebody, &reason),
		ERR_INVALID_PASSWORD);
	assert_string_equal(reason,
			    "Password should be at least 15 characters");
	assert_int_equal(
		password_judge(&f->cx, "fifteen charss.", &somebody, &reason),
		OK);
}

static void
a_common_password_is_refused_in_any_case(void **state)
{
	static const char *const common[] = {"password", "PassWord", "12345678",
					     "IloveYou", "trustno1", "00000000",
					     "princess", "87654321"};
	struct fixture *f = *state;
	const char *reason = NULL;

	for (size_t i = 0; i < countof(common); i++) {
		assert_int_equal(
			password_judge(&f->cx, common[i], &somebody, &reason),
			ERR_INVALID_PASSWORD);
		assert_string_equal(reason, "This password is too common");
	}
	f->conf.password.min_length = 1;
	assert_int_equal(password_judge(&f->cx, "qwerty", &somebody, &reason),
			 ERR_INVALID_PASSWORD);
	assert_int_equal(password_judge(&f->cx, "passworc", &somebody, &reason),
			 OK);
	assert_int_equal(
		password_judge(&f->cx, "password of mine", &somebody, &reason),
		OK);
	assert_int_equal(password_judge(&f->cx, "", &somebody, &reason),
			 ERR_INVALID_PASSWORD);
}

static void
without_a_policy_anything_goes(void **state)
{
	struct fixture *f = *state;
	const char *reason = NULL;

	f->conf.password.policy = "none";

	assert_int_equal(password_judge(&f->cx, "", &somebody, &reason), OK);
	assert_int_equal(password_judge(&f->cx, "password", &somebody, &reason),
			 OK);
	assert_null(reason);
}

static void
the_list_is_sorted_and_long_enough(void **state)
{
	static const char *const list[] = {
#include "core/common_passwords.def"
	};
	size_t eight_or_more = 0;

	(void)state;
	for (size_t i = 0; i < countof(list); i++) {
		assert_in_range(strlen(list[i]), 1, 15);
		assert_null(strpbrk(list[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		if (i > 0)
			assert_true(strcmp(list[i - 1], list[i]) < 0);
		eight_or_more += strlen(list[i]) >= 8;
	}
	assert_true(eight_or_more >= 3000);
}

static void
generated_passwords_are_letters_and_digits(void **state)
{
	struct fixture *f = *state;
	unsigned seen[256] = {0};
	size_t kinds = 0;

	for (int i = 0; i < 200; i++) {
		const char *text = password_generate(f->cx.mem);

		assert_int_equal(strlen(text), 20);
		for (; *text != '\0'; text++)
			seen[(unsigned char)*text]++;
	}
	for (int c = 0; c < 256; c++) {
		bool is_symbol = (c >= 'A' && c <= 'Z') ||
				 (c >= 'a' && c <= 'z') ||
				 (c >= '0' && c <= '9');

		assert_true(is_symbol || seen[c] == 0);
		kinds += seen[c] > 0;
	}
	/* 4000 draws: each of the 62 is missed once in 10^28. */
	assert_int_equal(kinds, 62);
}

static void
parsing_tells_what_a_hash_is(void **state)
{
	struct password_parameters p;

	(void)state;
	assert_int_equal(password_parse(argon2_known[13].stored, &p),
			 SCHEME_ARGON2ID);
	assert_int_equal(p.scheme, SCHEME_ARGON2ID);
	assert_int_equal(p.memory_kib, 512);
	assert_int_equal(p.passes, 1);
	assert_int_equal(p.lanes, 64);
	assert_int_equal(p.salt_size, 48);
	assert_int_equal(p.tag_size, 64);
	assert_int_equal(password_parse(argon2_known[3].stored, &p),
			 SCHEME_ARGON2I);
	assert_int_equal(password_parse(argon2_known[11].stored, &p),
			 SCHEME_ARGON2D);
	assert_int_equal(
		password_parse("$2y$16$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDv"
			       "eoWbT7gwMD3jG",
			       &p),
		SCHEME_BCRYPT);
	assert_int_equal(p.passes, 16);
}

#define B22 "AAAAAAAAAAAAAAAAAAAAAA"
#define B43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TAIL "$" B22 "$" B43

static const char *const within_bounds[] = {
	"$argon2id$v=19$m=1048576,t=64,p=64" TAIL,
	"$argon2id$v=19$m=8,t=1,p=1" TAIL,
	"$argon2id$v=19$m=512,t=1,p=64" TAIL,
	"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAA",
	"$argon2id$v=16$m=8,t=1,p=1" TAIL,
	"$argon2id$m=8,t=1,p=1" TAIL,
	/* 64 bytes of salt, 128 of hash. */
	"$argon2id$v=19$m=8,t=1,p=1$" B43 B43 "$" B43 B43 B43
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

static const char *const out_of_bounds[] = {
	"$argon2id$v=19$m=1048577,t=1,p=1" TAIL,
	"$argon2id$v=19$m=7,t=1,p=1" TAIL,
	"$argon2id$v=19$m=511,t=1,p=64" TAIL,
	"$argon2id$v=19$m=8,t=0,p=1" TAIL,
	"$argon2id$v=19$m=8,t=65,p=1" TAIL,
	"$argon2id$v=19$m=8,t=1,p=0" TAIL,
	"$argon2id$v=19$m=65536,t=1,p=65" TAIL,
	"$argon2id$v=19$m=4294967304,t=1,p=1" TAIL,
	"$argon2id$v=19$m=18446744073709551624,t=1,p=1" TAIL,
	"$argon2id$v=20$m=8,t=1,p=1" TAIL,
	"$argon2id$v=17$m=8,t=1,p=1" TAIL,
	"$argon2id$v=0$m=8,t=1,p=1" TAIL,
	"$argon2id$v=19$m=08,t=1,p=1" TAIL,
	"$argon2id$v=19$m=+8,t=1,p=1" TAIL,
	"$argon2id$v=19$m= 8,t=1,p=1" TAIL,
	"$argon2id$v=19$m=-8,t=1,p=1" TAIL,
	"$argon2id$v=19$m=0x8,t=1,p=1" TAIL,
	"$argon2id$v=19$m=,t=1,p=1" TAIL,
	"$argon2id$v=19$t=1,m=8,p=1" TAIL,
	"$argon2id$v=19$m=8,p=1,t=1" TAIL,
	"$argon2id$v=19$m=8,t=1" TAIL,
	"$argon2id$v=19$m=8,t=1,p=1,keyid=AA" TAIL,
	"$argon2id$v=19$m=8,t=1,p=1,data=AA" TAIL,
	"$argon2id$v=19$m=8,t=1,p=1",
	"$argon2id$v=19$m=8,t=1,p=1$",
	"$argon2id$v=19$m=8,t=1,p=1$" B22,
	"$argon2id$v=19$m=8,t=1,p=1$" B22 "$",
	"$argon2id$v=19$m=8,t=1,p=1$$" B43,
	"$argon2id$v=19$m=8,t=1,p=1" TAIL "$",
	"$argon2id$v=19$m=8,t=1,p=1" TAIL "=",
	"$argon2id$v=19$m=8,t=1,p=1" TAIL "\n",
	"$argon2id$v=19$m=8,t=1,p=1" TAIL " ",
	"$argon2id$v=19$m=8,t=1,p=1$" B22 "==$" B43,
	/* Seven bytes of salt; three of hash; stray bits. */
	"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAA$" B43,
	"$argon2id$v=19$m=8,t=1,p=1$" B22 "$AAAA",
	"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAB$" B43,
	"$argon2id$v=19$m=8,t=1,p=1$" B22 "$AAAAAB",
	"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAA$" B43,
	"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAA-_AAAAAAAAAA$" B43,
	/* 65 bytes of salt; 129 of hash. */
	"$argon2id$v=19$m=8,t=1,p=1$" B43 B43 "A$" B43,
	"$argon2id$v=19$m=8,t=1,p=1$" B22 "$" B43 B43 B43 B43,
	"$argon2$v=19$m=8,t=1,p=1" TAIL,
	"$argon2ID$v=19$m=8,t=1,p=1" TAIL,
	"$argon2idx$v=19$m=8,t=1,p=1" TAIL,
	"argon2id$v=19$m=8,t=1,p=1" TAIL,
	" $argon2id$v=19$m=8,t=1,p=1" TAIL,
	"$2b$03$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$17$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$31$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$4$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG0",
	"$2b$004$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3j",
	"$2b$+4$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3j",
	"$2b$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jGG",
	"$2b$04$rxtTNW08ozijYLcfsfGCk+gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$04$rxtTNW08ozijYLcfsfGCk/gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jH",
	"$2c$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2$04$rxtTNW08ozijYLcfsfGCk.gKpe06cRQoZmat1WDveoWbT7gwMD3jGa",
	"$2b$04$rxtTNW08ozijYLcfsfGCk$gKpe06cRQoZmat1WDveoWbT7gwMD3jG",
	"$2b",
};

static void
parsing_keeps_the_bounds(void **state)
{
	struct password_parameters p;

	(void)state;
	for (size_t i = 0; i < countof(within_bounds); i++)
		assert_int_equal(password_parse(within_bounds[i], &p),
				 SCHEME_ARGON2ID);
	for (size_t i = 0; i < countof(out_of_bounds); i++) {
		assert_int_equal(password_parse(out_of_bounds[i], &p),
				 SCHEME_NONE);
		assert_int_equal(p.memory_kib, 0);
		assert_int_equal(p.passes, 0);
	}
}

static void
what_is_parsed_is_written_the_same(void **state)
{
	struct fixture *f = *state;
	struct phc h;

	for (size_t i = 0; i < countof(argon2_known); i++) {
		const char *stored = argon2_known[i].stored;

		assert_int_not_equal(phc_parse(stored, &h), SCHEME_NONE);
		assert_string_equal(phc_write(f->cx.mem, &h), stored);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(argon2_hashes_of_others_verify),
		TEST(bcrypt_hashes_of_others_verify_under_each_letter),
		TEST(a_password_longer_than_bcrypt_reads_never_matches),
		TEST(every_part_of_a_hash_counts),
		TEST(damaged_hashes_match_nothing_and_do_not_fail),
		TEST(both_libraries_agree_over_many_parameters),
		TEST(a_new_hash_says_the_configured_parameters),
		TEST(a_hash_is_outdated_unless_all_of_it_is_as_configured),
		TEST(each_parameter_alone_makes_a_hash_outdated),
		TEST(lengths_and_version_make_a_hash_outdated),
		TEST(every_failure_costs_a_configured_hash),
		TEST(each_answer_takes_one_slot_and_gives_it_back),
		TEST(full_slots_are_busy),
		TEST(a_hasher_without_slots_does_not_open),
		TEST(memory_given_back_comes_again),
		TEST(want_of_memory_is_busy_and_passes),
		TEST(a_password_past_the_size_limit_is_never_hashed),
		TEST(a_short_password_is_refused_by_its_characters),
		TEST(a_common_password_is_refused_in_any_case),
		TEST(without_a_policy_anything_goes),
		TEST(the_list_is_sorted_and_long_enough),
		TEST(generated_passwords_are_letters_and_digits),
		TEST(parsing_tells_what_a_hash_is),
		TEST(parsing_keeps_the_bounds),
		TEST(what_is_parsed_is_written_the_same),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
