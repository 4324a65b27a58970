/* SPDX-License-Identifier: MIT */
#include "remote/address.h"

#include <netinet/in.h>
#include <string.h>

struct network {
	unsigned char start[16];
	unsigned bits;
};

static const struct network special4[] = {
	{{0}, 8},             /* this network */
	{{10}, 8},            /* private */
	{{100, 64}, 10},      /* shared by a carrier's customers */
	{{127}, 8},           /* loopback */
	{{169, 254}, 16},     /* link-local, and clouds' own data */
	{{172, 16}, 12},      /* private */
	{{192, 0, 0}, 24},    /* protocols */
	{{192, 0, 2}, 24},    /* documentation */
	{{192, 88, 99}, 24},  /* 6to4 relays */
	{{192, 168}, 16},     /* private */
	{{198, 18}, 15},      /* benchmarks */
	{{198, 51, 100}, 24}, /* documentation */
	{{203, 0, 113}, 24},  /* documentation */
	{{224}, 4},           /* multicast */
	{{240}, 4},           /* reserved, broadcast */
};

/* All that is given out to the public so far lies in this one. */
static const struct network global6 = {{0x20}, 3};

static const struct network special6[] = {
	{{0x20, 0x01}, 23},             /* protocols, Teredo among them */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02}, 16},             /* 6to4: an address of IPv4 inside */
	{{0x3f, 0xff}, 20},             /* documentation */
};

/* A translator's network: the last four bytes are an address of IPv4. */
static const struct network translated6 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool
is_within(const struct network *n, const unsigned char *address)
{
	size_t whole = n->bits / 8;
	unsigned rest = n->bits % 8;

	if (memcmp(n->start, address, whole) != 0)
		return false;
	return rest == 0 ||
	       (n->start[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool
is_among(const struct network *list, size_t count, const unsigned char *address)
{
	for (size_t i = 0; i < count; i++)
		if (is_within(&list[i], address))
			return true;
	return false;
}

static bool
is_public4(const unsigned char *address)
{
	return !is_among(special4, countof(special4), address);
}

static bool
is_public6(const unsigned char *address)
{
	if (is_within(&translated6, address))
		return is_public4(address + 12);
	return is_within(&global6, address) &&
	       !is_among(special6, countof(special6), address);
}

bool
address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_public4((const unsigned char *)&v4.sin_addr);
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_public6(v6.sin6_addr.s6_addr);
	default:
		return false;
	}
}
