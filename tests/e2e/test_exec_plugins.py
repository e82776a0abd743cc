# SPDX-License-Identifier: Apache-2.0
"""Credential plugins (`exec` in a kubeconfig) with a real API server."""

import base64
import json
import os
import re
import signal
import subprocess

import pytest
from support import gallery as at
from support.fakeapi import FakeApi
from support.kube import ADMIN
from support.kubeconfig import inline
from support.plugins import BETA, V1, Plugin, credential
from support.pods import pod, pod_list
from support.processes import eventually
from support.program import FAILED, OK

TOKEN = credential(token=ADMIN)


@pytest.fixture(scope="module")
def namespace(kube, gallery):
    name = kube.create_namespace()
    kube.create_pods([pod("found", at.POOL[0], namespace=name)])
    return name


@pytest.fixture
def find(monitor, gallery, namespace):
    """Run the program with a kubeconfig and tell which pods it found, or
    what it said."""
    def run(config, *args, status=OK, **how):
        result = monitor.run("--kubeconfig", config, "--namespaces", namespace,
                             "--domains", at.VALID, "--port",
                             str(gallery.port), *args, **how)
        assert result.status == status, result
        assert ADMIN not in result.stdout + result.stderr
        return monitor.metrics().probed() if status == OK else result.error
    return run


def reasons(monitor):
    return monitor.metrics().words("discovery_failure_info", "reason")


def certificate(kube, **more):
    return credential(clientCertificateData=kube.admin.cert.read_text(),
                      clientKeyData=kube.admin.key.read_text(), **more)


#: What the plugin prints, and what the kubeconfig says of it.
FORMS = {
    "token": lambda kube: (TOKEN, {}),
    "beta": lambda kube: (credential(BETA, token=ADMIN), {"version": BETA}),
    "interactive if there is somebody": lambda kube: (
        TOKEN, {"interactiveMode": "IfAvailable"}),
    "certificate": lambda kube: (certificate(kube), {}),
    "certificate and token": lambda kube: (certificate(kube, token=ADMIN), {}),
    "expires": lambda kube: (
        credential(token=ADMIN, expirationTimestamp="2999-01-01T00:00:00Z"),
        {}),
    "indented by tabs": lambda kube: (
        json.dumps(json.loads(TOKEN), indent="\t"), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_credential_of_a_plugin(find, kube, tmp_path, form):
    says, user = FORMS[form](kube)
    plugin = Plugin(tmp_path, says)
    config = kube.kubeconfig(tmp_path / "config", plugin.user(**user))
    assert find(config) == {"found"}
    assert len(plugin.runs) == 1


@pytest.mark.parametrize("form", FORMS)
def test_kubectl_takes_these_plugins_too(kube, tmp_path, form):
    """The oracle."""
    says, user = FORMS[form](kube)
    config = kube.kubeconfig(tmp_path / "config",
                             Plugin(tmp_path, says).user(**user))
    subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config, "get",
                    "pods"], check=True, capture_output=True,
                   env={"HOME": str(tmp_path)})


def test_command_is_relative_to_the_kubeconfig(find, kube, tmp_path):
    (tmp_path / "etc" / "bin").mkdir(parents=True)
    plugin = Plugin(tmp_path / "etc" / "bin", TOKEN)
    config = kube.kubeconfig(tmp_path / "etc" / "config",
                             plugin.user(command="bin/plugin"))
    assert find(config) == {"found"}


def test_command_from_the_path(find, kube, tmp_path):
    (tmp_path / "bin").mkdir()
    plugin = Plugin(tmp_path / "bin", TOKEN, name="my-plugin")
    config = kube.kubeconfig(tmp_path / "config",
                             plugin.user(command="my-plugin"))
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert find(config, env={"PATH": path}) == {"found"}
    said = find(kube.kubeconfig(tmp_path / "config", plugin.user(
        command="my-plugin", installHint="get it at example.com")),
        status=FAILED)
    assert "'my-plugin': is not in $PATH" in said
    assert "): get it at example.com" in said


def test_arguments_and_environment(find, kube, tmp_path):
    plugin = Plugin(tmp_path, TOKEN, 'test "$MINE" = "a b" || exit 9')
    config = kube.kubeconfig(tmp_path / "config", plugin.user(
        args=["get-token", "--cluster", "x"],
        env=[{"name": "MINE", "value": "a b"}]))
    assert find(config) == {"found"}
    assert plugin.runs == ["get-token --cluster x"]


