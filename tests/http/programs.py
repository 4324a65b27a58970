# SPDX-License-Identifier: MIT
"""Local programs that a stack runs: a folder for them and for what they tell."""

import os
import pwd
import shutil
import tempfile

import stack as stacks


class Programs:
    """Scripts that the stack's user may run, in a folder where he may write."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fastcgi-users-hooks-")
        if os.geteuid() == 0:
            user = pwd.getpwnam(stacks.UNPRIVILEGED)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        os.chmod(self.folder, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o755):
        """A script in Python; it finds its folder in HERE."""
        path = self.path(name)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write("#!/usr/bin/python3 -I\n"
                    "import json, os, signal, sys, time\n"
                    f"HERE = {self.folder!r}\n{text}")
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def forget(self, name):
        """Removes what a program left, if it did."""
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))

    def remove(self):
        shutil.rmtree(self.folder)
