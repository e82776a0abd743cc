# SPDX-License-Identifier: Apache-2.0
"""OCSP responses (RFC 6960), by `openssl ocsp` and, where that would not make
them, by hand."""

import re
import subprocess
from pathlib import Path

from . import der
from .openssl import openssl, seconds
from .ports import free_port, is_listening
from .processes import Server
from .requirements import require

_BASIC = der.identifier("1.3.6.1.5.5.7.48.1.1")
_OCTETS, _ENUMERATED, _EXPLICIT0 = 0x04, 0x0a, 0xa0
_FORM = "%Y%m%d%H%M%SZ"


class Responses:
    """Makes files of responses for leaves of an authority."""

    def __init__(self, directory, authority):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.authority = authority
        self._count = 0

    def index(self, path, **leaves):
        """The authority's database: leaves by status, `good` or `revoked`;
        of any other certificate it does not know."""
        lines = []
        for status, certificates in leaves.items():
            letter, revoked = {"good": ("V", ""),
                               "revoked": ("R", "250101000000Z")}[status]
            for leaf in certificates:
                serial = openssl("x509", "-noout", "-serial", "-in",
                                 leaf.cert).strip().partition("=")[2]
                lines.append(f"{letter}\t350101000000Z\t{revoked}\t{serial}\t"
                             "unknown\t/CN=x\n")
        path.write_text("".join(lines))
        Path(f"{path}.attr").write_text("unique_subject = no\n")
        return path

    def make(self, leaf, status="good", signer=None, issuer=None,
             options=("-ndays", "7")):
        """The path of a response. signer is an authority or a certificate."""
        signer = signer or self.authority
        issuer = issuer or self.authority
        self._count += 1
        path = self.directory / f"{self._count}.der"
        index = self.index(path.with_suffix(".index"),
                           **{} if status == "unknown" else {status: [leaf]})
        # What a hash is for comes after it.
        openssl("ocsp", *options, "-index", index, "-CA", issuer.cert,
                "-rsigner", signer.cert, "-rkey", signer.key, "-issuer",
                issuer.cert, "-cert", leaf.cert, "-respout", path,
                "-noverify", "-no_nonce")
        return path

    def moved(self, response, key, this_update, next_update=None):
        """The same with other times, signed anew by the key."""
        return self.rewrite(response, lambda data: _with_times(
            data, this_update, next_update), key)

    def rewrite(self, response, change, key=None):
        """Change what is signed; without a key the old signature stays."""
        status, wrapped = (each[1] for each in der.read(
            _content(response.read_bytes())))
        octets = der.read(_content(_content(wrapped)))[1][2]
        data, algorithm, signature, *certificates = (
            each[1] for each in der.read(_content(octets)))
        data = change(data)
        if key:
            signature = der.element(3, b"\0" + _sign(data, key))
        octets = der.element(der.SEQUENCE, b"".join(
            [data, algorithm, signature, *certificates]))
        return self._write(status + _wrapped(octets))

    def garbage(self):
        """A response of the right outer form with nonsense in it: servers
        look at the outside before they staple it."""
        return self._write(der.element(_ENUMERATED, b"\0")
                           + _wrapped(b"\x30\x82\x01\x00" + b"\xa5" * 200))

    def refusal(self):
        """tryLater."""
        return self._write(der.element(_ENUMERATED, b"\3"))

    def _write(self, content):
        self._count += 1
        path = self.directory / f"{self._count}.der"
        path.write_bytes(der.element(der.SEQUENCE, content))
        return path


def next_update(response):
    """As `openssl ocsp` prints it, None if there is none."""
    said = openssl("ocsp", "-respin", response, "-noverify", "-text")
    found = re.search(r"^\s+Next Update: (.*)$", said, re.M)
    return seconds(found.group(1)) if found else None


def judged(response, leaf, issuer, root, *options):
    """What `openssl ocsp` makes of a response for a leaf: `good`, `revoked`,
    `unknown`, `stale` or `invalid`."""
    said = openssl("ocsp", *options, "-respin", response, "-issuer",
                   issuer.cert, "-cert", leaf.cert, "-verify_other",
                   issuer.cert, "-CAfile", root.cert, check=False)
    if "Response verify OK" not in said:
        return "invalid"
    found = re.search(r": (?:WARNING: Status times invalid\.\n"
                      r"(?:.*:error:.*\n)+)?(good|revoked|unknown)$", said,
                      re.M)
    if not found:
        return "invalid"
    return "stale" if "Status times invalid" in said else found.group(1)


class Responder(Server):
    """`openssl ocsp` as a server."""

    def __init__(self, index, authority, log):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        super().__init__(
            [require("openssl"), "ocsp", "-index", index, "-CA",
             authority.cert, "-rsigner", authority.cert, "-rkey",
             authority.key, "-port", str(self.port), "-ndays", "7"], log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "openssl ocsp")
        return self


def _content(data):
    return der.read(data)[0][2]


def _wrapped(octets):
    return der.element(_EXPLICIT0, der.element(
        der.SEQUENCE, _BASIC + der.element(_OCTETS, octets)))


def _with_times(data, this_update, next_update):
    """ResponseData with other times in its SingleResponse, which openssl
    writes with both; without a nextUpdate that is left out."""
    parts = [each[1] for each in der.read(_content(data))]
    at, single = next((number, part) for number, part in enumerate(parts)
                      if part[0] == der.SEQUENCE)
    identifier, status = (each[1] for each in der.read(
        _content(_content(single)))[:2])
    times = _time(this_update)
    if next_update:
        times += der.element(_EXPLICIT0, _time(next_update))
    parts[at] = der.element(der.SEQUENCE, der.element(
        der.SEQUENCE, identifier + status + times))
    return der.element(der.SEQUENCE, b"".join(parts))


def _time(moment):
    return der.element(0x18, moment.strftime(_FORM).encode())


def _sign(data, key):
    return subprocess.run([require("openssl"), "dgst", "-sha256", "-sign",
                           key], input=data, check=True,
                          capture_output=True).stdout
