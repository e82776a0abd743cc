# SPDX-License-Identifier: Apache-2.0
"""The rules as prometheus-operator gets them, on a real API server with its
kinds."""

import os
import shutil

import pytest
from support.documentation import yaml_blocks
from support.manifests import (NAME, SOURCES, Rendered, applied,
                               with_namespaces)


@pytest.fixture(scope="module")
def cluster(kube):
    return with_namespaces(kube)


def test_server_takes_the_rules(cluster, tmp_path):
    """As prometheus/ ships them, and in a namespace and with a label of
    somebody's own."""
    said = applied(cluster, SOURCES / "prometheus")
    assert f"prometheusrule.monitoring.coreos.com/{NAME} created" in said
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        f"resources: [{os.path.relpath(SOURCES / 'prometheus', overlay)}]\n"
        "namespace: monitoring\n"
        "labels: [{pairs: {release: prometheus}}]\n")
    applied(cluster, overlay)
    rule = Rendered(cluster, overlay).one("PrometheusRule")
    assert rule["metadata"]["namespace"] == "monitoring"
    assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_overlay_of_the_rules_in_the_documentation(cluster, tmp_path):
    text, = (block for block
             in yaml_blocks("quickstart.md", "apiVersion: kustomize")
             if "PrometheusRule" in block)
    shutil.copytree(SOURCES / "prometheus", tmp_path / "prometheus")
    mine = tmp_path / "kubernetes" / "mine"
    mine.mkdir(parents=True)
    (mine / "kustomization.yaml").write_text(text)
    applied(cluster, mine)
    rules = Rendered(cluster, mine).one("PrometheusRule")["spec"]["groups"]
    links = [rule["labels"] for rule in rules[0]["rules"]
             if rule["record"] == "certificate_expiry_monitor:links"]
    assert links == [
        {"runbooks": "https://wiki.example.com/runbooks.md",
         "dashboard":
         "https://grafana.example.com/d/certificate-expiry-monitor"}]
