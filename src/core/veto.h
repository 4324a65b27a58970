/* SPDX-License-Identifier: MIT */
/*
 * Local programs that are asked before something is done, and may refuse.
 * They fail closed: a program that crashes, is late, or cannot be run is
 * neither a yes nor a no, and what was asked for is not done.
 */
#ifndef VETO_H
#define VETO_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/config.h"
#include "base/err.h"
#include "core/ctx.h"
#include "store/user.h"

/*
 * Starts the process that will run them; before the sandbox. *out is NULL
 * when no hook asks for such an event. ERR_IO when the system refuses. Heap.
 */
enum err veto_open(const struct config *conf, struct veto **out)
	NODISCARD NONNULL(1, 2);
void veto_close(struct veto *v);

/*
 * validate_password: may this one have this password? `about` has no id yet
 * when somebody registers. ERR_INVALID_PASSWORD with *reason, a program's
 * words on the arena; ERR_HOOK_FAILED.
 */
enum err veto_password(struct ctx *cx, const char *plain,
		       const struct user *about, const char **reason)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Whether a program is asked before a user is deleted. */
bool veto_minds_deletion(const struct config *conf) NONNULL(1);

/* before_delete: may this user be deleted? ERR_DELETE_USER_REFUSED with
 * *reason; ERR_HOOK_FAILED. */
enum err veto_delete(struct ctx *cx, const struct user *u, const char **reason)
	NODISCARD NONNULL(1, 2, 3);

#endif
