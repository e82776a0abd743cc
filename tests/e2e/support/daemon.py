# SPDX-License-Identifier: Apache-2.0
"""Servers that are no plain processes: with directories of their own, and
helpers that run as another user. Debian's configuration of them is not used.
"""

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from .ports import is_listening
from .processes import Server
from .requirements import require, unavailable


class Daemon(Server):
    """Lives in a directory that is gone afterwards.

    Not in the test's own: no other user can enter that one.
    """

    def __init__(self, name):
        self.name = name
        self.directory = None
        self.ports = []
        super().__init__([], None)

    def set_up(self):
        """Fill the directory; returns the command."""
        raise NotImplementedError

    def __enter__(self):
        self.directory = Path(tempfile.mkdtemp(prefix=f"cem-{self.name}-"))
        try:
            self.directory.chmod(0o755)
            self.log = self.directory / "log"
            self.argv = [str(word) for word in self.set_up()]
            super().__enter__()
            self.wait_until(lambda: all(map(is_listening, self.ports)),
                            self.name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            super().__exit__()
        shutil.rmtree(self.directory, ignore_errors=True)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def folder(self, name, owner=None):
        path = self.directory / name
        path.mkdir(parents=True)
        if owner:
            shutil.chown(path, owner)
        return path


def as_root():
    return os.geteuid() == 0


def myself():
    """The user and the group who run the tests, by name."""
    return (pwd.getpwuid(os.geteuid()).pw_name,
            grp.getgrgid(os.getegid()).gr_name)


def require_user(name):
    """A user that a package brings along."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        unavailable(f"there is no user {name}")
    return name


def guarded(*command):
    """The command, for one that changes its user all the time: the kernel
    then forgets that it is to be killed when the test runner dies. A shell
    that never does so sees to it."""
    return [require("setpriv"), "--pdeathsig", "TERM", "--", "sh", "-c",
            'trap "kill -KILL 0" TERM; "$@" & wait', "sh", *command]
