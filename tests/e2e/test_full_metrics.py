# SPDX-License-Identifier: Apache-2.0
"""`--metrics full`: what a session agreed on, and how long it took.

Each server here leaves no choice, and `openssl s_client` is asked what it got.
"""

import re

import pytest
from support import hostile
from support.exporter import promtool_findings
from support.exposition import Exposition
from support.fleet import Fleet
from support.openssl import client, openssl
from support.pods import named_port

SITE = "session.example.com"

#: By IANA's names, which are our words: what nginx is told.
GROUPS = {"x25519": "X25519", "secp256r1": "prime256v1",
          "secp384r1": "secp384r1", "secp521r1": "secp521r1", "x448": "X448",
          "ffdhe2048": "ffdhe2048"}
#: As s_client prints them.
TEMPORARY_KEYS = {"x25519": "X25519", "secp256r1": "ECDH, prime256v1",
                  "secp384r1": "ECDH, secp384r1",
                  "secp521r1": "ECDH, secp521r1", "x448": "X448",
                  "ffdhe2048": "DH, 2048 bits"}
#: (key, OpenSSL's name, digest and type as s_client prints them)
SIGNATURES = {
    "ecdsa_secp256r1_sha256": ("ecdsa-p256", "ECDSA+SHA256", "SHA256",
                               "ECDSA"),
    "ecdsa_secp384r1_sha384": ("ecdsa-p384", "ECDSA+SHA384", "SHA384",
                               "ECDSA"),
    "ecdsa_secp521r1_sha512": ("ecdsa-p521", "ECDSA+SHA512", "SHA512",
                               "ECDSA"),
    "ed25519": ("ed25519", "ed25519", None, "ed25519"),
    "ed448": ("ed448", "ed448", None, "ed448"),
    "rsa_pss_rsae_sha256": ("rsa-2048", "rsa_pss_rsae_sha256", "SHA256",
                            "RSA-PSS"),
    "rsa_pss_rsae_sha384": ("rsa-2048", "rsa_pss_rsae_sha384", "SHA384",
                            "RSA-PSS"),
    "rsa_pss_rsae_sha512": ("rsa-2048", "rsa_pss_rsae_sha512", "SHA512",
                            "RSA-PSS"),
    "rsa_pss_pss_sha256": ("rsa-pss-2048", "rsa_pss_pss_sha256", "SHA256",
                           "RSA-PSS"),
    "rsa_pkcs1_sha256": ("rsa-2048", "RSA+SHA256", "SHA256", "RSA"),
    "rsa_pkcs1_sha384": ("rsa-2048", "RSA+SHA384", "SHA384", "RSA"),
}
CIPHERS_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
              "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256"]
#: (OpenSSL's name, key)
CIPHERS_12 = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": (
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa-p256"),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": (
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ecdsa-p256"),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": (
        "ECDHE-RSA-AES256-GCM-SHA384", "rsa-2048"),
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": ("ECDHE-RSA-AES128-SHA", "rsa-2048"),
    "TLS_RSA_WITH_AES_128_GCM_SHA256": ("AES128-GCM-SHA256", "rsa-2048"),
    "TLS_RSA_WITH_AES_256_CBC_SHA": ("AES256-SHA", "rsa-2048"),
}
_FIRST_13, _FIRST_12 = CIPHERS_13[1], "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
_ECDSA = "ecdsa_secp256r1_sha256"


