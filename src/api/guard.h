/* SPDX-License-Identifier: MIT */
/* Who may use what another server guards: what `guard` configures. */
#ifndef GUARD_H
#define GUARD_H

#include "api/api.h"
#include "store/user_field.h"

struct guard;

/* Lives as long as the arena; configuration and fields must, too. */
const struct guard *guard_make(struct arena *mem, const struct config *conf,
			       const struct user_fields *fields)
	RETURNS_NONNULL NONNULL(1, 2, 3);

/*
 * Who asks, and whether he is what FCU_REQUIRE and the pool demand; fills
 * c->user. ERR_UNAUTHORIZED, which then tells where to sign in; ERR_FORBIDDEN,
 * also for everybody where a demand cannot be understood, and where the web
 * server says that it is somebody else.
 */
enum err guard_admit(struct call *c) NODISCARD NONNULL(1);

/* Whether it may do so by the token's signature alone. */
bool guard_may_trust(const struct call *c) NONNULL(1);

/* Answers an Authorizer's request that failed, so that the web server can show
 * it to the client as it is, or a page of its own. */
void guard_refuse(const struct call *c, enum err e) NONNULL(1);

#endif
