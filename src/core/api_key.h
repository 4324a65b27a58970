/* SPDX-License-Identifier: MIT */
/*
 * Personal API keys: what stands for a user towards programs. A key is
 * fcu_ID_SECRETSUM: 16, 64 and 8 hexadecimal digits, the last of them a
 * checksum, so that who finds one knows it for what it is. Of its secret a
 * SHA-256 is kept. It may do what its scope says and its user may himself, and
 * ends with his sessions.
 */
#ifndef API_KEY_H
#define API_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/account.h"
#include "core/ctx.h"
#include "store/key_row.h"
#include "store/user.h"

/* What a key may be for. */
enum api_scope {
	API_SCOPE_ME_READ = 1,
	API_SCOPE_ME_WRITE = 2,
	API_SCOPE_USERS_READ = 4,
	API_SCOPE_USERS_WRITE = 8,
	API_SCOPE_CHECK = 16
};

#define API_KEY_NAME_LIMIT 100 /* characters */
#define API_KEY_NAME_FAULT "The name must have 1 to 100 characters"

/* Tokens of this backend are API keys. It signs nobody in, and no
 * configuration names it. */
extern const struct backend_settings api_key_backend;

/* Whether the text wants to be one; nobody else's token begins so. */
bool api_key_looks(const char *text) NONNULL(1);
/* The id in a key whose form and checksum are right, else NULL. */
const char *api_key_id(struct arena *mem, const char *text) NONNULL(1, 2);

/* The scopes of "me:read check" as bits; 0 when a word is none of them, comes
 * twice, or there is none. */
unsigned api_scope_read(const char *text) NONNULL(1);
/* The word of one of them; "" when it is none. */
const char *api_scope_word(unsigned bit) RETURNS_NONNULL;
/* All of them, with blanks between. */
const char *api_scope_words(struct arena *mem) RETURNS_NONNULL NONNULL(1);

/* What a new key is to be. */
struct api_key_wish {
	const char *name;
	const char *scope;
	int64_t lifetime; /* seconds; -1: for ever; 0: the longest allowed */
};

/*
 * A new key of `owner`; its text is told this once. `by` is who asks, NULL for
 * an administrator's command. ERR_INVALID with *why, a static sentence, when it
 * may not be so; ERR_TOO_MANY_KEYS.
 */
enum err api_key_create(struct ctx *cx, const struct user *owner,
			const struct api_key_wish *wish, const struct actor *by,
			struct key_row *out, const char **text,
			const char **why) NODISCARD NONNULL(1, 2, 3, 5, 6, 7);

/* From now on it is void. ERR_NOT_FOUND. */
enum err api_key_revoke(struct ctx *cx, const struct user *owner,
			const char *id, const struct actor *by)
	NODISCARD NONNULL(1, 2, 3);

/* Those of the user that are good. */
enum err api_key_list(struct ctx *cx, const struct user *owner,
		      struct key_row **out, size_t *count)
	NODISCARD NONNULL(1, 2, 3, 4);

/* As the API shows it, as the member `name` of an object; NULL: an element or
 * the whole. `text` is the key itself, NULL: it is not shown. */
struct buf;
void api_key_write(struct buf *out, const char *name, const struct key_row *k,
		   const char *text) NONNULL(1, 3);

#endif
