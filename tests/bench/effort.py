# SPDX-License-Identifier: MIT
"""How much is done to find out."""


class Effort:
    """Rounds, seconds of one run, and sizes."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 2 if quick else 5
        self.seconds = 1 if quick else 4
        self.hash_seconds = 2 if quick else 6
        self.users = 100_000 if quick else 1_000_000
        self.sqlite_users = 100_000 if quick else 1_000_000
        self.cgi_runs = 30 if quick else 100
        self.starts = 5 if quick else 15
        self.requests = 100_000 if quick else 1_000_000
