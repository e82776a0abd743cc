# SPDX-License-Identifier: Apache-2.0
"""Domains that come from Ingress objects and from a file: all of them, joined
with the configured ones; and what a source that fails costs the others."""

import re

import pytest
from support import crds, jobs
from support import gallery as at
from support.kube import NODE, READABLE, READER, ApiServer, Etcd
from support.objects import gateway, ingress, ingress_class, listener
from support.pods import pod
from support.program import FAILED, OK, USAGE

#: Every source that lists objects. The first of its resources has its name.
SOURCES = ["ingresses", "gateways", "ingressroutes", "certificates"]


@pytest.fixture
def config(kube, tmp_path):
    return kube.kubeconfig(tmp_path / "kubeconfig")


@pytest.fixture
def edge(kube, gallery):
    """A namespace of its own with one pod, and the job that probes that."""
    namespace = kube.create_namespace()
    kube.create_pod(pod("proxy", at.POOL[0], namespace=namespace))
    return {"namespaces": [namespace], "port": gallery.port}


def namespace_of(job):
    return job["namespaces"][0]


def from_ingresses(job, **how):
    where = {"namespaces": job["namespaces"], **how}
    return {**job, "domains_from": {"ingresses": where}}


# --- Ingress -----------------------------------------------------------------

@pytest.fixture
def shop(kube, edge):
    """Names under TLS and others: the job."""
    space = namespace_of(edge)
    kube.create(
        ingress(space, "two-entries", tls=[["a.example.com", "*.example.net"],
                                           ["b.example.com"]],
                hosts=["a.example.com", "plain.example.com"]),
        ingress(space, "again", tls=[["b.example.com", "c.example.com"]]),
        ingress(space, "no-tls", hosts=["cleartext.example.com"]))
    return edge


def kubectl_says(kube, job, *paths):
    """What stands at these places in the Ingresses."""
    return {name for path in paths for name in kube.kubectl(
        "get", "ingresses", "-n", namespace_of(job), "-o",
        f"jsonpath={{.items[*].{path}}}").split()}


TLS, RULES = "spec.tls[*].hosts[*]", "spec.rules[*].host"


@pytest.mark.parametrize("how, paths", [({}, [TLS]), ({"hosts": "tls"}, [TLS]),
                                        ({"hosts": "all"}, [TLS, RULES])])
def test_hosts_of_ingresses(monitor, config, kube, shop, how, paths):
    metrics = jobs.measure(monitor, config, from_ingresses(shop, **how))
    expected = kubectl_says(kube, shop, *paths)
    assert len(expected) == (4 if paths == [TLS] else 6)
    assert metrics.domains() == expected
    assert metrics.value("discovery_success", source="ingresses",
                         job_name="edge") == 1
    assert metrics.value("discovery_timestamp_seconds", source="ingresses") \
        >= int(metrics.value("run_timestamp_seconds"))


def test_tls_for_any_host(monitor, config, kube, edge):
    """Ingress API: without hosts, an entry is for whatever the rules have."""
    space = namespace_of(edge)
    kube.create(ingress(space, "any-name", tls=[[]], hosts=["*.example.org"]))
    metrics = jobs.measure(monitor, config, from_ingresses(edge))
    assert metrics.domains() == kubectl_says(kube, edge, RULES)


def test_targets_are_listed(monitor, config, kube, shop):
    result = jobs.ask(monitor, config, from_ingresses(shop), "--list-targets")
    assert result.status == OK
    for domain in kubectl_says(kube, shop, TLS):
        assert domain in result.stdout
    assert "plain.example.com" not in result.stdout


def test_options(monitor, config, kube, shop):
    space = namespace_of(shop)
    result = monitor.run("--kubeconfig", config, "--namespaces", space,
                         "--port", str(shop["port"]), "--ingress-namespaces",
                         space)
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert metrics.domains() == kubectl_says(kube, shop, TLS)
    assert {sample.labels["job_name"] for sample
            in metrics.select("certificate")} == {"cli"}


def test_ingresses_of_other_namespaces(monitor, config, kube, edge):
    """Pods and Ingresses need not live together."""
    others = [kube.create_namespace() for _ in range(3)]
    for number, space in enumerate(others):
        kube.create(ingress(space, "shop", tls=[[f"n{number}.example.com"]]))
    asked = {**edge, "domains_from": {"ingresses": {"namespaces": others[:2]}}}
    metrics = jobs.measure(monitor, config, asked)
    assert metrics.domains() == {"n0.example.com", "n1.example.com"}
    asked["domains_from"] = {"ingresses": {"namespaces": ["*"]}}
    metrics = jobs.measure(monitor, config, asked)
    assert metrics.domains() >= {f"n{number}.example.com"
                                 for number in range(3)}


