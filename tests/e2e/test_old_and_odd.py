# SPDX-License-Identifier: Apache-2.0
"""Servers of another time, and certificates that few have seen: what GnuTLS
can read is reported, and is what OpenSSL reads."""

import base64
import contextlib
import datetime
import itertools

import pytest
from support import certs, der
from support.certs import DAY, Authority, now
from support.exporter import promtool_findings
from support.fleet import WEAK, Fleet
from support.gnutls import GnutlsServ
from support.openssl import SServer, facts, facts_of
from support.pods import named_port

SITE = "odd.example.com"
_LAX = ["-cipher", "ALL:@SECLEVEL=0"]
UTC = datetime.timezone.utc

#: RFC 2409, 6.2: 1,024 bits, as servers had them built in.
_OAKLEY_2 = int("""
    FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74
    020BBEA6 3B139B22 514A0879 8E3404DD EF9519B3 CD3A431B 302B0A6D F25F1437
    4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
    EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE65381 FFFFFFFF FFFFFFFF
    """.replace(" ", "").replace("\n", ""), 16)

#: Servers that speak nothing newer: (kind, certificate, options)
OLD = {
    "TLS 1.0, RSA": ("openssl", "RSA-2048", ["-tls1", *_LAX]),
    "TLS 1.0, ECDSA": ("openssl", "P-256", ["-tls1", *_LAX]),
    "TLS 1.1, RSA": ("openssl", "RSA-2048", ["-tls1_1", *_LAX]),
    "TLS 1.1, ECDSA": ("openssl", "P-256", ["-tls1_1", *_LAX]),
    "TLS 1.0 to 1.1": ("openssl", "RSA-2048", [
        "-no_tls1_2", "-no_tls1_3", *_LAX]),
    "TLS 1.0, CBC": ("openssl", "RSA-2048", [
        "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"]),
    "TLS 1.2, CBC": ("openssl", "RSA-2048", [
        "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"]),
    "TLS 1.2, static RSA": ("openssl", "RSA-2048", [
        "-tls1_2", "-cipher", "AES256-SHA:@SECLEVEL=0"]),
    "TLS 1.2, signs with SHA-1": ("openssl", "RSA-2048", [
        "-tls1_2", "-sigalgs", "RSA+SHA1", *_LAX]),
    "TLS 1.2, signs with SHA-1, ECDSA": ("openssl", "P-256", [
        "-tls1_2", "-sigalgs", "ECDSA+SHA1", *_LAX]),
    "GnuTLS, TLS 1.0": ("gnutls", "RSA-2048",
                        "NORMAL:-VERS-ALL:+VERS-TLS1.0"),
    "GnuTLS, TLS 1.1": ("gnutls", "P-256", "NORMAL:-VERS-ALL:+VERS-TLS1.1"),
    "GnuTLS, 3DES": ("gnutls", "RSA-2048", "NORMAL:-VERS-ALL:+VERS-TLS1.2"
                                           ":-CIPHER-ALL:+3DES-CBC"),
    "GnuTLS, RC4": ("gnutls", "RSA-2048", "NORMAL:-VERS-ALL:+VERS-TLS1.0"
                                          ":-CIPHER-ALL:+ARCFOUR-128"),
}
#: Of these the certificate is seen; whether such a handshake may be completed
#: is GnuTLS's own choice.
WEAK_HANDSHAKES = {
    "TLS 1.2, DH of 1,024 bits": ("openssl", "RSA-2048", [
        "-tls1_2", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0", "-dhparam",
        "DH"]),
    "TLS 1.0, DH of 1,024 bits": ("openssl", "RSA-2048", [
        "-tls1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0", "-dhparam",
        "DH"]),
    "TLS 1.0, RSA-512": ("openssl", "RSA-512", ["-tls1", *_LAX]),
    "TLS 1.2, RSA-512": ("openssl", "RSA-512", [
        "-tls1_2", "-sigalgs", "RSA+SHA256", *_LAX]),
}


def _utc_time(text):
    """As a certificate has it, and as certtool is told to write it."""
    century = 1900 if int(text[:2]) >= 50 else 2000
    return f"{text}Z".encode(), datetime.datetime.strptime(
        f"{century + int(text[:2])}{text[2:]}", "%Y%m%d%H%M%S").replace(
            tzinfo=UTC)


