# SPDX-License-Identifier: Apache-2.0
"""The documentation can be followed: its commands run, its files are good, its
expressions parse.

A section is followed as a reader does, from top to bottom on a host of its own
(support/host.py), with a real API server, nginx for pods, and Debian's
node_exporter, Prometheus and Alertmanager. The table ELSEWHERE is what is not
run here.
"""

import json
import re
import subprocess

import pytest
from support import crds, documentation
from support.certs import DAY, Authority, now
from support.documentation import BOOTED, SOURCES, all_blocks, pages
from support.gate import Gate
from support.host import Host
from support.kube import ADMIN, NODE, ApiServer, Etcd
from support.kubeconfig import inline, kubeconfig
from support.manifests import NAME
from support.nginx import Nginx
from support.pods import pod
from support.processes import eventually
from support.requirements import require

# What is tested here is what the pages say.
pytestmark = pytest.mark.once

#: Commands by how they begin, where they are run instead, a word that must be
#: found there, and why not here.
ELSEWHERE = [
    ("./scripts/check.sh", "scripts/check.sh", "run e2e",
     "it is what runs this"),
    ("./scripts/demo.sh", "scripts/demo.sh", "--report=table",
     "it builds, as check.sh does, and is watched rather than tested"),
    ("./scripts/incident.sh", "scripts/incident.sh", "tests/e2e/incident.py",
     "it builds, and test_incident.py starts what it starts"),
    ("./bootstrap", "scripts/check.sh", "/bootstrap",
     "the first step of all tests"),
    ("mkdir -p build && cd build", "scripts/check.sh", "build()", "likewise"),
    ("./configure", "scripts/check.sh", "/configure", "likewise"),
    ("../configure", "scripts/check.sh", "--enable-sanitizers", "likewise"),
    ("make", "scripts/check.sh", "make", "likewise"),
    ("sudo make install", "tests/install/test_install.sh", "install",
     "in a directory of its own"),
    ("CEM_PROGRAM=", "scripts/check.sh", "CEM_PROGRAM=", "it is this"),
    ("python3 -m pytest ../tests/rules", "scripts/check.sh", "alerting_rules",
     "a step of its own"),
    ("dpkg-buildpackage", "tests/package/test_package.sh",
     "dpkg-buildpackage", "it takes minutes"),
    ("sudo apt install ../certificate-expiry-monitor_",
     "tests/package/test_package.sh", "install",
     "it needs the package that the former builds"),
    ("kubectl -n certificate-expiry-monitor exec", "tests/e2e/test_manifests.py",
     "Kubelet", "it needs a kubelet; there the container is started as by one"),
    ("journalctl", "tests/package/in_booted.sh", "/commands",
     "it asks the journal of a booted system"),
    ("systemd-analyze security", "tests/package/in_booted.sh", "/commands",
     "it asks the systemd of a booted system"),
]

#: In a sentence: what only names a command, and what is not for here.
NAMED = {
    "docker build -f Containerfile .": "needs a registry",
    "kubeadm certs renew apiserver": "needs a cluster that kubeadm has made",
    "kubectl describe pod": "", "kubectl get pods": "", "kubectl logs": "",
    "kubectl get pods -o json": "README.md has it whole",
    "make check": "scripts/check.sh",
    "make bench": "takes minutes, and is looked at by a person",
    "man 5 certificate-expiry-monitor": "tests/contract/mandoc.sh",
    "openssl s_client": "", "openssl s_client -status": "",
    "promtool check metrics": "doc/runbooks.md has it whole",
    "systemctl edit certificate-expiry-monitor.timer": "opens an editor",
    "systemd-analyze security certificate-expiry-monitor":
        "doc/security.md has it as a command",
    "systemd-creds encrypt": "",
}
#: And what its capital words stand for, or what makes it harmless.
PLACEHOLDERS = {
    "ADDRESS": "10.77.0.1", "FILE": "leaf.pem", "KEY": "key.pem",
    "NEW": "new.pem",
    # Nobody here would make an end of the namespace.
    "delete -k kubernetes/my-nodes":
        "delete --dry-run=server -k kubernetes/central",
}

#: Sections that go on where others of their page end.
JOURNEYS = {
    "doc/quickstart.md": [
        ["One host, no Kubernetes", "Prometheus", "Alertmanager"],
        ["A node of kubeadm", "Prometheus"],
        ["A node of k3s", "Prometheus"],
        ["Once per cluster"],
    ],
}

#: Statuses that are right though they are not 0.
STATUSES = {"--check ": (0, 3)}

