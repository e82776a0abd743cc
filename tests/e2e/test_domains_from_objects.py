# SPDX-License-Identifier: Apache-2.0
"""Domains of Traefik's IngressRoutes and cert-manager's Certificates, and what
the latter say a pool should be showing."""

import datetime

import pytest
from support import crds, jobs
from support import gallery as at
from support.objects import certificate, ingress_route
from support.pods import pod


@pytest.fixture
def config(kinds, tmp_path):
    return kinds.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def edge(kinds, gallery):
    """A namespace of its own with one pod, and the job that probes that."""
    namespace = kinds.create_namespace()
    kinds.create_pod(pod("proxy", at.POOL[0], namespace=namespace))
    return namespace, {"namespaces": [namespace], "port": gallery.port}


# --- IngressRoute ------------------------------------------------------------

#: Rules: the names that stand in them.
RULES = {
    "Host(`a.example.com`)": {"a"},
    "Host(`a.example.com`,`b.example.com`)": {"a", "b"},
    "Host(`a.example.com`, `b.example.com`)": {"a", "b"},
    "Host(`a.example.com`) || Host(`b.example.com`)": {"a", "b"},
    "(Host(`a.example.com`)||Host(`b.example.com`)) && PathPrefix(`/c`)":
        {"a", "b"},
    'Host("a.example.com") && Headers(`X`, `Host(c.example.com)`)': {"a"},
    "Path(`/`) && Host( `a.example.com` )": {"a"},
    "HostRegexp(`[a-z]+.example.com`)": set(),
    "HostRegexp(`b.example.com`) || Host(`a.example.com`)": {"a"},
    "PathPrefix(`/Host(`)": set(),
    "Path(`/a`) && Query(`host`, `b.example.com`)": set(),
}


def from_routes(job):
    return {**job, "domains_from": {
        "ingressroutes": {"namespaces": job["namespaces"]}}}


@pytest.mark.parametrize("rule", RULES)
def test_names_in_rules(monitor, config, kinds, edge, rule):
    namespace, job = edge
    kinds.create(ingress_route(namespace, "route", rule))
    metrics = jobs.measure(monitor, config, from_routes(job))
    assert metrics.domains() == {f"{name}.example.com"
                                 for name in RULES[rule]}
    assert metrics.value("discovery_success", source="ingressroutes") == 1


def test_only_routes_with_tls(monitor, config, kinds, edge):
    """`tls: {}` is TLS with the default certificate, or what SNI finds."""
    namespace, job = edge
    kinds.create(
        ingress_route(namespace, "empty", "Host(`empty.example.com`)"),
        ingress_route(namespace, "secret", "Host(`secret.example.com`)",
                      "Host(`second.example.com`)",
                      tls={"secretName": "certificate"}),
        ingress_route(namespace, "none", "Host(`none.example.com`)",
                      tls=False))
    metrics = jobs.measure(monitor, config, from_routes(job))
    assert metrics.domains() == {"empty.example.com", "secret.example.com",
                                 "second.example.com"}


def test_old_group_that_is_missing_is_information(monitor, config, edge):
    _, job = edge
    result = jobs.ask(monitor, config, from_routes(job), "--log-level",
                      "info")
    assert result.status == 0
    assert "traefik.containo.us" in result.stderr
    assert not jobs.ask(monitor, config,
                        {**from_routes(job), "domains": [at.VALID]}).stderr


def test_old_group_as_well(monitor, config, kinds, edge):
    namespace, job = edge
    crds.install(kinds, *crds.OLD_TRAEFIK)
    try:
        kinds.create(
            ingress_route(namespace, "old", "Host(`old.example.com`)",
                          group="traefik.containo.us"),
            ingress_route(namespace, "new", "Host(`new.example.com`)"))
        metrics = jobs.measure(monitor, config, from_routes(job))
        assert metrics.domains() == {"old.example.com", "new.example.com"}
    finally:
        crds.remove(kinds, *crds.OLD_TRAEFIK)


# --- Certificate -------------------------------------------------------------

