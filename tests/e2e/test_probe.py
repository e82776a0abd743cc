# SPDX-License-Identifier: Apache-2.0
"""What a probe decides about certificates, on a real nginx."""

import time

import pytest
from support import gallery as at
from support import hostile
from support.caddy import Caddy
from support.openssl import assert_facts, facts
from support.processes import eventually

PODS = {"main": at.MAIN, "six": at.V6, "tls11": at.TLS11, "tls12": at.TLS12,
        "tls13": at.TLS13, "asks12": at.ASKS_12, "asks13": at.ASKS_13,
        "rejects": at.REJECTS, "byaddress": at.BY_ADDRESS}
IP4, IP6 = "192.0.2.7", "2001:db8::7"
DOMAINS = [at.VALID, at.EXPIRED, at.NOT_YET, at.WRONG_NAME, at.UNKNOWN,
           at.NO_SAN, at.HUGE, at.WILDCARD, at.IDN, IP4, IP6, *at.KEYS]

GOOD = ("valid", 1, None)
MISMATCH = ("notfound", 1, "name_mismatch")
REJECTED = ("notfound", 0, "name_rejected")

#: (pod, domain as labelled): (status, probe_success, reason)
PAIRS = {
    **{(pod, domain): expected for pod in ("main", "six")
       for domain, expected in {
           at.VALID: GOOD,
           at.EXPIRED: ("expired", 1, None),
           at.NOT_YET: ("notyetvalid", 1, None),
           at.WRONG_NAME: MISMATCH,
           at.UNKNOWN: MISMATCH,
           at.NO_SAN: MISMATCH,
           at.HUGE: GOOD,
           at.WILDCARD: GOOD,
           at.IDN_ALABEL: GOOD,
           IP4: MISMATCH,
           **{domain: GOOD for domain in at.KEYS}}.items()},
    # Old versions are offered when the others were refused.
    ("tls11", at.VALID): GOOD,
    ("tls12", at.VALID): GOOD,
    ("tls13", at.VALID): GOOD,
    ("tls13", at.UNKNOWN): MISMATCH,
    # nginx asks for a client certificate, and completes the handshake.
    ("asks12", at.VALID): GOOD,
    ("asks13", at.VALID): GOOD,
    ("rejects", at.VALID): GOOD,
    ("rejects", at.UNKNOWN): REJECTED,
    ("rejects", at.EXPIRED): REJECTED,
    ("byaddress", IP4): GOOD,
    ("byaddress", IP6): GOOD,
    ("byaddress", at.VALID): MISMATCH,
}


@pytest.fixture(scope="module")
def world(module_monitor, gallery):
    """One run over all pods and domains, for the whole table."""
    monitor = module_monitor()
    begin = time.time()
    metrics = monitor.measure(PODS, DOMAINS, "--port", str(gallery.port))
    metrics.begin, metrics.end = begin, time.time()
    return metrics


@pytest.mark.parametrize("pod, domain", PAIRS)
def test_status_and_reason(world, pod, domain):
    assert world.verdict(pod=pod, domain=domain) == PAIRS[pod, domain]


def test_every_pair_is_there_once(world):
    assert len(world.select("certificate", status="valid")) == (
        len(PODS) * len(DOMAINS))
    assert sum(sample.value for sample in world.select("pairs")) == (
        len(PODS) * len(DOMAINS))


@pytest.mark.parametrize("domain", [
    at.VALID, at.EXPIRED, at.NOT_YET, at.HUGE, *at.KEYS])
def test_facts_are_those_that_openssl_sees(world, gallery, domain):
    seen = facts(at.MAIN, gallery.port, domain)
    pair = {"pod": "main", "domain": domain}
    assert_facts(world, seen, **pair)
    left = world.value("seconds_until_cert_expires", **pair)
    assert seen.not_after - world.end <= left <= seen.not_after - world.begin + 1
    age = world.value("seconds_since_cert_issued", **pair)
    assert world.begin - seen.not_before - 1 <= age <= world.end - seen.not_before


@pytest.mark.parametrize("version", ["tls1.2", "tls1.3"])
def test_facts_of_a_server_in_go(monitor, gallery, tmp_path, version):
    """Another implementation of TLS than the other servers have."""
    server = Caddy(tmp_path / "caddy")
    port = server.add(gallery.certificates[at.VALID], version)
    with server:
        metrics = monitor.measure({"pod": "127.0.0.1"}, [at.VALID], "--port",
                                  str(port))
        seen = facts("127.0.0.1", port, at.VALID)
    assert metrics.verdict(pod="pod") == GOOD
    assert_facts(metrics, seen, pod="pod")


