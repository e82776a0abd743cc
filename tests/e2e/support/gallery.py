# SPDX-License-Identifier: Apache-2.0
"""One nginx with a certificate of every kind, for all tests.

Each purpose has an address of 127.0.0.0/8 of its own, as pods have.
"""

from .certs import DAY, Authority, now
from .nginx import Nginx
from .ports import free_port

#: Serves every site below by SNI, and the default certificate otherwise.
MAIN = "127.81.0.1"
TLS12, TLS13, TLS11 = "127.81.0.2", "127.81.0.3", "127.81.0.11"
#: nginx's `ssl_verify_client on`: the handshake succeeds, HTTP then refuses.
ASKS_12, ASKS_13 = "127.81.0.4", "127.81.0.5"
#: Knows VALID only and rejects the handshake for any other name.
REJECTS = "127.81.0.6"
#: A certificate for addresses, whatever the name.
BY_ADDRESS = "127.81.0.7"
V6 = "::1"
#: More addresses that are like MAIN: pods of a cluster.
POOL = [f"127.81.1.{last}" for last in range(1, 41)]
#: Nodes' addresses: only VALID, on Gallery.host_port.
HOSTS = ["127.81.2.1", "127.81.2.2"]

VALID = "valid.example.com"
EXPIRED = "expired.example.com"
NOT_YET = "notyet.example.com"
#: Five days left: of ninety, and of ten.
SOON, SHORT = "soon.example.com", "short.example.com"
WRONG_NAME = "wrong.example.com"
UNKNOWN = "unknown.example.com"
NO_SAN = "nosan.example.com"
HUGE = "huge.example.com"
IDN, IDN_ALABEL = "Bücher.example", "xn--bcher-kva.example"
WILDCARD, WILDCARD_PROBE = "*.example.org", "cem-probe.example.org"

#: Sites by kind of key and of signature: domain -> (key, words of metrics.md
#: for the signature).
KEYS = {
    "p256.example.com": ("ecdsa-p256", "ecdsa-with-SHA256"),
    "p384.example.com": ("ecdsa-p384", "ecdsa-with-SHA384"),
    "rsa.example.com": ("rsa-2048", "sha256WithRSAEncryption"),
    "rsa3072.example.com": ("rsa-3072", "sha384WithRSAEncryption"),
    "pss.example.com": ("rsa-2048", "rsassaPss"),
    "ed25519.example.com": ("ed25519", "ED25519"),
}
_SIGNERS = {
    "ecdsa-with-SHA256": ("ecdsa-p256", ["--hash", "SHA256"]),
    "ecdsa-with-SHA384": ("ecdsa-p384", ["--hash", "SHA384"]),
    "sha256WithRSAEncryption": ("rsa-2048", ["--hash", "SHA256"]),
    "sha384WithRSAEncryption": ("rsa-2048", ["--hash", "SHA384"]),
    "rsassaPss": ("rsa-2048", ["--hash", "SHA256",
                               "--sign-params", "RSA-PSS"]),
    "ED25519": ("ed25519", []),
}


class Gallery(Nginx):
    def __init__(self, directory):
        super().__init__(directory / "nginx")
        self.host_port = free_port()
        self.root = Authority(directory / "root")
        self.authority = Authority(directory / "issuing", issuer=self.root,
                                   name="Test Issuing CA")
        self._directory = directory
        self._everywhere = [MAIN, *POOL, f"[{V6}]"]
        #: domain -> its Certificate
        self.certificates = {}
        self._add_dates_and_names()
        self._add_keys()
        self._add_protocols()

    def _site(self, domain, certificate, name=None):
        self.certificates[domain] = certificate
        self.add(self._everywhere, certificate, name or domain)

    def _add_dates_and_names(self):
        issue = self.authority.issue
        self.default = issue("default", domains=["default.invalid"],
                             cn="TEST DEFAULT CERT")
        self.add(self._everywhere, self.default)
        self._site(VALID, issue("valid", domains=[VALID]))
        self._site(EXPIRED, issue("expired", domains=[EXPIRED],
                                  begin=now() - 90 * DAY,
                                  end=now() - 1 * DAY))
        self._site(NOT_YET, issue("notyet", domains=[NOT_YET],
                                  begin=now() + 1 * DAY,
                                  end=now() + 90 * DAY))
        self._site(SOON, issue("soon", domains=[SOON],
                               begin=now() - 85 * DAY, end=now() + 5 * DAY))
        self._site(SHORT, issue("short", domains=[SHORT],
                                begin=now() - 5 * DAY, end=now() + 5 * DAY))
        self._site(WRONG_NAME, issue("wrong", domains=["other.example.net"]))
        self._site(WILDCARD, issue("wildcard", domains=[WILDCARD]))
        self._site(IDN, issue("idn", domains=[IDN_ALABEL]), IDN_ALABEL)
        self._site(NO_SAN, issue("nosan", cn=NO_SAN))
        self._site(HUGE, issue("huge", domains=[
            HUGE, *(f"tenant-{number}.customers.example.com"
                    for number in range(5000))]))

    def _add_keys(self):
        for domain, (key, signature) in KEYS.items():
            kind, sign = _SIGNERS[signature]
            signer = Authority(self._directory / signature, key=kind,
                               name=f"{signature} CA", sign=sign)
            self._site(domain, signer.issue(domain, domains=[domain], key=key))

    def _add_protocols(self):
        valid = self.certificates[VALID]
        asks = ["ssl_verify_client on",
                f"ssl_client_certificate {self.root.cert}"]
        old = self.authority.issue("old", domains=[VALID], key="rsa-2048")
        self.add([TLS11], old, None, "ssl_protocols TLSv1.1",
                 "ssl_ciphers ALL:@SECLEVEL=0")
        self.add([TLS12], valid, None, "ssl_protocols TLSv1.2")
        self.add([TLS13], valid, None, "ssl_protocols TLSv1.3")
        self.add([ASKS_12], valid, None, "ssl_protocols TLSv1.2", *asks)
        self.add([ASKS_13], valid, None, "ssl_protocols TLSv1.3", *asks)
        self.add([REJECTS], None, None, "ssl_reject_handshake on")
        self.add([REJECTS], valid, VALID)
        self.add([BY_ADDRESS], self.authority.issue(
            "addresses", domains=["addresses.example.com"],
            addresses=["192.0.2.7", "2001:db8::7"]))
        self.add(HOSTS, valid, port=self.host_port)
