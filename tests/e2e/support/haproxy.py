# SPDX-License-Identifier: Apache-2.0
"""A real haproxy: the common proxy that insists on a client certificate, and
on a PROXY header, and the TCP load balancer before a pool."""

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require

_HEAD = """\
global
    maxconn 200
    tune.ssl.default-dh-param 2048
defaults
    mode http
    timeout client 30s
    timeout connect 5s
    timeout server 30s
"""


class HAProxy(Server):
    """Add frontends, then enter the context."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self._config = directory / "haproxy.cfg"
        self._text = _HEAD
        self._ports = []
        super().__init__([require("haproxy"), "-db", "-f", self._config],
                         directory / "haproxy.log")

    def add(self, certificate, options, address="127.0.0.1"):
        """A frontend; returns the port it listens on."""
        port = free_port()
        self._ports.append(port)
        self._text += (f"frontend f{port}\n"
                       f"    bind {address}:{port} ssl crt {certificate.pem} "
                       f"{options}\n"
                       "    http-request return status 200\n")
        return port

    def forward(self, target, options):
        """A frontend that knows nothing of TLS before a port of loopback;
        returns the port it listens on."""
        port = free_port()
        self._ports.append(port)
        self._text += (f"listen l{port}\n"
                       "    mode tcp\n"
                       f"    bind 127.0.0.1:{port} {options}\n"
                       f"    server s 127.0.0.1:{target}\n")
        return port

    def balance(self, address, servers):
        """Spreads connections over servers by turns, (address, port) by name,
        and knows nothing of TLS: as load balancers do, it asks each whether
        its port is open, and leaves out those where it is not. Returns the
        port."""
        port = free_port()
        self._ports.append(port)
        self._text += (f"listen b{port}\n"
                       "    mode tcp\n"
                       f"    bind {address}:{port}\n"
                       "    balance roundrobin\n"
                       "    option redispatch\n"
                       "    default-server check inter 500ms fall 2 rise 1\n")
        for name, (server, at) in servers.items():
            self._text += f"    server {name} {server}:{at}\n"
        return port

    def __enter__(self):
        self._config.write_text(self._text)
        super().__enter__()
        self.wait_until(lambda: all(map(is_listening, self._ports)), "haproxy")
        return self
