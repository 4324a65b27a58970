# SPDX-License-Identifier: MIT
"""The users of make_users, as made_user.h makes them."""

MASK = (1 << 64) - 1


def mix(n):
    """What looks random and is the same each time (SplitMix64)."""
    n = (n + 0x9e3779b97f4a7c15) & MASK
    n = ((n ^ n >> 30) * 0xbf58476d1ce4e5b9) & MASK
    n = ((n ^ n >> 27) * 0x94d049bb133111eb) & MASK
    return n ^ n >> 31


def user_id(number):
    """The id of the user of that number."""
    high, low = mix(number * 2), mix(number * 2 + 1)
    return (f"{high >> 32:08x}-{high >> 16 & 0xffff:04x}-4{high & 0xfff:03x}-"
            f"{low >> 48 & 0x3fff | 0x8000:04x}-{low & 0xffffffffffff:012x}")


def user_email(number):
    """His address."""
    return f"user{number}@example.com"