@pytest.fixture
def classes(kube, edge):
    """Ingresses of each class, and one of none: (the job, the prefix of the
    classes' names, which are the cluster's)."""
    space = namespace_of(edge)
    kube.create(
        ingress(space, "by-field", tls=[["field.example.com"]],
                class_name=f"{space}-ours"),
        ingress(space, "by-annotation", tls=[["annotation.example.com"]],
                old_class=f"{space}-ours"),
        ingress(space, "other-field", tls=[["other-field.example.com"]],
                class_name=f"{space}-theirs"),
        ingress(space, "other-annotation",
                tls=[["other-annotation.example.com"]],
                old_class=f"{space}-theirs"),
        ingress(space, "without", tls=[["without.example.com"]]))
    return edge, space


def measure_class(monitor, config, job, name):
    return jobs.measure(monitor, config,
                        from_ingresses(job, **{"class": name})).domains()


def test_class_of_ingresses(monitor, config, classes):
    job, prefix = classes
    assert measure_class(monitor, config, job, f"{prefix}-ours") == {
        "field.example.com", "annotation.example.com"}
    assert measure_class(monitor, config, job, f"{prefix}-theirs") == {
        "other-field.example.com", "other-annotation.example.com"}
    assert measure_class(monitor, config, job, f"{prefix}-no-such") == set()
    everything = jobs.measure(monitor, config, from_ingresses(job))
    assert len(everything.domains()) == 5


def test_class_by_option(monitor, config, classes):
    job, prefix = classes
    result = monitor.run(
        "--kubeconfig", config, "--namespaces", prefix, "--port",
        str(job["port"]), "--ingress-namespaces", prefix, "--ingress-class",
        f"{prefix}-ours", "--domains", at.VALID)
    assert result.status == OK, result
    assert monitor.metrics().domains() == {
        at.VALID, "field.example.com", "annotation.example.com"}


def test_ingresses_without_a_class_are_the_default_one_s(
        monitor, config, kube, classes):
    """The API server fills it in in new ones, but not in old ones."""
    job, prefix = classes
    default = ingress_class(f"{prefix}-ours", is_default=True)
    other = ingress_class(f"{prefix}-theirs")
    kube.create(default, other)
    try:
        assert measure_class(monitor, config, job, f"{prefix}-ours") == {
            "field.example.com", "annotation.example.com",
            "without.example.com"}
        assert measure_class(monitor, config, job, f"{prefix}-theirs") == {
            "other-field.example.com", "other-annotation.example.com"}
    finally:
        kube.delete(default, other)


# --- A file, and all together ------------------------------------------------

def test_file(monitor, config, edge):
    path = monitor.write("domains", """\
# What the edge serves.
a.example.com

  b.example.com\t
   # and more
*.example.org
B\u00fccher.example
A.Example.COM""")
    asked = {**edge, "domains_from": {"file": str(path)}}
    metrics = jobs.measure(monitor, config, asked)
    assert metrics.domains() == {"a.example.com", "b.example.com",
                                 "*.example.org", at.IDN_ALABEL}
    assert metrics.value("discovery_success", source="file") == 1


def test_file_on_a_node(monitor, kube, gallery, tmp_path):
    """All that the kubelet's credential may list is its own pods."""
    space = kube.create_namespace()
    kube.create_pods([pod("here", at.POOL[0], namespace=space, node=NODE),
                      pod("there", at.POOL[1], namespace=space)])
    kubelet = kube.kubeconfig(
        tmp_path / "kubelet.conf",
        {"client-certificate": str(kube.node.cert),
         "client-key": str(kube.node.key)})
    path = monitor.write("domains", f"{at.VALID}\n")
    metrics = jobs.measure(monitor, kubelet, {
        "namespaces": [space], "node": "@self", "port": gallery.port,
        "domains_from": {"file": str(path)}})
    assert metrics.probed() == {"here"}
    assert metrics.status(domain=at.VALID) == "valid"


def test_sources_are_joined_and_filtered(monitor, config, kube, edge):
    kube.create(ingress(
        namespace_of(edge), "shop", tls=[[
            "shop.example.com", "both.example.com", "internal.example.com",
            "x.internal.example.com", "dropped.example.com"]]))
    path = monitor.write("domains", "both.example.com\nfile.example.com\n"
                         "dropped.example.com\nx.internal.example.com\n")
    asked = from_ingresses(edge)
    asked["domains_from"]["file"] = str(path)
    asked["domains"] = [at.VALID, "both.example.com", "dropped.example.com"]
    asked["ignored_domains"] = ["/^x\\.internal\\./", "dropped.example.com"]
    metrics = jobs.measure(monitor, config, asked)
    assert metrics.domains() == {
        at.VALID, "both.example.com", "shop.example.com", "file.example.com",
        "internal.example.com"}
    assert metrics.status(domain=at.VALID) == "valid"


