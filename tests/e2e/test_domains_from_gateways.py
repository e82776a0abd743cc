# SPDX-License-Identifier: Apache-2.0
"""Domains of Gateways and of the routes that are attached to them, as the
Gateway API says: a route's names count where a listener's name admits them."""

import pytest
from support import gallery as at
from support import jobs
from support.objects import gateway, listener, route
from support.pods import pod

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"


@pytest.fixture
def config(kinds, tmp_path):
    return kinds.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def edge(kinds, gallery):
    """A namespace with a pod that no gateway claims: (its name, the job)."""
    namespace = kinds.create_namespace()
    kinds.create_pod(pod("proxy", at.POOL[0], namespace=namespace))
    return namespace, {"namespaces": [namespace], "port": gallery.port,
                       "domains_from": {
                           "gateways": {"namespaces": [namespace]}}}


#: What a listener is: the names that are probed because of it.
LISTENERS = {
    "HTTPS": (listener("l", "a.example.com"), {"a.example.com"}),
    "wildcard": (listener("l", "*.example.com"), {"*.example.com"}),
    "TLS that ends here": (listener("l", "a.example.com", "TLS"),
                           {"a.example.com"}),
    "TLS that passes": (listener("l", "a.example.com", "TLS", "Passthrough"),
                        set()),
    "HTTP": (listener("l", "a.example.com", "HTTP", port=80), set()),
    "any name": (listener("l"), set()),
}


@pytest.mark.parametrize("what", LISTENERS)
def test_names_of_listeners(monitor, config, kinds, edge, what):
    namespace, job = edge
    described, expected = LISTENERS[what]
    kinds.create(gateway(namespace, "edge", described))
    metrics = jobs.measure(monitor, config, job)
    assert metrics.domains() == expected
    assert metrics.value("discovery_success", source="gateways") == 1


def test_all_listeners_as_kubectl_has_them(monitor, config, kinds, edge):
    namespace, job = edge
    kinds.create(
        gateway(namespace, "one", listener("a", "a.example.com"),
                listener("b", "*.example.net", port=8443)),
        gateway(namespace, "two", listener("c", "c.example.com")))
    said = kinds.kubectl("get", "gateways", "-n", namespace, "-o",
                         "jsonpath={.items[*].spec.listeners[*].hostname}")
    metrics = jobs.measure(monitor, config, job)
    assert metrics.domains() == set(said.split())
    assert len(metrics.domains()) == 3


#: (the listener's name, the route's names, what is probed). The listener's
#: own is, whatever routes there are.
ATTACHED = {
    "any listener": (None, ["a.example.com", "b.example.com"],
                     {"a.example.com", "b.example.com"}),
    "any listener, wildcard": (None, ["*.example.com"], {"*.example.com"}),
    "the same": ("a.example.com", ["a.example.com"], {"a.example.com"}),
    "another": ("a.example.com", ["b.example.com"], {"a.example.com"}),
    "below a wildcard": ("*.example.com", ["a.example.com", "a.example.net"],
                         {"*.example.com", "a.example.com"}),
    "far below a wildcard": ("*.example.com", ["a.b.example.com"],
                             {"*.example.com", "a.b.example.com"}),
    "the wildcard's own": ("*.example.com", ["example.com"],
                           {"*.example.com"}),
    "a suffix is no parent": ("*.example.com", ["a.anexample.com"],
                              {"*.example.com"}),
    "wildcard of the route": ("a.example.com", ["*.example.com"],
                              {"a.example.com"}),
    "narrower wildcard": ("*.example.com", ["*.b.example.com"],
                          {"*.example.com", "*.b.example.com"}),
    "wider wildcard": ("*.b.example.com", ["*.example.com"],
                       {"*.b.example.com"}),
    "no names": ("a.example.com", [], {"a.example.com"}),
}


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
@pytest.mark.parametrize("what", ATTACHED)
def test_names_of_routes(monitor, config, kinds, edge, kind, what):
    namespace, job = edge
    admits, names, expected = ATTACHED[what]
    kinds.create(gateway(namespace, "edge", listener("l", admits)),
                 route(namespace, "route", names, "edge", kind=kind))
    assert jobs.measure(monitor, config, job).domains() == expected