#: Files and parts of them that are looked at elsewhere.
KNOWN_FRAGMENTS = {
    "doc/domains.md": ["rules:", "- {apiGroups"],
    "doc/quickstart.md": ["apiVersion: kustomize"],
    "doc/fleet.md": ["apiVersion: kustomize", "components:", "patches:"],
}

SHOP, MISSING = "shop.example.com", "missing.example.com"


# The world around the host

def _pods():
    for number in (1, 2, 3):
        yield pod(f"edge-{number}", f"10.77.0.{number}", namespace="edge",
                  labels={"app": "traefik",
                          "app.kubernetes.io/name": "traefik"},
                  ports={"websecure": 8443}, node=NODE)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("documentation-ca"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory, network, authority):
    """The third has not renewed."""
    names = [SHOP, "*.example.org", "www.example.com"]
    good = authority.issue("good", domains=names)
    old = authority.issue("old", domains=names, begin=now() - 90 * DAY,
                          end=now() - 1 * DAY)
    server = Nginx(tmp_path_factory.mktemp("documentation-nginx"))
    server.wrapper = network.entering
    server.port = 8443
    for number, certificate in ((1, good), (2, good), (3, old), (9, good)):
        for port in (8443, 443):
            server.add([f"10.77.0.{number}"], certificate, port=port)
    with server:
        yield good


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, network, servers):
    """With what a cluster has that the pages speak of."""
    directory = tmp_path_factory.mktemp("documentation-kube")
    with Etcd(directory / "etcd") as etcd, \
            ApiServer(directory / "apiserver", etcd) as kube, \
            Gate(kube.port, kube.port, network.listen):
        crds.install(kube, *crds.CERT_MANAGER, *crds.PROMETHEUS_OPERATOR)
        for name in ("edge", NAME, "monitoring"):
            kube.create_namespace(name)
        kube.create_pods(_pods())
        kube.create(
            {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
             "metadata": {"name": "shop-tls", "namespace": "edge"},
             "data": {"tls.crt": inline(servers.chain),
                      "tls.key": inline(servers.key)}},
            {"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
             "metadata": {"name": "shop", "namespace": "edge"},
             "spec": {"secretName": "shop-tls", "dnsNames": [SHOP],
                      "issuerRef": {"name": "ours"}}},
            {"apiVersion": "apps/v1", "kind": "DaemonSet",
             "metadata": {"name": "node-exporter", "namespace": "monitoring"},
             "spec": {"selector": {"matchLabels": {"app": "exporter"}},
                      "template": {
                          "metadata": {"labels": {"app": "exporter"}},
                          "spec": {"containers": [{
                              "name": "node-exporter", "image": "exporter",
                              "args": ["--path.rootfs=/host/root"],
                              "volumeMounts": [{"name": "root",
                                                "mountPath": "/host/root"}]}],
                              "volumes": [{"name": "root",
                                           "hostPath": {"path": "/"}}]}}}},
            {"apiVersion": "monitoring.coreos.com/v1",
             "kind": "ServiceMonitor",
             "metadata": {"name": "node-exporter", "namespace": "monitoring"},
             "spec": {"endpoints": [{"port": "https"}],
                      "selector": {"matchLabels": {"app": "exporter"}}}})
        yield kube


@pytest.fixture
def host(tmp_path, network, program, cluster, authority):
    """As a reader finds it: kubectl works, and on a node the kubelet's files
    are where the pages say."""
    cluster.request("PATCH", "/api/v1/namespaces/edge/pods/edge-3",
                    {"metadata": {"labels": {"app": "traefik"}}},
                    kind="application/merge-patch+json")
    files = tmp_path / "files"

    def place(path):
        made = files / path.lstrip("/")
        made.parent.mkdir(parents=True, exist_ok=True)
        return made

    about = {"certificate-authority-data": inline(cluster.ca.cert)}
    kubeconfig(place("/root/.kube/config"), cluster.url, {"token": ADMIN},
               about)
    pki = "/var/lib/kubelet/pki/kubelet-client-current.pem"
    place(pki).write_bytes(cluster.node.pem.read_bytes())
    for path in ("/etc/kubernetes/kubelet.conf",
                 "/var/lib/rancher/k3s/agent/kubelet.kubeconfig"):
        kubeconfig(place(path), cluster.url,
                   {"client-certificate": pki, "client-key": pki}, about)
    place("/etc/trusted.crt").write_bytes(authority.cert.read_bytes())
    place("/etc/hosts").write_text("127.0.0.1 localhost\n"
                                   "10.77.0.9 lb.example.com\n")
    place("/etc/certificate-expiry-monitor.yaml").write_text(
        "jobs: [{name: edge, namespaces: [edge], labels: app=traefik, "
        f"port: websecure, domains: [{SHOP}]}}]\n")
    place("/usr/local/bin/kubectl").symlink_to(cluster.binaries / "kubectl")
    with Host(tmp_path / "host", network, program.path, files) as made:
        yield made


