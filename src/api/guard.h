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
 * Who asks, and whether he is what FCU_REQUIRE demands; fills c->user.
 * ERR_UNAUTHORIZED, which then tells where to sign in; ERR_FORBIDDEN, also for
 * everybody where the demand cannot be understood.
 */
enum err guard_admit(struct call *c) NODISCARD NONNULL(1);

/* Whether it may do so by the token's signature alone. */
bool guard_may_trust(const struct call *c) NONNULL(1);

#endif
