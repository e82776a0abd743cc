# SPDX-License-Identifier: Apache-2.0
"""A pool that is what a Service's EndpointSlices say.

They take no addresses of loopback: all of this is in a network of its own.
"""

import pytest
from support import gallery as at
from support import jobs
from support.gate import Gate
from support.kube import READABLE, READER
from support.objects import endpoint, endpoint_slice
from support.pods import pod
from support.ports import free_port
from support.program import FAILED, OK, USAGE

SKIPPED = ["not_running", "not_ready", "terminating", "no_address",
           "no_such_port"]


@pytest.fixture
def config(kube, tmp_path):
    return kube.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def space(kube):
    return kube.create_namespace()


@pytest.fixture
def measure(monitor, config, network, space):
    """A function that runs a job of the Service `edge`."""
    def run(port, **more):
        asked = {"service": f"{space}/edge", "port": port,
                 "domains": [at.VALID], **more}
        return jobs.measure(monitor, config, asked, wrapper=network.entering)
    return run


def skipped(metrics, space):
    """What was, by reason."""
    assert {sample.labels["reason"] for sample
            in metrics.select("skipped_pods", ns=space)} == set(SKIPPED)
    return {sample.labels["reason"]: sample.value for sample
            in metrics.select("skipped_pods", ns=space) if sample.value}


def test_endpoints_of_several_slices(measure, kube, space, outpost):
    ports = {"websecure": outpost.port}
    kube.create(
        endpoint_slice(space, "edge-1", "edge", [
            endpoint("10.77.0.1", pod="a", ready=True),
            endpoint("10.77.0.2", pod="b", ready=True, serving=True)], ports),
        endpoint_slice(space, "edge-2", "edge", [
            endpoint("10.77.0.3", pod="c")], ports),
        endpoint_slice(space, "other", "other", [
            endpoint("10.77.0.4", pod="d", ready=True)], ports))
    metrics = measure("websecure")
    said = kube.kubectl("get", "endpointslices", "-n", space, "-l",
                        "kubernetes.io/service-name=edge", "-o",
                        "jsonpath={.items[*].endpoints[*].targetRef.name}")
    assert metrics.probed() == set(said.split())
    assert metrics.value("pairs", status="valid") == 3
    assert metrics.select("probe_success", pod="a")[0].labels == {
        "job_name": "edge", "ns": space, "pod": "a", "domain": at.VALID,
        "port": "websecure"}
    assert metrics.value("matching_pods", ns=space) == 3
    assert not skipped(metrics, space)
    assert metrics.value("discovery_success", source="services") == 1
    assert not metrics.select("discovery_success", source="pods")


@pytest.fixture
def conditions(kube, space, outpost):
    """Endpoints in every condition."""
    kube.create(endpoint_slice(space, "edge", "edge", [
        endpoint("10.77.1.1", pod="ready", ready=True, serving=True,
                 terminating=False),
        endpoint("10.77.1.2", pod="unknown"),
        endpoint("10.77.1.3", pod="not-ready", ready=False, serving=False,
                 terminating=False),
        endpoint("10.77.1.4", pod="going", ready=False, serving=True,
                 terminating=True),
        endpoint("10.77.1.5", pod="gone", ready=False, serving=False,
                 terminating=True)], {"tls": outpost.port}))


def test_conditions(measure, conditions, space):
    """What is not said counts as ready, as the API has it."""
    metrics = measure("tls")
    assert metrics.probed() == {"ready", "unknown"}
    assert metrics.value("matching_pods", ns=space) == 5
    assert skipped(metrics, space) == {"not_ready": 1, "terminating": 2}


def test_unready_endpoints_on_demand(measure, conditions, space):
    metrics = measure("tls", unready=True)
    assert metrics.probed() == {"ready", "unknown", "not-ready"}
    assert skipped(metrics, space) == {"terminating": 2}


def test_ports(measure, kube, space, outpost):
    """By name or by number; a slice without it has nothing to probe. Behind
    one name may be several numbers, as in a roll-out."""
    closed = free_port()
    kube.create(
        endpoint_slice(space, "edge-1", "edge", [
            endpoint("10.77.2.1", pod="both", ready=True)],
            {"admin": closed, "tls": outpost.port}),
        endpoint_slice(space, "edge-2", "edge", [
            endpoint("10.77.2.2", pod="new-number", ready=True)],
            {"tls": closed}),
        endpoint_slice(space, "edge-3", "edge", [
            endpoint("10.77.2.3", pod="admin-only", ready=True)],
            {"admin": closed}))
    metrics = measure("tls")
    assert metrics.probed() == {"both", "new-number"}
    assert metrics.status(pod="both") == "valid"
    assert metrics.reason(pod="new-number") == "connect_refused"
    assert skipped(metrics, space) == {"no_such_port": 1}
    metrics = measure(outpost.port)
    assert metrics.probed() == {"both"}
    assert skipped(metrics, space) == {"no_such_port": 2}
    metrics = measure("nosuch")
    assert metrics.value("matching_pods", ns=space) == 3
    assert skipped(metrics, space) == {"no_such_port": 3}
    assert not metrics.select("certificate")