@pytest.mark.parametrize("form", ["files", "data"])
def test_cluster_info_is_what_kubectl_tells(find, kube, tmp_path, form):
    """Byte for byte but for the order, as far as both tell."""
    plugin = Plugin(tmp_path, TOKEN)
    cluster = {
        "tls-server-name": "localhost",
        "extensions": [{"name": "client.authentication.k8s.io/exec",
                        "extension": {"audience": "a\"b", "list": [1, True]}}]}
    if form == "data":
        cluster |= {"certificate-authority": "",
                    "certificate-authority-data": inline(kube.ca.cert)}
    config = kube.kubeconfig(tmp_path / "config",
                             plugin.user(provideClusterInfo=True), cluster)
    assert find(config) == {"found"}
    told = plugin.info
    subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config, "get",
                    "pods"], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL, env={"HOME": str(tmp_path)})
    assert len(plugin.runs) == 2
    assert told == plugin.info
    about = told["spec"]["cluster"]
    assert base64.b64decode(about["certificate-authority-data"]) == \
        kube.ca.cert.read_bytes()
    assert about["config"] == {"audience": "a\"b", "list": [1, True]}


def test_no_cluster_info_unless_asked_for(find, kube, tmp_path):
    plugin = Plugin(tmp_path, TOKEN)
    find(kube.kubeconfig(tmp_path / "config", plugin.user()))
    assert plugin.info == {"kind": "ExecCredential", "apiVersion": V1,
                           "spec": {"interactive": False}}


@pytest.mark.parametrize("user", [
    lambda kube: {"token": ADMIN},
    lambda kube: {"client-certificate": str(kube.admin.cert),
                  "client-key": str(kube.admin.key)}])
def test_plugin_is_not_asked_beside_a_credential(find, kube, tmp_path, user):
    plugin = Plugin(tmp_path, script="exit 1")
    config = kube.kubeconfig(tmp_path / "config",
                             {**plugin.user(), **user(kube)})
    assert find(config) == {"found"}
    assert plugin.runs == []


# What goes wrong

