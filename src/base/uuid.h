/* SPDX-License-Identifier: MIT */
/* UUIDs as text (RFC 9562). */
#ifndef UUID_H
#define UUID_H

#include <stdbool.h>

#include "base/attr.h"

#define UUID_SIZE 37 /* 36 characters and a NUL */

/* A new random one (version 4). */
void uuid_new(char out[UUID_SIZE]) NONNULL(1);

/*
 * Any spelling that Python's uuid.UUID takes, of ASCII and up to 128 bytes:
 * braces, urn:uuid:, without or with misplaced hyphens, capitals, and whatever
 * else its int(text, 16) reads. Writes the canonical form. False (out
 * untouched) when it is none.
 */
bool uuid_parse(const char *text, char out[UUID_SIZE]) NODISCARD NONNULL(1, 2);

#endif