def test_endpoint_that_is_in_two_slices(measure, kube, space, outpost):
    """For a moment it is, when the controller moves it."""
    for number in (1, 2):
        kube.create(endpoint_slice(space, f"edge-{number}", "edge", [
            endpoint("10.77.3.1", pod="moving", ready=True)],
            {"tls": outpost.port}))
    metrics = measure("tls")
    assert metrics.value("matching_pods", ns=space) == 1
    assert metrics.value("pairs", status="valid") == 1


def test_endpoints_that_are_no_pods(measure, kube, space, outpost):
    """Slices that somebody wrote by hand, for machines outside."""
    kube.create(endpoint_slice(space, "edge", "edge", [
        endpoint("10.77.4.1", ready=True), endpoint("10.77.4.2", ready=True)],
        {"tls": outpost.port}))
    metrics = measure("tls")
    assert metrics.probed() == {"10.77.4.1", "10.77.4.2"}
    assert metrics.status(ns=space, pod="10.77.4.1") == "valid"
    assert metrics.value("matching_pods", ns=space) == 2


def test_service_without_endpoints(measure, kube, space, outpost):
    kube.create(endpoint_slice(space, "edge", "edge", [],
                               {"tls": outpost.port}))
    check_empty(measure("tls"), space)


def test_service_that_does_not_exist(measure, space):
    """The API answers with an empty list, as for pods."""
    check_empty(measure("tls"), space)


def check_empty(metrics, space):
    assert metrics.value("matching_pods", job_name="edge", ns=space) == 0
    assert not skipped(metrics, space)
    assert metrics.value("discovery_success", source="services") == 1
    assert not metrics.select("certificate")


def test_forbidden(monitor, kube, network, tmp_path):
    reader = kube.kubeconfig(tmp_path / "reader", {"token": READER})
    result = jobs.ask(monitor, reader, {
        "service": f"{READABLE}/edge", "port": "tls",
        "domains": [at.VALID]}, wrapper=network.entering)
    assert result.status == FAILED
    assert 'cannot list resource "endpointslices"' in result.error
    metrics = monitor.metrics()
    assert metrics.value("discovery_success", source="services") == 0
    assert metrics.value("discovery_failure_info", source="services",
                         ns=READABLE, reason="forbidden") == 1
    assert not metrics.select("matching_pods"), "looks like an empty pool"


def test_api_that_is_down(monitor, kube, network, space, outpost, tmp_path):
    """The last good list is probed, as with pods; whose address refuses now
    may be somebody else."""
    closed = free_port()
    kube.create(endpoint_slice(space, "edge", "edge", [
        endpoint("10.77.9.1", pod="good", ready=True)], {"tls": outpost.port}))
    kube.create(endpoint_slice(space, "edge-2", "edge", [
        endpoint("10.77.9.2", pod="dead", ready=True)], {"tls": closed}))
    asked = {"service": f"{space}/edge", "port": "tls",
             "domains": [at.VALID]}
    with Gate(free_port(), kube.port, network.listen) as gate:
        config = kube.kubeconfig(tmp_path / "kubeconfig",
                                 cluster={"server": gate.url})
        before = jobs.measure(monitor, config, asked,
                              wrapper=network.entering)
        gate.shut()
        metrics = jobs.measure(monitor, config, asked, status=FAILED,
                               wrapper=network.entering)
    assert before.reason(pod="dead") == "connect_refused"
    assert metrics.verdict(pod="good", ns=space) == ("valid", 1, None)
    assert metrics.verdict(pod="dead", ns=space) == (None, 0, "stale_target")
    assert metrics.value("discovery_success", source="services") == 0
    assert metrics.value("matching_pods", ns=space) == 2


@pytest.mark.parametrize("service", ["edge", "a/b/c", "/edge", "edge/"])
def test_service_that_is_no_name(monitor, config, service):
    result = jobs.ask(monitor, config, {"service": service,
                                        "domains": [at.VALID]})
    assert result.status == USAGE
    assert "service: " in result.error


