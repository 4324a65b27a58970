# SPDX-License-Identifier: MIT
"""Tokens as FastAPI Users would mail them, made without the program."""

import ctypes
import secrets
import time

ARGON2ID = 2
argon2 = ctypes.CDLL("libargon2.so.1")
argon2.argon2_hash.argtypes = [
    ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_char_p,
    ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
    ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int,
    ctypes.c_uint32]


def fingerprint(stored, passes=1, memory=8, lanes=1):
    """An argon2id hash of the stored hash, as the reset token carries it."""
    out = ctypes.create_string_buffer(256)
    salt = secrets.token_bytes(16)
    failed = argon2.argon2_hash(
        passes, memory, lanes, stored.encode(), len(stored.encode()), salt,
        len(salt), None, 32, out, len(out), ARGON2ID, 0x13)
    assert failed == 0
    return out.value.decode()


def reset_claims(client, user, **more):
    return {"sub": str(user["id"]),
            "password_fgpt": fingerprint(client.stack.stored_hash(user)),
            "aud": "fastapi-users:reset", "exp": int(time.time()) + 3600,
            **more}


def reset_token(client, user, **more):
    return client.sign(reset_claims(client, user, **more),
                       key=client.stack.secrets["reset"])


def verify_claims(user, **more):
    return {"sub": str(user["id"]), "email": user["email"],
            "aud": "fastapi-users:verify", "exp": int(time.time()) + 3600,
            **more}


def verify_token(client, user, **more):
    return client.sign(verify_claims(user, **more),
                       key=client.stack.secrets["verify"])
