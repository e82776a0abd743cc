# SPDX-License-Identifier: Apache-2.0
"""The manifests of kubernetes/ on a real API server: taken without a warning,
no right too few and none too many, and what they say works when it is run."""

import contextlib
import json
import re
import shutil
import signal
from pathlib import Path

import pytest
from support import gallery as at
from support.documentation import yaml_blocks
from support.exposition import PREFIX, Exposition
from support.kube import NODE
from support.kubeconfig import inline
from support.kubelet import Kubelet
from support.manifests import (CONFIGURATION, MANIFESTS, NAME, SOURCES,
                               Rendered, applied, attempt, overlay, token,
                               with_namespaces)
from support.pods import pod
from support.ports import free_port
from support.processes import eventually
from support.program import FAILED, OK
from support.prometheus import Prometheus
from support.requirements import require

VARIANTS = ["central", "daemonset", "daemonset-kubelet"]

#: What the program lists, by the component of kubernetes/components that
#: grants it: (API group, resource). A new kind is a line here and a component.
NEEDS = {
    "pods": [("", "pods")],
    "endpointslices": [("discovery.k8s.io", "endpointslices")],
    "ingresses": [("networking.k8s.io", "ingresses"),
                  ("networking.k8s.io", "ingressclasses")],
    "gateways": [("gateway.networking.k8s.io", "gateways"),
                 ("gateway.networking.k8s.io", "httproutes"),
                 ("gateway.networking.k8s.io", "grpcroutes")],
    "ingressroutes": [("traefik.io", "ingressroutes"),
                      ("traefik.containo.us", "ingressroutes")],
    "certificates": [("cert-manager.io", "certificates")],
}
#: Those that a variant does not have already.
MORE_RIGHTS = [name for name in NEEDS if name != "pods"]

#: Components that grant nothing.
OTHERS = ["podmonitor", "kube-prometheus"]


@pytest.fixture(scope="module")
def cluster(kube):
    return with_namespaces(kube)


@pytest.fixture
def rendered(cluster, tmp_path):
    """Renders a variant with components, in a namespace of the test's own if
    it wants one."""
    def render(variant, *components, **more):
        return Rendered(cluster, overlay(tmp_path / "overlay", variant,
                                         *components, **more))
    return render


def test_every_component_is_tested():
    assert ({path.name for path in (MANIFESTS / "components").iterdir()}
            == {*NEEDS, *OTHERS})
    assert ({path.name for path in MANIFESTS.iterdir() if path.is_dir()}
            == {*VARIANTS, "base", "node", "components"})


@pytest.mark.parametrize("variant", VARIANTS)
def test_server_takes_variant_as_shipped(cluster, variant):
    said = applied(cluster, MANIFESTS / variant)
    kind = "deployment" if variant == "central" else "daemonset"
    assert f"{kind}.apps/{NAME} created" in said


@pytest.mark.parametrize("variant,component", [
    *((variant, component) for variant in ("central", "daemonset")
      for component in MORE_RIGHTS),
    ("central", "podmonitor")])
def test_server_takes_component(cluster, tmp_path, variant, component):
    applied(cluster, overlay(tmp_path / "overlay", variant, component))


@pytest.mark.parametrize("variant", VARIANTS)
def test_pods_conform_to_their_namespace(cluster, rendered, variant):
    """The namespace is made for real, with the labels that it is shipped
    with; then the server is to take the workload and a pod of it."""
    name = f"level-{variant}"
    objects = rendered(variant, namespace=name)
    namespace = objects.one("Namespace")
    assert namespace["metadata"]["name"] == name
    cluster.ask("POST", "/api/v1/namespaces", namespace)
    template = objects.workload()["spec"]["template"]
    assert objects.workload()["metadata"]["namespace"] == name
    one = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
           "metadata": {**template["metadata"], "name": "one",
                        "namespace": name}}
    for each in (objects.workload(), one):
        done = attempt(cluster, "create", "--dry-run=server",
                       "--warnings-as-errors", "-f", "-",
                       text=json.dumps(each))
        assert (done.returncode, done.stderr) == (0, "")