EARLY, LATE = "2026-03-01T10:20:30Z", "2026-05-06T07:08:09Z"


def seconds(text):
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


def from_certificates(job, **how):
    where = {"namespaces": job["namespaces"], **how}
    return {**job, "domains_from": {"certificates": where}}


@pytest.fixture
def issued(kinds, edge):
    """Certificates, some issued and some not yet: (namespace, job)."""
    namespace, _ = edge
    kinds.create(
        certificate(namespace, "first", ["a.example.com", "*.example.net"],
                    {"app": "shop"}, EARLY),
        certificate(namespace, "second", ["a.example.com", "b.example.com"],
                    {"app": "shop"}, LATE),
        certificate(namespace, "not-yet", ["c.example.com"],
                    {"app": "shop"}),
        certificate(namespace, "other", ["d.example.com"], {"app": "blog"},
                    EARLY))
    return edge


@pytest.mark.parametrize("selector, count", [
    (None, 5), ("app=shop", 4), ("app in (blog)", 1), ("app!=blog", 4),
    ("app=nosuch", 0)])
def test_names_of_certificates(monitor, config, kinds, issued, selector,
                               count):
    namespace, job = issued
    chosen = {"labels": selector} if selector else {}
    metrics = jobs.measure(monitor, config, from_certificates(job, **chosen))
    said = kinds.kubectl("get", "certificates", "-n", namespace,
                         *(["-l", selector] if selector else []), "-o",
                         "jsonpath={.items[*].spec.dnsNames[*]}")
    assert metrics.domains() == set(said.split())
    assert len(metrics.domains()) == count
    assert metrics.value("discovery_success", source="certificates") == 1


EXPECTED = "expected_cert_not_before_timestamp_seconds"


def test_beginning_of_the_newest_certificate(monitor, config, issued):
    """What no pod of the pool may lag behind."""
    namespace, job = issued
    metrics = jobs.measure(monitor, config, from_certificates(job))
    assert {sample.labels["domain"]: sample.value
            for sample in metrics.select(EXPECTED)} == {
                "a.example.com": seconds(LATE),
                "b.example.com": seconds(LATE),
                "*.example.net": seconds(EARLY),
                "d.example.com": seconds(EARLY)}
    assert {(sample.labels["job_name"], sample.labels["ns"])
            for sample in metrics.select(EXPECTED)} == {("edge", namespace)}


def test_namespace_is_the_pool_s(monitor, config, kinds, issued):
    """Certificates often live with the application, pods elsewhere."""
    namespace, job = issued
    pools = [kinds.create_namespace() for _ in range(2)]
    for pool in pools:
        kinds.create_pod(pod("proxy", at.POOL[1], namespace=pool))
    asked = from_certificates(job, labels="app=blog")
    asked["namespaces"] = pools
    metrics = jobs.measure(monitor, config, asked)
    for pool in pools:
        assert metrics.value(EXPECTED, ns=pool, domain="d.example.com") \
            == seconds(EARLY)
    assert not metrics.select(EXPECTED, ns=namespace)


def test_ignored_domain_is_not_expected(monitor, config, issued):
    _, job = issued
    metrics = jobs.measure(monitor, config, {
        **from_certificates(job), "ignored_domains": ["a.example.com"]})
    assert not metrics.select(EXPECTED, domain="a.example.com")
    assert metrics.select(EXPECTED, domain="b.example.com")


def test_pod_that_lags_behind_shows(monitor, config, kinds, edge, gallery):
    """The alert's two sides: what is expected, and what the pod shows."""
    namespace, job = edge
    shown = gallery.certificates[at.VALID]
    kinds.create(certificate(namespace, "renewed", [at.VALID],
                             not_before="2098-12-31T00:00:00Z"))
    metrics = jobs.measure(monitor, config, from_certificates(job))
    pair = {"job_name": "edge", "ns": namespace, "domain": at.VALID}
    begun = metrics.value("cert_not_before_timestamp_seconds", **pair)
    assert begun == shown.not_before.timestamp()
    assert metrics.value(EXPECTED, **pair) > begun
