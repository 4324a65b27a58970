/* SPDX-License-Identifier: MIT */
/* Whom the system takes this process for, and how to become less. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

/* An id that stays as it is, as chown(2) takes it. */
#define IDENTITY_SAME ((unsigned)-1)

struct identity {
	const char *name; /* of the user, borrowed; for his other groups */
	uid_t user;
	gid_t group;
};

/*
 * The ids behind a user's and a group's name; "" or NULL: nobody, and the
 * user's own group. Whoever is not root stays who he is. False when there is
 * no such name, with errno EINVAL.
 */
bool identity_find(const char *user, const char *group, struct identity *out)
	NODISCARD NONNULL(3);

/*
 * Keeps what this process holds to itself: no core file of it is written, and
 * no other process of its user may look into it. What it forks is the same,
 * what it executes is not, and a change of ids undoes it.
 */
bool identity_seal(void) NODISCARD;

/* Becomes that one, for good, proves that there is no way back, and seals. */
bool identity_take(const struct identity *id) NODISCARD NONNULL(1);

/*
 * Makes the folder, mode 0755, unless it is there. Made by root for somebody
 * else it stays root's: what is in there, root trusts.
 */
bool identity_make_folder(const struct identity *id, const char *path)
	NODISCARD NONNULL(1, 2);

#endif
