# SPDX-License-Identifier: Apache-2.0
"""A real Caddy: the common server whose TLS is Go's."""

import json
import os

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require


class Caddy(Server):
    """Add sites, then enter the context."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self._config = directory / "caddy.json"
        self._servers = {}
        self._files = []
        # It keeps files of its own in the home directory of whoever runs it.
        home = {name: str(directory) for name in (
            "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        super().__init__([require("caddy"), "run", "--config", self._config],
                         directory / "caddy.log", env={**os.environ, **home})

    def add(self, certificate, version, address="127.0.0.1"):
        """A site of one version ("tls1.2", "tls1.3"); returns its port."""
        port = free_port()
        self._files.append({"certificate": str(certificate.chain),
                            "key": str(certificate.key)})
        self._servers[f"s{port}"] = {
            "listen": [f"{address}:{port}"],
            "automatic_https": {"disable": True},
            "protocols": ["h1", "h2"],
            "tls_connection_policies": [
                {"protocol_min": version, "protocol_max": version}],
            "routes": [{"handle": [{"handler": "static_response"}]}],
        }
        return port

    def __enter__(self):
        self._config.write_text(json.dumps({
            "admin": {"disabled": True},
            "apps": {"http": {"servers": self._servers},
                     "tls": {"certificates": {"load_files": self._files}}}}))
        super().__enter__()
        ports = [int(name[1:]) for name in self._servers]
        self.wait_until(lambda: all(map(is_listening, ports)), "caddy")
        return self