# Commands

def _sections():
    """(page, heading) of each that has commands, in order; of a journey the
    headings."""
    found = {}
    for block in all_blocks("sh"):
        if not block.is_outside:
            found.setdefault((block.page, block.heading))
    travelled = [(page, each) for page, journeys in JOURNEYS.items()
                 for journey in journeys for each in journey]
    yield from ((page, [heading]) for page, heading in found
                if (page, heading) not in travelled)
    for page, journeys in JOURNEYS.items():
        yield from ((page, journey) for journey in journeys)


def _is_elsewhere(command):
    return any(command.startswith(begin) for begin, *_ in ELSEWHERE)


def _follow(host, block):
    if block.path:
        host.write(block.path, block.text)
    elif block.language == "sh" and not block.is_outside:
        commands = block.commands()
        if all(_is_elsewhere(each) for each in commands):
            return
        assert not any(_is_elsewhere(each) and not BOOTED.match(each)
                       for each in commands), f"{block.where}: run apart"
        # What asks for something that is about to be, a reader asks again.
        waits = re.search(r"promtool query|alertmanager.url|curl ",
                          block.text)
        _attempt(host, block, 90 if waits else 0)


def _attempt(host, block, seconds):
    allowed = next((statuses for word, statuses in STATUSES.items()
                    if word in block.text), (0,))
    last = []

    def works():
        last[:] = [host.run(block.text)]
        return last[0].status in allowed and (
            "query" not in block.text or last[0].stdout.strip())

    try:
        eventually(works, block.where, seconds)
    except TimeoutError:
        logs = host.run("tail -n 20 /run/stand-in/*.log 2>&1 || true").stdout
        pytest.fail(f"{block.where}:\n{block.text}\nended with status "
                    f"{last[0].status}:\n{last[0].stdout}{last[0].stderr}{logs}")


@pytest.mark.parametrize(
    "page, headings", _sections(),
    ids=lambda value: value if isinstance(value, str) else ", ".join(value))
def test_commands(page, headings, host):
    if page == "doc/runbooks.md":
        # Whoever is paged has had a run.
        assert host.run("certificate-expiry-monitor").status == 0
    blocks = list(documentation.blocks(SOURCES / page))
    for heading in headings:
        for block in blocks:
            if block.heading == heading:
                _follow(host, block)


def test_commands_in_sentences(host):
    made = host.run(
        "openssl s_client -connect 10.77.0.1:8443 -servername "
        f"{SHOP} -showcerts </dev/null >chain.pem\n"
        "openssl x509 -in chain.pem -out leaf.pem\n"
        "openssl genpkey -algorithm ed25519 -out key.pem\n"
        "kubectl apply -k kubernetes/central")
    assert made.status == 0, made
    mentioned = documentation.mentioned_commands()
    assert NAMED.keys() <= mentioned.keys(), "nobody mentions it any more"
    run = mentioned.keys() - NAMED.keys()
    assert len(run) > 5
    for command in sorted(run):
        script = command
        for word, meaning in PLACEHOLDERS.items():
            script = script.replace(word, meaning)
        done = host.run(script)
        assert done.status == 0, f"{mentioned[command]}: {command}\n{done}"


@pytest.mark.parametrize("begin, where, word, reason", ELSEWHERE,
                         ids=[each[0] for each in ELSEWHERE])
def test_what_is_run_elsewhere(begin, where, word, reason):
    assert reason
    assert word in (SOURCES / where).read_text()
    assert any(command.startswith(begin) for block in all_blocks("sh")
               for command in block.commands()), "nobody tells one to"


def test_commands_of_others_are_kept_apart():
    """Nothing else is in their sections, and nothing like it in others."""
    ours = re.compile(r"(aws|gcloud|az|podman|docker|helm) ")
    blocks = all_blocks("sh")
    assert any(block.is_outside for block in blocks)
    for block in blocks:
        if not block.is_outside:
            assert not any(ours.match(each) for each in block.commands()), \
                block.where


def test_nothing_is_indented_that_could_be_a_command():
    """Fences say what a block is; an indented one says nothing."""
    for page in pages():
        text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
        found = re.findall(r"\n\n((?:    |\t)[^\n-].*)", text)
        assert not [each for each in found
                    if not re.match(r" +[*\d-]", each)], page.name


# Expressions and files