#: Dates that certtool would not write: (notBefore, notAfter, status)
UTC_TIMES = {
    "from 1950": ("500101000000", "401231235959", "valid"),
    "1960 to 1969": ("600101000000", "691231235959", "expired"),
    "until 1970": ("650101000000", "700101000000", "expired"),
    "from 1970": ("700101000000", "491231235959", "valid"),
    "a second before 1970": ("691231235959", "491231235959", "valid"),
}
_BEGIN, _END = "010203040506", "380203040506"

#: Serial number as DER has it, of as many bytes.
SERIALS = {
    "serial 0": "00",
    "serial -1": "ff",
    "serial -128": "80",
    "negative": "ff1122334455",
    "negative, 20 bytes": "80" + "112233445566778899" * 2 + "aa",
    "20 bytes": "7f" + "112233445566778899" * 2 + "aa",
    "zero before the sign": "00ff" + "112233445566778899" * 2,
}

#: Common name: (tag of its type, bytes)
NAMES = {
    "UTF8String": (b"\x0c", "bücher ☃ 🔒".encode()),
    "PrintableString": (b"\x13", b"Printable, Inc."),
    "IA5String": (b"\x16", b"user@example.com"),
    "BMPString": (b"\x1e", "bücher ☃".encode("utf-16-be")),
    "T61String": (b"\x14", b"plain T61"),
}
#: Of these the label is in no certain form: GnuTLS does not decode all types,
#: OpenSSL takes T61 for Latin-1, which it is not, and nobody prints control
#: bytes as they are.
UNCERTAIN = {
    "UniversalString": (b"\x1c", "bücher ☃".encode("utf-32-be")),
    "T61String, 8 bits": (b"\x14", "bücher".encode("latin-1")),
    "null byte": (b"\x0c", b"good.com\0.x"),
    "control bytes": (b"\x0c", b"a\x01\x1b[31mb"),
}

KEYS = {"RSA-1024": "rsa-1024", "RSA-2048": "rsa-2048",
        "RSA-3072": "rsa-3072", "RSA-PSS": "rsa-pss-2048",
        "P-256": "ecdsa-p256", "P-384": "ecdsa-p384", "P-521": "ecdsa-p521",
        "Ed25519": "ed25519", "Ed448": "ed448"}
SIGNERS = {
    f"{name} with {digest}": (key, ["--hash", digest])
    for name, key in (("RSA", "rsa-2048"), ("ECDSA", "ecdsa-p256"))
    for digest in ("SHA1", "SHA256", "SHA384", "SHA512")}
SIGNERS |= {
    "RSA with MD5": ("rsa-2048", ["--hash", "MD5"]),
    "signed by RSA-PSS": ("rsa-pss-2048", ["--hash", "SHA256"]),
    "signed by P-521": ("ecdsa-p521", ["--hash", "SHA512"]),
    "signed by Ed25519": ("ed25519", []),
    "signed by Ed448": ("ed448", []),
}


