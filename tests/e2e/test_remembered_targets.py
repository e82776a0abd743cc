# SPDX-License-Identifier: Apache-2.0
"""When the API cannot be asked, the last good list is probed: an alert that
needs the API to be up would miss what breaks together with it."""

import time

import pytest
from support import gallery as at
from support import jobs
from support.kube import READABLE, READER
from support.nginx import Nginx
from support.objects import ingress
from support.pods import pod
from support.ports import free_port
from support.processes import eventually
from support.program import FAILED, OK


@pytest.fixture
def config(kube, gate, tmp_path):
    """A kubeconfig that leads through the gate."""
    return kube.kubeconfig(tmp_path / "kubeconfig",
                           cluster={"server": gate.url})


@pytest.fixture
def space(kube):
    return kube.create_namespace()


@pytest.fixture
def job(kube, gallery, space):
    """Of two good pods and one that is skipped."""
    kube.create_pods([pod("a", at.POOL[0], namespace=space),
                      pod("b", at.POOL[1], namespace=space),
                      pod("c", at.POOL[2], namespace=space, ready=False)])
    return {"namespaces": [space], "port": gallery.port,
            "domains": [at.VALID]}


def listed_at(metrics, source="pods"):
    return metrics.value("discovery_timestamp_seconds", source=source)


def check_stands_in(metrics, listed, reason="unreachable"):
    """The API said nothing, and nothing has vanished."""
    assert metrics.value("discovery_success", source="pods") == 0
    assert metrics.words("discovery_failure_info", "reason",
                         source="pods") == [reason]
    assert listed_at(metrics) == listed
    assert metrics.value("run_success") == 0


def check_nothing_stands_in(metrics):
    assert metrics.value("discovery_success", source="pods") == 0
    for family in ("certificate", "matching_pods", "skipped_pods",
                   "discovery_timestamp_seconds"):
        assert not metrics.select(family), family


# --- The list stands in ------------------------------------------------------

def test_api_that_is_down(monitor, config, gate, job, space):
    before = jobs.measure(monitor, config, job)
    listed = listed_at(before)
    gate.shut()
    for _ in range(2):
        result = jobs.ask(monitor, config, job)
        assert result.status == FAILED
        assert str(gate.port) in result.stderr
        metrics = monitor.metrics()
        check_stands_in(metrics, listed)
        for name in ("a", "b"):
            assert metrics.verdict(pod=name, ns=space) == ("valid", 1, None)
        assert metrics.probed() == before.probed()
        assert metrics.value("matching_pods", ns=space) == 3
        assert metrics.value("skipped_pods", ns=space,
                             reason="not_ready") == 1
    gate.open()
    metrics = jobs.measure(monitor, config, job)
    assert metrics.value("discovery_success", source="pods") == 1
    assert not metrics.select("discovery_failure_info")
    assert listed_at(metrics) > listed


def test_token_that_is_refused(monitor, config, gate, kube, job):
    listed = listed_at(jobs.measure(monitor, config, job))
    refused = kube.kubeconfig(config, {"token": "wrong"},
                              cluster={"server": gate.url})
    metrics = jobs.measure(monitor, refused, job, status=FAILED)
    check_stands_in(metrics, listed, "unauthorized")
    assert metrics.probed() == {"a", "b"}


def test_kubeconfig_that_is_broken(monitor, config, job):
    """Until it is mended, the server is the one that it named."""
    listed = listed_at(jobs.measure(monitor, config, job))
    text = config.read_text()
    for broken in ("", "["):
        config.write_text(broken)
        metrics = jobs.measure(monitor, config, job, status=FAILED)
        check_stands_in(metrics, listed, "invalid")
        assert metrics.probed() == {"a", "b"}
    config.unlink()
    metrics = jobs.measure(monitor, config, job, status=FAILED)
    check_stands_in(metrics, listed, "invalid")
    config.write_text(text)
    jobs.measure(monitor, config, job)


def test_another_cluster_has_no_list(monitor, config, gate, kube, job):
    """Its pods are others, whatever they are called."""
    jobs.measure(monitor, config, job)
    gate.shut()
    other = kube.kubeconfig(config, cluster={"server": gate.url + "/other"})
    check_nothing_stands_in(jobs.measure(monitor, other, job, status=FAILED))


def test_first_run_has_no_list(monitor, config, gate, job):
    gate.shut()
    check_nothing_stands_in(jobs.measure(monitor, config, job, status=FAILED))


