/* SPDX-License-Identifier: MIT */
/*
 * Stored password hashes as text: argon2 in the PHC string format, bcrypt in
 * crypt(5)'s. Parsed strictly and within bounds before any library sees one.
 */
#ifndef PHC_H
#define PHC_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "core/password.h"

#define PHC_SALT_LIMIT 64
#define PHC_TAG_LIMIT 128
#define PHC_VERSION 19

struct phc {
	struct password_parameters p;
	/* The rest is argon2's. */
	unsigned version; /* 19, 16, or 0: none was named, which means 16 */
	uint8_t salt[PHC_SALT_LIMIT];
	uint8_t tag[PHC_TAG_LIMIT];
};

/*
 * SCHEME_NONE when it is unknown, damaged, out of bounds, or not spelled in
 * the one canonical way.
 */
enum password_scheme phc_parse(const char *stored, struct phc *out)
	NONNULL(1, 2);

/* The text of an argon2 hash: what phc_parse takes. */
const char *phc_write(struct arena *mem, const struct phc *h)
	RETURNS_NONNULL NODISCARD NONNULL(1, 2);

#endif