def test_central_is_restricted(rendered):
    labels = rendered("central").one("Namespace")["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


@pytest.mark.parametrize("variant", VARIANTS)
def test_namespace_of_ones_own(rendered, variant):
    """Also the one that stands in the binding."""
    objects = rendered(variant, *(MORE_RIGHTS if variant != VARIANTS[2]
                                  else ()), namespace="ours")
    spaces = {each["metadata"].get("namespace") for each in objects.objects}
    assert spaces <= {"ours", None}
    for binding in objects.all("ClusterRoleBinding"):
        assert binding["subjects"] == [{
            "kind": "ServiceAccount", "name": NAME, "namespace": "ours"}]


def test_kubelet_variant_grants_nothing(rendered):
    objects = rendered("daemonset-kubelet")
    assert not [each for each in objects.objects
                if each["apiVersion"].startswith("rbac.")]
    assert not objects.pod()["automountServiceAccountToken"]


def test_image_has_the_version_of_the_program(rendered, program):
    version = program.run("--version").stdout.split()[1]
    for variant in VARIANTS:
        image = rendered(variant).container()["image"]
        assert image == f"{NAME}:{version}"


# The configuration

@pytest.mark.parametrize("variant", VARIANTS)
def test_shipped_configuration_is_good(rendered, program, tmp_path, variant):
    objects = rendered(variant)
    volume, = (each for each in objects.pod()["volumes"]
               if each["name"] == "configuration")
    path = tmp_path / CONFIGURATION
    path.write_text(objects.file(volume["configMap"]["name"], CONFIGURATION))
    node = next(each for each in objects.container()["env"]
                if each["name"] == "CEM_NODE").get("value", "some-node")
    checked = program.run("--config", path, "--check-config",
                          env={"CEM_NODE": node})
    assert checked.status == OK, checked


def test_domains_from_a_file_of_the_config_map(rendered, program, tmp_path):
    """The commented lines are good once they are not."""
    text = (MANIFESTS / "base" / CONFIGURATION).read_text()
    text, lines = re.subn(r"^    # (domains_from:|  file:)", r"    \1", text,
                          flags=re.M)
    assert lines == 2
    path = tmp_path / CONFIGURATION
    domains = tmp_path / "domains"
    domains.write_text("shop.example.com\n")
    path.write_text(text.replace(f"/etc/{NAME}/domains", str(domains)))
    checked = program.run("--config", path, "--check-config",
                          env={"CEM_NODE": ""})
    assert checked.status == OK, checked


# Rights

def lists(kube, kind, credential, namespace=None):
    """The status with which the server answers a list. What it does not know
    is 404 for those who may, and 403 for the others."""
    group, resource = kind
    root = f"/apis/{group}/v1" if group else "/api/v1"
    if namespace:
        root += f"/namespaces/{namespace}"
    return kube.request("GET", f"{root}/{resource}", token=credential)[0]


def atoms(rules):
    return [(group, resource) for rule in rules
            for group in rule["apiGroups"] for resource in rule["resources"]]


MARKER = ("example.com", "markers")


@pytest.fixture
def bound(cluster):
    """Gives a new service account these rules, and returns its namespace,
    its name and its token once the server knows."""
    made = []

    def bind(rules):
        namespace = cluster.create_namespace()
        made.append(namespace)
        base = "/apis/rbac.authorization.k8s.io/v1"
        cluster.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts",
                    {"metadata": {"name": NAME}})
        rules = [*rules, {"apiGroups": [MARKER[0]], "resources": [MARKER[1]],
                          "verbs": ["list"]}]
        cluster.ask("POST", f"{base}/clusterroles",
                    {"metadata": {"name": namespace}, "rules": rules})
        cluster.ask("POST", f"{base}/clusterrolebindings", {
            "metadata": {"name": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                        "kind": "ClusterRole", "name": namespace},
            "subjects": [{"kind": "ServiceAccount", "name": NAME,
                          "namespace": namespace}]})
        credential = token(cluster, namespace, NAME)
        # What only the whole role can have granted.
        eventually(lambda: lists(cluster, MARKER, credential) == 404,
                   "the account's rights")
        return namespace, credential
    yield bind
    for name in made:
        for kind in ("clusterrolebindings", "clusterroles"):
            cluster.ask("DELETE",
                        f"/apis/rbac.authorization.k8s.io/v1/{kind}/{name}")


