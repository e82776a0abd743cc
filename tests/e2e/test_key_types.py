# SPDX-License-Identifier: Apache-2.0
"""Servers that hold a certificate of each kind of key."""

import pytest
from support import hostile, jobs, tlswire
from support.certs import DAY, now, pem_to_der
from support.exporter import promtool_findings
from support.fleet import Fleet
from support.openssl import facts
from support.program import OK, USAGE

SITE = "dual.example.com"
TYPES = ["rsa", "ecdsa"]
#: How `openssl s_client` is made to see one type.
ONLY = {"rsa": "RSA-PSS+SHA256:RSA+SHA256", "ecdsa": "ECDSA+SHA256"}

_12, _13 = "ssl_protocols TLSv1.2", "ssl_protocols TLSv1.3"
#: With these the client encrypts to the certificate's key, and no signature is
#: asked of it: an offer of ECDSA signatures alone does not keep such a server
#: from showing an RSA certificate.
_STATIC = "ssl_ciphers AES128-SHA:AES128-GCM-SHA256"
_FRESH, _EXPIRED = ("valid", None), ("expired", None)
_MISSING = (None, "key_type_missing")

#: Pod: (certificates, options of nginx, {key type: (status, reason)})
SERVERS = {
    "both": (["rsa expired", "ecdsa"], [],
             {"rsa": _EXPIRED, "ecdsa": _FRESH}),
    "both 1.2": (["rsa expired", "ecdsa"], [_12],
                 {"rsa": _EXPIRED, "ecdsa": _FRESH}),
    "both 1.3": (["ecdsa", "rsa expired"], [_13],
                 {"rsa": _EXPIRED, "ecdsa": _FRESH}),
    "both fresh": (["rsa", "ecdsa"], [], {"rsa": _FRESH, "ecdsa": _FRESH}),
    "P-384": (["rsa", "ecdsa p384"], [], {"rsa": _FRESH, "ecdsa": _FRESH}),
    "rsa 1.2": (["rsa"], [_12], {"rsa": _FRESH, "ecdsa": _MISSING}),
    "rsa 1.3": (["rsa"], [_13], {"rsa": _FRESH, "ecdsa": _MISSING}),
    "static rsa": (["rsa"], [_12, _STATIC],
                   {"rsa": _FRESH, "ecdsa": _MISSING}),
    "static rsa and ecdsa": (["rsa", "ecdsa"], [
        _12, _STATIC + ":ECDHE-ECDSA-AES128-GCM-SHA256"],
        {"rsa": _FRESH, "ecdsa": _FRESH}),
    "ecdsa 1.2": (["ecdsa"], [_12], {"rsa": _MISSING, "ecdsa": _FRESH}),
    "ecdsa 1.3": (["ecdsa"], [_13], {"rsa": _MISSING, "ecdsa": _FRESH}),
    "ed25519 1.2": (["ed25519"], [_12], {"rsa": _MISSING, "ecdsa": _MISSING}),
    "ed25519 1.3": (["ed25519"], [_13], {"rsa": _MISSING, "ecdsa": _MISSING}),
}
PAIRS = [(name, key) for name in SERVERS for key in TYPES]
PRESENT = [(name, key) for name, key in PAIRS
           if SERVERS[name][2][key] != _MISSING]
PAIR_FAMILIES = ["certificate", "probe_success", "cert_verified",
                 "cert_not_after_timestamp_seconds", "cert_fingerprint_info",
                 "cert_chain_not_after_timestamp_seconds",
                 "cert_renewal_lag_seconds", "seconds_until_cert_expires"]


@pytest.fixture(scope="module")
def certificates(gallery):
    def issue(name, key, **how):
        # Static RSA encrypts to the key, which must be for that too.
        purpose = ["encryption_key"] if key.startswith("rsa") else []
        return gallery.authority.issue(f"dual {name}", domains=[SITE],
                                       key=key, extra=purpose, **how)
    return {"rsa": issue("rsa", "rsa-2048"),
            "rsa expired": issue("rsa expired", "rsa-2048",
                                 begin=now() - 90 * DAY, end=now() - DAY),
            "ecdsa": issue("ecdsa", "ecdsa-p256", begin=now() - DAY),
            "ecdsa p384": issue("ecdsa p384", "ecdsa-p384"),
            "ed25519": issue("ed25519", "ed25519")}