BAD = {
    "it fails": ("", "echo 'please log in: sso login' >&2; exit 3",
                 "unauthorized", "failed with exit status 3: please log in"),
    "it fails and tells its token": (
        TOKEN, f"cat {{says}}; echo 'cannot cache {ADMIN}' >&2; exit 1",
        "unauthorized", "cannot cache ****"),
    "another version": (credential(BETA, token=ADMIN), "", "invalid",
                        f"is not of apiVersion '{V1}'"),
    "no JSON": (f"token: {ADMIN}", "", "invalid",
                "is not an ExecCredential"),
    "an expired token": (
        credential(token=ADMIN, expirationTimestamp="2020-01-01T00:00:00Z"),
        "", "unauthorized", "is over already, since 2020-01-01T00:00:00Z"),
    "nothing in it": (credential(), "", "invalid",
                      "gives neither a token nor a certificate"),
    "too much": ("", "yes too-much", "too_large",
                 "prints more than 1048576 bytes"),
    "it asks": ("", "read answer || { echo 'Password?' >&2; exit 5; }",
                "unauthorized", "exit status 5: Password?"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_plugins(find, monitor, kube, tmp_path, case):
    says, script, reason, words = BAD[case]
    script = script.replace("{says}", str(tmp_path / "plugin.says"))
    plugin = Plugin(tmp_path, says, script)
    config = kube.kubeconfig(tmp_path / "config", plugin.user())
    said = find(config, status=FAILED)
    assert words in said
    assert f"{config}: credential plugin '{plugin.path}'" in said
    assert reasons(monitor) == [reason]
    assert len(plugin.runs) == 1


def test_rejected_token_is_asked_for_once_more(find, monitor, kube, tmp_path):
    plugin = Plugin(tmp_path, credential(token="wrong-wrong-wrong"))
    config = kube.kubeconfig(tmp_path / "config", plugin.user())
    said = find(config, status=FAILED)
    assert "Unauthorized" in said
    assert "wrong-wrong" not in said
    assert len(plugin.runs) == 2
    assert reasons(monitor) == ["unauthorized"]


@pytest.mark.parametrize("second", ["token", "certificate"])
def test_second_credential_is_used(find, kube, tmp_path, second):
    """The first one is refused, as one that a plugin had cached may be."""
    better = tmp_path / "better"
    better.write_text(TOKEN if second == "token" else certificate(kube))
    plugin = Plugin(tmp_path, credential(token="wrong"), script=f'''
        test "$(wc -l <{tmp_path}/plugin.log)" = 1 || exec cat {better}''')
    config = kube.kubeconfig(tmp_path / "config", plugin.user())
    assert find(config) == {"found"}
    assert len(plugin.runs) == 2


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


#: Ignores what can be ignored, and has children that do.
STUBBORN = ("trap '' TERM HUP INT\n(echo $$ >{0}; sleep 1000) &\n"
            "echo $! >{1}; echo x >{2}\nsleep 1000\n")


def pids(tmp_path):
    return [int((tmp_path / name).read_text()) for name in ("one", "two")]


@pytest.mark.parametrize("limit", [
    "kubernetes: {timeout: 500ms}\n", "deadline: 1s\n"])
def test_plugin_that_hangs(monitor, kube, tmp_path, limit):
    plugin = Plugin(tmp_path, script=STUBBORN.format(
        *(tmp_path / name for name in ("one", "two", "ready"))))
    kubeconfig = kube.kubeconfig(tmp_path / "config", plugin.user())
    config = monitor.write("monitor.yaml", limit + "jobs:\n- name: a\n"
                           "  namespaces: [default]\n"
                           "  domains: [a.example.com]\n")
    result = monitor.run("--config", config, "--kubeconfig", kubeconfig)
    assert result.status == FAILED
    assert result.seconds < 20
    assert re.search(r"is not done after 0\.\d\d\d s$", result.stderr.strip())
    assert reasons(monitor) == ["timeout"]
    for pid in pids(tmp_path):
        eventually(lambda pid=pid: not is_running(pid), "the plugin's end")


def test_signal_while_a_plugin_runs(monitor, kube, tmp_path):
    plugin = Plugin(tmp_path, script=STUBBORN.format(
        *(tmp_path / name for name in ("one", "two", "ready"))))
    config = kube.kubeconfig(tmp_path / "config", plugin.user())
    process = monitor.program.start(
        "--kubeconfig", config, "--domains", "a.example.com", "--output",
        monitor.output)
    eventually((tmp_path / "ready").exists, "the plugin")
    process.send_signal(signal.SIGTERM)
    result = monitor.program.finish(process)
    assert result.status == FAILED
    assert "Terminated" in result.error
    assert not monitor.output.exists()
    for pid in pids(tmp_path):
        eventually(lambda pid=pid: not is_running(pid), "the plugin's end")


def test_token_is_in_no_process_list(find, kube, tmp_path):
    """Nor in the environment that a plugin inherits."""
    plugin = Plugin(tmp_path, TOKEN, script=f'''
        cat /proc/$PPID/cmdline /proc/$PPID/environ /proc/self/environ \\
            >>{tmp_path}/seen''')
    find(kube.kubeconfig(tmp_path / "config", plugin.user()))
    assert ADMIN.encode() not in (tmp_path / "seen").read_bytes()


# Tokens that rotate

def test_token_file_that_rotates(find, kube, tmp_path):
    """Between the first page and the next, say: the old token is refused, and
    the file has another one by then."""
    token = tmp_path / "token"
    token.write_text("old")
    page = pod_list([pod("found", at.POOL[0])], "PodList").encode()

    def answer(request):
        if request.headers["Authorization"] == "Bearer new":
            return 200, page
        token.write_text("new")
        return 401, b'{"kind":"Status","message":"Unauthorized"}'

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config",
                                 {"tokenFile": str(token)},
                                 {"server": api.url})
        assert find(config) == {"found"}
        assert [request.headers["Authorization"]
                for request in api.requests] == ["Bearer old", "Bearer new"]


def test_token_file_that_stays(find, kube, tmp_path):
    token = tmp_path / "token"
    token.write_text("old-token-of-old")

    def answer(_):
        return 401, b'{"kind":"Status","message":"Unauthorized"}'

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(tmp_path / "config",
                                 {"tokenFile": str(token)},
                                 {"server": api.url})
        assert "it may have expired" in find(config, status=FAILED)
        assert len(api.requests) == 1
