/* SPDX-License-Identifier: MIT */
/*
 * Providers' tokens as they are stored: encrypted where secrets.provider_tokens
 * has a secret, which the first four characters tell, else as they are. So
 * rows that were written before, or by FastAPI Users, are still read.
 */
#ifndef PROVIDER_TOKEN_H
#define PROVIDER_TOKEN_H

#include "base/attr.h"
#include "core/ctx.h"
#include "store/oauth_account.h"

/* Seals the row's tokens for storing, in place. */
void provider_token_seal(struct ctx *cx, struct oauth_account *a) NONNULL(1, 2);

/* Opens them, in place. One that cannot be opened becomes "", and a log line
 * says so. */
void provider_token_open(struct ctx *cx, struct oauth_account *a) NONNULL(1, 2);

#endif
