# SPDX-License-Identifier: Apache-2.0
"""Which pods of a real API server are probed, and where."""

import socket
from urllib.parse import parse_qs, urlsplit

import pytest
from support import gallery as at
from support.kube import NODE
from support.pods import pod
from support.ports import free_port
from support.processes import eventually
from support.program import OK

SKIPPED = ["not_running", "not_ready", "terminating", "no_address",
           "no_such_port"]

#: An address where nobody listens: a pod that must not be probed there.
NOWHERE = "127.85.0.1"


def states(namespace, port):
    """Pods in every state: [(pod, why it is skipped, or None)]."""
    def make(name, address, **more):
        return pod(name, address, namespace=namespace,
                   **{"ports": {"tls": port}, **more})
    return [
        (make("running", at.POOL[0]), None),
        (make("two-addresses", None, addresses=[at.POOL[1], "fd00:db8::1"]),
         None),
        (make("six-first", None, addresses=[at.V6, "203.0.113.1"]), None),
        (make("host-network", at.POOL[2], host_network=True,
              ports={"tls": (port, port)}, host_address=at.POOL[2]), None),
        (make("not-ready", at.POOL[3], ready=False), "not_ready"),
        (make("pending", None, phase="Pending", ready=False), "not_running"),
        (make("succeeded", at.POOL[4], phase="Succeeded", ready=False),
         "not_running"),
        (make("failed", at.POOL[5], phase="Failed", ready=False),
         "not_running"),
        (make("terminating", at.POOL[6], deleting=True), "terminating"),
        (make("no-address", None), "no_address"),
        (make("no-such-port", at.POOL[7], ports={"http": port}),
         "no_such_port"),
        (make("no-ports", at.POOL[8], ports={}), "no_such_port"),
    ]


@pytest.fixture(scope="module")
def world(kube, gallery):
    """A namespace with pods in every state."""
    namespace = kube.create_namespace()
    everything = states(namespace, gallery.port)
    kube.create_pods([each for each, _ in everything])
    return namespace, {each["metadata"]["name"]: reason
                       for each, reason in everything}


@pytest.fixture
def config(kube, tmp_path):
    """A kubeconfig of an administrator."""
    return kube.kubeconfig(tmp_path / "kubeconfig")


def measure(monitor, config, *args):
    result = monitor.run("--kubeconfig", config, "--domains", at.VALID, *args)
    assert result.status == OK, result
    return monitor.metrics()


def test_pods_in_every_state(monitor, config, world):
    namespace, pods = world
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", "tls")
    assert metrics.probed() == {name for name, reason in pods.items()
                                if reason is None}
    assert metrics.value("matching_pods", ns=namespace) == len(pods)
    for reason in SKIPPED:
        assert metrics.value("skipped_pods", ns=namespace, reason=reason) == (
            list(pods.values()).count(reason))
    assert metrics.value("discovery_success", source="pods") == 1
    assert not metrics.select("discovery_failure_info")
    assert metrics.value("pairs", status="valid") == len(metrics.probed())


def test_unready_pods_on_demand(monitor, config, world):
    namespace, pods = world
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", "tls", "--unready")
    assert metrics.probed() == {name for name, reason in pods.items()
                                if reason in (None, "not_ready")}
    assert metrics.status(pod="not-ready") == "valid"
    assert metrics.value("skipped_pods", reason="not_ready") == 0


def test_port_by_number_needs_no_name(monitor, config, world, gallery):
    namespace, pods = world
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", str(gallery.port))
    assert metrics.probed() == {name for name, reason in pods.items()
                                if reason in (None, "no_such_port")}
    assert {sample.labels["port"] for sample
            in metrics.select("certificate")} == {str(gallery.port)}


def test_labels_of_a_pair(monitor, config, world):
    namespace, _ = world
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", "tls")
    assert metrics.select("probe_success", pod="running")[0].labels == {
        "job_name": "cli", "ns": namespace, "pod": "running",
        "domain": at.VALID, "port": "tls"}


@pytest.mark.slow
def test_pods_of_1200_come_in_three_pages(monitor, config, kube, crowd):
    namespace = kube.create_namespace()
    kube.create_pods([pod(f"pod-{number}", address, namespace=namespace)
                      for number, address in enumerate(crowd.addresses)])
    before = kube.audit_log.stat().st_size
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", str(crowd.port), "--concurrency", "128")
    assert metrics.probed() == kube.pod_names("-n", namespace)
    assert metrics.value("matching_pods", ns=namespace) == 1200
    assert metrics.value("pairs", status="valid") == 1200
    requests = eventually(lambda: requests_since(kube, before, 3),
                          "three requests in the audit log")
    assert [request["limit"] for request in requests] == [["500"]] * 3
    assert ["continue" in request for request in requests] == [
        False, True, True]


