# SPDX-License-Identifier: Apache-2.0
"""The configuration file: several jobs, and mistakes that are named."""

import re

import pytest
from support import gallery as at
from support.pods import pod
from support.program import FAILED, OK, USAGE

OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"

GOOD = """\
# As an administrator would write it.
kubernetes: {kubeconfig: /nonexistent, context: "", timeout: 10s}
output: out.prom
concurrency: 64
deadline: 50s
metrics: standard
max_series: 20000
log_level: warning
jobs:
  - name: edge
    namespaces: [edge]
    labels: app.kubernetes.io/name=traefik
    node: ""
    port: websecure
    address: pod
    unready: false
    domains: [shop.example.com, "*.example.org"]
    ignored_domains: ['/^internal\\./']
    proxy_protocol: ""
    starttls: ""
    handshake: full
    key_types: []
    verify: true
    ca_file: ""
    client_certificate: ""
    client_key: ""
    timeout: 5s
  - name: other
    domains: [shop.example.com]
"""


@pytest.fixture
def check(program, tmp_path):
    """--check-config of a text."""
    def run(text, env=None):
        path = tmp_path / "cem.yaml"
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return program.run("--config", path, "--check-config", env=env)
    return run


def test_good_configuration(check):
    result = check(GOOD)
    assert (result.status, result.stderr) == (OK, "")


def changed(old, new):
    """The good one with one line changed, and that line's number."""
    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    return text, GOOD[:GOOD.index(old)].count("\n") + 1


#: (what, text of GOOD, replacement, what the line must name)
MISTAKES = [
    ("unknown key", "concurrency:", "concurency:", ["concurency",
                                                    "concurrency"]),
    ("unknown key of a job", "    namespaces:", "    namepsaces:",
     ["namepsaces", "namespaces"]),
    ("unknown key of kubernetes", "{kubeconfig:", "{kubeconfg:",
     ["kubeconfg", "kubeconfig"]),
    ("value of no meaning", "metrics: standard", "metrics: most", ["metrics"]),
    ("duration", "deadline: 50s", "deadline: 50", ["deadline"]),
    ("duration of a job", "    timeout: 5s", "    timeout: soon", ["timeout"]),
    ("number", "concurrency: 64", "concurrency: many", ["concurrency"]),
    ("number too small", "concurrency: 64", "concurrency: 0",
     ["concurrency"]),
    ("port", "port: websecure", "port: 70000", ["port"]),
    ("selector", "app.kubernetes.io/name=traefik", "'a in (b'", ["labels"]),
    ("regular expression", "/^internal\\./", "/(/", ["ignored_domains"]),
    ("domain", "[shop.example.com, \"", "[\"shop example\", \"", ["domains"]),
    ("boolean", "unready: false", "unready: maybe", ["unready"]),
    ("address", "address: pod", "address: service", ["address"]),
    ("PROXY header", 'proxy_protocol: ""', "proxy_protocol: v3",
     ["proxy_protocol", "v1", "v2"]),
    ("STARTTLS", 'starttls: ""', "starttls: ftp", ["starttls", "mysql"]),
    ("handshake", "handshake: full", 'handshake: ""', ["handshake"]),
    ("key type", "key_types: []", "key_types: [dsa]", ["key_types", "rsa"]),
    ("word for key types", "key_types: []", "key_types: rsa", ["key_types"]),
    ("verification", "verify: true", "verify: none", ["verify"]),
    ("verification and none", 'verify: true\n    ca_file: ""',
     "verify: true\n    ca_file: none", ["edge", "verify", "ca_file"]),
    ("mapping for a word", "output: out.prom", "output: {a: b}", ["output"]),
    ("word for a list", "namespaces: [edge]", "namespaces: {a: b}",
     ["namespaces"]),
    ("key twice", "concurrency: 64", "concurrency: 64\nconcurrency: 65", []),
    ("job twice", "name: other", "name: edge", ["edge"]),
    ("variable not set", "kubeconfig: /nonexistent",
     'kubeconfig: "${CEM_NOT_SET}"', ["CEM_NOT_SET"]),
    ("variable not closed", "output: out.prom", 'output: "${CEM"', ["output"]),
    ("state file", "concurrency: 64", 'state_file: ""', ["state_file"]),
    ("refresh", "concurrency: 64", "refresh: 15", ["refresh"]),
    ("age", "concurrency: 64", "discovery_max_age: 1y",
     ["discovery_max_age"]),
    ("families", "    port: websecure", "    families: both",
     ["families", "primary", "all"]),
    ("service", "    port: websecure", "    service: traefik",
     ["service", "NAMESPACE/NAME"]),
    ("endpoint", "    port: websecure", "    endpoints: [{port: 443}]",
     ["endpoints", "address"]),
    ("endpoint's key", "    port: websecure",
     "    endpoints: [{addres: a}]", ["addres", "address"]),
    ("endpoint's port", "    port: websecure",
     "    endpoints: [{address: a, port: https}]", ["endpoints", "https"]),
    ("source of domains", "    port: websecure",
     "    domains_from: {ingress: {}}", ["ingress", "ingresses"]),
    ("hosts", "    port: websecure",
     "    domains_from: {ingresses: {hosts: some}}", ["hosts", "tls"]),
    ("key of another source", "    port: websecure",
     "    domains_from: {gateways: {hosts: all}}", ["hosts"]),
]