def shipped_rules(rendered, *components):
    return rendered("central", *components).one("ClusterRole")["rules"]


def test_all_rights_are_enough(cluster, rendered, bound):
    _, credential = bound(shipped_rules(rendered, *MORE_RIGHTS))
    for kind in sum(NEEDS.values(), []):
        assert lists(cluster, kind, credential) in (200, 404), kind
    for kind in [("", "secrets"), ("", "configmaps"), ("", "nodes")]:
        assert lists(cluster, kind, credential) == 403, kind


def test_no_right_is_more_than_a_list(rendered):
    rules = shipped_rules(rendered, *MORE_RIGHTS)
    for rule in rules:
        assert rule["verbs"] == ["list"]
        assert set(rule) == {"apiGroups", "resources", "verbs"}
    assert sorted(atoms(rules)) == sorted(sum(NEEDS.values(), []))


@pytest.mark.parametrize("component", MORE_RIGHTS)
def test_component_grants_what_it_is_named_after(cluster, rendered, bound,
                                                 component):
    _, credential = bound(shipped_rules(rendered, component))
    for name, kinds in NEEDS.items():
        for kind in kinds:
            allowed = lists(cluster, kind, credential) in (200, 404)
            assert allowed == (name in ("pods", component)), kind


@pytest.mark.parametrize("taken", sum(NEEDS.values(), []), ids="/".join)
def test_no_right_can_be_spared(cluster, rendered, bound, taken):
    rules = [{"apiGroups": [group], "resources": [resource],
              "verbs": ["list"]}
             for group, resource in atoms(shipped_rules(rendered,
                                                        *MORE_RIGHTS))
             if (group, resource) != taken]
    _, credential = bound(rules)
    refused = [kind for kind in sum(NEEDS.values(), [])
               if lists(cluster, kind, credential) == 403]
    assert refused == [taken]


@pytest.mark.parametrize("granted", [True, False])
def test_program_lists_pods_with_the_account(cluster, monitor, rendered,
                                             bound, gallery, granted):
    rules = shipped_rules(rendered)
    namespace, credential = bound(rules if granted else [
        rule for rule in rules if "pods" not in rule["resources"]])
    cluster.create_pod(pod("one", at.POOL[0], namespace=namespace))
    config = cluster.kubeconfig(monitor.directory / "kubeconfig",
                                {"token": credential})
    result = monitor.run("--kubeconfig", config, "--namespaces", namespace,
                         "--port", str(gallery.port), "--domains", at.VALID)
    assert result.status == (OK if granted else FAILED)
    metrics = monitor.metrics()
    assert metrics.value("discovery_success", source="pods") == granted
    assert metrics.probed() == ({"one"} if granted else set())


# The pods, run as a kubelet would

CONFIG = """\
jobs:
  - name: edge
    namespaces: [{namespace}]
    node: "${{CEM_NODE}}"
    port: {port}
    domains: [{domain}]
    timeout: 5s
"""


@pytest.fixture
def world(cluster, gallery):
    """A namespace with a pod on our node and one elsewhere, and the
    configuration for it."""
    namespace = cluster.create_namespace()
    cluster.create_pods([
        pod("here", at.POOL[0], namespace=namespace, node=NODE),
        pod("elsewhere", at.POOL[1], namespace=namespace, node="other")])
    return {CONFIGURATION: CONFIG.format(
        namespace=namespace, port=gallery.port, domain=at.VALID)}


