# SPDX-License-Identifier: Apache-2.0
"""The manifests of kubernetes/ as kubectl renders them."""

import json
import os
import subprocess
from pathlib import Path

from . import crds
from .kube import ADMIN
from .kubeconfig import yaml

SOURCES = Path(__file__).parents[3]
MANIFESTS = SOURCES / "kubernetes"
NAME = "certificate-expiry-monitor"
CONFIGURATION = f"{NAME}.yaml"


def _kubectl(kube, *args, text=None):
    done = attempt(kube, *args, text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(kube, *args, text=None):
    """kubectl as an administrator; it may fail."""
    return subprocess.run(
        [kube.binaries / "kubectl", f"--server={kube.url}",
         f"--certificate-authority={kube.ca.cert}", f"--token={ADMIN}", *args],
        input=text, capture_output=True, text=True, check=False,
        env={"HOME": str(kube.directory)})


def applied(kube, directory):
    """Let the server try it; a warning is an error."""
    done = attempt(kube, "apply", "--dry-run=server", "--validate=strict",
                   "--warnings-as-errors", "-k", directory)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


class Rendered:
    """The objects of a kustomization."""

    def __init__(self, kube, directory):
        text = _kubectl(kube, "create", "--dry-run=client",
                        "--validate=false", "-o", "json", "-k", directory)
        self.objects = []
        while text.strip():
            found, end = json.JSONDecoder().raw_decode(text.lstrip())
            self.objects.append(found)
            text = text.lstrip()[end:]

    def all(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind):
        found, = self.all(kind)
        return found

    def workload(self):
        found, = self.all("Deployment") + self.all("DaemonSet")
        return found

    def pod(self):
        """The specification of the workload's pods."""
        return self.workload()["spec"]["template"]["spec"]

    def container(self, name="monitor"):
        found, = (each for each in self.pod()["containers"]
                  if each["name"] == name)
        return found

    def file(self, config_map, name):
        found, = (each for each in self.all("ConfigMap")
                  if each["metadata"]["name"] == config_map)
        return found["data"][name]


def overlay(directory, variant, *components, namespace=None, files=None):
    """A kustomization as a user writes it, over one of ours."""
    def ours(*parts):
        return os.path.relpath(MANIFESTS.joinpath(*parts), directory)
    directory.mkdir(exist_ok=True)
    document = {"apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization", "resources": [ours(variant)],
                "components": [ours("components", each)
                               for each in components]}
    if namespace:
        document["namespace"] = namespace
    if files:
        for name, content in files.items():
            (directory / name).write_text(content)
        document["configMapGenerator"] = [
            {"name": NAME, "behavior": "merge", "files": list(files)}]
    (directory / "kustomization.yaml").write_text(yaml(document) + "\n")
    return directory


def with_namespaces(kube):
    """The API server with the kinds of prometheus-operator, and with the
    namespaces: a server that only tries a manifest does not make them."""
    crds.install(kube, *crds.PROMETHEUS_OPERATOR)
    for name in (NAME, "monitoring"):
        # Another test may have made it already.
        _kubectl(kube, "apply", "-f", "-", text=json.dumps({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name}}))
    return kube


def token(kube, namespace, account):
    """What a kubelet would mount for this service account."""
    return kube.ask(
        "POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}"
        "/token", {"apiVersion": "authentication.k8s.io/v1",
                   "kind": "TokenRequest", "spec": {}})["status"]["token"]