class Odd(Fleet):
    def __init__(self, directory):
        super().__init__(directory / "nginx", "127.82")
        self.root = Authority(directory / "odd root", "Odd Root")
        self.statuses = {}
        self._directory = directory
        self._add_dates()
        self._add_serials_and_names()
        self._add_keys_and_signatures()
        self._add_chains()

    def _issue(self, name, **how):
        return self.root.issue(name, **{"domains": [SITE], **how})

    def _odd(self, name, certificate, status="valid"):
        self.statuses[name] = status
        self.show(name, certificate, WEAK)

    def _add_dates(self):
        for name, end in {
                "2050": datetime.datetime(2050, 1, 1, tzinfo=UTC),
                "2100": datetime.datetime(2100, 2, 28, 12, tzinfo=UTC),
                "9999": datetime.datetime(9999, 12, 31, 23, 59, 59,
                                          tzinfo=UTC)}.items():
            self._odd(f"until {name}", self._issue(f"until {name}", end=end))
        self._odd("from 2050", self._issue(
            "from 2050", begin=datetime.datetime(2050, 6, 1, tzinfo=UTC),
            end=datetime.datetime(2060, 6, 1, tzinfo=UTC)), "notyetvalid")
        for name, (begin, end, status) in UTC_TIMES.items():
            # At first with dates that can be found again.
            certificate = self._issue(name, begin=_utc_time(_BEGIN)[1],
                                      end=_utc_time(_END)[1])
            for old, new in ((_BEGIN, begin), (_END, end)):
                certificate = certs.with_bytes_replaced(
                    certificate, _utc_time(old)[0], _utc_time(new)[0])
            self._odd(name, certificate, status)

    def _add_serials_and_names(self):
        for name, serial in SERIALS.items():
            wanted = bytes.fromhex(serial)
            # The same number of bytes, and nothing that occurs elsewhere.
            written = b"\x5a" * len(wanted)
            tag = b"\x02" + bytes([len(wanted)])
            self._odd(name, certs.with_bytes_replaced(
                self._issue(name, serial=f"0x{written.hex()}"),
                tag + written, tag + wanted))
        for name, (tag, raw) in (NAMES | UNCERTAIN).items():
            self._odd(name, certs.with_subject(
                self._issue(name, cn="_" * len(raw)), raw, tag))
        self._odd("empty subject", self._issue("empty", cn=""))
        self._odd("organization alone", self._issue(
            "organization", cn="", organization="Nobody & Sons"))

    def _add_keys_and_signatures(self):
        for name, key in KEYS.items():
            self._odd(name, self._issue(name, key=key))
        for name, (key, sign) in SIGNERS.items():
            signer = Authority(self._directory / name, name, key=key,
                               sign=sign)
            self._odd(name, signer.issue(name, domains=[SITE]))

    def _add_chains(self):
        authority = self.root
        for number in range(39):
            authority = Authority(self._directory / f"link {number}",
                                  f"Link {number}", issuer=authority)
        self._odd("chain of 40", authority.issue("deep", domains=[SITE]))
        below = Authority(self._directory / "below", "Below", issuer=self.root)
        leaf = below.issue("repeated", domains=[SITE])
        leaf.chain.write_text(leaf.cert.read_text()
                              + below.cert.read_text() * 39)
        self._odd("one 39 times", leaf)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    with Odd(tmp_path_factory.mktemp("odd")) as odd:
        yield odd


@pytest.fixture(scope="module")
def world(odd, module_monitor):
    monitor = module_monitor()
    metrics = monitor.measure(odd.pods, [SITE], "--port", "tls", "--ca-file",
                              odd.root.cert)
    metrics.text = monitor.output.read_text()
    return metrics


ODD = [*(f"until {year}" for year in (2050, 2100, 9999)), "from 2050",
       *UTC_TIMES, *SERIALS, *NAMES, "empty subject", "organization alone",
       *KEYS, *SIGNERS, "chain of 40", "one 39 times"]


def check_facts(metrics, name, seen, **labels):
    pair = {"pod": name, **labels}
    assert metrics.value("cert_not_before_timestamp_seconds",
                         **pair) == seen.not_before
    assert metrics.value("cert_not_after_timestamp_seconds",
                         **pair) == seen.not_after
    assert metrics.words("cert_fingerprint_info", "fingerprint_sha256",
                         **pair) == [seen.fingerprint]
    described, = metrics.select("cert_info",
                                fingerprint_sha256=seen.fingerprint)
    assert described.labels == {
        "fingerprint_sha256": seen.fingerprint, "subject_cn": seen.subject_cn,
        "issuer_cn": seen.issuer_cn, "serial_number": seen.serial,
        "key_algorithm": seen.key, "signature_algorithm": seen.signature}


def test_the_table_is_whole(odd):
    assert set(odd.statuses) == set(ODD) | set(UNCERTAIN)


@pytest.mark.parametrize("name", ODD)
def test_facts_are_those_that_openssl_sees(world, odd, name):
    seen = facts(odd.at[name], odd.port, SITE, *_LAX)
    check_facts(world, name, seen)


@pytest.mark.parametrize("name", [*ODD, *UNCERTAIN])
def test_status(world, odd, name):
    assert world.status(pod=name) == odd.statuses[name]
    assert world.value("probe_success", pod=name) == 1
    assert world.reason(pod=name) is None


@pytest.mark.parametrize("name, family, value", [
    ("until 9999", "cert_not_after_timestamp_seconds", 253402300799),
    ("until 9999", "cert_chain_not_after_timestamp_seconds", None),
    ("from 1950", "cert_not_before_timestamp_seconds", -631152000),
    ("1960 to 1969", "cert_not_after_timestamp_seconds", -1),
    ("1960 to 1969", "cert_chain_not_after_timestamp_seconds", -1),
    ("until 1970", "cert_not_after_timestamp_seconds", 0),
    ("until 1970", "cert_chain_not_after_timestamp_seconds", 0),
    ("from 1970", "cert_not_before_timestamp_seconds", 0),
    ("a second before 1970", "cert_not_before_timestamp_seconds", -1)])
