/* SPDX-License-Identifier: MIT */
/* Small questions about text. All are about bytes; none allocates. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/*
 * A decimal number, the whole text, "-" allowed, no "+", no blanks. False
 * (out untouched) when it is none or not within low..high.
 */
bool text_number(const char *text, int64_t low, int64_t high, int64_t *out)
	NODISCARD NONNULL(1, 4);

/* Well-formed UTF-8 without surrogates and overlong forms (RFC 3629). */
bool text_is_utf8(const char *bytes, size_t len) NONNULL(1);

/* Bytes of the UTF-8 character that starts with `first`; 0 when none does. */
size_t text_utf8_length(unsigned char first);

/* Code points in valid UTF-8. */
size_t text_utf8_count(const char *bytes, size_t len) NONNULL(1);

/* Equal without regard to the case of A-Z. */
bool text_same(const char *a, const char *b) NONNULL(1, 2);
bool text_same_n(const char *a, const char *b, size_t len) NONNULL(1, 2);
bool text_starts(const char *text, const char *with) NONNULL(1, 2);

/* Makes A-Z small where they stand; gives the text back. */
char *text_lower(char *text) RETURNS_NONNULL NONNULL(1);

/* The value of a hexadecimal digit, -1 when it is none. */
int text_hex_value(char c);

#endif