def test_empty_list_is_one_too(monitor, config, gate, gallery, space):
    empty = {"namespaces": [space], "port": gallery.port,
             "domains": [at.VALID]}
    listed = listed_at(jobs.measure(monitor, config, empty))
    gate.shut()
    metrics = jobs.measure(monitor, config, empty, status=FAILED)
    check_stands_in(metrics, listed)
    assert metrics.value("matching_pods", ns=space) == 0


def test_targets_of_old_are_listed(monitor, config, gate, job):
    jobs.measure(monitor, config, job)
    gate.shut()
    result = jobs.ask(monitor, config, job, "--list-targets")
    assert result.status == FAILED
    assert at.POOL[0] in result.stdout
    assert "ago is used" in result.error


def test_domains_stand_in_as_well(monitor, config, kube, gate, job, space):
    """They were due, as the failure made them."""
    kube.create(ingress(space, "shop", tls=[["shop.example.com"]]))
    job["domains_from"] = {"ingresses": {"namespaces": [space]}}
    listed = listed_at(jobs.measure(monitor, config, job), "ingresses")
    gate.shut()
    metrics = jobs.measure(monitor, config, job, status=FAILED)
    assert metrics.domains() == {at.VALID, "shop.example.com"}
    assert listed_at(metrics, "ingresses") == listed


# --- Until it is too old -----------------------------------------------------

MAX_AGE_SECONDS = 2


def test_list_that_is_too_old_is_dropped(monitor, config, gate, job):
    keys = {"discovery_max_age": f"{MAX_AGE_SECONDS}s"}
    listed = listed_at(jobs.measure(monitor, config, job, keys=keys))
    gate.shut()
    eventually(lambda: time.time() > listed + MAX_AGE_SECONDS + 0.1,
               "the end of its time")
    metrics = jobs.measure(monitor, config, job, keys=keys, status=FAILED)
    check_nothing_stands_in(metrics)
    gate.open()
    metrics = jobs.measure(monitor, config, job, keys=keys)
    assert metrics.probed() == {"a", "b"}


@pytest.mark.parametrize("change", [
    {"labels": "app=other"}, {"namespaces": ["default"]},
    {"node": "node-b"}, {"namespaces": ["*"]}])
def test_list_of_another_selection(monitor, config, gate, job, change):
    jobs.measure(monitor, config, job)
    gate.shut()
    metrics = jobs.measure(monitor, config, {**job, **change}, status=FAILED)
    check_nothing_stands_in(metrics)


def test_list_of_another_job(monitor, config, gate, job):
    path = jobs.write(monitor, {"edge": job}, config)
    assert monitor.run("--config", path).status == OK
    gate.shut()
    others = {**job, "labels": "app=other"}
    path = jobs.write(monitor, {"edge": job, "other": others}, config)
    assert monitor.run("--config", path).status == FAILED
    metrics = monitor.metrics()
    assert {sample.labels["job_name"] for sample
            in metrics.select("certificate")} == {"edge"}
    assert metrics.select("matching_pods", job_name="edge")
    assert not metrics.select("matching_pods", job_name="other")


def test_what_is_probed_there_may_change(monitor, config, gate, job):
    """Domains and the like are no part of the selection."""
    jobs.measure(monitor, config, job)
    gate.shut()
    changed = {**job, "domains": [at.VALID, at.SOON]}
    metrics = jobs.measure(monitor, config, changed, status=FAILED)
    assert metrics.probed() == {"a", "b"}
    assert metrics.status(pod="a", domain=at.SOON) == "valid"


# --- An address may be another's by now --------------------------------------

@pytest.fixture
def moving(kube, gallery, space):
    """A pod, and a function that has its address serve a certificate, in a
    context: (the job, the function)."""
    address, port = "127.86.0.1", free_port()
    kube.create_pods([
        pod("stays", at.POOL[0], namespace=space,
            ports={"tls": gallery.port}),
        pod("moves", address, namespace=space, ports={"tls": port})])

    def serve(domain, directory):
        server = Nginx(directory)
        server.port = port
        server.add([address], gallery.certificates[domain])
        return server
    return {"namespaces": [space], "port": "tls",
            "domains": [at.VALID]}, serve


#: What the address serves when the API is down, or None: then nobody listens.
#: What is said of the pair then, and what would be if the API were up.
LATER = {
    "refused": (None, (None, 0, "stale_target"),
                ("notfound", 0, "connect_refused")),
    "another name": (at.WRONG_NAME, (None, 1, "stale_target"),
                     ("notfound", 1, "name_mismatch")),
    "the same": (at.VALID, ("valid", 1, None), ("valid", 1, None)),
}


