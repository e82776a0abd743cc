# SPDX-License-Identifier: Apache-2.0
"""Free ports of loopback, and whether somebody listens on one.

Ports come from below the range that the kernel takes source ports from, so no
outgoing connection can grab one between the choice and the server's bind().
Whether a server listens is read from the kernel's table instead of tried: a
trial connection would show in the server's log, or use up its only accept.
"""

import random
import socket

_FIRST, _LAST = 20000, 32000
_given = set()


def free_port():
    """A port that is free on every address, given out once per test run."""
    while True:
        port = random.randint(_FIRST, _LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port):
    try:
        with socket.create_server(("::", port), family=socket.AF_INET6,
                                  dualstack_ipv6=True):
            return True
    except OSError:
        return False


def is_listening(port, pid="self"):
    """Whether some address listens on the port, in the network namespace of
    this process."""
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as lines:
            next(lines)
            for line in lines:
                _, local, _, state = line.split()[:4]
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    return True
    return False
