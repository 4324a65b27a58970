# SPDX-License-Identifier: MIT
"""Key pairs made by openssl(1), and what is signed with them."""

import base64
import subprocess

from client import encode, segment

KINDS = {
    "RS256": ("RSA", "rsa_keygen_bits:2048"),
    "ES256": ("EC", "ec_paramgen_curve:P-256"),
    "EdDSA": ("ED25519", None),
    "P-384": ("EC", "ec_paramgen_curve:P-384"),
    "weak": ("RSA", "rsa_keygen_bits:1024"),
}


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, check=True,
                          capture_output=True).stdout


class Pair:
    """A private key and its public half, in every form they are written."""

    def __init__(self, kind, folder):
        algorithm, option = KINDS[kind]
        self.kind = kind
        self.file = folder / f"{kind}-{id(self)}.pem"
        self.private = openssl("genpkey", "-algorithm", algorithm,
                               *(["-pkeyopt", option] if option else []))
        self.file.write_bytes(self.private)
        self.public = openssl("pkey", "-in", self.file, "-pubout")
        self.der = openssl("pkey", "-in", self.file, "-pubout", "-outform",
                           "DER")

    def signature(self, data):
        """As JSON Web Signatures have it."""
        message = self.file.with_suffix(".message")
        message.write_bytes(data)
        if self.kind == "EdDSA":
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file,
                           "-in", message)
        made = openssl("dgst", "-sha256", "-sign", self.file, message)
        return made if self.kind in ("RS256", "weak") else raw(made)

    def sign(self, claims, header=None):
        """A token; its header names the kind of key unless told."""
        text = ".".join([encode(header or {"alg": self.kind, "typ": "JWT"}),
                         encode(claims)])
        return f"{text}.{segment(self.signature(text.encode()))}"

    def forms(self):
        """The public half in all the forms that somebody might sign with."""
        body = self.public.split(b"\n", 1)[1].rsplit(b"\n", 2)[0]
        yield from (self.public, self.public.strip(), self.der,
                    body.replace(b"\n", b""), body)
        if self.kind == "RS256":
            yield openssl("rsa", "-in", self.file, "-RSAPublicKey_out")
        for size in (32, 64):
            yield segment(self.der[-size:]).encode()
            yield self.der[-size:]
        yield base64.b64encode(self.der)
        yield ('{"kty":"OKP","crv":"Ed25519","x":"%s"}'
               % segment(self.der[-32:])).encode()


def raw(der):
    """r and s, 32 bytes each at least, of an ECDSA signature in DER."""
    numbers = []
    at = 2
    while at < len(der):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big"))
        at += 2 + length
    size = max(32, *((n.bit_length() + 7) // 8 for n in numbers))
    return b"".join(n.to_bytes(size, "big") for n in numbers)