@pytest.mark.parametrize("old, new, words", [mistake[1:] for mistake
                                             in MISTAKES],
                         ids=[mistake[0] for mistake in MISTAKES])
def test_mistake_is_named_with_file_and_line(check, old, new, words):
    text, line = changed(old, new)
    result = check(text, env={"CEM": "x"})
    assert result.status == USAGE, result
    assert not result.stdout
    # A key that is there twice may be found at either.
    lines = f"{line}|{line + 1}" if "twice" in new or new.count("\n") else line
    assert re.search(rf"cem\.yaml:({lines})\b", result.error)
    for word in words:
        assert word in result.error


@pytest.mark.parametrize("old, new, words", [
    ("verify: true\n    ca_file: \"\"", "verify: false\n    ca_file: ca.pem",
     ["verify", "ca_file"]),
    ('client_certificate: ""', "client_certificate: a.pem", ["client_key"]),
    ('client_key: ""', "client_key: a.pem", ["client_certificate"]),
    ("namespaces: [edge]", "service: edge/traefik", ["service"]),
    ("    namespaces: [edge]", "    endpoints: [{address: a.example}]",
     ["endpoints"]),
])
def test_keys_that_do_not_go_together(check, old, new, words):
    """The line is the job's: which key is wrong only a person knows."""
    text, _ = changed(old, new)
    result = check(text)
    assert result.status == USAGE, result
    line = GOOD[:GOOD.index("name: edge")].count("\n") + 1
    assert f"cem.yaml:{line}:" in result.error
    for word in ("edge", *words):
        assert word in result.error


@pytest.mark.parametrize("old, new", [
    ('proxy_protocol: ""', "proxy_protocol: v2"),
    ('starttls: ""', "starttls: ldap"),
    ("handshake: full", "handshake: certificate"),
    ("key_types: []", "key_types: [rsa, ecdsa]"),
    ("verify: true", "verify: false"),
    ('verify: true\n    ca_file: ""', "ca_file: none"),
    ("metrics: standard", "metrics: full"),
])
def test_good_values(check, old, new):
    """Whether they work shows where the probes are tested."""
    result = check(changed(old, new)[0])
    assert (result.status, result.stderr) == (OK, "")


def test_files_that_a_job_names_are_read(check, gallery):
    certificate = gallery.certificates[at.VALID]
    text, _ = changed('client_certificate: ""\n    client_key: ""',
                      f"client_certificate: {certificate.chain}\n"
                      f"    client_key: {certificate.key}")
    text = text.replace('ca_file: ""', f"ca_file: {gallery.root.cert}")
    result = check(text)
    assert (result.status, result.stderr) == (OK, "")
    result = check(text.replace(str(gallery.root.cert), "/nonexistent.pem"))
    assert result.status == USAGE
    assert result.error.endswith("/nonexistent.pem: No such file or directory")


