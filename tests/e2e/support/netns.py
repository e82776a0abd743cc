# SPDX-License-Identifier: Apache-2.0
"""A network of one's own: addresses that are not loopback's, as
EndpointSlices want them, and all of them this machine's."""

import ctypes
import os
import socket
import threading

from .processes import Server
from .requirements import require, require_root

#: Every address of these is local.
V4, V6 = "10.77", "fd77:"

_CLONE_NEWNET = 0x40000000

# A server may bind to any of the addresses without their being set up. Two
# are, or a resolver would think that there is no network.
_SET_UP = f"""
ip link set lo up
ip address add {V4}.255.1/32 dev lo
ip route add local {V4}.0.0/16 dev lo
echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind
ip address add {V6}:ffff/128 dev lo
ip route add local {V6}:/64 dev lo
echo ready
exec sleep infinity
"""


class Namespace(Server):
    """What `entering` runs lives in there, and so do sockets that it makes."""

    def __init__(self, log):
        require_root()
        require("ip")
        super().__init__([require("unshare"), "--net", "sh", "-ec", _SET_UP],
                         log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: "ready" in self.tail(), "a network")
        return self

    @property
    def _path(self):
        return f"/proc/{self.process.pid}/ns/net"

    @property
    def entering(self):
        return [require("nsenter"), f"--net={self._path}", "--"]

    def entering_with(self, **files):
        """Likewise, where these names in /etc are these files."""
        mounts = "; ".join(f"mount --bind '{path}' /etc/{name}"
                           for name, path in files.items())
        return [*self.entering, require("unshare"), "--mount", "sh", "-ec",
                f'{mounts}; exec "$@"', "sh"]

    def inside(self, make):
        """What make() returns that is called in there: a socket, say, which
        stays there whoever uses it."""
        made = []
        # The namespace is the thread's, and goes with it.
        thread = threading.Thread(target=lambda: made.append(
            self._called(make)))
        thread.start()
        thread.join()
        assert made, "failed in the namespace"
        return made[0]

    def _called(self, make):
        libc = ctypes.CDLL(None, use_errno=True)
        with open(self._path, "rb") as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(
                    ctypes.get_errno()))
        return make()

    def listen(self, address):
        """As socket.create_server(), in there."""
        return self.inside(lambda: socket.create_server(address))

    def datagrams(self, address):
        """A socket for what comes by UDP, in there."""
        def make():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind(address)
            return made
        return self.inside(make)
