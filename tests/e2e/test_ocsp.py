# SPDX-License-Identifier: Apache-2.0
"""Stapled OCSP responses: made by `openssl ocsp`, served by real servers."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.certs import DAY, Authority, Certificate, now
from support.exporter import promtool_findings
from support.fleet import Fleet
from support.gnutls import GnutlsServ
from support.haproxy import HAProxy
from support.ocsp import Responder, Responses, judged, next_update
from support.openssl import SServer, client
from support.pods import named_port
from support.processes import eventually

SITE = "stapled.example.com"
VERSIONS = ["1.2", "1.3"]
_MUST = ["tls_feature = 5"]

#: Row: (word of ocsp_response_info, reason of cert_verify_failure_info).
ROWS = {
    "good": ("good", None),
    "good, SHA-256": ("good", None),
    "good, beside another": ("good", None),
    "good, delegated": ("good", None),
    "good, by the root": ("good", None),
    "good, no next update": ("good", None),
    "none": ("none", None),
    "revoked": ("revoked", "revoked"),
    "revoked, delegated": ("revoked", "revoked"),
    "revoked, long ago": ("revoked", "revoked"),
    "revoked, unknown issuer": ("revoked", "revoked"),
    "revoked and expired": ("revoked", "expired"),
    "unknown": ("unknown", "ocsp_invalid"),
    "stale": ("stale", "ocsp_invalid"),
    "stale, no next update": ("stale", "ocsp_invalid"),
    "of the future": ("stale", "ocsp_invalid"),
    "of another certificate": ("invalid", "ocsp_invalid"),
    "of another authority": ("invalid", "ocsp_invalid"),
    "by another authority": ("invalid", "ocsp_invalid"),
    "tampered": ("invalid", "ocsp_invalid"),
    "delegated without purpose": ("invalid", "ocsp_invalid"),
    "delegated elsewhere": ("invalid", "ocsp_invalid"),
    "delegate expired": ("invalid", "ocsp_invalid"),
    "garbage": ("invalid", "ocsp_invalid"),
    "refusal": ("invalid", "ocsp_invalid"),
    "must staple, good": ("good", None),
    "must staple, none": ("none", "ocsp_missing"),
    "must staple, stale": ("stale", "ocsp_invalid"),
    "must staple, garbage": ("invalid", "ocsp_invalid"),
    "must staple, unknown issuer": ("none", "unknown_issuer"),
}
PODS = [f"{name}, TLS {version}" for name in ROWS for version in VERSIONS]
#: OpenSSL looks at no age but that of a nextUpdate.
DISAGREES = {"stale, no next update"}


@dataclass(frozen=True)
class Row:
    leaf: Certificate
    response: Path      #: None if there is none


class World:
    def __init__(self, directory):
        self.root = Authority(directory / "root", "OCSP root")
        self.authority = Authority(directory / "issuing", "OCSP issuing",
                                   issuer=self.root)
        self.stranger = Authority(directory / "stranger", "OCSP stranger",
                                  issuer=Authority(directory / "elsewhere",
                                                   "OCSP elsewhere"))
        self.responses = Responses(directory / "responses", self.authority)
        self.leaf = self.issue("leaf")
        self.rows = dict(self._rows())

    def issue(self, name, authority=None, **how):
        return (authority or self.authority).issue(name, domains=[SITE], **how)

    def _rows(self):
        leaf, make, key = self.leaf, self.responses.make, self.authority.key
        moved = self.responses.moved
        good, month = make(leaf), 30 * DAY
        old = now() - 20 * DAY, now() - 10 * DAY
        must = self.issue("must", extra=_MUST)
        delegate = self._delegate(self.authority, "delegate")
        yield "good", Row(leaf, good)
        yield "good, SHA-256", Row(leaf, make(
            leaf, options=["-sha256", "-ndays", "1"]))
        yield "good, beside another", Row(leaf, make(leaf, options=[
            "-ndays", "7", "-issuer", self.authority.cert, "-cert",
            self.issue("beside").cert]))
        yield "good, delegated", Row(leaf, make(leaf, signer=delegate))
        by_root = self.issue("by-root", self.root)
        yield "good, by the root", Row(by_root, make(
            by_root, signer=self.root, issuer=self.root))
        yield "good, no next update", Row(leaf, moved(good, key,
                                                      now() - 5 * DAY))
        yield "none", Row(leaf, None)
        revoked = make(leaf, "revoked")
        yield "revoked", Row(leaf, revoked)
        yield "revoked, delegated", Row(leaf, make(leaf, "revoked",
                                                   signer=delegate))
        yield "revoked, long ago", Row(leaf, moved(revoked, key, *old))
        unknown = self.issue("unknown", self.stranger)
        yield "revoked, unknown issuer", Row(unknown, make(
            unknown, "revoked", signer=self.stranger, issuer=self.stranger))
        expired = self.issue("expired", end=now() - DAY)
        yield "revoked and expired", Row(expired, make(expired, "revoked"))
        yield "unknown", Row(leaf, make(leaf, "unknown"))
        yield "stale", Row(leaf, moved(good, key, *old))
        yield "stale, no next update", Row(leaf, moved(good, key,
                                                       now() - month))
        yield "of the future", Row(leaf, moved(good, key, now() + DAY,
                                               now() + month))
        yield "of another certificate", Row(leaf, make(self.issue("another")))
        yield "of another authority", Row(leaf, make(
            leaf, signer=self.stranger, issuer=self.stranger))
        yield "by another authority", Row(leaf, make(leaf,
                                                     signer=self.stranger))
        yield "tampered", Row(leaf, self.responses.rewrite(
            make(leaf, "unknown"), self._as_good))
        yield "delegated without purpose", Row(leaf, make(
            leaf, signer=self.issue("no-delegate")))
        yield "delegated elsewhere", Row(leaf, make(
            leaf, signer=self._delegate(self.stranger, "their-delegate")))
        yield "delegate expired", Row(leaf, make(leaf, signer=self._delegate(
            self.authority, "old-delegate", end=now() - DAY)))
        yield "garbage", Row(leaf, self.responses.garbage())
        yield "refusal", Row(leaf, self.responses.refusal())
        good = make(must)
        yield "must staple, good", Row(must, good)
        yield "must staple, none", Row(must, None)
        yield "must staple, stale", Row(must, moved(good, key, *old))
        yield "must staple, garbage", Row(must, self.responses.garbage())
        yield "must staple, unknown issuer", Row(
            self.issue("strange", self.stranger, extra=_MUST), None)

    def _delegate(self, authority, name, **how):
        return authority.issue(name, purposes=["ocsp_signing_key"], **how)

    @staticmethod
    def _as_good(data):
        """certStatus [2] unknown to [0] good: both are empty."""
        assert data.count(b"\x82\x00\x18\x0f") == 1
        return data.replace(b"\x82\x00\x18\x0f", b"\x80\x00\x18\x0f")


@pytest.fixture(scope="module")
def ocsp(tmp_path_factory):
    """All rows on an nginx, each in both versions of TLS."""
    directory = tmp_path_factory.mktemp("ocsp")
    ocsp = World(directory)
    ocsp.directory = directory
    ocsp.fleet = Fleet(directory / "nginx", "127.82")
    for name, row in ocsp.rows.items():
        staple = ["ssl_stapling on", f"ssl_stapling_file {row.response}"
                  ] if row.response else []
        for version in VERSIONS:
            ocsp.fleet.show(f"{name}, TLS {version}", row.leaf,
                            f"ssl_protocols TLSv{version}", *staple)
    with ocsp.fleet:
        yield ocsp


@pytest.fixture(scope="module")
def world(ocsp, module_monitor):
    return _measure(module_monitor(), ocsp)


@pytest.fixture(scope="module")
def hasty(ocsp, module_monitor):
    return _measure(module_monitor(), ocsp, "--handshake", "certificate")


def _measure(monitor, ocsp, *args):
    metrics = monitor.measure(
        ocsp.fleet.pods, [SITE], "--port", "tls", "--metrics", "full",
        "--ca-file", ocsp.root.cert, *args)
    metrics.text = monitor.output.read_text()
    return metrics


def row_of(pod):
    return pod.rpartition(", TLS")[0]


def reasons(metrics, pod):
    return metrics.words("cert_verify_failure_info", "reason", pod=pod)


def test_the_table_is_whole(ocsp):
    assert list(ocsp.rows) == list(ROWS)


@pytest.mark.parametrize("name", [
    name for name, (word, _) in ROWS.items() if word != "none"
    and name not in DISAGREES])
def test_openssl_is_of_the_same_opinion(ocsp, name):
    row = ocsp.rows[name]
    issuer, root = ocsp.authority, ocsp.root
    if name.endswith("by the root"):
        issuer = ocsp.root
    elif name.endswith("unknown issuer"):
        issuer, root = ocsp.stranger, ocsp.stranger.issuer
    # It looks for the hash that it is told, and finds no other.
    word = judged(row.response, row.leaf, issuer, root,
                  "-sha256" if "SHA-256" in name else "-sha1")
    # A revocation does not go stale.
    assert word == ("stale" if "long ago" in name else ROWS[name][0])


@pytest.mark.parametrize("pod", PODS)
def test_status_of_the_staple(world, pod):
    word, reason = ROWS[row_of(pod)]
    assert world.words("ocsp_response_info", "status", pod=pod) == [word]
    assert len(world.select("ocsp_response_info", pod=pod)) == 1
    assert reasons(world, pod) == ([reason] if reason else [])
    assert world.value("cert_verified", pod=pod) == (reason is None)


@pytest.mark.parametrize("pod", PODS)
def test_next_update_is_that_of_the_response(world, ocsp, pod):
    row, (word, _) = ocsp.rows[row_of(pod)], ROWS[row_of(pod)]
    found = [sample.value for sample in world.select(
        "ocsp_next_update_timestamp_seconds", pod=pod)]
    expected = None
    if word not in ("none", "invalid"):
        expected = next_update(row.response)
    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize("pod", PODS)
def test_a_staple_does_not_change_the_status(world, pod):
    expired = row_of(pod) == "revoked and expired"
    assert world.status(pod=pod) == ("expired" if expired else "valid")
    assert world.value("probe_success", pod=pod) == 1


@pytest.mark.parametrize("pod", PODS)
def test_nothing_is_said_of_staples_in_certificate_mode(hasty, pod):
    """They come later than the certificate, and none is waited for."""
    assert not hasty.select("ocsp_response_info", pod=pod)
    assert not hasty.select("ocsp_next_update_timestamp_seconds", pod=pod)
    expected = ROWS[row_of(pod)][1]
    if expected in ("revoked", "ocsp_missing", "ocsp_invalid"):
        expected = ("unknown_issuer" if "unknown issuer" in pod else None)
    assert reasons(hasty, pod) == ([expected] if expected else [])
    assert hasty.value("probe_success", pod=pod) == 1


def test_promtool_is_content(world):
    assert promtool_findings(world.text) == ""


def test_standard_metrics_have_the_verdict_alone(monitor, ocsp):
    pods = [pod for pod in ocsp.fleet.pods
            if pod["metadata"]["name"].startswith("revoked, TLS")]
    metrics = monitor.measure(pods, [SITE], "--port", "tls", "--ca-file",
                              ocsp.root.cert)
    for version in VERSIONS:
        assert reasons(metrics, f"revoked, TLS {version}") == ["revoked"]
    assert not metrics.select("ocsp_response_info")


# Other servers

def _openssl(ocsp, leaf, response, version, name):
    return SServer(leaf, ocsp.directory / name, f"-tls{version}".replace(
        ".", "_"), "-status_file", response)


def _gnutls(ocsp, leaf, response, version, name):
    return GnutlsServ(leaf, ocsp.directory / name, "--disable-client-cert",
                      "--ocsp-response", response,
                      "--ignore-ocsp-response-errors",
                      priority=f"NORMAL:-VERS-ALL:+VERS-TLS{version}")


#: haproxy takes no other response than a good one.
OTHERS = {
    f"{kind.__name__[1:]} {word} {version}": (kind, word, version)
    for kind in (_openssl, _gnutls) for word in ("good", "revoked", "stale")
    for version in VERSIONS}


@pytest.fixture(scope="module")
def others(ocsp, module_monitor):
    proxy = HAProxy(ocsp.directory / "haproxy")
    good = ocsp.rows["good"]
    Path(f"{good.leaf.pem}.ocsp").write_bytes(good.response.read_bytes())
    pods = [named_port(f"haproxy good {version}", proxy.add(
        good.leaf, f"ssl-min-ver TLSv{version} ssl-max-ver TLSv{version}"))
        for version in VERSIONS]
    with contextlib.ExitStack() as stack:
        for name, (kind, word, version) in OTHERS.items():
            row = ocsp.rows[word]
            server = stack.enter_context(kind(ocsp, row.leaf, row.response,
                                              version, name))
            pods.append(named_port(name, server.port))
        stack.enter_context(proxy)
        return module_monitor().measure(
            pods, [SITE], "--port", "tls", "--metrics", "full", "--ca-file",
            ocsp.root.cert)


@pytest.mark.parametrize("pod", [
    *OTHERS, *(f"haproxy good {version}" for version in VERSIONS)])
def test_staples_of_other_servers(others, ocsp, pod):
    word = pod.split()[1]
    assert others.words("ocsp_response_info", "status", pod=pod) == [word]
    reason = ROWS[word][1]
    assert reasons(others, pod) == ([reason] if reason else [])
    assert others.value("ocsp_next_update_timestamp_seconds",
                        pod=pod) == next_update(ocsp.rows[word].response)


def test_staple_that_nginx_asks_a_responder_for(monitor, ocsp):
    """It has none at its first handshake, and asks for one then. Of a revoked
    certificate it never staples what it gets: nothing is not "good"."""
    good, bad = ocsp.issue("asked-good"), ocsp.issue("asked-revoked")
    index = ocsp.responses.index(ocsp.directory / "asked.index", good=[good],
                                 revoked=[bad])
    with Responder(index, ocsp.authority,
                   ocsp.directory / "responder") as responder:
        fleet = Fleet(ocsp.directory / "asking", "127.82")
        for name, leaf in (("good", good), ("none", bad)):
            fleet.show(name, leaf, "ssl_stapling on",
                       f"ssl_stapling_responder {responder.url}")
        with fleet:
            client(fleet.at["none"], fleet.port, SITE, "-status")
            eventually(lambda: "Cert Status: good" in client(
                fleet.at["good"], fleet.port, SITE, "-status"), "a staple")
            eventually(lambda: "revoked" in fleet.tail(), "nginx to notice")
            metrics = monitor.measure(
                fleet.pods, [SITE], "--port", "tls", "--metrics", "full",
                "--ca-file", ocsp.root.cert)
    for word in ("good", "none"):
        assert metrics.words("ocsp_response_info", "status",
                             pod=word) == [word]
        assert metrics.value("cert_verified", pod=word) == 1