@pytest.mark.parametrize("text", [
    "", "jobs: []\n", "jobs:\n", "[]\n", "just words\n", "jobs: {a: b}\n",
    "jobs: [1]\n", "jobs:\n  - domains: [a.example.com]\n",
    "jobs:\n  - name: a\n", "jobs: [\n", "a: b: c\n", "\t- x\n", "\0",
    "jobs: &a [*a]\n", "a: *nosuch\n", b"\xff\xfe\xfd",
    "- " * 2000 + "x\n"])
def test_no_configuration_at_all(check, text):
    result = check(text)
    assert result.status == USAGE, result
    assert "cem.yaml" in result.error


def test_mistake_leaves_the_file_alone(monitor):
    monitor.output.write_text(OLD)
    text, line = changed("concurrency:", "concurency:")
    config = monitor.write("cem.yaml", text)
    result = monitor.run("--config", config)
    assert result.status == USAGE
    assert f"cem.yaml:{line}" in result.error
    assert monitor.output.read_text() == OLD


def test_check_config_touches_nothing(monitor):
    monitor.output.write_text(OLD)
    config = monitor.write("cem.yaml", GOOD)
    assert monitor.run("--config", config, "--check-config").status == OK
    assert monitor.output.read_text() == OLD


# On a real API server

@pytest.fixture(scope="module")
def namespaces(kube, gallery):
    first, second = kube.create_namespace(), kube.create_namespace()
    kube.create_pods([
        pod("a", at.POOL[0], namespace=first, ports={"tls": gallery.port}),
        pod("b", at.POOL[1], namespace=second, ports={"tls": gallery.port},
            labels={"app": "yes"}),
        pod("c", at.POOL[2], namespace=second, ports={"tls": gallery.port},
            ready=False)])
    return first, second


@pytest.fixture
def run_config(monitor, kube, tmp_path):
    kubeconfig = kube.kubeconfig(tmp_path / "kubeconfig")

    def run(jobs, *args, head="", **how):
        config = monitor.write("cem.yaml", f"kubernetes: {{kubeconfig: "
                               f"{kubeconfig}}}\n{head}jobs:\n{jobs}")
        return monitor.run("--config", config, *args, **how)
    return run


def two_jobs(gallery, first, second):
    return (f"  - name: one\n    namespaces: [{first}]\n"
            f"    port: {gallery.port}\n    domains: [{at.VALID}]\n"
            f"  - name: two\n    namespaces: [{first}, {second}]\n"
            f"    port: tls\n    domains: [{at.EXPIRED}, {at.VALID}]\n")


def test_jobs_are_independent(run_config, monitor, gallery, namespaces):
    first, second = namespaces
    result = run_config(two_jobs(gallery, first, second))
    assert result.status == OK, result
    metrics = monitor.metrics()
    pairs = {(sample.labels["job_name"], sample.labels["pod"],
              sample.labels["domain"], sample.labels["port"])
             for sample in metrics.select("certificate")}
    assert pairs == {("one", "a", at.VALID, str(gallery.port)),
                     *(("two", name, domain, "tls") for name in ("a", "b")
                       for domain in (at.VALID, at.EXPIRED))}
    assert metrics.value("pairs", job_name="one", status="valid") == 1
    assert metrics.value("pairs", job_name="two", status="expired") == 2
    assert metrics.value("matching_pods", job_name="two", ns=second) == 2
    assert metrics.value("discovery_success", job_name="one") == 1
    assert metrics.value("discovery_success", job_name="two") == 1


def test_mux_adds_jobs_up(run_config, monitor, gallery, namespaces):
    """Where they collide the worst status wins, and counts add up."""
    first, second = namespaces
    result = run_config(two_jobs(gallery, first, second), "--metrics", "mux")
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert metrics.words("certificate", "status", pod="a", domain=at.VALID,
                         ns=first) == ["valid"]
    assert metrics.value("matching_pods", ns=second) == 2
    assert metrics.value("matching_pods", ns=first) == 2


