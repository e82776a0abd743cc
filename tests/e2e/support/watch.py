# SPDX-License-Identifier: Apache-2.0
"""All that watches the edge: the program in a loop, once for all nodes or on
each of them, and what takes its file on from there, to the pager. Next to it,
blackbox_exporter goes through the load balancer."""

import contextlib
import os

from .alertmanager import Alertmanager, Pager
from .blackbox import Blackbox
from .edge import BALANCER, DOMAIN, LABEL, NAMESPACE, PORT_NAME
from .exporter import NodeExporter
from .kubeconfig import yaml
from .manifests import MANIFESTS, NAME
from .processes import Server, eventually
from .prometheus import FILES, Prometheus
from .timelapse import faster, with_replaced

#: For Prometheus and Alertmanager, two minutes are a second.
FACTOR = 120

RULES = f"{NAME}.rules.yaml"


class Instance(contextlib.ExitStack):
    """The program with its textfile directory and a node_exporter for that,
    on a node. If it is alone, it watches all nodes."""

    def __init__(self, program, kube, edge, directory, node, alone):
        super().__init__()
        self.node = node
        #: The label `pod` of node_exporter's target. It is not to be ours.
        self.exporter_pod = f"node-exporter-{node}"
        textfiles, state, binaries = (
            directory / name for name in ("textfiles", "state", "bin"))
        for each in (textfiles, state, binaries):
            each.mkdir(parents=True)
        (binaries / NAME).symlink_to(program)
        self.file = textfiles / "certificate_expiry_monitor.prom"
        config = directory / "config.yaml"
        config.write_text(yaml({
            "kubernetes": {"kubeconfig": str(
                kube.kubeconfig(directory / "kubeconfig"))},
            "output": str(self.file),
            "jobs": [{"name": "edge", "namespaces": [NAMESPACE],
                      "labels": ",".join(map("=".join, LABEL.items())),
                      "node": "" if alone else node, "port": PORT_NAME,
                      "domains": [DOMAIN],
                      "ca_file": str(edge.authority.cert)}]}) + "\n")
        self.log = directory / "log"
        # The loop of our containers, in place of a timer.
        self._loop = Server(
            [MANIFESTS / f"{NAME}-loop", "--config", config], self.log,
            env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}",
                 "HOME": str(directory), "STATE_DIRECTORY": str(state),
                 "CEM_INTERVAL": "1"})
        self.exporter = NodeExporter(textfiles, directory / "exporter.log")

    def __enter__(self):
        super().__enter__()
        try:
            self.enter_context(self._loop)
            self._loop.wait_until(self.file.exists, "the first file")
            self.enter_context(self.exporter)
        except BaseException:
            self.close()
            raise
        return self

    def knows(self, pod):
        return f'pod="{pod}"' in self.file.read_text()

    def target(self):
        """As Prometheus finds node_exporter in a cluster, its pod."""
        return {"targets": [f"127.0.0.1:{self.exporter.port}"],
                "labels": {"instance": self.node, "node": self.node,
                           "namespace": "monitoring",
                           "pod": self.exporter_pod}}


class Watch(contextlib.ExitStack):
    """nodes: those that an instance is on."""

    def __init__(self, program, edge, directory, nodes):
        super().__init__()
        self.instances = [
            Instance(program, edge.kube, edge, directory / node, node,
                     alone=len(nodes) == 1) for node in nodes]
        self.target = f"{BALANCER}:{edge.balancer}"
        self.blackbox = Blackbox(directory / "blackbox", DOMAIN,
                                 edge.authority.cert)
        self.pager = Pager()
        self.alertmanager = Alertmanager(
            directory / "alertmanager", self._alertmanager_config())
        self.prometheus = Prometheus(
            directory / "prometheus", self._prometheus_config(directory))

    def __enter__(self):
        super().__enter__()
        try:
            for each in (*self.instances, self.blackbox, self.pager,
                         self.alertmanager, self.prometheus):
                self.enter_context(each)
        except BaseException:
            self.close()
            raise
        return self

    # The shipped examples, in less time. Put in are only addresses, with what
    # a target has for labels, and the job that goes through the balancer.

    def _alertmanager_config(self):
        text = faster((FILES / "alertmanager.yaml").read_text(), FACTOR)
        lines = text.splitlines()
        place, = (number for number, line in enumerate(lines)
                  if line.startswith("- name: default"))
        lines[place:place + 1] = [
            "- name: default",
            "  webhook_configs:", f"  - url: {self.pager.url}"]
        return "\n".join(lines) + "\n"

    def _prometheus_config(self, directory):
        rules = directory / RULES
        rules.write_text(faster((FILES / RULES).read_text(), FACTOR))
        text = faster((FILES / "prometheus.yaml").read_text(), FACTOR)
        text = with_replaced(text, f"- {RULES}\n", f"- {rules}\n")
        text = with_replaced(
            text, "127.0.0.1:9093",
            self.alertmanager.url.removeprefix("http://"))
        text = with_replaced(
            text, "  - targets: [127.0.0.1:9100]\n",
            yaml([each.target() for each in self.instances], 1) + "\n")
        return (f"{text.rstrip()}\n"
                f"{yaml([self.blackbox.scrape_config(self.target)])}\n")

    # What is seen

    def wait_until_forgotten(self, pod):
        eventually(lambda: not any(each.knows(pod)
                                   for each in self.instances),
                   f"runs that know nothing of {pod}")

    def probes(self, seconds):
        """What blackbox_exporter found in the last seconds, oldest first:
        whether a probe succeeded."""
        found = self.prometheus.query(
            f"probe_success[{max(1, round(seconds * 1000))}ms]")
        return [value == "1" for series in found
                for _, value in series["values"]]
