# SPDX-License-Identifier: Apache-2.0
"""What OpenSSL says of a server's certificate: the oracle for facts. And its
own little server."""

import datetime
import re
import subprocess
from dataclasses import dataclass

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require

_CURVES = {"prime256v1": "p256", "secp384r1": "p384"}


@dataclass(frozen=True)
class Facts:
    fingerprint: str
    serial: str
    subject_cn: str
    issuer_cn: str
    not_before: float
    not_after: float
    key: str
    signature: str


def facts(address, port, name=None):
    """Connect as `openssl s_client` and read the leaf as `openssl x509`."""
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    server = ["-servername", name] if name else ["-noservername"]
    shown = subprocess.run(
        [require("openssl"), "s_client", "-connect", target, *server],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    described = subprocess.run(
        [require("openssl"), "x509", "-noout", "-text", "-fingerprint",
         "-sha256", "-serial", "-dates", "-nameopt", "multiline,utf8"],
        input=shown.stdout, capture_output=True, text=True, check=True).stdout

    def find(pattern):
        return re.search(pattern, described, re.M | re.S).group(1)

    return Facts(
        fingerprint=find(r"^sha256 Fingerprint=(\S+)").replace(":", "").lower(),
        serial=find(r"^serial=(\S+)").lower(),
        subject_cn=find(r"Subject:.*?commonName\s+= ([^\n]*)"),
        issuer_cn=find(r"Issuer:.*?commonName\s+= ([^\n]*)"),
        not_before=_seconds(find(r"^notBefore=([^\n]+)")),
        not_after=_seconds(find(r"^notAfter=([^\n]+)")),
        key=_key(described),
        signature=find(r"Signature Algorithm: (\S+)"))


def _key(described):
    algorithm = re.search(r"Public Key Algorithm: (\S+)", described).group(1)
    if algorithm == "id-ecPublicKey":
        curve = re.search(r"ASN1 OID: (\S+)", described).group(1)
        return f"ecdsa-{_CURVES[curve]}"
    if algorithm == "rsaEncryption":
        bits = re.search(r"Public-Key: \((\d+) bit\)", described).group(1)
        return f"rsa-{bits}"
    return algorithm.lower()


def _seconds(text):
    moment = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


class SServer(Server):
    """`openssl s_server` on loopback."""

    def __init__(self, certificate, log, *options):
        self.port = free_port()
        super().__init__(
            [require("openssl"), "s_server", "-quiet", "-accept",
             f"127.0.0.1:{self.port}", "-cert", certificate.cert, "-key",
             certificate.key, "-cert_chain", certificate.chain, *options], log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "s_server")
        return self
