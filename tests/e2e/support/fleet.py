# SPDX-License-Identifier: Apache-2.0
"""An nginx that is many pods: one address for each certificate to be shown.

Where a table of tests is about certificates, one run of the program over all
of them is enough.
"""

from .nginx import Nginx
from .pods import named_port

#: What OpenSSL would not serve otherwise: weak keys, weak signatures.
WEAK = "ssl_ciphers ALL:@SECLEVEL=0"


class Fleet(Nginx):
    """Show certificates, then enter the context; `pods` are to be probed on
    the port `tls`."""

    def __init__(self, directory, network):
        super().__init__(directory)
        self._network = network
        self.pods = []
        #: name of the pod -> its address
        self.at = {}

    def show(self, name, certificate, *options):
        number = len(self.pods)
        address = f"{self._network}.{number // 250}.{number % 250 + 1}"
        self.pods.append(named_port(name, self.port, address))
        self.at[name] = address
        self.add([address], certificate, None, *options)
