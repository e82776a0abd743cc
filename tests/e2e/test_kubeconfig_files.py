# SPDX-License-Identifier: Apache-2.0
"""Several kubeconfigs in $KUBECONFIG; kubectl is the oracle of merging."""

import json
import subprocess

import pytest
from support import gallery as at
from support.kube import ADMIN
from support.kubeconfig import yaml
from support.pods import pod
from support.program import FAILED, OK


@pytest.fixture(scope="module")
def namespace(kube, gallery):
    name = kube.create_namespace()
    kube.create_pods([pod("found", at.POOL[0], namespace=name)])
    return name


def write(path, **sections):
    """A kubeconfig of these sections; each maps names to contents."""
    path.parent.mkdir(exist_ok=True)
    document = {"apiVersion": "v1", "kind": "Config"}
    for section, entries in sections.items():
        key = section.removesuffix("s")
        document[section.replace("_", "-")] = entries if isinstance(
            entries, str) else [{"name": name, key: content}
                                for name, content in entries.items()]
    path.write_text(yaml(document) + "\n")
    return path


def good(kube):
    return {"contexts": {"good": {"cluster": "c", "user": "u"}},
            "clusters": {"c": {"server": kube.url,
                               "certificate-authority": str(kube.ca.cert)}},
            "users": {"u": {"token": ADMIN}}}


def part(kube, *names):
    return {name: good(kube)[name] for name in names}


#: What stands in each file, None for one that is not there.
CASES = {
    "one": lambda kube: [{**good(kube), "current_context": "good"}],
    "a part in each": lambda kube: [
        {"current_context": "good"}, part(kube, "users"),
        part(kube, "contexts"), part(kube, "clusters")],
    "one is missing": lambda kube: [
        None, {**good(kube), "current_context": "good"}, None],
    "the first current-context wins": lambda kube: [
        {"current_context": "good"},
        {**good(kube), "current_context": "bad"},
        {"contexts": {"bad": {"cluster": "c", "user": "nobody"}}}],
    "the first of a name wins": lambda kube: [
        {**good(kube), "current_context": "good"},
        {"contexts": {"good": {"cluster": "d", "user": "v"}},
         "clusters": {"c": {"server": "https://127.0.0.1:1"}},
         "users": {"u": {"token": "wrong"}}}],
    "the second of a name loses": lambda kube: [
        {"users": {"u": {"token": "wrong"}}},
        {**good(kube), "current_context": "good"}],
    "nothing within a user is merged": lambda kube: [
        {"users": {"u": {"client-certificate": ""}}},
        {**good(kube), "current_context": "good"}],
    "nothing within a cluster is merged": lambda kube: [
        {"clusters": {"c": {"server": kube.url}}},
        {**good(kube), "current_context": "good"}],
}


def variable(tmp_path, kube, case):
    """$KUBECONFIG."""
    paths = []
    for number, sections in enumerate(CASES[case](kube)):
        path = tmp_path / str(number) / "config"
        paths.append(str(path))
        if sections is not None:
            write(path, **sections)
    return ":".join(paths)


@pytest.mark.parametrize("case", CASES)
def test_merged_as_kubectl_does(monitor, gallery, kube, namespace, tmp_path,
                                case):
    config = variable(tmp_path, kube, case)
    oracle = subprocess.run(
        [kube.binaries / "kubectl", "get", "pods", "-n", namespace, "-o",
         "name"], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
        env={"HOME": str(tmp_path), "KUBECONFIG": config})
    result = monitor.run("--namespaces", namespace, "--domains", at.VALID,
                         "--port", str(gallery.port),
                         env={"KUBECONFIG": config})
    expected = {line.removeprefix("pod/")
                for line in oracle.stdout.splitlines()
                if line.startswith("pod/")}
    assert result.status == (OK if oracle.returncode == 0 else FAILED), \
        (result, oracle)
    assert monitor.metrics().probed() == expected
    if "merged" not in case and "loses" not in case:
        assert expected == {"found"}


def test_paths_are_relative_to_their_file(monitor, gallery, kube, namespace,
                                          tmp_path):
    a = write(tmp_path / "a" / "config", current_context="good",
              contexts=good(kube)["contexts"],
              clusters={"c": {"server": kube.url,
                              "certificate-authority": "ca.crt"}})
    b = write(tmp_path / "b" / "config", users={"u": {"tokenFile": "token"}})
    (a.parent / "ca.crt").write_bytes(kube.ca.cert.read_bytes())
    (b.parent / "token").write_text(ADMIN)
    result = monitor.run("--namespaces", namespace, "--domains", at.VALID,
                         "--port", str(gallery.port),
                         env={"KUBECONFIG": f"{a}:{b}"})
    assert result.status == OK, result
    assert monitor.metrics().probed() == {"found"}


def test_option_is_one_file(monitor, kube, tmp_path):
    path = write(tmp_path / "a:b" / "config", **good(kube),
                 current_context="good")
    result = monitor.run("--kubeconfig", path, "--domains", "a.example.com")
    assert result.status == OK, result


def test_nothing_is_there(monitor, tmp_path):
    result = monitor.run("--domains", "a.example.com",
                         env={"KUBECONFIG": "/nowhere/a:/nowhere/b"})
    assert result.status == FAILED
    assert "/nowhere/a:/nowhere/b" in result.error


def test_error_names_the_file_and_the_line(monitor, kube, tmp_path):
    a = write(tmp_path / "a" / "config", **good(kube),
              current_context="good")
    b = tmp_path / "b"
    b.write_text(json.dumps({"users": 7}))
    result = monitor.run("--domains", "a.example.com",
                         env={"KUBECONFIG": f"{a}:{b}"})
    assert result.status == FAILED
    assert f"{b}:1: users: expected a list" in result.error