def test_keys_of_a_job(run_config, monitor, gallery, namespaces):
    _, second = namespaces
    result = run_config(
        f"  - name: unready\n    namespaces: [{second}]\n    port: tls\n"
        f"    unready: true\n    domains: [{at.VALID}, {at.SOON}]\n"
        f"    ignored_domains: ['/^soon/']\n    timeout: 30s\n"
        f"  - name: labelled\n    namespaces: ['*']\n    labels: app=yes\n"
        f"    port: tls\n    domains: [{at.VALID}]\n")
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert {sample.labels["pod"] for sample in metrics.select(
        "certificate", job_name="unready")} == {"b", "c"}
    assert {sample.labels["domain"] for sample in metrics.select(
        "certificate", job_name="unready")} == {at.VALID}
    assert "b" in {sample.labels["pod"] for sample in metrics.select(
        "certificate", job_name="labelled")}


def test_node_and_host_address_of_a_job(run_config, monitor, kube, gallery):
    namespace = kube.create_namespace()
    kube.create_pods([
        pod("here", "127.85.0.1", namespace=namespace, node="the-node",
            host_address=at.HOSTS[0], ports={"tls": (8443, gallery.host_port)}),
        pod("elsewhere", "127.85.0.2", namespace=namespace, node="another",
            host_address=at.HOSTS[1])])
    result = run_config(
        f"  - name: node\n    namespaces: [{namespace}]\n    node: the-node\n"
        f"    address: host\n    port: tls\n    domains: [{at.VALID}]\n")
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert metrics.probed() == {"here"}
    assert metrics.status(pod="here") == "valid"


def test_one_job_fails_the_other_counts(run_config, monitor, kube, gallery,
                                        namespaces):
    first, second = namespaces
    result = run_config(
        two_jobs(gallery, first, second).replace(
            f"namespaces: [{first}]\n", f"namespaces: [{first}]\n"
            "    labels: app=-refused-by-the-api\n"))
    assert result.status == FAILED
    assert "one" in result.error
    metrics = monitor.metrics()
    assert metrics.value("discovery_success", job_name="one") == 0
    assert metrics.value("discovery_success", job_name="two") == 1
    assert metrics.value("pairs", job_name="two", status="valid") == 2


def test_options_go_before_keys(run_config, monitor, gallery, namespaces):
    first, second = namespaces
    result = run_config(two_jobs(gallery, first, second),
                        "--metrics", "standard", head="metrics: summary\n"
                        "output: /nonexistent/cem.prom\n")
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert metrics.select("certificate", job_name="one")
    assert not metrics.select("domain_pairs")


def test_selecting_options_replace_the_jobs(run_config, monitor, gallery,
                                            namespaces):
    first, second = namespaces
    result = run_config(two_jobs(gallery, first, second), "--namespaces",
                        first, "--domains", at.VALID, "--port", "tls")
    assert result.status == OK, result
    metrics = monitor.metrics()
    assert {sample.labels["job_name"] for sample
            in metrics.select("certificate")} == {"cli"}
    assert metrics.probed() == {"a"}


def test_variables(run_config, monitor, namespaces):
    first, _ = namespaces
    result = run_config(
        '  - name: "${JOB}-$${x}"\n    namespaces: ["${NS}"]\n    port: tls\n'
        '    domains: ["${DOMAIN}"]\n',
        env={"JOB": "my", "NS": first, "DOMAIN": at.VALID})
    assert result.status == OK, result
    assert monitor.metrics().value("pairs", job_name="my-${x}",
                                   status="valid") == 1


def test_value_of_a_variable_is_no_yaml(run_config, namespaces):
    """It cannot add keys, and is not expanded again."""
    first, _ = namespaces
    result = run_config(
        f"  - name: a\n    namespaces: [{first}]\n    domains: [${{D}}]\n",
        env={"D": "a.example.com]\n    unready: ${HOME}"})
    assert result.status == USAGE
    assert result.error
