/* SPDX-License-Identifier: MIT */
#include "core/password.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"
#include "core/veto.h"

#define COMMON_SIZE 16 /* the longest common password and its NUL */
#define GENERATED_SIZE 20
#define GOOD_LENGTH 11
#define STRONG_LENGTH 16

/* Rows of one size: no pointers that each process would have to relocate. */
static const char common_passwords[][COMMON_SIZE] = {
#include "core/common_passwords.def"
};

static int
compare(const void *key, const void *row)
{
	return strcmp(key, row);
}

static bool
is_common(const char *plain)
{
	char lower[COMMON_SIZE];
	size_t len = strlen(plain);
	bool found;

	if (len >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= len; i++) {
		lower[i] = plain[i];
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] - 'A' + 'a');
	}
	found = bsearch(lower, common_passwords, countof(common_passwords),
			COMMON_SIZE, compare) != NULL;
	crypto_wipe(lower, sizeof(lower));
	return found;
}

/* What the settings say. */
static enum err
policy_judge(struct ctx *cx, const char *plain, const char **reason)
{
	int64_t least = cx->conf->password.min_length;
	size_t len = strlen(plain);

	if (len > PASSWORD_SIZE_LIMIT) {
		*reason = arena_printf(cx->mem,
				       "Password should be at most %d bytes",
				       PASSWORD_SIZE_LIMIT);
		return ERR_INVALID_PASSWORD;
	}
	if (strcmp(cx->conf->password.policy, "none") == 0)
		return OK;
	if (text_utf8_count(plain, len) < (size_t)least) {
		*reason = arena_printf(cx->mem, PASSWORD_TOO_SHORT,
				       (long long)least);
		return ERR_INVALID_PASSWORD;
	}
	if (is_common(plain)) {
		*reason = "This password is too common";
		return ERR_INVALID_PASSWORD;
	}
	return OK;
}

/* Characters that are not the ones before them, or next to those: a row of
 * equal ones, and 12345, are hardly more than one to guess. */
static size_t
count_surprises(const char *plain)
{
	size_t count = 0;
	char before = '\0';

	for (; *plain != '\0'; plain++) {
		int step = *plain - before;

		if (step < -1 || step > 1)
			count++;
		before = *plain;
	}
	return count;
}

enum password_strength
password_strength(struct ctx *cx, const char *plain)
{
	size_t least = (size_t)cx->conf->password.min_length;
	size_t len = strlen(plain);
	const char *reason;
	size_t count;

	if (policy_judge(cx, plain, &reason) != OK)
		return text_utf8_count(plain, len) < least
			       ? PASSWORD_IS_TOO_SHORT
			       : PASSWORD_IS_COMMON;
	count = count_surprises(plain);
	if (count < GOOD_LENGTH)
		return PASSWORD_IS_FAIR;
	return count < STRONG_LENGTH ? PASSWORD_IS_GOOD : PASSWORD_IS_STRONG;
}

enum err
password_judge(struct ctx *cx, const char *plain, const struct user *about,
	       const char **reason)
{
	TRY(policy_judge(cx, plain, reason));
	return veto_password(cx, plain, about, reason);
}

const char *
password_generate(struct arena *mem)
{
	static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789";
	const size_t count = sizeof(symbols) - 1;
	char *text = arena_alloc(mem, GENERATED_SIZE + 1);
	size_t len = 0;

	while (len < GENERATED_SIZE) {
		unsigned char byte;

		crypto_random(&byte, 1);
		/* Bytes past the last full round would favour some symbols. */
		if (byte < 256 / count * count)
			text[len++] = symbols[byte % count];
	}
	return text;
}