def requests_since(kube, offset, count):
    """Queries of the program's lists, once there are that many."""
    queries = [parse_qs(urlsplit(event["requestURI"]).query)
               for event in kube.audited(since=offset)]
    return queries if len(queries) >= count else None


def test_list_targets_says_whom_it_asked_and_sums_up(monitor, config, kube,
                                                     world):
    """What people want to see before they trust it."""
    namespace, pods = world
    result = monitor.run("--kubeconfig", config, "--namespaces", namespace,
                         "--port", "tls", "--domains", f"{at.VALID},b.example",
                         "--list-targets")
    assert result.status == OK, result
    probed = list(pods.values()).count(None)
    api, matching, product, total = result.stdout.splitlines()[-4:]
    assert api == (f"API server: {kube.url}, by context 'test' of {config}")
    assert matching.startswith(f"cli: {namespace}: {len(pods)} pods matching, ")
    assert product == (f"cli: {probed} endpoints, 2 domains: "
                       f"{2 * probed} pairs")
    assert total == f"{2 * probed} pairs in all"


# Which pods are selected

@pytest.fixture(scope="module")
def two_namespaces(kube, gallery):
    """Two namespaces, with labels that no other test's pods have."""
    first, second = kube.create_namespace(), kube.create_namespace()
    kube.create_pods(
        pod(name, at.POOL[number], namespace=namespace, node=node,
            labels={"test": "selection", "tier": tier, "app": name})
        for number, (name, namespace, tier, node) in enumerate([
            ("a", first, "front", NODE), ("b", first, "back", "other"),
            ("c", second, "front", "other"), ("d", second, "edge", NODE)]))
    return first, second


@pytest.mark.parametrize("selector", [
    "test=selection", "test=selection,tier=front",
    "test==selection,tier!=front", "test=selection,tier in (front,edge)",
    "test=selection,tier notin (front, edge)", "test=selection,!nosuch",
    "test=selection,tier,app in (a,b,c)", "test=nothing"])
def test_selectors_mean_what_kubectl_means(monitor, config, kube, gallery,
                                           two_namespaces, selector):
    metrics = measure(monitor, config, "--namespaces", "*", "--labels",
                      selector, "--port", str(gallery.port))
    assert metrics.probed() == kube.pod_names("-A", "-l", selector)


def test_several_namespaces(monitor, config, gallery, two_namespaces):
    first, second = two_namespaces
    for args in (("--namespaces", f"{first},{second}"),
                 ("--namespaces", first, f"--namespaces={second}")):
        metrics = measure(monitor, config, *args, "--port", str(gallery.port))
        assert metrics.probed() == {"a", "b", "c", "d"}
        for namespace in two_namespaces:
            assert metrics.value("matching_pods", ns=namespace,
                                 job_name="cli") == 2


def test_all_namespaces(monitor, config, gallery, two_namespaces):
    metrics = measure(monitor, config, "--namespaces", "*", "--labels",
                      "test=selection", "--port", str(gallery.port))
    assert metrics.probed() == {"a", "b", "c", "d"}
    assert {sample.labels["ns"]: sample.value for sample
            in metrics.select("matching_pods")} == dict.fromkeys(
                two_namespaces, 2)


def test_namespace_that_does_not_exist(monitor, config):
    """The API answers with an empty list, and so do we, in words."""
    metrics = measure(monitor, config, "--namespaces", "no-such-namespace")
    assert metrics.value("matching_pods", ns="no-such-namespace") == 0
    for reason in SKIPPED:
        assert metrics.value("skipped_pods", ns="no-such-namespace",
                             reason=reason) == 0
    assert metrics.value("discovery_success") == 1
    said = monitor.run("--kubeconfig", config, "--domains", at.VALID,
                       "--namespaces", "no-such-namespace",
                       "--log-level", "info")
    assert "no-such-namespace" in said.stderr


def test_no_pod_in_any_namespace(monitor, config):
    metrics = measure(monitor, config, "--namespaces", "*",
                      "--labels", "test=nothing")
    assert [(sample.labels["ns"], sample.value) for sample
            in metrics.select("matching_pods")] == [("", 0)]


def test_default_namespace(monitor, config, kube, gallery):
    kube.create_pod(pod("in-default", at.POOL[9], labels={"test": "default"}))
    metrics = measure(monitor, config, "--labels", "test=default",
                      "--port", str(gallery.port))
    assert metrics.probed() == {"in-default"}
    assert metrics.value("matching_pods", ns="default") == 1


