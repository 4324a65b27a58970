/* SPDX-License-Identifier: MIT */
/*
 * A message as it travels (RFC 5322, 2045, 2047): one recipient, UTF-8, its
 * body quoted-printable.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

struct mail_message {
	const char *from;      /* an ASCII address */
	const char *from_name; /* "": none */
	const char *to;        /* as email_mailbox gives it */
	const char *subject;
	const char *body; /* lines that end in LF */
	const char *language;
	const char *id; /* what makes it the same message at another attempt:
			 * letters, digits, _ and - */
	int64_t date;   /* seconds since 1970 */
};

/*
 * Writes it, lines ending in CR LF. ERR_INVALID when a header would hold a
 * control character; nothing of it is to be sent then.
 */
enum err mail_message_write(const struct mail_message *m, struct buf *out)
	NODISCARD NONNULL(1, 2);

#endif
