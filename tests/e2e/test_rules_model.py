# SPDX-License-Identifier: Apache-2.0
"""What the tests of the alerting rules take for the program's output
(tests/rules/model/textfile.py) is what the program writes: the same families
with the same labels, in each set of metrics, of all pods and of one node's.
"""

import sys
from pathlib import Path

import pytest
from support.certs import DAY, now
from support.kube import NODE
from support.nginx import Nginx
from support.pods import pod
from support.program import OK

sys.path.insert(0, str(Path(__file__).parents[1] / "rules"))
from model import world as model
from model.layouts import Instance
from model.textfile import Program

DOMAIN = "shop.example.com"

#: Pod: (its address, when its certificate begins and ends in days, the name)
PODS = {
    "renewed": ("127.86.0.1", -1, 89, DOMAIN),
    "stale": ("127.86.0.2", -80, 10, DOMAIN),
    "expired": ("127.86.0.3", -100, -10, DOMAIN),
    "future": ("127.86.0.4", 1, 91, DOMAIN),
    "default": ("127.86.0.5", 0, 365, "traefik.default"),
}
#: The others are on another one.
ON_NODE = {"stale", "expired", "future", "refused", "not-ready"}
REFUSED = "127.86.0.9"

#: What of a label is the matter of its moment or of the machine.
MASKED = {"fingerprint_sha256", "subject_cn", "issuer_cn", "serial_number",
          "key_algorithm", "signature_algorithm", "server", "version",
          "gnutls", "libcurl", "json_c"}
#: Values that are neither counts nor words.
TIMES = ("timestamp_seconds", "duration_seconds", "seconds_until_cert_expires",
         "seconds_since_cert_issued")


@pytest.fixture(scope="module")
def certificates(gallery):
    return {name: gallery.authority.issue(
        f"model-{name}", domains=[domain], begin=now() + begin * DAY,
        end=now() + end * DAY)
        for name, (_, begin, end, domain) in PODS.items()}


@pytest.fixture(scope="module")
def pool(tmp_path_factory, certificates):
    server = Nginx(tmp_path_factory.mktemp("model"))
    for name, (address, *_) in PODS.items():
        server.add([address], certificates[name])
    with server:
        yield server


@pytest.fixture(scope="module")
def namespace(kube, pool):
    namespace = kube.create_namespace()
    addresses = {name: address for name, (address, *_) in PODS.items()}
    kube.create_pods([
        pod(name, address, namespace=namespace, ready=name != "not-ready",
            node=NODE if name in ON_NODE else "elsewhere")
        for name, address in (addresses | {
            "refused": REFUSED, "not-ready": REFUSED}).items()])
    return namespace


def modelled(certificates, namespace, port, metrics, node):
    """The same world, told to the model."""
    world = model.World("e2e", 1)
    told = world.pool(DOMAIN, job="cli", ns=namespace, port=port)
    for name in [*PODS, "refused", "not-ready"]:
        what = model.failing("connect_refused")
        if name == "not-ready":
            what = model.Skipped("not_ready")
        elif name in PODS:
            certificate = model.Certificate(
                name, certificates[name].not_before.timestamp(),
                certificates[name].not_after.timestamp())
            what = model.Answer(certificate)
            if PODS[name][3] != DOMAIN:
                what = model.Answer(certificate, "name_mismatch", named=False)
        told.pod(name, what, NODE if name in ON_NODE else "elsewhere")
    conditions = model.USUAL | {"server": model.Certificate("api", 0, 1)}
    program = Program(world, Instance("a:9100", node, metrics, True))
    return program.run(now().timestamp(), conditions)


def comparable(samples):
    found = set()
    for family, labels, value in samples:
        # Whether it logs in by certificate is the matter of the kubeconfig.
        if family.startswith("client_cert_"):
            continue
        labels = {name: "..." if name in MASKED else text
                  for name, text in labels.items() if text}
        found.add((family, tuple(sorted(labels.items())),
                   "..." if family.endswith(TIMES) else value))
    return found


@pytest.mark.parametrize("node", [None, NODE], ids=["all", "node"])
@pytest.mark.parametrize("metrics", ["standard", "summary", "mux"])
def test_model_writes_what_the_program_writes(
        monitor, kube, gallery, pool, namespace, certificates, tmp_path,
        metrics, node):
    config = kube.kubeconfig(tmp_path / "config")
    result = monitor.run(
        "--kubeconfig", config, "--namespaces", namespace, "--domains",
        DOMAIN, "--port", str(pool.port), "--ca-file",
        gallery.root.cert, "--metrics", metrics,
        *(["--node", node] if node else []))
    assert result.status == OK, result
    written = comparable(
        (sample.name, sample.labels, sample.value)
        for sample in monitor.metrics().samples if sample.own)
    expected = comparable(modelled(certificates, namespace, str(pool.port),
                                   metrics, node))
    assert sorted(written - expected) == sorted(expected - written) == []