def _write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def _is_good(*argv, cwd=None):
    done = subprocess.run(argv, capture_output=True, text=True, check=False,
                          cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", all_blocks("promql"),
                         ids=lambda block: block.where)
def test_expression(block, tmp_path):
    expressions = [each for each in block.text.split("\n\n") if each.strip()]
    rules = {"groups": [{"name": "documentation", "rules": [
        {"record": "documentation:expression", "expr": each,
         "labels": {"number": str(number)}}
        for number, each in enumerate(expressions)]}]}
    _is_good(require("promtool"), "check", "rules",
             _write(tmp_path, "rules.yaml", json.dumps(rules)))


def _is_configuration(text):
    return re.search(r"^(jobs|kubernetes|domains_from|metrics|handshake):",
                     text, re.M)


def _is_prometheus(text):
    return re.search(r"^(global|scrape_configs|rule_files|alerting|"
                     r"remote_write):", text, re.M)


def _is_alertmanager(text):
    return re.search(r"^(route|receivers|inhibit_rules):", text, re.M)


@pytest.mark.parametrize("block", all_blocks("yaml"),
                         ids=lambda block: block.where)
def test_yaml(block, tmp_path, program):
    text = block.text
    begin = text.removeprefix(f"# {block.path}\n")
    if any(begin.startswith(each)
           for each in KNOWN_FRAGMENTS.get(block.page, [])):
        return
    if _is_alertmanager(text):
        _is_good(require("amtool"), "check-config",
                 _write(tmp_path, "alertmanager.yml", text))
    elif "metric_relabel_configs:" in text and not _is_prometheus(text):
        _check_prometheus(tmp_path, "scrape_configs: [{job_name: node}]\n"
                          .replace("node}", "node, " + _inline(text) + "}"))
    elif _is_prometheus(text):
        _check_prometheus(tmp_path, text)
    elif block.path and re.search(r"^kind:", text, re.M):
        assert re.search(rf"kubectl apply -f {block.path}$",
                         (SOURCES / block.page).read_text(), re.M)
    elif _is_configuration(text):
        _check_configuration(program, tmp_path, text)
    else:
        pytest.fail(f"{block.where}: nobody looks at this:\n{text}")


def _inline(text):
    """metric_relabel_configs as part of a flow mapping."""
    key, _, items = text.partition(":\n")
    listed = ", ".join(each.strip().removeprefix("- ")
                       for each in items.splitlines())
    return f"{key}: [{listed}]"


def _check_prometheus(tmp_path, text):
    # Its rules lie beside it.
    for rules in (SOURCES / "prometheus").glob("*.rules.yaml"):
        _write(tmp_path, rules.name, rules.read_text())
    text = text.replace("/etc/prometheus/", "")
    _is_good(require("promtool"), "check", "config", "prometheus.yml",
             cwd=_write(tmp_path, "prometheus.yml", text).parent)


def _check_configuration(program, tmp_path, text):
    if not re.search(r"^jobs:", text, re.M):
        # A part of one: of a job, or of what stands before them.
        job = "jobs:\n- name: edge\n  domains: [shop.example.com]\n"
        text = job + re.sub("^", "  ", text, flags=re.M) \
            if text.startswith(("domains_from", "handshake")) else text + job
    checked = program.run(
        "--check-config", "--config", _write(tmp_path, "cem.yaml", text),
        env={"CEM_NODE": "", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert checked.status == 0, checked


@pytest.mark.parametrize("block", all_blocks("ini"),
                         ids=lambda block: block.where)
def test_drop_in(block, tmp_path):
    """systemd takes it as a part of the unit that it is for."""
    unit = re.search(r"([\w-]+\.(?:service|timer))", block.path).group(1)
    service = SOURCES / "systemd" / f"{NAME}.service.in"
    text = (service.read_text() if unit.endswith(".service") else
            (SOURCES / "systemd" / unit).read_text())
    for name, value in {"bindir": "/bin", "sysconfdir": "/etc",
                        "textfiledir": "/var/lib/textfiles"}.items():
        text = text.replace(f"@{name}@", value)
    text = text.replace(f"/bin/{NAME}", "/bin/true")
    place = tmp_path / f"{unit}.d"
    place.mkdir()
    _write(place, "override.conf", block.text)
    _write(tmp_path, f"{NAME}.service",
           text if unit.endswith(".service") else
           "[Service]\nExecStart=/bin/true\n")
    path = _write(tmp_path, unit, text)
    done = subprocess.run(
        [require("systemd-analyze"), "verify", "--man=no", path],
        capture_output=True, text=True, check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "LC_ALL": "C",
             "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and not done.stderr, done.stderr
