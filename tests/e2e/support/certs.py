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
    "ecdsa-p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ecdsa-p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa-3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "ed25519": ["-algorithm", "ED25519"],
}


def now():
    """To the second, as certificates have it."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def pem_to_der(text):
    body = re.search(r"-----BEGIN [A-Z0-9 ]+-----(.+?)-----END", text, re.S)
    return base64.b64decode(body.group(1))


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


class Authority:
    """A certificate authority, its root or an intermediate of another one."""

    def __init__(self, directory, name="Test Root", key="ecdsa-p256",
                 issuer=None, sign=()):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.issuer = issuer
        self._sign = tuple(sign)
        self._serials = itertools.count(0x1001)
        self.key = make_key(self.directory / "ca.key", key)
        self.cert = self.directory / "ca.crt"
        begin = now() - 3650 * DAY
        template = [f'cn = "{name}"', "ca", "cert_signing_key",
                    "serial = 1", *_dates(begin, now() + 3650 * DAY)]
        signer = issuer or self
        signer._certtool(template, self.key, self.cert, root=issuer is None)

    def chain_above_leaf(self):
        """What a server sends after a leaf of this authority."""
        if self.issuer is None:
            return ""
        return self.cert.read_text() + self.issuer.chain_above_leaf()

    def issue(self, name, *, domains=(), addresses=(), cn=None, begin=None,
              end=None, key="ecdsa-p256", serial=None, organization=None,
              extra=(), client=False):
        """A leaf. name is the file's; the other arguments say what is in it."""
        begin = begin or now() - 30 * DAY
        end = end or now() + 60 * DAY
        if cn is None:
            cn = domains[0] if domains else name
        serial = next(self._serials) if serial is None else serial
        template = [f'cn = "{cn}"' if cn else "",
                    f'organization = "{organization}"' if organization else "",
                    f"serial = {serial}",
                    *(f'dns_name = "{domain}"' for domain in domains),
                    *(f'ip_address = "{address}"' for address in addresses),
                    "signing_key",
                    "tls_www_client" if client else "tls_www_server",
                    *extra, *_dates(begin, end)]
        cert = self.directory / f"{name}.crt"
        private = make_key(self.directory / f"{name}.key", key)
        self._certtool(template, private, cert)
        return self.bundle(name, cert, private, begin, end)

    def bundle(self, name, cert, private, begin, end):
        chain = self.directory / f"{name}.chain.crt"
        chain.write_text(cert.read_text() + self.chain_above_leaf())
        pem = self.directory / f"{name}.pem"
        pem.write_text(chain.read_text() + private.read_text())
        return Certificate(cert, chain, private, pem, begin, end)

    def _certtool(self, template, private, cert, root=False):
        recipe = cert.with_suffix(".template")
        recipe.write_text("\n".join(template) + "\n")
        mode = ["--generate-self-signed"] if root else [
            "--generate-certificate", "--load-ca-privkey", self.key,
            "--load-ca-certificate", self.cert]
        subprocess.run([require("certtool"), *mode, *self._sign,
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
    assert len(old) == len(new)
    der = pem_to_der(certificate.cert.read_text())
    assert old in der
    body = base64.encodebytes(der.replace(old, new)).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    certificate.cert.write_text(text)
    certificate.chain.write_text(text)
    certificate.pem.write_text(text + certificate.key.read_text())
    return certificate