# --- Families ----------------------------------------------------------------

@pytest.fixture
def dual_stack(kube, space, outpost):
    """Two pods of both families and one of each, as controllers write them:
    one family to a slice."""
    ports = {"tls": outpost.port}
    kube.create(
        endpoint_slice(space, "edge-4", "edge", [
            endpoint("10.77.5.1", pod="a", ready=True),
            endpoint("10.77.5.2", pod="b", ready=True),
            endpoint("10.77.5.3", pod="four", ready=True)], ports),
        endpoint_slice(space, "edge-6", "edge", [
            endpoint("fd77::5:1", pod="a", ready=True),
            endpoint("fd77::5:2", pod="b", ready=True),
            endpoint("fd77::5:6", pod="six", ready=True)], ports,
            family="IPv6"))


ALL = {("a", "ipv4"), ("a", "ipv6"), ("b", "ipv4"), ("b", "ipv6"),
       ("four", "ipv4"), ("six", "ipv6")}


def families(metrics):
    return {(sample.labels["pod"], sample.labels["family"]) for sample
            in metrics.select("probe_success")}


def test_all_families_of_a_service(measure, dual_stack, space):
    metrics = measure("tls", families="all")
    assert families(metrics) == ALL
    assert metrics.value("pairs", status="valid") == len(ALL)
    assert metrics.value("matching_pods", ns=space) == 4
    assert metrics.value("distinct_certs", ns=space) == 1


def test_primary_family_of_a_service(measure, dual_stack, space):
    """Each pod once, whatever it has."""
    metrics = measure("tls")
    assert metrics.probed() == {"a", "b", "four", "six"}
    assert metrics.value("pairs", status="valid") == 4
    assert not any("family" in sample.labels for sample
                   in metrics.select("certificate"))
    assert metrics.value("matching_pods", ns=space) == 4


def test_family_that_is_broken_shows(measure, kube, space, outpost):
    """One that looks at one address only would be content."""
    closed = free_port()
    kube.create(
        endpoint_slice(space, "edge-4", "edge", [
            endpoint("10.77.6.1", pod="half", ready=True)],
            {"tls": outpost.port}),
        endpoint_slice(space, "edge-6", "edge", [
            endpoint("fd77::6:1", pod="half", ready=True)], {"tls": closed},
            family="IPv6"))
    metrics = measure("tls", families="all")
    assert metrics.status(pod="half", family="ipv4") == "valid"
    assert metrics.verdict(pod="half", family="ipv6") == (
        "notfound", 0, "connect_refused")


def test_all_families_of_pods(monitor, config, kube, network, space, outpost):
    """Likewise for what is selected by labels."""
    kube.create_pods([
        pod("a", addresses=["10.77.7.1", "fd77::7:1"], namespace=space),
        pod("b", addresses=["fd77::7:2", "10.77.7.2"], namespace=space),
        pod("four", "10.77.7.3", namespace=space),
        pod("six", "fd77::7:6", namespace=space)])
    asked = {"namespaces": [space], "port": outpost.port,
             "domains": [at.VALID], "families": "all"}
    metrics = jobs.measure(monitor, config, asked, wrapper=network.entering)
    assert families(metrics) == ALL
    assert metrics.value("pairs", status="valid") == len(ALL)
    assert metrics.value("matching_pods", ns=space) == 4


def test_all_families_of_a_node(monitor, config, kube, network, space,
                                outpost):
    """With `address: host`, the node's."""
    described = pod("proxy", "10.77.8.9", namespace=space,
                    host_address="10.77.8.1")
    described["status"]["hostIPs"].append({"ip": "fd77::8:1"})
    kube.create_pod(described)
    asked = {"namespaces": [space], "port": outpost.port, "address": "host",
             "domains": [at.VALID], "families": "all"}
    metrics = jobs.measure(monitor, config, asked, wrapper=network.entering)
    assert families(metrics) == {("proxy", "ipv4"), ("proxy", "ipv6")}
    assert metrics.value("pairs", status="valid") == 2


def test_targets_are_listed_by_family(monitor, config, network, dual_stack,
                                      space):
    result = jobs.ask(monitor, config, {
        "service": f"{space}/edge", "port": "tls", "families": "all",
        "domains": [at.VALID]}, "--list-targets", wrapper=network.entering)
    assert result.status == OK
    for address in ("10.77.5.1", "fd77::5:1"):
        assert address in result.stdout