@pytest.mark.parametrize("what", LATER)
def test_address_that_may_be_another_s(monitor, config, gate, moving,
                                       tmp_path, what):
    job, serve = moving
    domain, stale, fresh = LATER[what]
    with serve(at.VALID, tmp_path / "first"):
        before = jobs.measure(monitor, config, job)
        assert before.value("pairs", status="valid") == 2

    def look(directory, status):
        if domain is None:
            return jobs.measure(monitor, config, job, status=status)
        with serve(domain, tmp_path / directory):
            return jobs.measure(monitor, config, job, status=status)
    gate.shut()
    metrics = look("second", FAILED)
    assert metrics.verdict(pod="moves") == stale
    assert metrics.verdict(pod="stays") == ("valid", 1, None)
    assert metrics.value("pairs", status="none") == (stale[0] is None)
    assert metrics.value("pairs", status="notfound") == 0
    gate.open()
    metrics = look("third", OK)
    assert metrics.verdict(pod="moves") == fresh


def test_certificate_that_has_expired_is_no_stranger_s(
        monitor, config, gate, moving, gallery, tmp_path):
    """It names the domain: whoever has the address now, that is bad."""
    job, serve = moving
    job["domains"] = [at.EXPIRED]
    with serve(at.EXPIRED, tmp_path / "nginx"):
        jobs.measure(monitor, config, job)
        gate.shut()
        metrics = jobs.measure(monitor, config, job, status=FAILED)
    assert metrics.verdict(pod="moves") == ("expired", 1, None)


# --- A part of it ------------------------------------------------------------

def test_namespace_that_has_become_forbidden(monitor, config, kube, gate,
                                             gallery, space):
    """The others are as fresh as ever."""
    label, closed = {"test": space}, free_port()

    def make(name, address, namespace, port=gallery.port):
        kube.create_pod(pod(f"{space}-{name}", address, namespace=namespace,
                            labels=label, ports={"tls": port}))
    make("old", at.POOL[0], space)
    make("old-dead", at.POOL[1], space, closed)
    make("fresh", at.POOL[0], READABLE)
    asked = {"namespaces": [space, READABLE], "labels": f"test={space}",
             "port": "tls", "domains": [at.VALID]}
    before = jobs.measure(monitor, config, asked)
    assert before.reason(pod=f"{space}-old-dead") == "connect_refused"
    make("unseen", at.POOL[2], space)
    make("new", at.POOL[2], READABLE)
    make("new-dead", at.POOL[3], READABLE, closed)
    reader = kube.kubeconfig(config, {"token": READER},
                             cluster={"server": gate.url})
    metrics = jobs.measure(monitor, reader, asked, status=FAILED)
    check_stands_in(metrics, listed_at(before), "forbidden")
    assert metrics.value("discovery_failure_info", ns=space) == 1
    assert metrics.probed() == {f"{space}-{name}" for name in (
        "old", "old-dead", "fresh", "new", "new-dead")}
    for name in ("old", "fresh", "new"):
        assert metrics.status(pod=f"{space}-{name}") == "valid"
    assert metrics.reason(pod=f"{space}-old-dead") == "stale_target"
    assert metrics.reason(pod=f"{space}-new-dead") == "connect_refused"
    assert metrics.value("matching_pods", ns=space) == 2
    assert metrics.value("matching_pods", ns=READABLE) == 3


def test_part_that_stays_forbidden_ages(monitor, config, kube, gate, gallery,
                                        space):
    """Good runs of the other part do not make it younger."""
    kube.create_pod(pod(f"{space}-old", at.POOL[0], namespace=space))
    keys = {"discovery_max_age": f"{MAX_AGE_SECONDS}s"}
    asked = {"namespaces": [space, READABLE], "labels": f"!no-{space}",
             "port": gallery.port, "domains": [at.VALID]}
    listed = listed_at(jobs.measure(monitor, config, asked, keys=keys))
    reader = kube.kubeconfig(config, {"token": READER},
                             cluster={"server": gate.url})
    jobs.measure(monitor, reader, asked, keys=keys, status=FAILED)
    eventually(lambda: time.time() > listed + MAX_AGE_SECONDS + 0.1,
               "the end of its time")
    metrics = jobs.measure(monitor, reader, asked, keys=keys, status=FAILED)
    assert f"{space}-old" not in metrics.probed()
    assert not metrics.select("matching_pods", ns=space)
    assert metrics.select("matching_pods", ns=READABLE)
