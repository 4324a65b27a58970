# SPDX-License-Identifier: MIT
"""A kernel that lacks something: runs a program whose system calls fail.

    python3 refusing.py CALL[:ARGUMENT=VALUE]=ERROR ... -- PROGRAM ARGUMENT...

A filter (seccomp) answers these calls with that error, where the argument (0
to 5) is VALUE, or with > in front greater, or with & has such a bit.
"""

import ctypes
import errno
import os
import platform
import re
import struct
import sys

# By machine: the audit name of the architecture is not looked at, since the
# programs are of the machine's own kind.
NUMBERS = {
    "x86_64": {"write": 1, "pwrite64": 18, "mkdir": 83, "prctl": 157,
               "openat": 257, "faccessat": 269, "seccomp": 317,
               "faccessat2": 439},
    "aarch64": {"write": 64, "pwrite64": 68, "mkdir": 34, "prctl": 167,
                "openat": 56, "faccessat": 48, "seccomp": 277,
                "faccessat2": 439},
}
CALLS = NUMBERS.get(platform.machine())
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, GREATER, HAS_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
ALLOW, FAIL = 0x7fff0000, 0x00050000
COMPARISONS = {"": EQUAL, ">": GREATER, "&": HAS_BIT}
RULE = re.compile(r"(\w+)(?::(\d)=([>&]?)(\d+))?=(E\w+)")


def step(code, value, if_not=0):
    return struct.pack("HBBI", code, 0, if_not, value)


def steps(rule):
    call, argument, comparison, value, error = RULE.fullmatch(rule).groups()
    end = step(RETURN, FAIL | getattr(errno, error))
    if argument is None:
        test = b""
    else:
        test = (step(LOAD, 16 + 8 * int(argument))
                + step(COMPARISONS[comparison], int(value), 1))
    rest = len(test + end) // 8
    return (step(LOAD, 0) + step(EQUAL, CALLS[call], rest)
            + test + end)


def refuse(rules):
    program = b"".join(map(steps, rules)) + step(RETURN, ALLOW)
    kept = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(kept))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                      (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)):
        if prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "no filter can be set")


if __name__ == "__main__":
    split = sys.argv.index("--")
    refuse(sys.argv[1:split])
    os.execv(sys.argv[split + 1], sys.argv[split + 1:])
