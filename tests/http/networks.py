# SPDX-License-Identifier: MIT
"""Clients at other addresses, for the tests of limits: all of 127.0.0.0/8 is
this machine."""

import itertools

import requests.adapters
from client import Client

numbers = itertools.count(2)


class Elsewhere(requests.adapters.HTTPAdapter):
    """Connections from an address."""

    def __init__(self, address):
        self.address = address
        super().__init__(pool_maxsize=32)

    def init_poolmanager(self, *arguments, **more):
        super().init_poolmanager(*arguments,
                                 source_address=(self.address, 0), **more)


class Network(Client):
    """A client in a network that no other test has."""

    def __init__(self, stack):
        number = next(numbers)
        self.address = f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        super().__init__(stack)

    @property
    def session(self):
        if not hasattr(self.local, "session"):
            super().session.mount("http://", Elsewhere(self.address))
        return self.local.session

    def guess(self, email, times=1, **more):
        """The statuses of as many wrong passwords."""
        return [self.try_login(email, "wrong password 1", **more).status_code
                for _ in range(times)]
