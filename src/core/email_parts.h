/* SPDX-License-Identifier: MIT */
/*
 * What the files of the e-mail check share; nobody else includes this. The
 * check works on code points, never on bytes: the contract counts characters.
 * Text that a function returns lives on the arena or is static.
 */
#ifndef EMAIL_PARTS_H
#define EMAIL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

/* A run of code points, not terminated. */
struct runes {
	const uint32_t *at;
	size_t len;
};

struct rune_range {
	uint32_t first;
	uint32_t last;
};

/* An address being judged; whoever refuses it sets the reason. */
struct email {
	struct arena *mem;
	const char *reason;
};

/* The halves of an address as it was written. */
struct email_halves {
	struct runes local; /* without its quotes and escapes */
	struct runes domain;
	bool quoted; /* the local part was */
	bool named;  /* angle brackets stood around the address */
};

struct email_local {
	struct runes text; /* normalised; quoted again when it must be */
	bool ascii;        /* it needed no SMTPUTF8 as it was written */
};

struct email_domain {
	const char *ascii; /* with A-labels */
	struct runes text; /* with U-labels */
};

/* What a bad end of a dotted text is called in the contract's words. */
struct email_dots {
	const char *first_period;
	const char *last_period;
	const char *first_hyphen; /* NULL: hyphens may stand anywhere */
	const char *last_hyphen;
};

/* email.c: the letters, as the Unicode library knows them */

/* The longest that one code point can become when folded. */
#define RUNE_FOLD_MAX 64

/* The general category: "Lu"; "Cn" when unassigned. Static. */
const char *rune_category(uint32_t c) RETURNS_NONNULL;
/* The bidirectional class: "L", "AL"; "" when unassigned. Static. */
const char *rune_direction(uint32_t c) RETURNS_NONNULL;
/* The canonical combining class. */
int rune_combining(uint32_t c);
/* The joining type: one of "UTCLRD". */
char rune_joining(uint32_t c);
bool rune_is_script(uint32_t c, const char *script) NONNULL(2);
bool rune_is_ignorable(uint32_t c);
/* White space as Python sees it. */
bool rune_is_space(uint32_t c);
/* A decomposition into several that holds a full stop: U+2488 does. */
bool rune_hides_period(uint32_t c);
/* NFKC of the case folding. Not for surrogates. Returns how many. */
size_t rune_fold(uint32_t c, uint32_t out[RUNE_FOLD_MAX]) NONNULL(2);
/* The Unicode name, NULL when there is none. */
const char *rune_name(struct arena *mem, uint32_t c) NONNULL(1);

struct runes runes_of(struct arena *mem, const char *text) NONNULL(1, 2);
char *runes_text(struct arena *mem, struct runes s) RETURNS_NONNULL NONNULL(1);
struct runes runes_nfc(struct arena *mem, struct runes s) NONNULL(1);
/* Whether what follows the first code point changes it in NFC. */
bool runes_melt(struct runes s);

/* email_words.c: text seen as runs of code points, and how it is shown */

bool rune_in(uint32_t c, const struct rune_range *ranges, size_t count)
	NONNULL(2);
struct runes runes_from(struct runes s, size_t at);
struct runes runes_upto(struct runes s, size_t len);
struct runes runes_trim_end(struct runes s);
struct runes runes_trim(struct runes s);
bool runes_are(struct runes s, const char *ascii) NONNULL(2);
bool runes_same(struct runes a, struct runes b);
bool runes_ascii(struct runes s);
bool runes_fit(struct runes s, bool (*fits)(uint32_t)) NONNULL(2);
/* Where `c` is first; s.len when it is not. */
size_t runes_find(struct runes s, uint32_t c);
bool runes_pair(struct runes s, uint32_t first, uint32_t second);
/* Cuts what stands before the next `c`, or all, off the front of *rest. */
struct runes runes_next(struct runes *rest, uint32_t c) NONNULL(1);
/* The same with A-Z lower-cased. */
struct runes runes_lower(struct arena *mem, struct runes s) NONNULL(1);
/* Between quotes and with escapes: '\u2028'. */
const char *runes_quoted(struct arena *mem, struct runes s)
	RETURNS_NONNULL NONNULL(1);
/* As a reason shows one: 'x' in quotes, a name, or U+0000. */
const char *rune_shown(struct arena *mem, uint32_t c)
	RETURNS_NONNULL NONNULL(1);
/* All of them shown, in their order: "'x', SPACE". */
const char *runes_shown(struct arena *mem, struct runes s)
	RETURNS_NONNULL NONNULL(1);
/* Those that do not fit, each once and sorted as shown; NULL when all fit. */
const char *runes_unfit(struct arena *mem, struct runes s,
			bool (*fits)(uint32_t)) NONNULL(1, 3);
/* "(2 characters too many)"; `unit` is a singular. */
const char *email_excess(struct arena *mem, size_t excess, const char *unit)
	RETURNS_NONNULL NONNULL(1, 3);

/* Sets the reason; always ERR_UNPROCESSABLE. */
enum err email_refuse(struct email *m, const char *format, ...)
	NODISCARD NONNULL(1, 2) PRINTF(2, 3);
/* No control, format, unassigned or leading combining characters. */
enum err email_check_safe(struct email *m, struct runes s, bool spaces)
	NODISCARD NONNULL(1);
enum err email_check_dots(struct email *m, struct runes s,
			  const struct email_dots *words)
	NODISCARD NONNULL(1, 3);

/* email_local.c */

enum err email_split(struct email *m, struct runes text,
		     struct email_halves *out) NODISCARD NONNULL(1, 3);
enum err email_check_local(struct email *m, const struct email_halves *in,
			   struct email_local *out) NODISCARD NONNULL(1, 2, 3);

/* email_literal.c: "[192.0.2.1]", never allowed, but the reasons differ */

enum err email_refuse_literal(struct email *m, struct runes inside)
	NODISCARD NONNULL(1);

/* email_domain.c */

enum err email_check_domain(struct email *m, struct runes text,
			    struct email_domain *out) NODISCARD NONNULL(1, 3);

/*
 * email_idna.c: UTS #46 mapping and IDNA 2008 labels. Each returns NULL and
 * the result, or what is wrong.
 */

const char *idna_map(struct arena *mem, struct runes domain, struct runes *out)
	NODISCARD NONNULL(1, 3);
/* To an A-label; `label` may be one, or plain ASCII. */
const char *idna_encode(struct arena *mem, struct runes label,
			struct runes *out) NODISCARD NONNULL(1, 3);
/* To a U-label; `label` is ASCII. */
const char *idna_decode(struct arena *mem, struct runes label,
			struct runes *out) NODISCARD NONNULL(1, 3);

/* email_label.c: NULL when it is a good U-label or plain ASCII (RFC 5891) */

const char *idna_label_fault(struct arena *mem, struct runes label)
	NODISCARD NONNULL(1);

/* email_punycode.c: RFC 3492, without the prefix */

struct runes punycode_encode(struct arena *mem, struct runes label) NONNULL(1);
/* False when it is no Punycode or leaves Unicode. May yield surrogates. */
bool punycode_decode(struct arena *mem, struct runes code, struct runes *out)
	NODISCARD NONNULL(1, 3);

#endif
