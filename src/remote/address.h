/* SPDX-License-Identifier: MIT */
/* Where a program that follows configured addresses may connect to. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/attr.h"

/*
 * Whether the address is one of the public Internet: neither private,
 * loopback, link-local, multicast, documentation or otherwise special (IANA's
 * registries of special-purpose addresses, RFC 6890), nor an IPv6 address
 * that stands for such a one of IPv4. Any other family than the two is not.
 */
bool address_is_public(const struct sockaddr *address) NONNULL(1);

#endif
