# SPDX-License-Identifier: Apache-2.0
"""A failed list never looks like an empty pool, and says what is wrong."""

import gzip
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from support import gallery as at
from support import hostile
from support.certs import Authority
from support.fakeapi import FakeApi
from support.faultproxy import status_object
from support.kube import NOBODY, READABLE, READER
from support.kubeconfig import kubeconfig
from support.pods import pod, pod_list
from support.ports import free_port
from support.program import FAILED, OK

OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"


OF_A_NAMESPACE = {"forbidden", "invalid", "server_error"}


def check_failed(monitor, result, reason, namespace="default"):
    """What holds for every failed discovery; returns the line that says it."""
    assert result.status == FAILED, result
    assert not result.stdout
    metrics = monitor.metrics()
    assert not metrics.select("old"), "the old file was left in place"
    assert metrics.value("discovery_success", job_name="cli") == 0
    source = metrics.select("discovery_success")[0].labels["source"]
    assert metrics.value("discovery_failure_info", job_name="cli",
                         source=source, reason=reason) == 1
    assert len(metrics.select("discovery_failure_info")) == 1
    named = metrics.select("discovery_failure_info")[0].labels["ns"]
    # What is not about a namespace need not name one.
    assert named in ({namespace} if reason in OF_A_NAMESPACE and namespace
                     else {"", namespace})
    assert not metrics.select("matching_pods"), "looks like an empty pool"
    assert not metrics.select("skipped_pods")
    assert metrics.value("run_success") == 0
    assert not metrics.select("last_success_timestamp_seconds")
    return result.error


@pytest.fixture
def ask(monitor):
    """Run it with a kubeconfig, over a file of an earlier run."""
    def run(config, *args, **how):
        monitor.output.write_text(OLD)
        return monitor.run("--kubeconfig", config, "--domains", at.VALID,
                           *args, **how)
    return run


# What a real server refuses