@pytest.fixture(scope="module")
def fleet(certificates, tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("key-types"), "127.82")
    for name, ((first, *others), options, _) in SERVERS.items():
        more = [line for other in others for line in (
            f'ssl_certificate "{certificates[other].chain}"',
            f'ssl_certificate_key "{certificates[other].key}"')]
        fleet.show(name, certificates[first], *more, *options)
    with fleet:
        yield fleet


@pytest.fixture(scope="module")
def world(module_monitor, gallery, fleet):
    monitor = module_monitor()
    metrics = monitor.measure(
        fleet.pods, [SITE], "--port", "tls", "--key-types", "rsa,ecdsa",
        "--ca-file", gallery.root.cert)
    metrics.text = monitor.output.read_text()
    return metrics


@pytest.fixture
def probe(monitor, fleet):
    def probe(names, *args):
        pods = [pod for pod in fleet.pods if pod["metadata"]["name"] in names]
        return monitor.measure(pods, [SITE], "--port", "tls", *args)
    return probe


@pytest.mark.parametrize("name, key", PAIRS)
def test_status_and_reason(world, name, key):
    pair = {"pod": name, "domain": SITE, "key": key}
    status, reason = SERVERS[name][2][key]
    assert world.status(**pair) == status
    assert world.reason(**pair) == reason
    assert world.value("probe_success", **pair) == (reason is None)


@pytest.mark.parametrize("name, key", PRESENT)
def test_facts_are_those_that_openssl_sees(world, fleet, name, key):
    seen = facts(fleet.at[name], fleet.port, SITE, "-sigalgs",
                 ONLY[key] + (":ECDSA+SHA384" if key == "ecdsa" else ""))
    pair = {"pod": name, "key": key}
    assert seen.key.startswith(key)
    assert world.words("cert_fingerprint_info", "fingerprint_sha256",
                       **pair) == [seen.fingerprint]
    assert world.value("cert_not_after_timestamp_seconds",
                       **pair) == seen.not_after
    assert world.value("cert_info", fingerprint_sha256=seen.fingerprint,
                       key_algorithm=seen.key) == 1


@pytest.mark.parametrize("name, key", [pair for pair in PAIRS
                                       if pair not in PRESENT])
def test_openssl_sees_no_such_certificate_either(fleet, name, key):
    with pytest.raises(AssertionError, match="certificate"):
        facts(fleet.at[name], fleet.port, SITE, "-sigalgs", ONLY[key],
              "-cipher", "DEFAULT:!kRSA")


@pytest.mark.parametrize("name, key", [pair for pair in PAIRS
                                       if pair not in PRESENT])
def test_nothing_is_said_of_a_certificate_that_is_not_there(world, name, key):
    families = {sample.name for sample in world.samples
                if sample.labels.get("pod") == name
                and sample.labels.get("key") == key}
    assert families == {"certificate", "probe_success", "probe_failure_info",
                        "tls_open_connection_errors_total",
                        "tls_close_connection_errors_total"}


def test_missing_types_are_counted_apart(world):
    missing = len(PAIRS) - len(PRESENT)
    assert world.value("pairs", status="none") == missing
    assert world.value("pairs", status="notfound") == 0
    assert world.value("run_success") == 1


def test_every_series_of_a_pair_has_the_key(world):
    for family in PAIR_FAMILIES:
        assert world.select(family), family
        for sample in world.select(family):
            assert sample.labels.get("key") in TYPES, sample
    assert promtool_findings(world.text) == ""


def test_pools_are_of_one_type(world, certificates):
    """Else each RSA certificate would be said to lag behind the ECDSA one."""
    assert world.value("distinct_certs", key="rsa") == 2
    assert world.value("distinct_certs", key="ecdsa") == 2
    lag = (certificates["rsa"].not_before
           - certificates["rsa expired"].not_before).total_seconds()
    assert world.value("cert_renewal_lag_seconds", pod="both",
                       key="rsa") == lag
    assert world.value("cert_renewal_lag_seconds", pod="rsa 1.2",
                       key="rsa") == 0
    assert world.value("cert_renewal_lag_seconds", pod="both",
                       key="ecdsa") == 0