def run_once(kubelet, program, textfiles):
    """Start the loop, wait for a file and have it end as a pod does."""
    output = textfiles / "certificate_expiry_monitor.prom"
    process = kubelet.start("monitor")
    with contextlib.suppress(TimeoutError):
        eventually(lambda: output.exists() or process.poll() is not None,
                   "a file", 30)
    process.send_signal(signal.SIGTERM)
    result = program.finish(process, timeout=15)
    assert (result.status, result.stderr, result.stdout) == (OK, "", "")
    return Exposition(output.read_text())


def node_directories(tmp_path):
    """A node's directories, as DirectoryOrCreate makes them."""
    host = {f"/var/lib/{path}": tmp_path / "host" / path
            for path in ("prometheus/node-exporter", NAME)}
    for path in host.values():
        path.mkdir(parents=True, mode=0o755)
    return host


def kubelet_files(cluster, tmp_path, host):
    """A kubelet's credential as kubeadm leaves it: a link to a file that
    holds the certificate and the key."""
    pki = tmp_path / "host" / "pki"
    pki.mkdir(mode=0o755)
    dated = "kubelet-client-2026-01-01-00-00-00.pem"
    (pki / dated).write_text(Path(cluster.node.cert).read_text()
                             + Path(cluster.node.key).read_text())
    (pki / dated).chmod(0o600)
    current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    (pki / "kubelet-client-current.pem").symlink_to(
        f"/var/lib/kubelet/pki/{dated}")
    host["/var/lib/kubelet/pki"] = pki
    host["/etc/kubernetes/kubelet.conf"] = cluster.kubeconfig(
        tmp_path / "host" / "kubelet.conf",
        {"client-certificate": current, "client-key": current},
        {"certificate-authority": "",
         "certificate-authority-data": inline(Path(cluster.ca.cert))})


def granted(cluster, objects, namespace=None):
    """Apply a variant's account and its rights for real; wait until they
    hold, in a namespace or in all."""
    cluster.ask("POST", "/api/v1/namespaces", objects.one("Namespace"))
    for each in [*objects.all("ServiceAccount"), *objects.all("ClusterRole"),
                 *objects.all("ClusterRoleBinding")]:
        done = attempt(cluster, "apply", "-f", "-", text=json.dumps(each))
        assert done.returncode == 0, done.stderr
    account = objects.one("ServiceAccount")["metadata"]
    credential = token(cluster, account["namespace"], account["name"])
    if objects.all("ClusterRole"):
        eventually(lambda: lists(cluster, ("", "pods"), credential,
                                 namespace) == 200, "the account's rights")


@pytest.mark.parametrize("variant", ["daemonset", "daemonset-kubelet"])
def test_daemonset_probes_the_pods_of_its_node(cluster, program, rendered,
                                               world, tmp_path, variant):
    objects = rendered(variant, namespace=f"run-{variant}", files=world)
    granted(cluster, objects)
    host = node_directories(tmp_path)
    kubelet_files(cluster, tmp_path, host)
    kubelet = Kubelet(cluster, objects, program, tmp_path, NODE, host)
    metrics = run_once(kubelet, program, kubelet.path("textfiles"))
    assert metrics.probed() == {"here"}
    assert metrics.status(pod="here") == "valid"
    assert metrics.value("discovery_success") == 1


def scraping(target, labels, endpoint):
    """A configuration that scrapes one target as prometheus-operator would
    have it do for an endpoint of a PodMonitor."""
    snake = [{re.sub(r"[A-Z]", lambda upper: f"_{upper[0].lower()}", key): value
              for key, value in each.items()}
             for each in endpoint["metricRelabelings"]]
    return json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{
            "job_name": "test", "metric_relabel_configs": snake,
            "static_configs": [{"targets": [target], "labels": labels}]}]})


