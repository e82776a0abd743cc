# SPDX-License-Identifier: Apache-2.0
"""Who comes from muxinc/certificate-expiry-monitor finds its options and, with
--metrics=mux, its metrics: as doc/migrating.md has them, which is its own
documentation in our words."""

import json
import re

import pytest
from support import hostile
from support.documentation import SOURCES, blocks
from support.exporter import promtool_findings
from support.exposition import Exposition
from support.gallery import EXPIRED, MAIN, NOT_YET, UNKNOWN, VALID
from support.pods import pod
from support.processes import eventually
from support.program import OK
from support.prometheus import Prometheus

PAGE = SOURCES / "doc" / "migrating.md"

#: What its --help documents, with an option of ours where it has one, and how it
#: is then given.
OPTIONS = {
    "context": "--context=other", "domains": "--domains=a.example.com",
    "frequency": None, "hostIP": "--host-ip",
    "ignoredDomains": r"--ignored-domains=/.*\.example\.net$/",
    "ingressAPIVersion": None, "ingressNamespaces": "--ingress-namespaces=edge",
    "insecure": "--ca-file=none", "kubeconfig": "--kubeconfig=/etc/kubeconfig",
    "labels": "--labels=k8s-app=my-ingresses", "logformat": None,
    "loglevel": "--log-level=warning", "metricsPort": None,
    "namespaces": "--namespaces=default,edge", "port": "--port=8443",
}
STATUSES = {"valid", "expired", "soon", "notfound"}


def rows(first):
    """The table whose first column has this header."""
    table = PAGE.read_text().split(f"\n| {first} |", 1)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in table.splitlines()[2:]]


def families():
    """name without the prefix -> (labels, type here)"""
    return {row[0].strip("` ").removeprefix("certificate_expiry_monitor_"):
            (set(re.findall(r"`(\w+)`", row[1])), row[3].strip(" |"))
            for row in rows("family")}


def test_every_option_is_translated():
    named = {re.match(r"`-(\w+)", row[0]).group(1)
             for row in rows("there")}
    assert named == OPTIONS.keys()
    for name, ours in OPTIONS.items():
        row = next(row for row in rows("there")
                   if row[0].startswith(f"`-{name}"))
        assert ours is None or ours.split("=")[0] in row[1], name


def test_options_are_taken(program):
    given = [each for each in OPTIONS.values()
             if each and not each.startswith("--ca-file")]
    checked = program.run("--check-config", *given)
    assert checked.status == OK, checked


@pytest.fixture
def world(monitor, gallery, tmp_path):
    """A pod that is good for some names, and one that nobody can connect to."""
    def probe(listener):
        pods = [pod("good", MAIN, ports={"tls": gallery.port}),
                pod("bad", listener.address, ports={"tls": listener.port}),
                pod("unready", MAIN, ports={"tls": gallery.port}, ready=False)]
        return monitor.measure(pods, [VALID, EXPIRED, NOT_YET, UNKNOWN],
                               "--port=tls", "--unready", "--ca-file=none",
                               "--metrics=mux")
    with hostile.Listener(hostile.close_at_once) as listener:
        probe(listener)
        yield probe(listener)


def test_families_are_the_documented_ones(world, monitor):
    documented = families()
    assert len(documented) == 6
    for name, (labels, kind) in documented.items():
        assert world.types[name] == kind
        for sample in world.select(name):
            assert sample.labels.keys() == labels, sample
    # What it has not comes from the run and its lists, and is of no pair.
    others = [sample for sample in world.samples if sample.own
              and sample.name not in documented]
    assert others
    assert not [sample for sample in others
                if sample.labels.keys() & {"pod", "domain"}]
    assert promtool_findings(monitor.output.read_text()) == ""


def test_every_pair_has_every_family(world):
    pairs = {(name, domain) for name in ("good", "bad", "unready")
             for domain in (VALID, EXPIRED, NOT_YET, UNKNOWN)}
    for name in families().keys() - {"matching_pods"}:
        has = {(sample.labels["pod"], sample.labels["domain"])
               for sample in world.select(name)}
        if name.startswith("seconds_"):
            # There is a date only where there is a certificate.
            assert has == {(each, domain) for each, domain in pairs
                           if each != "bad" and domain != UNKNOWN}, name
        else:
            assert has == pairs, name


@pytest.mark.parametrize("domain, status", [
    (VALID, "valid"), (EXPIRED, "expired"), (NOT_YET, "soon"),
    (UNKNOWN, "notfound")])
def test_one_status_of_four(world, domain, status):
    samples = world.select("certificate", pod="good", domain=domain)
    assert {sample.labels["status"]: sample.value for sample in samples} == {
        each: float(each == status) for each in STATUSES}
    assert world.words("certificate", "status", pod="bad",
                       domain=domain) == ["notfound"]


def test_seconds_have_their_sign(world):
    def seconds(name, domain):
        return world.value(f"seconds_{name}", pod="good", domain=domain)
    assert seconds("until_cert_expires", VALID) > 0
    assert seconds("since_cert_issued", VALID) > 0
    assert seconds("until_cert_expires", EXPIRED) < 0
    assert seconds("since_cert_issued", NOT_YET) < 0


def test_errors_count_and_pods_are_counted(world):
    """Each domain has failed in two runs."""
    assert world.value("tls_open_connection_error", pod="bad",
                       domain=VALID) == 2
    assert world.value("tls_open_connection_error", pod="good",
                       domain=VALID) == 0
    assert world.value("tls_close_connection_error", pod="good",
                       domain=VALID) == 0
    assert world.value("matching_pods", ns="default") == 3


# On a Prometheus

@pytest.fixture
def prometheus(tmp_path, exporter):
    config = json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "node", "static_configs": [
            {"targets": [f"127.0.0.1:{exporter.port}"]}]}]})
    with Prometheus(tmp_path / "prometheus", config) as server:
        yield server


def test_queries_go_on(world, prometheus, monitor):
    """Those of the page: each finds what it is about, and nothing else."""
    asked = [block.text.strip() for block in blocks(PAGE)
             if block.language == "promql"
             and block.heading.startswith("muxinc")]
    assert len(asked) == 4
    near, bad, failing, empty = asked
    found = eventually(lambda: prometheus.labels(near), "certificates")
    assert {each["domain"] for each in found} == {EXPIRED}
    assert {each["status"] for each in prometheus.labels(bad)} == {
        "expired", "soon", "notfound"}
    # One more failure, while Prometheus looks.
    text = monitor.output.read_text()
    counter = "certificate_expiry_monitor_tls_open_connection_error{"
    more = re.sub(rf"^({re.escape(counter)}.*pod=\"bad\".*) 2$", r"\1 3", text,
                  flags=re.M)
    assert more != text
    monitor.output.write_text(more)
    assert Exposition(more).value("tls_open_connection_error", pod="bad",
                                  domain=VALID) == 3
    found = eventually(lambda: prometheus.labels(failing), "an increase")
    assert {each["pod"] for each in found} == {"bad"}
    assert prometheus.labels(empty) == []
