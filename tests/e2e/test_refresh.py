# SPDX-License-Identifier: Apache-2.0
"""Pods are listed in every run, the objects that name domains now and then:
how often is counted by the API server."""

import time

import pytest
from support import gallery as at
from support import jobs
from support.kube import ADMIN, READABLE, READER
from support.objects import certificate, gateway, ingress, listener
from support.pods import pod
from support.processes import eventually
from support.program import FAILED, OK

LONG = {"refresh": "1h"}
SHORT_SECONDS = 1
SHORT = {"refresh": f"{SHORT_SECONDS}s"}
#: When it is surely due, whatever the jitter.
DUE_SECONDS = 2 * SHORT_SECONDS


@pytest.fixture
def config(kube, tmp_path):
    return kube.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def job(kube, gallery):
    """A pod and an Ingress."""
    space = kube.create_namespace()
    kube.create_pod(pod("proxy", at.POOL[0], namespace=space))
    kube.create(ingress(space, "first", tls=[["first.example.com"]]))
    return {"namespaces": [space], "port": gallery.port,
            "domains": [at.VALID],
            "domains_from": {"ingresses": {"namespaces": [space]}}}


@pytest.fixture
def count(monitor, kube, config):
    """A function that runs a job: (the metrics, how often what was listed)."""
    def run(job, keys, status=OK, config=config):
        with kube.counting_lists() as lists:
            metrics = jobs.measure(monitor, config, job, keys=keys,
                                   status=status)
        return metrics, lists
    return run


@pytest.fixture
def become(kube, config):
    """A function that changes whose credential the kubeconfig has: another
    file could be another cluster, whose lists are not this one's."""
    return lambda token: kube.kubeconfig(config, {"token": token})


def listed_at(metrics, source):
    return metrics.value("discovery_timestamp_seconds", source=source)


def test_lists_are_kept_between_runs(count, kube, job):
    space, = job["namespaces"]
    first, lists = count(job, LONG)
    assert lists == {"pods": 1, "ingresses": 1}
    kube.create(ingress(space, "second", tls=[["second.example.com"]]))
    kube.create_pod(pod("another", at.POOL[1], namespace=space))
    for _ in range(2):
        metrics, lists = count(job, LONG)
        assert lists == {"pods": 1}
        assert metrics.probed() == {"proxy", "another"}
        assert metrics.domains() == {at.VALID, "first.example.com"}
        assert metrics.value("discovery_success", source="ingresses") == 1
        assert listed_at(metrics, "ingresses") == listed_at(first, "ingresses")
        assert listed_at(metrics, "pods") > listed_at(first, "pods")


def test_lists_are_read_anew_when_due(count, kube, job):
    space, = job["namespaces"]
    first, _ = count(job, SHORT)
    kube.create(ingress(space, "second", tls=[["second.example.com"]]))
    listed = listed_at(first, "ingresses")
    eventually(lambda: time.time() > listed + DUE_SECONDS, "the time")
    metrics, lists = count(job, SHORT)
    assert lists == {"pods": 1, "ingresses": 1}
    assert metrics.domains() == {at.VALID, "first.example.com",
                                 "second.example.com"}
    assert listed_at(metrics, "ingresses") > listed


def test_failed_list_is_due_in_the_next_run(count, kube, gallery, become):
    label = {"test": "due-again"}
    kube.create_pod(pod("due-again", at.POOL[0], namespace=READABLE,
                        labels=label))
    shop = ingress(READABLE, "due-again", tls=[["again.example.com"]])
    kube.create(shop)
    job = {"namespaces": [READABLE], "labels": "test=due-again",
           "port": gallery.port, "domains": [at.VALID],
           "domains_from": {"ingresses": {"namespaces": [READABLE]}}}
    become(READER)
    for _ in range(2):
        metrics, lists = count(job, LONG, FAILED)
        assert lists == {"pods": 1, "ingresses": 1}
        assert metrics.domains() == {at.VALID}
        assert metrics.value("discovery_success", source="ingresses") == 0
    become(ADMIN)
    metrics, lists = count(job, LONG)
    assert lists["ingresses"] == 1
    assert metrics.domains() == {at.VALID, "again.example.com"}
    # Not due, so that it is forbidden again is not seen.
    become(READER)
    metrics, lists = count(job, LONG)
    assert lists == {"pods": 1}
    assert metrics.domains() == {at.VALID, "again.example.com"}
    kube.delete(shop)


