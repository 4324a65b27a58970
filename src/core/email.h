/* SPDX-License-Identifier: MIT */
/*
 * E-mail addresses as the wire contract wants them: what Pydantic's EmailStr
 * (email-validator 2.3 without DNS, the newest that FastAPI Users 15.0.5 takes)
 * accepts, in its words. Only email.c includes headers of libunistring.
 */
#ifndef EMAIL_H
#define EMAIL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

/*
 * Validates `text` (valid UTF-8 without U+0000) and gives the normalised
 * address: "Name <a@b.c>" reduced to the address as EmailStr does, the domain
 * lower-cased and in Unicode form, the local part NFC with its case kept.
 * ERR_UNPROCESSABLE with *reason, the contract's words on the arena or
 * static, when it is none.
 */
enum err email_normalise(struct arena *mem, const char *text, const char **out,
			 const char **reason) NODISCARD NONNULL(1, 2, 3, 4);

/*
 * One text for all spellings by which somebody can name one account, whatever
 * the database thinks of case: the address normalised as above where it is
 * one, then folded by Unicode (NFKC, full case folding, Turkish letters like
 * the others). More spellings may fall together than the database finds, never
 * fewer. To count by, not to look up by.
 */
const char *email_fold(struct arena *mem, const char *text)
	RETURNS_NONNULL NONNULL(1, 2);

/*
 * A stored address as the envelope and the header of a mail take it: its
 * domain with A-labels; letters outside ASCII in its local part stay, and ask
 * for SMTPUTF8. ERR_INVALID when no mail can be sent to it, for instance
 * because it holds a control character, a blank, or a second recipient.
 */
enum err email_mailbox(struct arena *mem, const char *address, const char **out)
	NODISCARD NONNULL(1, 2, 3);

#endif
