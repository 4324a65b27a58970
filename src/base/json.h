/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259), strict where cJSON is lenient, with the words and
 * positions of Python's decoder in its complaints, since the wire contract
 * shows them. The only file that includes cJSON.h is json.c.
 *
 * A text that holds U+0000 or an unpaired surrogate cannot be kept as C text
 * or as UTF-8: such characters become the byte 0xff, which nothing else can
 * hold, and json_text_is_clean tells.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_LIMIT 64
#define JSON_MEMBERS_LIMIT 256

/* A value in a parsed document; lives as long as the arena. */
struct json;

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_ARRAY,
	JSON_OBJECT
};

/* What a failed parse complains about. */
struct json_fault {
	const char *reason; /* "Expecting value", static */
	size_t position;    /* in code points from the start, as in Python */
};

/* How a document is read. */
enum json_rules {
	JSON_BODY, /* duplicate members: the last wins; NaN is a number */
	JSON_TOKEN /* duplicates, NaN, a BOM: refused */
};

/*
 * Parses a whole document. ERR_UNPROCESSABLE with *fault set when it is not
 * JSON; ERR_BODY_UNREADABLE when it is too deep or has too many members.
 */
enum err json_parse(struct arena *mem, const char *bytes, size_t len,
		    enum json_rules rules, const struct json **out,
		    struct json_fault *fault) NODISCARD NONNULL(1, 5, 6);

enum json_type json_type(const struct json *v) NONNULL(1);

/* A member by its exact name, NULL when there is none (or v is no object). */
const struct json *json_member(const struct json *v, const char *name)
	NONNULL(1, 2);

/* Elements of an array or object in order: first, then next; NULL at end. */
const struct json *json_first(const struct json *v) NONNULL(1);
const struct json *json_next(const struct json *v) NONNULL(1);
/* An object member's own name. */
const char *json_name(const struct json *v) NONNULL(1);

/* The text of a JSON_TEXT (bytes 0xff as said above), else NULL. */
const char *json_text(const struct json *v) NONNULL(1);
/* False when the text held U+0000 or an unpaired surrogate. */
bool json_text_is_clean(const char *text) NONNULL(1);

/*
 * The number as Python would see it: as spelled, whether it is an int
 * (no fraction, no exponent), and as a double.
 */
const char *json_number_text(const struct json *v) NONNULL(1);
bool json_number_is_int(const struct json *v) NONNULL(1);
double json_number(const struct json *v) NONNULL(1);
/* True and *out set when it is a whole number that fits. */
bool json_number_int64(const struct json *v, int64_t *out)
	NODISCARD NONNULL(1, 2);

/* Writes a text with quotes, escaped as Python's json.dumps with
 * ensure_ascii=False does; the byte 0xff as U+FFFD. */
void json_write_text(struct buf *out, const char *text) NONNULL(1, 2);
/* Writes a number as Python's repr does; null for what is none. */
void json_write_real(struct buf *out, double d) NONNULL(1);
/* Writes any value compactly, numbers as Python would print them. */
void json_write(struct buf *out, const struct json *v) NONNULL(1, 2);

/*
 * A document piece by piece, a comma wherever one is due. `name` is a
 * member's, NULL for an element of an array or the document itself; `bracket`
 * is the one that opens or closes; `json` goes in as it is.
 */
void json_begin(struct buf *out, const char *name, char bracket) NONNULL(1);
void json_end(struct buf *out, char bracket) NONNULL(1);
void json_add_text(struct buf *out, const char *name, const char *text)
	NONNULL(1, 3);
void json_add_raw(struct buf *out, const char *name, const char *json)
	NONNULL(1, 3);

#endif
