# SPDX-License-Identifier: Apache-2.0
"""Endpoints outside of Kubernetes: addresses, and names with the addresses
that they have now. The name server is the test's own."""

import pytest
from support import gallery as at
from support import hostile, jobs
from support.kubeconfig import kubeconfig
from support.ports import free_port
from support.program import FAILED, OK, USAGE
from support.resolver import Resolver

#: Of one name; a round-robin of clouds has a dozen at most.
MOST_ADDRESSES = 64
LATE_SECONDS = 3

NAMES = {
    "one.example.com": ["10.77.20.1"],
    "three.example.com": ["10.77.20.1", "10.77.20.2", "10.77.20.3"],
    "both.example.com": ["10.77.20.4", "fd77::20:4"],
    "six.example.com": ["fd77::20:6"],
    "half.example.com": ["10.77.20.5", "2001:db8::5"],
    "far.example.com": ["2001:db8::6"],
    "many.example.com": [f"10.77.21.{last}" for last in range(1, 121)],
    "nothing.example.com": [],
}


@pytest.fixture(scope="module")
def resolver(network):
    with Resolver(network.datagrams(("127.0.0.1", 53)), NAMES) as server:
        yield server


@pytest.fixture
def inside(network, resolver, tmp_path):
    """In the network, with that name server and no other source of names."""
    files = {"resolv.conf": "nameserver 127.0.0.1\n",
             "hosts": "127.0.0.1 localhost\n10.77.20.9 local.example.com\n",
             "nsswitch.conf": "hosts: files dns\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return network.entering_with(**{name: tmp_path / name for name in files})


@pytest.fixture
def ask(monitor, inside):
    """A function that probes these endpoints, without any Kubernetes."""
    def run(*endpoints, status=OK, keys=None, **more):
        asked = {"endpoints": [{"address": address, "port": port}
                               for address, port in endpoints],
                 "domains": [at.VALID], **more}
        result = jobs.ask(monitor, None, asked, keys=keys, wrapper=inside)
        assert status in (result.status, None), result
        return result
    return run


@pytest.fixture
def measure(ask, monitor):
    def run(*endpoints, **more):
        ask(*endpoints, **more)
        return monitor.metrics()
    return run


def test_address(measure, outpost):
    """No namespace, and what a pod's name is otherwise is the address."""
    metrics = measure(("10.77.19.1", outpost.port))
    assert metrics.select("probe_success")[0].labels == {
        "job_name": "edge", "ns": "", "pod": "10.77.19.1",
        "domain": at.VALID, "port": str(outpost.port)}
    assert metrics.status() == "valid"
    assert not metrics.select("discovery_failure_info")
    assert metrics.value("run_success") == 1


@pytest.mark.parametrize("written", ["fd77::19:1", "FD77:0:0:0::19:1"])
def test_six(measure, outpost, written):
    metrics = measure((written, outpost.port))
    assert metrics.probed() == {"fd77::19:1"}
    assert metrics.status(ns="") == "valid"


def test_several_endpoints(measure, outpost):
    closed = free_port()
    metrics = measure(("10.77.19.1", outpost.port), ("10.77.19.2", closed),
                      ("10.77.19.1", closed))
    assert metrics.status(pod="10.77.19.1", port=str(outpost.port)) == "valid"
    for address in ("10.77.19.1", "10.77.19.2"):
        assert metrics.verdict(pod=address, port=str(closed)) == (
            "notfound", 0, "connect_refused")


@pytest.mark.parametrize("name", ["one.example.com", "three.example.com",
                                  "six.example.com", "THREE.example.com"])
def test_every_address_behind_a_name(measure, outpost, name):
    metrics = measure((name, outpost.port))
    assert metrics.probed() == set(NAMES[name.lower()])
    assert metrics.value("pairs", status="valid") == len(NAMES[name.lower()])


def test_name_of_both_families(ask, measure, outpost):
    """All of them: `families` is about pods, and refused here."""
    metrics = measure(("both.example.com", outpost.port))
    assert metrics.probed() == set(NAMES["both.example.com"])
    assert metrics.value("pairs", status="valid") == 2
    refused = ask(("both.example.com", outpost.port), status=USAGE,
                  families="all")
    assert "families" in refused.error


def test_family_without_a_route(measure, outpost):
    """No fault of the server's, unless there is nothing else to ask."""
    metrics = measure(("half.example.com", outpost.port))
    assert metrics.probed() == {"10.77.20.5"}
    assert metrics.status() == "valid"
    metrics = measure(("far.example.com", outpost.port))
    assert metrics.verdict(pod="2001:db8::6") == (
        "notfound", 0, "connect_unreachable")


def test_name_of_the_hosts_file(measure, outpost):
    metrics = measure(("local.example.com", outpost.port))
    assert metrics.probed() == {"10.77.20.9"}


def test_address_that_is_named_twice(measure, outpost):
    metrics = measure(("one.example.com", outpost.port),
                      ("three.example.com", outpost.port),
                      ("10.77.20.1", outpost.port))
    assert metrics.probed() == set(NAMES["three.example.com"])
    assert metrics.value("pairs", status="valid") == 3


@pytest.mark.parametrize("name", ["unknown.example.com",
                                  "nothing.example.com"])
def test_name_that_does_not_resolve(ask, monitor, outpost, name):
    """It is data, as a pod that is down is, and costs the others nothing."""
    ask((name, outpost.port), ("10.77.19.1", outpost.port))
    metrics = monitor.metrics()
    assert metrics.verdict(ns="", pod=name) == ("notfound", 0,
                                                "resolve_failed")
    assert metrics.status(pod="10.77.19.1") == "valid"


def test_name_with_too_many_addresses(measure, outpost):
    metrics = measure(("many.example.com", outpost.port))
    assert 1 < len(metrics.probed()) <= MOST_ADDRESSES
    assert metrics.probed() <= set(NAMES["many.example.com"])
    assert metrics.value("pairs", status="valid") == len(metrics.probed())


def test_names_are_looked_up_in_every_run(measure, resolver, outpost):
    endpoint = "moving.example.com", outpost.port
    resolver.names["moving.example.com"] = ["10.77.22.1"]
    assert measure(endpoint).probed() == {"10.77.22.1"}
    resolver.names["moving.example.com"] = ["10.77.22.2"]
    assert measure(endpoint).probed() == {"10.77.22.2"}


def test_name_server_that_is_dead(ask, monitor, resolver, outpost):
    """What has an address is probed all the same, and the run ends by its
    deadline."""
    resolver.is_dead = True
    try:
        result = ask(*[(f"dead-{number}.example.com", outpost.port)
                       for number in range(20)],
                     ("10.77.19.1", outpost.port),
                     status=None, keys={"deadline": "4s"})
    finally:
        resolver.is_dead = False
    assert result.seconds < 4 + LATE_SECONDS
    metrics = monitor.metrics()
    assert metrics.status(pod="10.77.19.1") == "valid"
    for number in range(20):
        pair = {"ns": "", "pod": f"dead-{number}.example.com"}
        assert metrics.reason(**pair) in ("resolve_failed", "deadline")
        assert metrics.value("probe_success", **pair) == 0
    assert result.status == (
        FAILED if metrics.value("run_deadline_exceeded") else OK)


def test_beside_a_job_of_pods(monitor, kube, inside, outpost, tmp_path):
    """The load balancer in front, and what is behind it, in one run. That the
    API is down costs the former nothing."""
    config = kube.kubeconfig(
        tmp_path / "kubeconfig",
        cluster={"server": f"https://127.0.0.1:{free_port()}"})
    path = jobs.write(monitor, {
        "pods": {"domains": [at.VALID]},
        "front": {"endpoints": [{"address": "10.77.19.1",
                                 "port": outpost.port}],
                  "domains": [at.VALID]}}, config)
    result = monitor.run("--config", path, wrapper=inside)
    assert result.status == FAILED
    metrics = monitor.metrics()
    assert metrics.status(job_name="front", pod="10.77.19.1") == "valid"
    assert {sample.labels["job_name"] for sample
            in metrics.select("discovery_failure_info")} == {"pods"}


def test_beside_an_api_that_takes_all_the_time(monitor, inside, outpost,
                                               network):
    """Names are looked up meanwhile: that the API does not answer before half
    of the deadline is over does not make them unknown."""
    with network.inside(lambda: hostile.Listener(hostile.silent)) as api:
        config = kubeconfig(monitor.directory / "kubeconfig",
                            f"https://127.0.0.1:{api.port}")
        path = jobs.write(monitor, {
            "pods": {"domains": [at.VALID]},
            "front": {"endpoints": [{"address": "one.example.com",
                                     "port": outpost.port}],
                      "domains": [at.VALID]}}, config, deadline="4s")
        result = monitor.run("--config", path, wrapper=inside)
    assert result.status == FAILED
    metrics = monitor.metrics()
    assert metrics.value("discovery_failure_info", job_name="pods",
                         reason="timeout") == 1
    assert metrics.status(job_name="front", pod="10.77.20.1") == "valid"


#: Endpoints that are none: the word that the message must have.
WRONG = [({"address": "a b", "port": 443}, "address"),
         ({"address": "", "port": 443}, "address"),
         ({"port": 443}, "address"),
         ({"address": "10.77.19.1", "port": 0}, "port"),
         ({"address": "10.77.19.1", "port": 65536}, "port"),
         ({"address": "10.77.19.1", "port": "https"}, "port"),
         ({"address": "10.77.19.1:443", "port": 443}, "address"),
         ({"adress": "10.77.19.1", "port": 443}, "address")]


@pytest.mark.parametrize("wrong, named", WRONG)
def test_endpoint_that_is_none(monitor, wrong, named):
    result = jobs.ask(monitor, None, {"endpoints": [wrong],
                                      "domains": [at.VALID]})
    assert result.status == USAGE
    assert "cem.yaml:" in result.error
    assert named in result.error and "'endpoints'" not in result.error
