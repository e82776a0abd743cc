# SPDX-License-Identifier: Apache-2.0
"""Answers that are short to give and long to take in: one pod, or a broken
API, must not cost the others their run."""

import gzip
import json
import random

import pytest
from support import der, tlswire
from support import gallery as at
from support.fakeapi import FakeApi
from support.hostile import Listener, says
from support.pods import pod, pod_list
from support.program import FAILED

ECDHE_RSA = 0xC02F
DOMAIN = at.VALID


def costs_a_verification(bits):
    """To verify a signature by this key takes GnuTLS a quarter of a minute at
    65,536 bits, in one call that nothing can end."""
    odd = random.Random(bits).getrandbits(bits) | 1 << bits - 1 | 1
    certificate = der.certificate(der.rsa_key(odd, odd), DOMAIN)
    return (tlswire.server_hello(cipher=ECDHE_RSA)
            + tlswire.certificate_message(certificate)
            + tlswire.server_key_exchange(b"\x01" * (bits // 8))
            + tlswire.server_hello_done())


KEY = der.rsa_key(1 << 2047 | 1, 65537)


def presents(*certificates):
    return (tlswire.server_hello(cipher=ECDHE_RSA)
            + tlswire.certificate_message(*certificates)
            + tlswire.server_key_exchange(b"\x01" * 256)
            + tlswire.server_hello_done())


def costs_a_reading(names, place=0):
    """libtasn1 takes quadratic time over the parts of a name. GnuTLS has it
    read all that comes behind the leaf as well."""
    costly = der.certificate(
        KEY, DOMAIN, subject=der.directory_name(*["a"] * names))
    return presents(*[der.certificate(KEY, DOMAIN)] * place, costly)


def hides_what_it_costs(names):
    """Likewise where tags of two bytes are no DER, and yet read."""
    part = der.relative_name("a")
    part = b"\x3f\x11" + part[1:]           # SET, as 31 and above are written
    return presents(der.certificate(
        KEY, DOMAIN, subject=der.element(der.SEQUENCE, part * names)))


def costs_the_run():
    """GMP ends a program that divides by zero: by this issuer's prime."""
    signature = der.element(der.SEQUENCE, der.integer(5) + der.integer(7))
    leaf = der.certificate(KEY, DOMAIN, der.directory_name("leaf"),
                           der.DSA_SIGNED, signature)
    issuer = der.certificate(der.dsa_key(0, (1 << 255) + 95, 2, 3), DOMAIN)
    return presents(leaf, issuer)


#: Name: (what the pod says, its status, its reason)
ANSWERS = {
    "key": (costs_a_verification(65536), "valid", "handshake_error"),
    "names": (costs_a_reading(20000), "notfound", "bad_certificate"),
    "hidden names": (hides_what_it_costs(20000), "notfound",
                     "bad_certificate"),
    "issuer": (costs_the_run(), "valid", "handshake_error"),
    "issuer's names": (costs_a_reading(42000, 1), "valid", "handshake_error"),
    "names behind many": (costs_a_reading(40000, 40), "valid",
                          "handshake_error"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_one_pod_does_not_hold_up_the_run(monitor, gallery, name):
    answer, status, reason = ANSWERS[name]
    with Listener(says(answer)) as listener:
        pods = [pod("evil", "127.0.0.1", ports={"tls": listener.port}),
                pod("good", at.MAIN, ports={"tls": gallery.port})]
        result = monitor.probe(pods, [DOMAIN], "--port", "tls",
                               "--timeout", "5s")
    metrics = monitor.metrics()
    assert metrics.status(pod="good") == "valid"
    assert metrics.status(pod="evil") == status
    assert metrics.reason(pod="evil") == reason
    # What it took before, and then some for a slow machine.
    assert result.seconds < 7


def test_more_pairs_than_can_be_probed(monitor, tmp_path):
    """The run says so, and what is known is in the file."""
    pods = [pod(f"pod-{i}", "127.0.0.1") for i in range(1001)]
    domains = [f"d{i}.example.com" for i in range(1000)]
    result = monitor.probe(pods, domains)
    assert result.status == FAILED
    assert "1001000" in result.error
    metrics = monitor.metrics()
    assert metrics.value("matching_pods", ns="default") == 1001
    assert metrics.value("run_success") == 0
    assert metrics.value("pairs", status="valid") == 0


def test_more_pods_than_can_be_kept(monitor, kube, tmp_path):
    """A list is too large as a whole, not only page by page."""
    pages = iter(range(1, 100))

    def answer(_request):
        page = next(pages)
        items = [{"metadata": {"name": f"p{page}-{i}", "namespace": "default"}}
                 for i in range(70000)]
        body = json.dumps({"kind": "PodList", "items": items,
                           "metadata": {"continue": f"page-{page}"}})
        return 200, gzip.compress(body.encode(), 1), {"Content-Encoding": "gzip"}

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config",
                                 cluster={"server": api.url})
        result = monitor.run("--kubeconfig", config, "--domains", DOMAIN)
    assert result.status == FAILED
    metrics = monitor.metrics()
    assert metrics.value("discovery_failure_info", reason="too_large") == 1
    assert len(api.requests) == 3


def test_header_without_end(monitor, kube, tmp_path):
    """libcurl calls it out of memory; the file is a new one all the same."""
    def answer(_request):
        return 200, b"{}", {"X-Long": "x" * 2000000}

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config",
                                 cluster={"server": api.url})
        result = monitor.run("--kubeconfig", config, "--domains", DOMAIN)
    assert result.status == FAILED
    assert monitor.metrics().value("discovery_success") == 0


TOKEN = "s3cr3t-t0ken-abcdef"


def _status(header):
    return json.dumps({"kind": "Status", "message": f"bad: {header}"}).encode()


#: What a debugging proxy may say of the header that it was sent.
ECHOES = {
    "text": lambda header: (401, f"Authorization: {header}".encode()),
    "status": lambda header: (401, _status(header)),
    "forbidden": lambda header: (403, _status(header)),
    "not JSON": lambda header: (200, header.encode()),
    "kind": lambda header: (200, json.dumps(
        {"kind": header, "items": []}).encode()),
}


@pytest.mark.parametrize("name", ECHOES)
def test_token_that_comes_back_is_not_shown(monitor, kube, tmp_path, name):
    def answer(request):
        return ECHOES[name](request.headers["Authorization"])

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config", {"token": TOKEN},
                                 cluster={"server": api.url})
        result = monitor.run("--kubeconfig", config, "--domains", DOMAIN,
                             "--report", "json", "--log-level", "debug")
    assert result.status == FAILED
    assert TOKEN[:9] not in result.stderr + result.stdout
    assert "*" * len(TOKEN) in result.stderr


def test_list_that_took_too_long_is_of_its_namespace(monitor, kube, gallery,
                                                     tmp_path):
    """etcd's timeout says nothing of the other namespaces."""
    def answer(request):
        if "/slow/" in request.path:
            return 500, json.dumps({"kind": "Status", "reason": "Timeout",
                                    "message": "took too long"}).encode()
        return 200, pod_list([pod("good", at.MAIN, namespace="quick")],
                             kind="PodList").encode()

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config",
                                 cluster={"server": api.url})
        result = monitor.run("--kubeconfig", config, "--domains", DOMAIN,
                             "--namespaces", "slow,quick", "--port",
                             str(gallery.port))
    assert result.status == FAILED
    assert "slow" in result.error
    metrics = monitor.metrics()
    assert metrics.status(pod="good") == "valid"
    assert metrics.value("discovery_failure_info", ns="slow",
                         reason="timeout") == 1


def test_names_do_not_steer_the_terminal(monitor):
    hostile = "\x1b]0;title\x07\x1b[2J"
    result = monitor.program.run(
        *monitor.selection([pod("p", "127.0.0.1", namespace=hostile)],
                           [DOMAIN]), "--list-targets")
    assert "\x1b" not in result.stdout and "\x07" not in result.stdout
    assert "1 pod matching" in result.stdout
