/* SPDX-License-Identifier: MIT */
/*
 * Where a request comes from: the addresses that web servers tell, in all
 * their spellings, and the networks that an administrator names.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/config.h"

/* What stands for the network of who has no address, or one of no kind that
 * is known. */
#define NETWORK_UNKNOWN "unknown"

/*
 * The network that somebody at this address controls, in its one spelling:
 * "192.0.2.1", or of IPv6 the /64, "2001:db8:0:1::/64". An IPv4 address in
 * the clothes of IPv6 (::ffff:192.0.2.1, 64:ff9b::192.0.2.1, 2002:c000:201::)
 * is that address; brackets, a port and a zone do not count. "unix" for
 * a peer behind a unix socket, which web servers call "unix:…", and
 * NETWORK_UNKNOWN for anything else.
 */
const char *network_of(struct arena *mem, const char *address)
	RETURNS_NONNULL NONNULL(1, 2);

/* Why this is neither an address, nor ADDRESS/LENGTH, nor "unix"; else NULL.
 * Static. */
const char *network_fault(const char *text) NONNULL(1);

/* Whether an address is in one of such networks. */
bool network_list_has(const struct text_list *list, const char *address)
	NONNULL(1, 2);

/*
 * Who sent a request that came by proxies: `forwarded`, a header like
 * X-Forwarded-For, is read from its end, and each of its addresses believed
 * as long as the one that told it is trusted. `peer` itself where it is not,
 * or where nothing was told; else the bare address, without a port.
 */
const char *network_sender(struct arena *mem, const struct text_list *trusted,
			   const char *peer, const char *forwarded)
	RETURNS_NONNULL NONNULL(1, 2, 3);

#endif
