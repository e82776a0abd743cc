# SPDX-License-Identifier: Apache-2.0
"""Names in certificates that no authority should have signed."""

import contextlib

import pytest
from support import certs, hostile, tlswire
from support.exporter import promtool_findings
from support.nginx import Nginx
from support.pods import pod

#: Subject as a UTF8String: (its bytes, the label; None if it may be any)
NAMES = {
    "quotes": (b'"a" and "b"', '"a" and "b"'),
    "backslashes": (b"a\\nb\\\\c\\\"", "a\\nb\\\\c\\\""),
    "newline": (b"a\nb\r\nc\n", None),
    "a sample": (b'"} 1\nx{a="b', None),
    "control bytes": (b"a\x01\x02\x1b[31m\x7fb", None),
    "null byte": (b"good.com\0.x", None),
    "UTF-8": ("bücher-☃".encode(), "bücher-☃"),
}

#: These no OpenSSL loads, so no nginx serves them. What sends them here breaks
#: off after the Certificate message, which the certificate survives.
UNSERVABLE = {
    "invalid UTF-8": b"a\xff\xfe\xc3(b\xf5\x80cd",
    "cut UTF-8": b"abcdefghij\xc3",
    "surrogates": b"a\xed\xa0\x80b",
    "overlong slash": b"a\xc0\xafb",
}


@pytest.fixture(scope="module")
def issue(gallery):
    def issue(name, cn, domains=("x.example.com",)):
        return gallery.authority.issue(f"hostile-{name}", cn=cn,
                                       domains=domains)
    return issue


@pytest.fixture(scope="module")
def server(tmp_path_factory, issue):
    """An nginx with one address for each name."""
    server = Nginx(tmp_path_factory.mktemp("hostile"))
    server.pods = []

    def add(name, certificate):
        address = f"127.86.0.{len(server.pods) + 1}"
        server.pods.append(pod(name, address, ports={"tls": server.port}))
        server.add([address], certificate)

    for name, (raw, _) in NAMES.items():
        add(name, certs.with_subject(issue(name, "_" * len(raw)), raw))
    latin1 = "café crème".encode("latin1")
    add("latin1", certs.with_subject(issue("latin1", "_" * len(latin1)),
                                     latin1, tag=b"\x14"))
    add("not printable", certs.with_subject(
        issue("printable", "_" * 8), b'@_"\\\n;<\xff', tag=b"\x13"))
    add("300 bytes", issue("long", "L" * 300))
    add("300 snowmen", issue("snowmen", "☃" * 300))
    add("no subject", issue("empty", ""))
    # In the name, not the subject: it is compared, never shown.
    add("name with a null byte", certs.with_bytes_replaced(
        issue("null", "san", ["y.example.com_evil.example"]),
        b"_evil", b"\0evil"))
    with server:
        yield server


@pytest.fixture(scope="module")
def unservable(issue):
    """Listeners that send a certificate and then nonsense, as pods."""
    with contextlib.ExitStack() as listeners:
        pods = []
        for name, raw in UNSERVABLE.items():
            certificate = certs.with_subject(issue(name, "_" * len(raw)), raw)
            der = certs.pem_to_der(certificate.cert.read_text())
            listener = listeners.enter_context(hostile.Listener(hostile.says(
                tlswire.server_hello() + tlswire.certificate_message(der)
                + tlswire.server_hello_done())))
            pods.append(pod(name, listener.address,
                            ports={"tls": listener.port}))
        yield pods


@pytest.fixture(scope="module")
def world(server, unservable, module_monitor):
    monitor = module_monitor()
    metrics = monitor.measure([*server.pods, *unservable],
                              ["x.example.com", "y.example.com"],
                              "--port", "tls")
    metrics.text = monitor.output.read_bytes()
    return metrics


def subject(metrics, name):
    fingerprint, = metrics.words("cert_fingerprint_info", "fingerprint_sha256",
                                 pod=name, domain="x.example.com")
    found = metrics.select("cert_info", fingerprint_sha256=fingerprint)
    assert len(found) == 1
    return found[0].labels["subject_cn"]


def test_the_file_is_taken_whole(world):
    assert promtool_findings(world.text.decode("utf-8")) == ""
    assert world.value("run_success") == 1
    assert not world.select("x")


@pytest.mark.parametrize("name", NAMES)
def test_certificate_counts_whatever_its_subject_is(world, name):
    assert world.status(pod=name, domain="x.example.com") == "valid"
    expected = NAMES[name][1]
    if expected is not None:
        assert subject(world, name) == expected


@pytest.mark.parametrize("name", ["latin1", "not printable", "no subject"])
def test_odd_subjects(world, name):
    assert world.status(pod=name, domain="x.example.com") == "valid"
    subject(world, name)


@pytest.mark.parametrize("name", UNSERVABLE)
def test_certificate_that_only_a_hostile_server_sends(world, name):
    """Taken or refused as a certificate, but said, and nothing spoilt."""
    assert world.value("probe_success", pod=name, domain="x.example.com") == 0
    reason = world.reason(pod=name, domain="x.example.com")
    status = world.status(pod=name, domain="x.example.com")
    assert (status, reason) in [("valid", "handshake_error"),
                                ("notfound", "bad_certificate")]


@pytest.mark.parametrize("name, letter", [("300 bytes", "L"),
                                          ("300 snowmen", "☃")])
def test_long_subject_is_cut_between_characters(world, name, letter):
    cut = subject(world, name)
    assert 200 < len(cut.encode()) <= 256
    assert set(cut) == {letter}


def test_null_byte_does_not_end_a_name(world):
    """y.example.com\\0evil.example is not y.example.com."""
    assert world.reason(pod="name with a null byte",
                        domain="y.example.com") == "name_mismatch"