def test_central_shows_all_pods_to_prometheus(cluster, program, rendered,
                                              world, tmp_path):
    """From the loop through the exporter and the PodMonitor's rules."""
    objects = rendered("central", "podmonitor", namespace="run-central",
                       files=world)
    granted(cluster, objects)
    kubelet = Kubelet(cluster, objects, program, tmp_path, NODE)
    metrics = run_once(kubelet, program, kubelet.path("textfiles"))
    assert metrics.probed() == {"here", "elsewhere"}

    exporter = objects.container("node-exporter")
    endpoint, = objects.one("PodMonitor")["spec"]["podMetricsEndpoints"]
    declared, = (each["containerPort"] for each in exporter["ports"]
                 if each["name"] == endpoint["port"])
    assert f"--web.listen-address=:{declared}" in exporter["args"]
    policy = objects.one("NetworkPolicy")["spec"]
    assert [each["port"] for each in policy["ingress"][0]["ports"]] == [
        declared]
    port = free_port()
    kubelet.start(
        "node-exporter", ["node_exporter"],
        [each.replace(f":{declared}", f"127.0.0.1:{port}")
         for each in exporter["args"]],
        {"node_exporter": require("prometheus-node-exporter")})
    config = scraping(f"127.0.0.1:{port}", {
        "pod": "exporter-pod", "namespace": "run-central"}, endpoint)
    with Prometheus(tmp_path / "prometheus", config) as prometheus:
        found = eventually(
            lambda: prometheus.labels(f'{PREFIX}certificate == 1'),
            "our series in Prometheus")
        assert {each["pod"] for each in found} == {"here", "elsewhere"}
        assert not prometheus.labels('{exported_pod!=""}')
        run, = prometheus.labels(f"{PREFIX}run_success")
        assert run["pod"] == "exporter-pod"
        assert prometheus.labels("node_textfile_mtime_seconds")


# kube-prometheus