def rows():
    """Pod: (key, options of nginx, labels)."""
    def row(name, key, version, cipher, group, signature, *options):
        options = [f"ssl_protocols TLSv{version}",
                   f"ssl_ecdh_curve {GROUPS[group or 'x25519']}", *options]
        if signature:
            options.append("ssl_conf_command SignatureAlgorithms "
                           + SIGNATURES[signature][1])
        return name, (key, options, {
            "version": f"TLS{version}", "cipher": cipher, "group": group,
            "signature": signature})

    for cipher in CIPHERS_13:
        yield row(cipher, "ecdsa-p256", "1.3", cipher, "x25519", _ECDSA,
                  f"ssl_conf_command Ciphersuites {cipher}")
    for cipher, (name, key) in CIPHERS_12.items():
        static = cipher.startswith("TLS_RSA")
        yield row(cipher, key, "1.2", cipher, "" if static else "x25519",
                  "" if static else _ECDSA if key == "ecdsa-p256"
                  else "rsa_pkcs1_sha256", f"ssl_ciphers {name}")
    for group in GROUPS:
        yield row(f"1.3 {group}", "ecdsa-p256", "1.3", _FIRST_13, group,
                  _ECDSA)
        if group != "ffdhe2048":        # of TLS 1.3 alone in OpenSSL 3.0
            yield row(f"1.2 {group}", "ecdsa-p256", "1.2", _FIRST_12, group,
                      _ECDSA)
    for signature, (key, *_) in SIGNATURES.items():
        if "pkcs1" not in signature:    # which TLS 1.3 has not
            yield row(f"1.3 {signature}", key, "1.3", _FIRST_13, "x25519",
                      signature)
        cipher = (_FIRST_12 if key.startswith("e")
                  else "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
        # A group of TLS 1.2 must be allowed for the key's own curve too.
        if key not in ("ecdsa-p384", "ecdsa-p521"):
            yield row(f"1.2 {signature}", key, "1.2", cipher, "x25519",
                      signature)


ROWS = dict(rows())


@pytest.fixture(scope="module")
def fleet(gallery, tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("sessions"), "127.82")
    certificates = {}
    for name, (key, options, _) in ROWS.items():
        if key not in certificates:
            certificates[key] = gallery.authority.issue(
                f"session-{key}", domains=[SITE], key=key,
                extra=["encryption_key"] if key == "rsa-2048" else [])
        fleet.show(name, certificates[key], *options)
    with fleet:
        yield fleet


@pytest.fixture(scope="module")
def world(fleet, module_monitor):
    monitor = module_monitor()
    metrics = monitor.measure(fleet.pods, [SITE], "--port", "tls",
                              "--metrics", "full")
    metrics.text = monitor.output.read_text()
    return metrics


@pytest.fixture(scope="module")
def standard_names():
    """OpenSSL's names of cipher suites, to IANA's."""
    said = openssl("ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {words[2]: words[0] for words in map(str.split, said.splitlines())}


@pytest.mark.parametrize("name", ROWS)
def test_session_info(world, name):
    sample, = world.select("tls_session_info", pod=name)
    assert sample.value == 1
    assert {label: sample.labels[label]
            for label in ROWS[name][2]} == ROWS[name][2]


@pytest.mark.parametrize("name", ROWS)
def test_openssl_agrees_on_the_same(fleet, standard_names, name):
    """The servers are what they are to be."""
    expected = ROWS[name][2]
    said = client(fleet.at[name], fleet.port, SITE, "-groups",
                  ":".join(group for group in GROUPS.values()), "-sigalgs",
                  ":".join(each[1] for each in SIGNATURES.values()),
                  "-ciphersuites", ":".join([_FIRST_13, *CIPHERS_13]))
    version, cipher = re.search(r"^New, (\S+), Cipher is (\S+)$", said,
                                re.M).groups()
    # Those of TLS 1.3 have one name, and are not all in its list.
    assert standard_names.get(cipher, cipher) == expected["cipher"]
    protocol = re.search(r"^\s*Protocol\s*: (\S+)$", said, re.M)
    assert (protocol.group(1) if protocol else version) == (
        expected["version"].replace("TLS", "TLSv"))
    if expected["group"]:
        assert f"Server Temp Key: {TEMPORARY_KEYS[expected['group']]}" in said
        _, _, digest, kind = SIGNATURES[expected["signature"]]
        assert f"Peer signature type: {kind}\n" in said
        if digest:
            assert f"Peer signing digest: {digest}\n" in said


@pytest.mark.parametrize("name", ROWS)
def test_duration(world, name):
    assert 0 < world.value("probe_duration_seconds", pod=name) < world.value(
        "run_duration_seconds")


def test_promtool_is_content(world):
    assert promtool_findings(world.text) == ""


def test_types(world):
    types = Exposition(world.text).types
    for family in ("probe_duration_seconds", "tls_session_info",
                   "ocsp_response_info"):
        assert types[family] == "gauge"


def test_slow_server_shows_in_its_duration(monitor, fleet):
    """And a session that never was is not described."""
    with hostile.Listener(hostile.silent) as listener:
        metrics = monitor.measure(
            [named_port("silent", listener.port), fleet.pods[0]], [SITE],
            "--port", "tls", "--metrics", "full", "--timeout", "1s")
    quick = fleet.pods[0]["metadata"]["name"]
    assert metrics.value("probe_duration_seconds", pod=quick) < 1
    assert 0.9 < metrics.value("probe_duration_seconds", pod="silent") < 10
    assert not metrics.select("tls_session_info", pod="silent")
    assert not metrics.select("ocsp_response_info", pod="silent")
    assert metrics.select("tls_session_info", pod=quick)


def test_standard_metrics_have_none_of_it(monitor, fleet):
    metrics = monitor.measure(fleet.pods[:2], [SITE], "--port", "tls")
    assert not {"probe_duration_seconds", "tls_session_info",
                "ocsp_response_info",
                "ocsp_next_update_timestamp_seconds"} & set(metrics.families())
