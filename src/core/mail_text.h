/* SPDX-License-Identifier: MIT */
/*
 * The texts of mails. A text is plain: its first line is "Subject: …", then
 * comes an empty line, then the body. {name} stands for a value, {{ and }}
 * for the braces themselves.
 */
#ifndef MAIL_TEXT_H
#define MAIL_TEXT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"

/* Which mails there are. */
enum mail_kind {
	MAIL_WELCOME,
	MAIL_VERIFY,
	MAIL_RESET,
	MAIL_PASSWORD_CHANGED,
	MAIL_EMAIL_CHANGED,
	MAIL_API_KEY_CREATED,
	MAIL__COUNT
};

/* The name of its text's file, less ".txt"; static. */
const char *mail_kind_name(enum mail_kind kind) RETURNS_NONNULL;

struct mail_text {
	const char *subject;
	const char *body; /* lines that end in LF */
};

/* Where a text is wrong. */
struct mail_fault {
	int line;
	const char *why; /* on the arena or static */
};

/*
 * Takes a file's bytes apart. NULL when it is in order, else why not: no
 * subject, not UTF-8, control characters, or a placeholder that is not known
 * for this kind of mail. *out is on the arena.
 */
const struct mail_fault *mail_text_read(struct arena *mem, enum mail_kind kind,
					const char *bytes, size_t len,
					struct mail_text *out)
	NODISCARD NONNULL(1, 3, 5);

/* What stands for a placeholder; `name` is without its braces. NULL: nothing,
 * which leaves the place empty. */
struct mail_value {
	const char *name;
	const char *text;
};

/*
 * The text with its values. {user.NAME} is asked of `user`, a function that
 * is given `from` and the name. On the arena.
 */
typedef const char *mail_user_value(const void *from, const char *name);
const char *mail_text_fill(struct arena *mem, const char *text,
			   const struct mail_value *values, size_t count,
			   mail_user_value *user, const void *from)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2, 3, 5);

#endif
