/* SPDX-License-Identifier: MIT */
/* The users that make_users makes: by their number, always the same. */
#ifndef MADE_USER_H
#define MADE_USER_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define MADE_USER_ID_SIZE 37

/* SplitMix64: what looks random and is the same each time. */
static inline uint64_t
made_user_mix(uint64_t n)
{
	n += UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
	return n ^ (n >> 31);
}

/* A UUID of version 4. */
static inline void
made_user_id(uint64_t number, char out[MADE_USER_ID_SIZE])
{
	uint64_t high = made_user_mix(number * 2);
	uint64_t low = made_user_mix(number * 2 + 1);

	(void)snprintf(out, MADE_USER_ID_SIZE,
		       "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64
		       "-%012" PRIx64,
		       high >> 32, high >> 16 & 0xffff, high & 0xfff,
		       (low >> 48 & 0x3fff) | 0x8000,
		       low & UINT64_C(0xffffffffffff));
}

#define MADE_USER_EMAIL "user%" PRIu64 "@example.com"

#endif