def test_routes_that_are_not_attached(monitor, config, kinds, edge):
    namespace, job = edge
    kinds.create(
        gateway(namespace, "edge",
                listener("web", port=80, protocol="HTTP"),
                listener("tls", port=443),
                listener("more", port=8443),
                listener("passed", port=9443, protocol="TLS",
                         mode="Passthrough")),
        route(namespace, "by-section", ["section.example.com"],
              {"name": "edge", "sectionName": "tls"}),
        route(namespace, "by-port", ["port.example.com"],
              {"name": "edge", "port": 8443}),
        route(namespace, "two-parents", ["two.example.com"],
              {"name": "elsewhere"}, {"name": "edge"}),
        route(namespace, "cleartext", ["cleartext.example.com"],
              {"name": "edge", "sectionName": "web"}),
        route(namespace, "cleartext-port", ["cleartext-port.example.com"],
              {"name": "edge", "port": 80}),
        route(namespace, "passthrough", ["passed.example.com"],
              {"name": "edge", "sectionName": "passed"}),
        route(namespace, "no-such-section", ["no-section.example.com"],
              {"name": "edge", "sectionName": "nosuch"}),
        route(namespace, "of-another", ["another.example.com"], "another"),
        route(namespace, "of-a-service", ["mesh.example.com"],
              {"name": "edge", "kind": "Service", "group": ""}))
    assert jobs.measure(monitor, config, job).domains() == {
        "section.example.com", "port.example.com", "two.example.com"}


def test_routes_of_other_namespaces(monitor, config, kinds, edge):
    """A listener admits its own namespace's, unless it says otherwise."""
    namespace, job = edge
    apps = kinds.create_namespace()
    job["domains_from"]["gateways"]["namespaces"] = [namespace, apps]
    kinds.create(
        gateway(namespace, "open", listener("l", routes_from="All")),
        gateway(namespace, "closed", listener("l")),
        route(apps, "admitted", ["admitted.example.com"],
              {"name": "open", "namespace": namespace}),
        route(apps, "refused", ["refused.example.com"],
              {"name": "closed", "namespace": namespace}),
        route(apps, "nowhere", ["nowhere.example.com"], "open"))
    assert jobs.measure(monitor, config, job).domains() == {
        "admitted.example.com"}


def test_pods_of_one_gateway(monitor, config, kinds, edge):
    """Controllers label what they start for a Gateway; what serves all of
    them has no such label."""
    namespace, job = edge
    kinds.create(
        gateway(namespace, "one", listener("l", "one.example.com")),
        gateway(namespace, "two", listener("l", "two.example.com"),
                listener("any", port=8443)),
        route(namespace, "route", ["route.example.com"], "two"))
    kinds.create_pods(
        pod(f"of-{name}", address, namespace=namespace,
            labels={GATEWAY_NAME: name})
        for name, address in (("one", at.POOL[1]), ("two", at.POOL[2]),
                              ("nosuch", at.POOL[3])))
    path = monitor.write("domains", "file.example.com\n")
    job["domains"] = [at.VALID]
    job["domains_from"]["file"] = str(path)
    metrics = jobs.measure(monitor, config, job)
    always = {at.VALID, "file.example.com"}
    of_one, of_two = {"one.example.com"}, {"two.example.com",
                                           "route.example.com"}
    assert metrics.domains(pod="of-one") == always | of_one
    assert metrics.domains(pod="of-two") == always | of_two
    assert metrics.domains(pod="proxy") == always | of_one | of_two
    assert metrics.domains(pod="of-nosuch") == always


def test_gateways_of_the_same_name(monitor, config, kinds, edge, gallery):
    """A pod is its own namespace's gateway's."""
    namespace, job = edge
    other = kinds.create_namespace()
    for space in (namespace, other):
        kinds.create(gateway(space, "edge",
                             listener("l", f"{space}.example.com")))
        kinds.create_pod(pod(f"in-{space}", at.POOL[1], namespace=space,
                             labels={GATEWAY_NAME: "edge"}))
    job["namespaces"] = [namespace, other]
    job["domains_from"]["gateways"]["namespaces"] = [namespace, other]
    metrics = jobs.measure(monitor, config, job)
    for space in (namespace, other):
        assert metrics.domains(pod=f"in-{space}") == {f"{space}.example.com"}
