# SPDX-License-Identifier: Apache-2.0
"""Certificates with any dates, names, keys and signatures.

Made by the openssl and certtool commands: two implementations that are not
the one under test's own code, and both know more odd certificates than any
library for tests.
"""

import base64
import datetime
import itertools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .requirements import require

DAY = datetime.timedelta(days=1)

_KEYS = {
    **{f"ecdsa-p{bits}": ["-algorithm", "EC", "-pkeyopt",
                          f"ec_paramgen_curve:P-{bits}"]
       for bits in (256, 384, 521)},
    **{f"rsa-{bits}": ["-algorithm", "RSA", "-pkeyopt",
                       f"rsa_keygen_bits:{bits}"]
       for bits in (512, 1024, 2048, 3072)},
    "rsa-pss-2048": ["-algorithm", "RSA-PSS", "-pkeyopt",
                     "rsa_keygen_bits:2048"],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
}


def now():
    """To the second, as certificates have it."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def pem_to_der(text):
    body = re.search(r"-----BEGIN [A-Z0-9 ]+-----(.+?)-----END", text, re.S)
    return base64.b64decode(body.group(1))


def der_to_pem(der):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def private_scalar(key):
    """The secret number of an EC key, as its bytes lie in memory."""
    text = subprocess.run([require("openssl"), "pkey", "-in", key, "-noout",
                           "-text"], check=True, capture_output=True,
                          text=True).stdout
    words = re.search(r"priv:\s*((?:[0-9a-f]{2}:?\s*)+)", text).group(1)
    return bytes.fromhex(re.sub(r"[:\s]", "", words))[-32:]


@dataclass(frozen=True)
class Certificate:
    cert: Path      #: the leaf alone
    chain: Path     #: the leaf and what leads on to the root, root left out
    key: Path
    pem: Path       #: chain and key in one file, as haproxy wants it
    not_before: datetime.datetime
    not_after: datetime.datetime

    def der(self):
        return pem_to_der(self.cert.read_text())


class Authority:
    """A certificate authority, its root or an intermediate of another one.

    key is a kind, or another authority whose key this one shares. sign is how
    it signs, itself if it is a root: options of certtool.
    """

    def __init__(self, directory, name="Test Root", key="ecdsa-p256",
                 issuer=None, sign=(), begin=None, end=None, extra=(),
                 serial=1, is_ca=True):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.issuer = issuer
        self.sign = tuple(sign)
        self._serials = itertools.count(0x1001)
        self.key = key.key if isinstance(key, Authority) else make_key(
            self.directory / "ca.key", key)
        self.cert = self.directory / "ca.crt"
        self.not_before = begin or now() - 3650 * DAY
        self.not_after = end or now() + 3650 * DAY
        template = [f'cn = "{name}"', "ca" if is_ca else "signing_key",
                    "cert_signing_key", f"serial = {serial}", *extra,
                    *_dates(self.not_before, self.not_after)]
        signer = issuer or self
        signer._certtool(template, self.key, self.cert, root=issuer is None)

    def chain_above_leaf(self):
        """What a server sends after a leaf of this authority."""
        if self.issuer is None:
            return ""
        return self.cert.read_text() + self.issuer.chain_above_leaf()

    def issue(self, name, *, domains=(), addresses=(), cn=None, begin=None,
              end=None, key="ecdsa-p256", serial=None, organization=None,
              extra=(), client=False, purposes=None, self_signed=False):
        """A leaf. name is the file's; the other arguments say what is in it.
        key is a kind, or another certificate whose key this one has too.
        purposes are certtool's words for them, none by the empty list."""
        begin = begin or now() - 30 * DAY
        end = end or now() + 60 * DAY
        if cn is None:
            cn = domains[0] if domains else name
        serial = next(self._serials) if serial is None else serial
        if purposes is None:
            purposes = ["tls_www_client" if client else "tls_www_server"]
        template = [f'cn = "{cn}"' if cn else "",
                    f'organization = "{organization}"' if organization else "",
                    f"serial = {serial}",
                    *(f'dns_name = "{domain}"' for domain in domains),
                    *(f'ip_address = "{address}"' for address in addresses),
                    "signing_key", *purposes, *extra, *_dates(begin, end)]
        cert = self.directory / f"{name}.crt"
        private = key.key if isinstance(key, Certificate) else make_key(
            self.directory / f"{name}.key", key)
        self._certtool(template, private, cert, root=self_signed)
        return self.bundle(name, cert, private, begin, end,
                           "" if self_signed else None)

    def bundle(self, name, cert, private, begin, end, above=None):
        """The files as servers want them; above is the PEM of what is sent
        after the leaf, if not the usual."""
        if above is None:
            above = self.chain_above_leaf()
        chain = self.directory / f"{name}.chain.crt"
        chain.write_text(cert.read_text() + above)
        pem = self.directory / f"{name}.pem"
        pem.write_text(chain.read_text() + private.read_text())
        return Certificate(cert, chain, private, pem, begin, end)

    def _certtool(self, template, private, cert, root=False):
        recipe = cert.with_suffix(".template")
        recipe.write_text("\n".join(template) + "\n")
        mode = ["--generate-self-signed"] if root else [
            "--generate-certificate", "--load-ca-privkey", self.key,
            "--load-ca-certificate", self.cert]
        subprocess.run([require("certtool"), *mode, *self.sign,
                        "--load-privkey", private, "--template", recipe,
                        "--outfile", cert], check=True, capture_output=True,
                       env={**os.environ, "TZ": "UTC"})


def make_key(path, kind):
    subprocess.run([require("openssl"), "genpkey", *_KEYS[kind], "-out", path],
                   check=True, capture_output=True)
    return path


def _dates(begin, end):
    form = "%Y-%m-%d %H:%M:%S"
    return (f'activation_date = "{begin.strftime(form)}"',
            f'expiration_date = "{end.strftime(form)}"')


def with_bytes_replaced(certificate, old, new):
    """The same certificate with other bytes of the same length in it.

    For names that no tool would write. The signature no longer fits, which
    neither a server nor a handshake looks at: that is a verifier's concern.
    """
    replace_bytes(certificate.cert, old, new)
    text = certificate.cert.read_text()
    certificate.chain.write_text(text)
    certificate.pem.write_text(text + certificate.key.read_text())
    return certificate


def replace_bytes(path, old, new):
    """In the DER of the certificate that is in a file."""
    assert len(old) == len(new)
    der = pem_to_der(path.read_text())
    assert old in der
    path.write_text(der_to_pem(der.replace(old, new)))


def with_subject(certificate, raw, tag=b"\x0c"):
    """The certificate, issued for as many underscores, with other bytes and
    perhaps another type of string: they make certtool take a UTF8String."""
    size = bytes([len(raw)])
    return with_bytes_replaced(
        certificate, b"\x0c" + size + b"_" * len(raw), tag + size + raw)