def test_seconds_at_the_ends_of_time(world, name, family, value):
    if value is None:       # the leaf is all of the path: the root is trusted
        value = 253402300799
    assert world.value(family, pod=name) == value


@pytest.mark.parametrize("name, serial", [
    ("serial 0", "00"), ("serial -1", "-01"), ("serial -128", "-80"),
    ("negative", "-eeddccbbab"),
    ("20 bytes", SERIALS["20 bytes"]),
    ("zero before the sign", SERIALS["zero before the sign"][2:])])
def test_serials_as_openssl_writes_them(odd, name, serial):
    """This holds the oracle itself to the contract."""
    assert facts(odd.at[name], odd.port, SITE, *_LAX).serial == serial


@pytest.mark.parametrize("name", [*NAMES, "empty subject"])
def test_common_names_as_openssl_reads_them(odd, name):
    expected = {"empty subject": ""}.get(name)
    if expected is None:
        tag, raw = NAMES[name]
        expected = raw.decode("utf-16-be" if tag == b"\x1e" else "utf-8")
    assert facts(odd.at[name], odd.port, SITE, *_LAX).subject_cn == expected


def test_one_certificate_many_times_is_one_chain(world):
    assert world.value("cert_verified", pod="one 39 times") == 1


def test_promtool_is_content(world):
    assert promtool_findings(world.text) == ""


# Old servers

@pytest.fixture(scope="module")
def old_servers(odd, tmp_path_factory):
    """As pods, and what OpenSSL reads in their certificates: of some it would
    be no client."""
    directory = tmp_path_factory.mktemp("old")
    dh = directory / "dh.pem"
    dh.write_text("-----BEGIN DH PARAMETERS-----\n" + base64.encodebytes(
        der.element(der.SEQUENCE, der.integer(_OAKLEY_2) + der.integer(2))
        ).decode() + "-----END DH PARAMETERS-----\n")
    certificates = {name: odd.root.issue(f"old {name}", domains=[SITE],
                                         key=key, end=now() + 40 * DAY,
                                         extra=["encryption_key"] if
                                         key.startswith("rsa") else [])
                    for name, key in (KEYS | {"RSA-512": "rsa-512"}).items()}
    pods = []
    seen = {}
    with contextlib.ExitStack() as stack:
        for number, (name, (kind, key, options)) in zip(
                itertools.count(), (OLD | WEAK_HANDSHAKES).items()):
            log = directory / f"log{number}"
            if kind == "gnutls":
                server = GnutlsServ(certificates[key], log,
                                    "--disable-client-cert", priority=options)
            else:
                server = SServer(certificates[key], log, *(
                    dh if option == "DH" else option for option in options))
            pods.append(named_port(name, stack.enter_context(server).port))
            seen[name] = facts_of(certificates[key].cert.read_text())
        yield pods, seen


@pytest.fixture(scope="module", params=["full", "certificate"])
def old(request, odd, old_servers, module_monitor):
    """One run over all of them, in each mode."""
    pods, seen = old_servers
    metrics = module_monitor().measure(
        pods, [SITE], "--port", "tls", "--ca-file", odd.root.cert,
        "--handshake", request.param)
    metrics.mode, metrics.seen = request.param, seen
    return metrics


@pytest.mark.parametrize("name", [*OLD, *WEAK_HANDSHAKES])
def test_old_servers_are_seen(old, name):
    assert old.status(pod=name) == "valid"
    check_facts(old, name, old.seen[name])
    if name in OLD or old.mode == "certificate":
        assert old.reason(pod=name) is None
        assert old.value("probe_success", pod=name) == 1
    if name in OLD:
        assert old.value("cert_verified", pod=name) == 1


@pytest.mark.parametrize("mode", ["full", "certificate"])
def test_old_servers_by_type_of_key(monitor, old_servers, mode):
    """The second attempt is for that type too, and alone."""
    pods, _ = old_servers
    metrics = monitor.measure(pods, [SITE], "--port", "tls", "--key-types",
                              "rsa,ecdsa", "--handshake", mode)
    for name, (_, key, _) in OLD.items():
        has, lacks = ("ecdsa", "rsa") if key == "P-256" else ("rsa", "ecdsa")
        assert metrics.status(pod=name, key=has) == "valid", name
        assert metrics.status(pod=name, key=lacks) is None, name
        assert metrics.reason(pod=name, key=lacks) == "key_type_missing", name