def test_old_list_stands_in_for_one_that_failed(count, kube, gallery, become):
    kube.create_pod(pod("stands-in", at.POOL[0], namespace=READABLE,
                        labels={"test": "stands-in"}))
    shop = ingress(READABLE, "stands-in", tls=[["in.example.com"]])
    kube.create(shop)
    job = {"namespaces": [READABLE], "labels": "test=stands-in",
           "port": gallery.port, "domains": [at.VALID],
           "domains_from": {"ingresses": {"namespaces": [READABLE]}}}
    first, _ = count(job, SHORT)
    listed = listed_at(first, "ingresses")
    eventually(lambda: time.time() > listed + DUE_SECONDS, "the time")
    become(READER)
    for _ in range(2):
        metrics, lists = count(job, SHORT, FAILED)
        assert lists == {"pods": 1, "ingresses": 1}
        assert metrics.domains() == {at.VALID, "in.example.com"}
        assert listed_at(metrics, "ingresses") == listed
        assert metrics.value("discovery_success", source="ingresses") == 0
        assert metrics.value("discovery_success", source="pods") == 1
        assert metrics.status(domain=at.VALID) == "valid"
    kube.delete(shop)


@pytest.mark.parametrize("change", [
    {"class": "other"}, {"hosts": "all"}, {"namespaces": [READABLE]}])
def test_changed_selection_is_due(count, kube, job, change):
    count(job, LONG)
    space, = job["namespaces"]
    kube.create(ingress(space, "second", tls=[["second.example.com"]],
                        hosts=["rule.example.com"], class_name="other"))
    changed = {**job, "domains_from": {"ingresses": {
        **job["domains_from"]["ingresses"], **change}}}
    metrics, lists = count(changed, LONG)
    assert lists["ingresses"] == 1
    assert metrics.domains() == {at.VALID} | {
        "class": {"second.example.com"},
        "hosts": {"first.example.com", "second.example.com",
                  "rule.example.com"},
        "namespaces": set()}[next(iter(change))]


def test_file_is_read_in_every_run(count, monitor, job):
    path = monitor.write("domains", "a.example.com\n")
    job["domains_from"] = {"file": str(path)}
    assert count(job, LONG)[0].domains() == {at.VALID, "a.example.com"}
    path.write_text("b.example.com\n")
    assert count(job, LONG)[0].domains() == {at.VALID, "b.example.com"}


def test_what_else_objects_say_is_kept(count, kinds, gallery):
    """Not only the names: whose gateway's they are, and what is expected."""
    space = kinds.create_namespace()
    name = {"gateway.networking.k8s.io/gateway-name": "one"}
    kinds.create_pods([
        pod("of-one", at.POOL[0], namespace=space, labels=name),
        pod("of-all", at.POOL[1], namespace=space)])
    kinds.create(gateway(space, "one", listener("l", "one.example.com")),
                 gateway(space, "two", listener("l", "two.example.com")),
                 certificate(space, "issued", [at.VALID],
                             not_before="2026-01-02T03:04:05Z"))
    where = {"namespaces": [space]}
    job = {**where, "port": gallery.port,
           "domains_from": {"gateways": where, "certificates": where}}
    first, lists = count(job, LONG)
    assert lists == {"pods": 1, "gateways": 1, "httproutes": 1,
                     "grpcroutes": 1, "certificates": 1}
    second, lists = count(job, LONG)
    assert lists == {"pods": 1}
    for metrics in (first, second):
        assert metrics.domains(pod="of-one") == {at.VALID, "one.example.com"}
        assert metrics.domains(pod="of-all") == {
            at.VALID, "one.example.com", "two.example.com"}
        assert metrics.value("expected_cert_not_before_timestamp_seconds",
                             ns=space, domain=at.VALID) == 1767323045


def test_without_a_state_file_every_run_reads_them(monitor, kube, config,
                                                   job):
    for _ in range(2):
        with kube.counting_lists() as lists:
            jobs.measure(monitor, config, job, "--state-file=none", keys=LONG)
        assert lists == {"pods": 1, "ingresses": 1}