@pytest.mark.parametrize("domain", at.KEYS)
def test_words_for_keys_and_signatures(world, gallery, domain):
    """OpenSSL's own words; this holds the oracle itself to the contract."""
    seen = facts(at.MAIN, gallery.port, domain)
    assert (seen.key, seen.signature) == at.KEYS[domain]


def test_a_certificate_is_described_once(world):
    described = [sample.labels["fingerprint_sha256"]
                 for sample in world.select("cert_info")]
    shown = {sample.labels["fingerprint_sha256"]
             for sample in world.select("cert_fingerprint_info")}
    assert len(described) == len(set(described))
    assert set(described) == shown


def test_name_mismatch_tells_which_certificate_but_no_dates(world, gallery):
    seen = facts(at.MAIN, gallery.port, at.UNKNOWN)
    pair = {"pod": "main", "domain": at.UNKNOWN}
    assert seen.subject_cn == "TEST DEFAULT CERT"
    assert world.words("cert_fingerprint_info", "fingerprint_sha256",
                       **pair) == [seen.fingerprint]
    for family in ("seconds_until_cert_expires", "seconds_since_cert_issued",
                   "cert_not_after_timestamp_seconds",
                   "cert_not_before_timestamp_seconds",
                   "cert_renewal_lag_seconds"):
        assert not world.select(family, **pair), family


@pytest.mark.parametrize("asked, sent", {
    "valid.example.com": "valid.example.com",
    "Upper.EXAMPLE.com": "upper.example.com",
    "*.example.org": "cem-probe.example.org",
    "Bücher.example": "xn--bcher-kva.example",
    "192.0.2.7": "",
    "2001:db8::7": "",
}.items())
def test_server_name_that_is_sent(monitor, asked, sent):
    with hostile.Listener(hostile.tells_server_name) as listener:
        monitor.probe({"pod": listener.address}, [asked],
                      "--port", str(listener.port))
        assert set(listener.received) == {sent}


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_idn_does_not_depend_on_the_locale(monitor, gallery, locale):
    metrics = monitor.measure({"pod": at.MAIN}, [at.IDN], "--port",
                              str(gallery.port), env={"LC_ALL": locale})
    assert metrics.status(domain=at.IDN_ALABEL) == "valid"


def test_domains_are_lower_case_and_named_once(monitor, gallery):
    metrics = monitor.measure(
        {"pod": at.MAIN},
        [at.VALID, at.VALID.upper(), at.IDN, at.IDN_ALABEL, at.VALID],
        "--domains", at.VALID, "--port", str(gallery.port))
    assert {sample.labels["domain"] for sample in metrics.select(
        "certificate", status="valid")} == {at.VALID, at.IDN_ALABEL}
    assert len(metrics.select("certificate", status="valid")) == 2


@pytest.mark.parametrize("ignored, left", [
    (at.VALID, {at.EXPIRED, at.SOON}),
    (r"/^(valid|soon)\./", {at.EXPIRED}),
    (r"/^s.{1,3}\.example/", {at.VALID, at.EXPIRED}),
    (f"{at.SOON},/^expired/", {at.VALID}),
])
def test_ignored_domains(monitor, gallery, ignored, left):
    metrics = monitor.measure(
        {"pod": at.MAIN}, [at.VALID, at.EXPIRED, at.SOON],
        "--ignored-domains", ignored, "--port", str(gallery.port))
    assert {sample.labels["domain"] for sample
            in metrics.select("certificate")} == left


def test_nginx_sees_no_handshake_error(monitor, gallery):
    """Control first: a client that hangs up is in that log."""
    before = gallery.error_log.stat().st_size

    def said():
        with open(gallery.error_log, encoding="utf-8") as log:
            log.seek(before)
            return log.read()

    with hostile.socket.create_connection((at.TLS12, gallery.port)) as socket:
        socket.sendall(b"\x16\x03\x01\x02\x00")
    eventually(lambda: "SSL handshaking" in said(), "nginx to notice")

    before = gallery.error_log.stat().st_size
    monitor.measure({"tls12": at.TLS12, "tls13": at.TLS13, "main": at.MAIN},
                    [at.VALID, at.EXPIRED], "--port", str(gallery.port))
    assert "SSL" not in said()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_completed_session_is_closed_with_close_notify(monitor, gallery,
                                                         version):
    behave = hostile.tells_how_it_ends(gallery.certificates[at.VALID],
                                       getattr(hostile.ssl.TLSVersion, version))
    with hostile.Listener(behave) as listener:
        metrics = monitor.measure({"pod": listener.address}, [at.VALID],
                                  "--port", str(listener.port))
        assert metrics.status(pod="pod") == "valid"
        assert listener.wait_for_received() == ["close_notify"]