def test_wrong_token(monitor, ask, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config", {"token": "wrong"})
    said = check_failed(monitor, ask(config), "unauthorized")
    assert "Unauthorized" in said
    assert "wrong" not in said.replace(str(tmp_path), ""), "a secret is shown"


@pytest.mark.parametrize("namespace", ["test-rights", "*"])
def test_no_rights(monitor, ask, kube, tmp_path, namespace):
    """The API's own message, where, and what to grant."""
    config = kube.kubeconfig(tmp_path / "config", {"token": NOBODY})
    result = ask(config, "--namespaces", namespace)
    said = check_failed(monitor, result, "forbidden",
                        namespace if namespace != "*" else None)
    assert 'User "nobody" cannot list resource "pods"' in said
    assert ('in the namespace "test-rights"' if namespace != "*"
            else "at the cluster scope") in said
    grant = said.replace('cannot list resource "pods"', "")
    assert "list" in grant and "pods" in grant
    assert NOBODY not in said


@pytest.mark.parametrize("user, said", [
    ({"username": "joe", "password": "s3cret-w0rd"},
     "the server does not know the credential in"),
    ({}, "there is no credential in")])
def test_nobody_is_to_be_granted_anything(monitor, ask, kube, tmp_path, user,
                                          said):
    """Whoever has no credential that the server looks at is anonymous."""
    config = kube.kubeconfig(tmp_path / "config", user)
    error = check_failed(monitor, ask(config), "forbidden")
    assert f"{said} {config}" in error
    assert "grant it" not in error


def test_node_authorizer_without_a_node(monitor, ask, kube, tmp_path):
    config = kube.kubeconfig(
        tmp_path / "config", {"client-certificate": str(kube.node.cert),
                              "client-key": str(kube.node.key)})
    check_failed(monitor, ask(config), "forbidden")


def test_selector_that_only_the_api_refuses(monitor, ask, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config")
    result = ask(config, "--labels", "app=-begins-with-a-dash")
    said = check_failed(monitor, result, "invalid")
    assert "-begins-with-a-dash" in said


def test_one_namespace_of_two_is_forbidden(monitor, ask, kube, gallery,
                                           tmp_path):
    """What could be listed is probed; the failure is told all the same."""
    name = "partial-failure"
    kube.create_pod(pod(name, at.POOL[0], namespace=READABLE,
                        labels={"test": name}))
    config = kube.kubeconfig(tmp_path / "config", {"token": READER})
    result = ask(config, "--namespaces", f"{READABLE},kube-system", "--labels",
                 f"test={name}", "--port", str(gallery.port))
    assert result.status == FAILED
    assert "kube-system" in result.error
    metrics = monitor.metrics()
    assert metrics.status(pod=name) == "valid"
    assert metrics.value("matching_pods", ns=READABLE) == 1
    assert not metrics.select("matching_pods", ns="kube-system")
    assert metrics.value("discovery_success", source="pods") == 0
    assert metrics.value("discovery_failure_info", source="pods",
                         ns="kube-system", reason="forbidden") == 1


def test_server_signed_by_somebody_else(monitor, ask, kube, tmp_path):
    stranger = Authority(tmp_path / "stranger", name="Stranger")
    config = kube.kubeconfig(
        tmp_path / "config",
        cluster={"certificate-authority": str(stranger.cert)})
    check_failed(monitor, ask(config), "tls")


def test_nobody_listens(monitor, ask, kube, tmp_path):
    server = f"https://127.0.0.1:{free_port()}"
    config = kube.kubeconfig(tmp_path / "config", cluster={"server": server})
    said = check_failed(monitor, ask(config), "unreachable")
    assert server.removeprefix("https://") in said


# What a broken server says

@pytest.fixture
def fake(kube, tmp_path):
    """Serves an answer to whatever is asked, as the API server would if it
    were not well. Returns the server and a kubeconfig for it."""
    running = []

    def serve(answer):
        server = FakeApi(kube.server, answer)
        server.__enter__()
        running.append(server)
        return server, kube.kubeconfig(tmp_path / "fake-config",
                                       cluster={"server": server.url})
    yield serve
    for server in running:
        server.__exit__()


def good_list(*names, more=None):
    document = json.loads(pod_list(
        [pod(name, at.POOL[0]) for name in names], kind="PodList"))
    if more:
        document["metadata"]["continue"] = more
    return json.dumps(document).encode()


@pytest.mark.parametrize("code, reason, expected", [
    (400, "BadRequest", "invalid"),
    (401, "Unauthorized", "unauthorized"),
    (403, "Forbidden", "forbidden"),
    (500, "InternalError", "server_error"),
    (503, "ServiceUnavailable", "server_error"),
])
def test_status_objects(monitor, ask, fake, code, reason, expected):
    body = status_object(code, reason, "the server's own words")
    _, config = fake(lambda request: (code, body))
    said = check_failed(monitor, ask(config), expected)
    assert "the server's own words" in said


@pytest.mark.parametrize("body", [b"Bad Gateway", b"<html>\r\n\x1b[2J\0</html>",
                                  b"", b'{"kind":"Status","message":"a\\nb"}'])
def test_error_that_is_no_status_object(monitor, ask, fake, body):
    """A proxy's page, say: one line all the same, and no control bytes."""
    _, config = fake(lambda request: (502, body))
    said = check_failed(monitor, ask(config), "server_error")
    assert "502" in said or "a" in said
    assert said.isprintable()


_DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000

MALFORMED = {
    "empty": b"",
    "not JSON": b"Welcome to the captive portal",
    "HTML": b"<!doctype html><html></html>",
    "cut off": good_list("a", "b")[:-40],
    "array": b"[]",
    "null": b"null",
    "another kind": b'{"kind":"ConfigMapList","apiVersion":"v1","items":[]}',
    "no items": b'{"kind":"PodList","apiVersion":"v1","metadata":{}}',
    "items not a list": b'{"kind":"PodList","metadata":{},"items":{"a":1}}',
    "item not an object": b'{"kind":"PodList","metadata":{},"items":[1,"x"]}',
    "something after it": good_list("a") + b'{"more":1}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_list(monitor, ask, fake, name):
    _, config = fake(lambda request: (200, MALFORMED[name]))
    check_failed(monitor, ask(config), "invalid")


def test_list_that_is_nested_without_end(monitor, ask, fake):
    """The parser's stack is not the server's to fill."""
    body = b'{"kind":"PodList","metadata":{},"items":[' + _DEEP + b"]}"
    _, config = fake(lambda request: (200, body))
    check_failed(monitor, ask(config), "too_large")


def test_server_that_never_answers(monitor, ask, fake):
    def never(request):
        request.connection.recv(1)      # until the client gives up
    _, config = fake(never)
    result = ask(config, "--deadline", "6s")
    check_failed(monitor, result, "timeout")
    assert "deadline" not in monitor.metrics().words("probe_failure_info",
                                                     "reason")


def test_server_that_never_speaks(monitor, ask, tmp_path):
    """It is not asked for each list anew: the time is for the probes."""
    with hostile.Listener(hostile.silent) as listener:
        config = kubeconfig(tmp_path / "kubeconfig",
                            f"https://{listener.address}:{listener.port}",
                            {"token": "t"})
        result = ask(config, "--namespaces", "a,b,c,d", "--deadline", "20s")
        assert listener.connections == 1
    check_failed(monitor, result, "timeout")
    assert monitor.metrics().value("discovery_failure_info",
                                   reason="timeout", ns="") == 1


def test_server_that_hangs_up(monitor, ask, fake):
    _, config = fake(lambda request: None)
    check_failed(monitor, ask(config), "unreachable")


def test_list_that_breaks_on_its_second_page(monitor, ask, fake):
    """Half of a pool is no pool."""
    def answer(request):
        if "continue=" in request.path:
            return 500, status_object(500, "InternalError", "page two")
        return 200, good_list("first-page", more="next")
    server, config = fake(answer)
    result = ask(config, "--port", str(free_port()))
    assert "page two" in check_failed(monitor, result, "server_error")
    assert len(server.requests) >= 2


@pytest.mark.parametrize("token", ["plain", "a/b+c==", "with&and=more%20"])
def test_continue_token_comes_back_as_it_was(monitor, ask, fake, gallery,
                                             token):
    """It is opaque: whatever is in it must survive the query string."""
    asked = []

    def answer(request):
        query = parse_qs(urlsplit(request.path).query)
        asked.append(query.get("continue", [""])[0])
        return 200, (good_list("second") if "continue" in query
                     else good_list("first", more=token))
    _, config = fake(answer)
    result = ask(config, "--port", str(gallery.port))
    assert result.status == OK, result
    assert monitor.metrics().probed() == {"first", "second"}
    assert asked == ["", token]


def test_gzip_is_asked_for_and_understood(monitor, ask, fake, gallery):
    def answer(request):
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return 406, b""
        return (200, gzip.compress(good_list("zipped")),
                {"Content-Encoding": "gzip"})
    server, config = fake(answer)
    result = ask(config, "--port", str(gallery.port))
    assert result.status == OK, result
    assert monitor.metrics().probed() == {"zipped"}
    agent, = {request.headers["User-Agent"] for request in server.requests}
    assert agent.startswith("certificate-expiry-monitor/")


# What is wrong on our side

_CLUSTERS = ('clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]\n'
             "contexts: [{name: x, context: {cluster: c, user: u}}]\n")

KUBECONFIGS = {
    "not YAML": "clusters: [\n",
    "not text": "\0\1\2",
    "empty": "",
    "a list": "- a\n- b\n",
    "no current context": _CLUSTERS + "users: [{name: u, user: {}}]\n",
    "context missing": _CLUSTERS + "current-context: nosuch\n",
    "user missing": _CLUSTERS + "current-context: x\nusers: []\n",
    "cluster missing": "clusters: []\ncontexts: [{name: x, context: "
                       "{cluster: c, user: u}}]\ncurrent-context: x\n"
                       "users: [{name: u, user: {}}]\n",
    "no server": "clusters: [{name: c, cluster: {}}]\ncontexts: [{name: x, "
                 "context: {cluster: c, user: u}}]\ncurrent-context: x\n"
                 "users: [{name: u, user: {}}]\n",
    "base64": _CLUSTERS + "current-context: x\nusers: [{name: u, user: "
              '{client-certificate-data: "%%%", client-key-data: "%%%"}}]\n',
    "token file missing": _CLUSTERS + "current-context: x\nusers: "
                          "[{name: u, user: {tokenFile: /nonexistent}}]\n",
    "key file missing": _CLUSTERS + "current-context: x\nusers: [{name: u, "
                        "user: {client-certificate: /nonexistent, "
                        "client-key: /nonexistent}}]\n",
}


@pytest.mark.parametrize("name", KUBECONFIGS)
def test_malformed_kubeconfig(monitor, ask, name):
    """A failed discovery like any other, and the line names the file."""
    config = monitor.write("kubeconfig", KUBECONFIGS[name])
    said = check_failed(monitor, ask(config), "invalid", namespace=None)
    assert str(config) in said or "/nonexistent" in said


def test_kubeconfig_that_is_not_there(monitor, ask, tmp_path):
    said = check_failed(monitor, ask(tmp_path / "nosuch"), "invalid",
                        namespace=None)
    assert "nosuch" in said


def test_no_kubeconfig_anywhere(monitor):
    monitor.output.write_text(OLD)
    result = monitor.run("--domains", at.VALID)
    said = check_failed(monitor, result, "invalid", namespace=None)
    assert "kubeconfig" in said.lower() or ".kube/config" in said


PODS_FILES = {
    "not JSON": "nothing like it",
    "cut off": pod_list([pod("a", at.POOL[0])])[:-30],
    "another kind": '{"kind":"ServiceList","items":[]}',
    "items not a list": '{"kind":"List","items":7}',
    "a pod, no list": json.dumps(pod("a", at.POOL[0])),
    "empty": "",
}


@pytest.mark.parametrize("name", PODS_FILES)
def test_malformed_pods_file(monitor, name):
    path = monitor.write("pods.json", PODS_FILES[name])
    monitor.output.write_text(OLD)
    result = monitor.run("--pods-file", path, "--domains", at.VALID)
    assert "pods.json" in check_failed(monitor, result, "invalid",
                                       namespace=None)


def test_pods_file_that_is_not_there(monitor, tmp_path):
    monitor.output.write_text(OLD)
    result = monitor.run("--pods-file", tmp_path / "nosuch.json", "--domains",
                         at.VALID)
    assert result.status == FAILED
    assert "nosuch.json" in result.error
    assert monitor.metrics().value("discovery_success") == 0
