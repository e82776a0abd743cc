# SPDX-License-Identifier: Apache-2.0
"""GnuTLS's own little server."""

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require


class GnutlsServ(Server):
    """`gnutls-serv` on all addresses. A priority is what it may offer."""

    def __init__(self, certificate, log, *options, priority="NORMAL"):
        self.port = free_port()
        super().__init__(
            [require("gnutls-serv"), "--echo", "--noticket", "--port",
             self.port, "--priority", priority, "--x509certfile",
             certificate.chain, "--x509keyfile", certificate.key, *options],
            log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "gnutls-serv")
        return self
