/* SPDX-License-Identifier: MIT */
/*
 * One message to one recipient by SMTP (RFC 5321), over libcurl: TLS is
 * verified, neither proxies nor .netrc are used, and all of it has a time
 * limit.
 */
#ifndef SMTP_H
#define SMTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

enum smtp_tls {
	SMTP_TLS_REQUIRED,      /* STARTTLS, or nothing is sent */
	SMTP_TLS_OPPORTUNISTIC, /* STARTTLS where the server offers it */
	SMTP_TLS_NONE
};

/* Texts are borrowed. */
struct smtp_settings {
	const char *url; /* smtp://HOST[:PORT][/NAME-FOR-EHLO], or smtps:// */
	enum smtp_tls tls;
	const char *ca_file; /* certificates to trust; "": the system's */
	const char *user;    /* "": no authentication */
	const char *password;
	int64_t time_limit;    /* milliseconds, a second more or less */
	int64_t connect_limit; /* milliseconds, of which TLS is a part */
};

struct smtp_message {
	const char *from; /* the envelope's addresses, without brackets */
	const char *to;
	const char *bytes; /* header and body, lines that end in CR LF */
	size_t len;
};

/*
 * OK when the server took it. ERR_INVALID when it never will: it refused the
 * sender, the recipient or the message for good. ERR_REMOTE for everything
 * else; it may have taken the message all the same. *why then says what went
 * wrong, on the arena.
 */
enum err smtp_send(const struct smtp_settings *settings, struct arena *mem,
		   const struct smtp_message *message, const char **why)
	NODISCARD NONNULL(1, 2, 3, 4);

/*
 * Connects, changes to TLS and signs in as smtp_send would, and sends nothing.
 * ERR_REMOTE, with *why on the arena.
 */
enum err smtp_greet(const struct smtp_settings *settings, struct arena *mem,
		    const char **why) NODISCARD NONNULL(1, 2, 3);

#endif
