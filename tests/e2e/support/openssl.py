# SPDX-License-Identifier: Apache-2.0
"""What OpenSSL says of a server's certificate: the oracle for facts. And its
own little server."""

import datetime
import re
import socket
import ssl
import subprocess
from dataclasses import dataclass

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require

_CURVES = {"prime256v1": "p256", "secp384r1": "p384", "secp521r1": "p521"}


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


def openssl(*arguments, check=True, **how):
    """Run one of its commands; what it says, first on standard output."""
    done = subprocess.run([require("openssl"), *map(str, arguments)],
                          stdin=None if "input" in how else subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace",
                          check=False, **how)
    said = done.stdout + done.stderr
    assert not check or done.returncode == 0, f"{arguments}: {said}"
    return said


def client(address, port, name=None, *options):
    """What `openssl s_client` tells of a connection."""
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    server = ["-servername", name] if name else ["-noservername"]
    return openssl("s_client", "-connect", target, *server, *options,
                   check=False)


def presented(address, port, name, seconds=5):
    """The leaf that a server presents, in DER; nothing if there is none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), seconds) as connection, \
                context.wrap_socket(connection, server_hostname=name) as tls:
            return tls.getpeercert(True)
    except OSError:
        return b""


def facts(address, port, name=None, *options, starttls=None):
    """Connect as `openssl s_client` and read the leaf as `openssl x509`."""
    before = ["-starttls", starttls] if starttls else []
    return facts_of(client(address, port, name, *before, *options))


def facts_of(pem):
    """Of the first certificate in a text."""
    described = openssl(
        "x509", "-noout", "-text", "-fingerprint", "-sha256", "-serial",
        "-dates", "-nameopt", "multiline,utf8,-esc_msb", input=pem)

    def find(pattern):
        return re.search(pattern, described, re.M | re.S).group(1)

    def common_name(whose, rest):
        # A name ends where the next line is indented less.
        name = re.search(rf"^ {{8}}{whose}:(.*?)^ {{8}}{rest}", described,
                         re.M | re.S).group(1)
        found = re.search(r"commonName\s+= ([^\n]*)", name)
        return found.group(1) if found else ""

    return Facts(
        fingerprint=find(r"^sha256 Fingerprint=(\S+)").replace(":", "").lower(),
        serial=find(r"^serial=(\S+)").lower(),
        subject_cn=common_name("Subject", r"\w"),
        issuer_cn=common_name("Issuer", r"\w"),
        not_before=seconds(find(r"^notBefore=([^\n]+)")),
        not_after=seconds(find(r"^notAfter=([^\n]+)")),
        key=_key(described),
        signature=find(r"Signature Algorithm: (\S+)"))


def assert_facts(metrics, seen, **pair):
    """What the metrics say of a pair's certificate is what OpenSSL says."""
    for family, value in (("not_after", seen.not_after),
                          ("not_before", seen.not_before)):
        family = f"cert_{family}_timestamp_seconds"
        assert metrics.value(family, **pair) == value, family
    assert metrics.words("cert_fingerprint_info", "fingerprint_sha256",
                         **pair) == [seen.fingerprint]
    assert metrics.value(
        "cert_info", fingerprint_sha256=seen.fingerprint,
        subject_cn=seen.subject_cn, issuer_cn=seen.issuer_cn,
        serial_number=seen.serial, key_algorithm=seen.key,
        signature_algorithm=seen.signature) == 1


def _key(described):
    algorithm = re.search(r"Public Key Algorithm: (\S+)", described).group(1)
    if algorithm == "id-ecPublicKey":
        curve = re.search(r"ASN1 OID: (\S+)", described).group(1)
        return f"ecdsa-{_CURVES[curve]}"
    if algorithm in ("rsaEncryption", "rsassaPss"):
        bits = re.search(r"Public-Key: \((\d+) bit\)", described).group(1)
        return f"{'rsa' if algorithm == 'rsaEncryption' else 'rsa-pss'}-{bits}"
    return algorithm.lower()


def seconds(text):
    """A time as OpenSSL prints it."""
    moment = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def end_of(certificate):
    """When a certificate's file says that it ends."""
    text = openssl("x509", "-noout", "-enddate", "-in", certificate)
    return seconds(text.strip().partition("=")[2])


def verdict(leaf, untrusted, store, *options):
    """What `openssl verify` thinks of a server's chain: "" if it is content,
    else its words for the first error."""
    said = openssl("verify", "-purpose", "sslserver", "-auth_level", "2",
                   "-no-CApath", "-no-CAstore", "-CAfile", store,
                   "-untrusted", untrusted, *options, leaf, check=False)
    found = re.search(r"error \d+ at \d+ depth lookup: (.*)", said)
    assert found or said == f"{leaf}: OK\n", said
    return found.group(1) if found else ""


def names(leaf, host):
    """Whether it thinks that a certificate names a host, or an address."""
    kind = "-checkip" if re.fullmatch(r"[0-9.]+|.*:.*", host) else "-checkhost"
    said = openssl("x509", "-noout", "-in", leaf, kind, host, check=False)
    assert "match certificate" in said, said
    return "does NOT" not in said


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