# One node

def test_pods_of_one_node(monitor, config, kube, gallery, two_namespaces):
    before = kube.audit_log.stat().st_size
    metrics = measure(monitor, config, "--namespaces", "*", "--node", NODE,
                      "--labels", "test=selection", "--port",
                      str(gallery.port))
    assert metrics.probed() == {"a", "d"}
    request, = eventually(lambda: requests_since(kube, before, 1),
                          "the request in the audit log")
    # From the cache: a thousand nodes that poll must not be felt.
    assert request["resourceVersion"] == ["0"]
    assert request["fieldSelector"] == [f"spec.nodeName={NODE}"]


def test_what_compares_pods_is_left_out_for_one_node(
        monitor, config, gallery, two_namespaces):
    metrics = measure(monitor, config, "--namespaces", "*", "--node", NODE,
                      "--labels", "test=selection", "--port",
                      str(gallery.port))
    assert not metrics.select("cert_renewal_lag_seconds")
    assert not metrics.select("distinct_certs")
    metrics = measure(monitor, config, "--namespaces", "*",
                      "--labels", "test=selection", "--port",
                      str(gallery.port))
    assert metrics.select("cert_renewal_lag_seconds")
    assert metrics.select("distinct_certs")


@pytest.mark.parametrize("scope", ["namespace", "cluster"])
def test_kubelet_credential_lists_its_own_pods(monitor, kube, gallery,
                                               two_namespaces, tmp_path,
                                               scope):
    """Under the Node authorizer nothing needs to be granted."""
    config = kube.kubeconfig(
        tmp_path / "kubelet.conf",
        {"client-certificate": str(kube.node.cert),
         "client-key": str(kube.node.key)})
    first, second = two_namespaces
    metrics = measure(
        monitor, config, "--node", "@self", "--namespaces",
        "*" if scope == "cluster" else f"{first},{second}",
        "--labels", "test=selection", "--port", str(gallery.port))
    assert metrics.probed() == {"a", "d"}


def test_self_is_the_host_for_other_credentials(monitor, config, kube,
                                                gallery):
    namespace = kube.create_namespace()
    kube.create_pods([
        pod("here", at.POOL[0], namespace=namespace,
            node=socket.gethostname().lower()),
        pod("elsewhere", at.POOL[1], namespace=namespace, node="elsewhere")])
    metrics = measure(monitor, config, "--namespaces", namespace, "--node",
                      "@self", "--port", str(gallery.port))
    assert metrics.probed() == {"here"}


# The node's address instead of the pod's

def test_host_address(monitor, config, kube, gallery):
    namespace = kube.create_namespace()
    kube.create_pods([
        pod("declares", NOWHERE, namespace=namespace,
            host_address=at.HOSTS[0],
            ports={"tls": (8443, gallery.host_port)}),
        pod("same-number", NOWHERE, namespace=namespace,
            host_address=at.HOSTS[1], ports={"tls": gallery.host_port}),
        pod("no-node-address", at.POOL[0], namespace=namespace,
            ports={"tls": (8443, free_port())})])
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--host-ip", "--port", "tls")
    assert metrics.probed() == {"declares", "same-number"}
    assert metrics.value("skipped_pods", reason="no_address") == 1
    assert metrics.status(pod="declares") == "valid"
    assert metrics.status(pod="same-number") == "valid"


def test_named_ports_may_differ_from_pod_to_pod(monitor, config, kube,
                                                gallery):
    """As during a roll-out: the label stays the name."""
    namespace = kube.create_namespace()
    kube.create_pods([
        pod("old", at.POOL[0], namespace=namespace,
            ports={"web": 80, "tls": gallery.port}),
        pod("new", at.HOSTS[0], namespace=namespace,
            ports={"tls": gallery.host_port})])
    metrics = measure(monitor, config, "--namespaces", namespace,
                      "--port", "tls")
    assert metrics.value("pairs", status="valid") == 2
    assert {sample.labels["port"] for sample
            in metrics.select("certificate")} == {"tls"}


def test_api_server_sees_who_asks(monitor, config, kube, program):
    namespace = kube.create_namespace()
    before = kube.audit_log.stat().st_size
    measure(monitor, config, "--namespaces", namespace)
    version = program.run("--version").stdout.split()[1]
    events = eventually(lambda: kube.audited(since=before), "an audit event")
    assert {event["userAgent"] for event in events} == {
        f"certificate-expiry-monitor/{version}"}
