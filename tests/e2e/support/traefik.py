# SPDX-License-Identifier: Apache-2.0
"""A real Traefik: the proxy of the incident that this project began with."""

import os
import shutil

from .openssl import presented
from .processes import Server
from .requirements import built

# Traefik takes part of the file's content for the configuration, so that a
# certificate that is replaced is one that changed. Key and certificate are one
# file: they are replaced at once.
_DYNAMIC = """\
tls:
  certificates:
  - {{certFile: {pem}, keyFile: {pem}}}
http:
  routers:
    shop: {{rule: "PathPrefix(`/`)", service: ping@internal, tls: {{}}}}
"""


def binary():
    """The program, built the first time."""
    return built("traefik/build.sh") / "traefik"


class Traefik(Server):
    """Listens on one address, with one certificate from a file."""

    def __init__(self, directory, address, port):
        self.address = address
        self.port = port
        self._dynamic = directory / "dynamic"
        self._dynamic.mkdir(parents=True)
        self._pem = self._dynamic / "tls.pem"
        (self._dynamic / "tls.yml").write_text(
            _DYNAMIC.format(pem=self._pem))
        super().__init__(
            [binary(), "--global.checkNewVersion=false",
             "--global.sendAnonymousUsage=false",
             f"--entryPoints.websecure.address={address}:{port}",
             "--ping.manualRouting=true",
             f"--providers.file.directory={self._dynamic}",
             # How soon after a reload it takes the next; two seconds if not
             # told.
             "--providers.providersThrottleDuration=100ms"],
            directory / "traefik.log")

    def load(self, certificate):
        """Give it a certificate, as whoever renews it does: Traefik sees that
        the file was replaced."""
        temporary = self._pem.with_suffix(".new")
        shutil.copy(certificate.pem, temporary)
        os.replace(temporary, self._pem)

    def serve(self, certificate, name):
        """Likewise, and wait until clients that ask for the name get it."""
        self.load(certificate)
        self.wait_until(
            lambda: presented(self.address, self.port, name)
            == certificate.der(), "Traefik with the certificate")