def test_no_domain_at_all_is_no_failure(monitor, config, edge):
    metrics = jobs.measure(monitor, config, from_ingresses(edge))
    assert not metrics.select("certificate")
    assert metrics.value("matching_pods", ns=namespace_of(edge)) == 1
    assert metrics.value("discovery_success", source="ingresses") == 1


@pytest.mark.parametrize("wrong, named", [
    ({"ingresses": {"namespaces": ["a"], "hosts": "some"}}, "hosts"),
    ({"ingresses": {"namespace": ["a"]}}, "namespaces"),
    ({"ingresse": {"namespaces": ["a"]}}, "ingresses")])
def test_wrong_keys(monitor, config, edge, wrong, named):
    result = jobs.ask(monitor, config, {**edge, "domains_from": wrong})
    assert result.status == USAGE
    assert re.search(rf"cem\.yaml:\d+.*{named}", result.error)


# --- Sources that fail, and kinds that are not there -------------------------

def of_source(job, source):
    where = {"namespaces": job["namespaces"]}
    return {**job, "domains": [at.VALID], "domains_from": {source: where}}


def check_the_rest_is_probed(metrics, source, **pair):
    """The source alone has failed."""
    assert metrics.status(domain=at.VALID, **pair) == "valid"
    assert metrics.value("discovery_success", source="pods") == 1
    assert metrics.value("discovery_success", source=source) == 0
    failure, = metrics.select("discovery_failure_info")
    assert failure.labels["source"] == source
    assert metrics.value("run_success") == 0
    return failure.labels


@pytest.mark.parametrize("source", SOURCES)
def test_source_that_is_forbidden(monitor, kinds, gallery, tmp_path, source):
    kinds.create_pod(pod(f"beside-{source}", at.POOL[1], namespace=READABLE,
                         labels={"test": source}))
    reader = kinds.kubeconfig(tmp_path / "reader", {"token": READER})
    asked = of_source({"namespaces": [READABLE], "port": gallery.port,
                       "labels": f"test={source}"}, source)
    result = jobs.ask(monitor, reader, asked)
    assert result.status == FAILED
    said = check_the_rest_is_probed(monitor.metrics(), source,
                                    pod=f"beside-{source}")
    assert (said["ns"], said["reason"]) == (READABLE, "forbidden")
    assert f'cannot list resource "{source}"' in result.stderr
    assert READER not in result.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An API server with nothing but what is built in."""
    directory = tmp_path_factory.mktemp("bare")
    with Etcd(directory / "etcd") as etcd, \
            ApiServer(directory / "apiserver", etcd) as server:
        server.create_pod(pod("proxy", at.POOL[0]))
        yield server


@pytest.mark.parametrize("source", SOURCES[1:])
def test_kind_that_the_cluster_does_not_have(monitor, bare, gallery, tmp_path,
                                             source):
    asked = of_source({"namespaces": ["default"], "port": gallery.port},
                      source)
    config = bare.kubeconfig(tmp_path / "bare")
    result = jobs.ask(monitor, config, asked, "--log-level", "info")
    assert result.status == OK, result
    assert source in result.stderr
    metrics = monitor.metrics()
    assert metrics.domains() == {at.VALID}
    assert metrics.value("discovery_success", source=source) == 1
    assert not metrics.select("discovery_failure_info")
    assert not jobs.ask(monitor, config, asked).stderr, "that is no warning"


def test_cluster_with_a_part_of_the_gateway_api(monitor, bare, gallery,
                                                tmp_path):
    """As releases were before GRPCRoute."""
    parts = [name for name in crds.GATEWAY_API if "grpc" not in name]
    crds.install(bare, *parts)
    try:
        bare.create(gateway("default", "edge",
                            listener("a", "a.example.com")))
        asked = of_source({"namespaces": ["default"], "port": gallery.port},
                          "gateways")
        metrics = jobs.measure(
            monitor, bare.kubeconfig(tmp_path / "bare"), asked)
        assert metrics.domains() == {at.VALID, "a.example.com"}
        assert metrics.value("discovery_success", source="gateways") == 1
    finally:
        crds.remove(bare, *parts)


@pytest.mark.parametrize("what", ["missing", "a directory"])
def test_file_that_cannot_be_read(monitor, config, edge, tmp_path, what):
    path = tmp_path / "domains"
    if what == "a directory":
        path.mkdir()
    asked = {**edge, "domains": [at.VALID],
             "domains_from": {"file": str(path)}}
    result = jobs.ask(monitor, config, asked)
    assert result.status == FAILED
    assert str(path) in result.error
    said = check_the_rest_is_probed(monitor.metrics(), "file")
    assert said["reason"] == "invalid"