def test_summary_is_by_type(probe, certificates):
    metrics = probe(["both", "both fresh", "rsa 1.2"], "--key-types",
                    "rsa,ecdsa", "--metrics", "summary")
    for status, rsa, ecdsa in (("valid", 2, 2), ("expired", 1, 0),
                               ("notfound", 0, 0), ("none", 0, 1)):
        assert metrics.value("domain_pairs", key="rsa", status=status) == rsa
        assert metrics.value("domain_pairs", key="ecdsa",
                             status=status) == ecdsa
    for key, name in (("rsa", "rsa expired"), ("ecdsa", "ecdsa")):
        assert metrics.value(
            "domain_cert_not_after_timestamp_seconds",
            key=key) == certificates[name].not_after.timestamp()
        assert metrics.value(
            "domain_cert_not_before_timestamp_seconds", bound="oldest",
            key=key) == certificates[name].not_before.timestamp()
    for family in ("distinct_certs", "domain_cert_fingerprint_info"):
        assert {sample.labels["key"] for sample
                in metrics.select(family)} == set(TYPES)


def test_one_type_alone(probe):
    metrics = probe(["both", "ecdsa 1.3"], "--key-types", "rsa")
    assert {sample.labels["key"] for sample
            in metrics.select("certificate")} == {"rsa"}
    assert metrics.status(pod="both") == "expired"
    assert metrics.reason(pod="ecdsa 1.3") == "key_type_missing"


@pytest.mark.parametrize("name", ["both fresh", "ed25519 1.2", "static rsa"])
def test_no_label_where_no_type_is_asked_for(probe, name):
    metrics = probe([name])
    assert metrics.status(pod=name) == "valid"
    assert not [sample for sample in metrics.samples if "key" in sample.labels]


@pytest.mark.parametrize("name, status", [
    ("both", "expired"), ("rsa 1.3", "valid"), ("ecdsa 1.2", "valid")])
def test_mux_knows_no_types(probe, name, status):
    """The worse of the two; one that is not there is not bad."""
    metrics = probe([name], "--key-types", "rsa,ecdsa", "--metrics", "mux")
    assert metrics.words("certificate", "status", pod=name) == [status]
    assert len(metrics.select("certificate", pod=name)) == 4
    assert metrics.value("tls_open_connection_error", pod=name) == 0


@pytest.mark.parametrize("mode", ["certificate"])
@pytest.mark.parametrize("name", ["both 1.2", "both 1.3", "static rsa",
                                  "ed25519 1.3"])
def test_types_in_certificate_mode(probe, name, mode):
    metrics = probe([name], "--key-types", "rsa,ecdsa", "--handshake", mode)
    for key, (status, reason) in SERVERS[name][2].items():
        assert metrics.status(pod=name, key=key) == status
        assert metrics.reason(pod=name, key=key) == reason


def test_types_of_a_job(monitor, gallery, fleet):
    common = {"domains": [SITE], "port": "tls"}
    result = jobs.run(monitor, gallery, fleet.pods[:1], {
        "types": {**common, "key_types": ["ecdsa"]}, "plain": common})
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert metrics.status(job_name="types", key="ecdsa") == "valid"
    assert len(metrics.select("certificate", job_name="types")) == 4
    assert len(metrics.select("certificate", job_name="plain")) == 4
    # node_exporter gives all series of a family the same labels; an empty one
    # is none.
    assert not [sample for sample in metrics.select(
        "certificate", job_name="plain") if sample.labels.get("key")]
    assert 'key=""' not in monitor.output.read_text()


@pytest.mark.parametrize("asked, cipher, shown", [
    ("rsa", 0xc02f, "ecdsa"), ("ecdsa", 0xc02b, "rsa"),
    ("rsa", 0xc02f, "ed25519"), ("ecdsa", 0xc02b, "ed25519")])
def test_server_that_shows_what_it_likes(monitor, certificates, asked, cipher,
                                         shown):
    """Whatever signatures and key exchanges were offered: the key counts."""
    der = pem_to_der(certificates[shown].cert.read_text())
    behave = hostile.says(
        tlswire.server_hello(cipher) + tlswire.certificate_message(der)
        + tlswire.server_hello_done())
    with hostile.Listener(behave) as listener:
        metrics = monitor.measure({"pod": listener.address}, [SITE], "--port",
                                  str(listener.port), "--key-types", asked)
    assert metrics.status(key=asked) is None
    assert metrics.reason(key=asked) == "key_type_missing"
    assert not metrics.select("cert_not_after_timestamp_seconds")


@pytest.mark.parametrize("value", ["dsa", "rsa,ed25519", "RSA 2048"])
def test_types_that_nobody_knows(monitor, fleet, value):
    result = monitor.probe(fleet.pods[:1], [SITE], "--key-types", value)
    assert result.status == USAGE
    assert "key-types" in result.error and "ecdsa" in result.error