NODE_EXPORTER = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: node-exporter}}
  template:
    metadata: {labels: {app.kubernetes.io/name: node-exporter}}
    spec:
      containers:
      - name: node-exporter
        image: node-exporter
        args: [--path.rootfs=/host/root]
        volumeMounts: [{name: root, mountPath: /host/root, readOnly: true}]
      - name: kube-rbac-proxy
        image: kube-rbac-proxy
        args: [--upstream=http://127.0.0.1:9100/]
      volumes: [{name: root, hostPath: {path: /}}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: node-exporter, namespace: monitoring}
spec:
  endpoints: [{interval: 15s, port: https}]
  selector: {matchLabels: {app.kubernetes.io/name: node-exporter}}
"""


@pytest.fixture
def kube_prometheus(tmp_path):
    """A kustomization of kube-prometheus as far as it matters here."""
    directory = tmp_path / "kube-prometheus"
    directory.mkdir()
    (directory / "all.yaml").write_text(NODE_EXPORTER)
    (directory / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    return directory


def check_node_exporter(workload, rendered):
    """It reads, and only reads, the directory that the others write."""
    spec = workload["spec"]["template"]["spec"]
    exporter, proxy = spec["containers"]
    argument, = (each for each in exporter["args"] if "textfile" in each)
    mount, = (each for each in exporter["volumeMounts"]
              if each["name"] == "textfiles")
    assert argument == f"--collector.textfile.directory={mount['mountPath']}"
    assert mount["readOnly"]
    ours, theirs = ([each for each in volumes if each["name"] == "textfiles"]
                    for volumes in (rendered.pod()["volumes"],
                                    spec["volumes"]))
    assert ours == theirs
    assert len(proxy["args"]) == 1


def test_kube_prometheus_component(cluster, rendered, kube_prometheus,
                                   tmp_path):
    both = overlay(tmp_path / "both", "components/kube-prometheus")
    (both / "kustomization.yaml").write_text(
        "resources: [../kube-prometheus]\ncomponents: ["
        + json.loads(re.search(r'- (".*kube-prometheus")',
                               (both / "kustomization.yaml").read_text())[1])
        + "]\n")
    applied(cluster, both)
    objects = Rendered(cluster, both)
    check_node_exporter(objects.one("DaemonSet"), rendered("daemonset"))
    endpoint, = objects.one("ServiceMonitor")["spec"]["endpoints"]
    ours, = rendered("central", "podmonitor").one("PodMonitor")["spec"][
        "podMetricsEndpoints"]
    assert endpoint["metricRelabelings"] == ours["metricRelabelings"]
    assert endpoint["interval"] == "15s"


def test_kube_prometheus_by_kubectl_patch(cluster, rendered,
                                          kube_prometheus):
    """As doc/fleet.md has it for those without a kustomization."""
    done = attempt(cluster, "apply", "-k", kube_prometheus)
    assert done.returncode == 0, done.stderr
    for kind in ("daemonset", "servicemonitor"):
        done = attempt(
            cluster, "patch", "-n", "monitoring", kind, "node-exporter",
            "--type=json", "--patch-file",
            MANIFESTS / "components" / "kube-prometheus" / f"{kind}.yaml")
        assert done.returncode == 0, done.stderr
    patched = cluster.ask(
        "GET", "/apis/apps/v1/namespaces/monitoring/daemonsets/node-exporter")
    wanted = rendered("daemonset")
    check_node_exporter(patched, wanted)


# The documentation

@pytest.mark.parametrize("page", ["quickstart.md", "fleet.md"])
def test_overlay_of_the_documentation(cluster, tmp_path, page):
    text, = (block for block in yaml_blocks(page, "apiVersion: kustomize")
             if "configMapGenerator" in block)
    configuration, = yaml_blocks("fleet.md", "jobs:")
    shutil.copytree(MANIFESTS, tmp_path / "kubernetes")
    mine = tmp_path / "kubernetes" / "mine"
    mine.mkdir()
    (mine / CONFIGURATION).write_text(configuration)
    (mine / "kustomization.yaml").write_text(text)
    applied(cluster, mine)
    objects = Rendered(cluster, mine)
    assert objects.container()["image"].startswith("registry.example.com/")
    volume, = (each for each in objects.pod()["volumes"]
               if each["name"] == "configuration")
    assert objects.file(volume["configMap"]["name"],
                        CONFIGURATION) == configuration


def test_rights_by_namespace(cluster, program, world, tmp_path):
    """The patch that takes the binding for all namespaces away, and the
    binding for one."""
    patch, = yaml_blocks("fleet.md", "patches:")
    directory = overlay(tmp_path / "overlay", "central",
                        namespace="run-by-namespace", files=world)
    with open(directory / "kustomization.yaml", "a",
              encoding="utf-8") as kustomization:
        kustomization.write(patch)
    objects = Rendered(cluster, directory)
    assert not objects.all("ClusterRoleBinding")
    account = f"run-by-namespace:{NAME}"
    edge, = re.findall(r"namespaces: \[(.*)\]", world[CONFIGURATION])
    done = attempt(cluster, "-n", edge, "create", "rolebinding", NAME,
                   f"--clusterrole={NAME}", f"--serviceaccount={account}")
    assert done.returncode == 0, done.stderr
    granted(cluster, objects, edge)
    kubelet = Kubelet(cluster, objects, program, tmp_path, NODE)
    metrics = run_once(kubelet, program, kubelet.path("textfiles"))
    assert metrics.probed() == {"here", "elsewhere"}


def test_rights_in_the_documentation():
    text = (SOURCES / "doc" / "fleet.md").read_text()
    for component, kinds in NEEDS.items():
        row, = re.findall(rf"^\|[^|]*\| `{component}` \|.*$", text, re.M)
        for group, resource in kinds:
            assert f"`{resource}`" in row
            assert not group or f"`{group}`" in row
