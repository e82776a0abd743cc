# SPDX-License-Identifier: Apache-2.0
"""A real systemd-journald in a /run of its own."""

import json
import subprocess

from .processes import Server
from .requirements import require, require_root

JOURNALD = "/lib/systemd/systemd-journald"

# The kernel's messages and its auditing are none of our business.
_SET_UP = """
mount -t tmpfs tmpfs /run
mkdir -p /run/log/journal /run/systemd/journald.conf.d /run/systemd/journal
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=\\n' \
    >/run/systemd/journald.conf.d/test.conf
exec "$0"
"""

# As systemd starts a service: standard error is the journal's stream, and the
# environment says which one.
_AS_A_SERVICE = """
JOURNAL_STREAM=$(stat --dereference --format=%d:%i /proc/self/fd/2)
export JOURNAL_STREAM
exec "$@"
"""


class Journal(Server):
    """What `service` runs logs there, and `entries()` is what it logged."""

    def __init__(self, log):
        require_root()
        super().__init__([require("unshare"), "--mount", "sh", "-ec", _SET_UP,
                          require(JOURNALD)], log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._listens, "a journal that listens")
        return self

    def _listens(self):
        return self._run("test", "-S", "/run/systemd/journal/stdout",
                         check=False).returncode == 0

    @property
    def _entering(self):
        return [require("nsenter"), f"--mount=/proc/{self.process.pid}/ns/mnt",
                "--"]

    def _run(self, *argv, check=True):
        return subprocess.run([*self._entering, *argv], check=check,
                              capture_output=True, text=True)

    @property
    def service(self):
        """What runs the program."""
        return [*self._entering, require("systemd-cat"), "--identifier=service",
                "sh", "-ec", _AS_A_SERVICE, "sh"]

    def entries(self):
        """What came since they were last asked for."""
        self._run("journalctl", "--sync")
        found = self._run("journalctl", "--directory=/run/log/journal",
                          "--output=json", "--quiet", "--all",
                          "--cursor-file=/run/cursor",
                          "--identifier=certificate-expiry-monitor",
                          "--identifier=service", check=False)
        # It ends with 1 where there is nothing.
        assert found.returncode in (0, 1) and not found.stderr, found
        return [json.loads(line) for line in found.stdout.splitlines()]
