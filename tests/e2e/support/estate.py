# SPDX-License-Identifier: Apache-2.0
"""Pools with a pod in every state, in a real API server, and the program
watching them in every way that it is run: what a dashboard has to show."""

import contextlib
import re

from .certs import DAY, Authority, now
from .exporter import NodeExporter
from .exposition import PREFIX
from .grafana import DataSource
from .jobs import write
from .kubeconfig import yaml
from .monitor import Monitor
from .nginx import Nginx
from .objects import certificate
from .pods import pod
from .ports import free_port
from .processes import eventually
from .program import FAILED, OK, Program
from .prometheus import FILES

EDGE, MAIL = "estate-edge", "estate-mail"
SHOP, BLOG, POST = "shop.example.com", "blog.example.com", "post.example.com"
NODES = ("node-a", "node-b", "node-c")

#: Certificates: names, begin and end in days, and whether their issuer is
#: one that clients know.
_CERTIFICATES = {
    "shop": ([SHOP], -33, 57, True),
    "shop-expired": ([SHOP], -93, -3, True),
    "shop-future": ([SHOP], 1, 91, True),
    "blog": ([BLOG], -33, 57, True),
    "blog-old": ([BLOG], -85, 5, True),
    "blog-odd": ([BLOG], -33, 57, False),
    "default": (["proxy.invalid"], 0, 365, True),
    "post": ([POST], -85, 5, True),
}
#: Pods: node, and the certificate for each domain. Nobody listens on one
#: that has none.
_PODS = {
    (EDGE, "edge-1"): ("node-a", {SHOP: "shop", BLOG: "blog"}),
    (EDGE, "edge-2"): ("node-a", {SHOP: "shop", BLOG: "blog-old"}),
    (EDGE, "edge-3"): ("node-b", {SHOP: "shop-expired", BLOG: "default"}),
    (EDGE, "edge-4"): ("node-b", {}),
    (EDGE, "edge-5"): ("node-c", {SHOP: "shop-future", BLOG: "blog-odd"}),
    (MAIL, "mail-1"): ("node-a", {POST: "post"}),
    (MAIL, "mail-2"): ("node-c", {POST: "post"}),
}
DOMAINS = {EDGE: (SHOP, BLOG), MAIL: (POST,)}
#: What is so of each pod for each domain, in the dashboard's words.
STATES = {
    ("edge-1", SHOP): "valid", ("edge-1", BLOG): "valid",
    ("edge-2", SHOP): "valid", ("edge-2", BLOG): "not renewed",
    ("edge-3", SHOP): "expired", ("edge-3", BLOG): "not found",
    ("edge-4", SHOP): "not found", ("edge-4", BLOG): "not found",
    ("edge-5", SHOP): "not yet valid", ("edge-5", BLOG): "flawed",
    ("mail-1", POST): "ends soon", ("mail-2", POST): "ends soon",
}
#: The mail servers are asked for types of keys; they have one.
KEY, NO_KEY = "ecdsa", "rsa"

#: The kind of installation is the label `cluster` in Prometheus; the empty
#: one is how it is without such a label.
CLUSTERS = ("central", "full", "nodes", "both", "summary", "node-summaries",
            "")


class Estate:
    """Enter the context; `prometheus` then has it all."""

    def __init__(self, directory, kube, program_path):
        self.directory = directory
        self._kube = kube
        self._path = program_path
        self._stack = contextlib.ExitStack()
        self._running = []
        self.root = Authority(directory / "root")
        self._odd = Authority(directory / "odd", name="Odd Root")
        # One moment for all: a second would be a lag.
        today = now()
        self.certificates = {
            name: (self.root if known else self._odd).issue(
                name, domains=names, begin=today + begin * DAY,
                end=today + end * DAY)
            for name, (names, begin, end, known) in _CERTIFICATES.items()}
        self.prometheus = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._serve()
            self._describe()
            self._watch()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def certificate_of(self, name, domain):
        """What a pod serves; None for nothing."""
        (_, served), = [found for (_, other), found in _PODS.items()
                        if other == name]
        return self.certificates.get(served.get(domain))

    def _serve(self):
        nginx = Nginx(self.directory / "nginx")
        self._addresses = {}
        for number, (key, (_, served)) in enumerate(_PODS.items(), start=1):
            address = f"127.86.0.{number}"
            self._addresses[key] = (address, nginx.port)
            if not served:
                self._addresses[key] = (address, free_port())
                continue
            nginx.add([address], self.certificates["default"])
            for domain, name in served.items():
                nginx.add([address], self.certificates[name], domain)
        self._stack.enter_context(nginx)

    def _describe(self):
        """To the API server: pods, one of them not ready, and what
        cert-manager says that it issued."""
        kube = self._kube
        for namespace in (EDGE, MAIL):
            kube.create_namespace(namespace)
        for (namespace, name), (node, _) in _PODS.items():
            address, port = self._addresses[namespace, name]
            kube.create_pod(pod(name, address, namespace=namespace, node=node,
                                ports={"tls": port}))
        kube.create_pod(pod("edge-6", "127.86.1.1", namespace=EDGE,
                            node="node-c", ports={"tls": 1}, ready=False))
        kube.create(certificate(
            EDGE, "shop", [SHOP],
            not_before=(now() - DAY).isoformat().replace("+00:00", "Z")))

    # The program, in every way that it is run

    def _watch(self):
        central = self._instance("central")
        per_node, summaries = [], []
        for node in NODES:
            per_node.append(self._instance(node, node=node))
            summaries.append(self._instance(
                f"{node}-summary", "--metrics=summary", node=node))
        clusters = {
            "central": [central, self._failing(), self._abandoned(central)],
            "full": [self._instance("full", "--metrics=full")],
            "summary": [self._instance("summary", "--max-series=10")],
            "nodes": per_node, "both": [central, *per_node],
            "node-summaries": summaries, "": [central]}
        self._targets = sum(map(len, clusters.values()))
        self.prometheus = self._stack.enter_context(DataSource(
            self.directory / "prometheus", self._configuration(clusters)))
        self._wait_for_run(1)
        for again in self._running:
            again()
        # This is the one that all that follows is about.
        self._wait_for_run(2)

    def _wait_for_run(self, number):
        """Until Prometheus has seen that many of each instance, under each of
        the labels that it has there."""
        runs = f"{PREFIX}runs_total"
        # What was abandoned says so of its only run, for ever.
        fresh = (f"{runs} and on (instance, cluster) time() - "
                 f"{PREFIX}run_timestamp_seconds < 3600")
        eventually(lambda: [value for _, value
                            in self.prometheus.vector(fresh)] ==
                   [number] * (self._targets - 1), f"run {number} of each")

    @staticmethod
    def _configuration(clusters):
        targets = [{"targets": [f"127.0.0.1:{exporter.port}"],
                    "labels": {"cluster": cluster} if cluster else {}}
                   for cluster, exporters in clusters.items()
                   for exporter in exporters]
        return yaml({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in FILES.glob("*.rules.yaml")],
            "scrape_configs": [{"job_name": "node",
                                "static_configs": targets}]}) + "\n"

    def _runs_seen(self):
        return {value for _, value in self.prometheus.vector(
            f'{PREFIX}runs_total and on (instance, cluster) '
            f'(time() - {PREFIX}run_timestamp_seconds < 3600)')}

    def _instance(self, name, *options, node=None, jobs=None, status=OK):
        """A program that has run once, with a node_exporter."""
        home = self.directory / name
        textfiles = home / "textfiles"
        textfiles.mkdir(parents=True)
        exporter = self._stack.enter_context(
            NodeExporter(textfiles, home / "log"))
        program = Program(self._path, home)
        self._stack.callback(program.clean_up)
        monitor = Monitor(program, exporter, home)
        admin = self._kube.admin
        config = self._kube.kubeconfig(home / "kubeconfig", {
            "client-certificate": str(admin.cert),
            "client-key": str(admin.key)})
        path = write(monitor, jobs or self._jobs(node), config)

        def run():
            result = monitor.run("--config", path, *options)
            assert result.status == status, result
            monitor.metrics()
        run()
        self._running.append(run)
        return exporter

    def _jobs(self, node):
        where = {"node": node} if node else {}
        common = {"port": "tls", "ca_file": self.root.cert, **where}
        return {
            "edge": {**common, "namespaces": [EDGE], "domains": [BLOG],
                     "domains_from": {
                         "certificates": {"namespaces": [EDGE]}}},
            "mail": {**common, "namespaces": [MAIL], "domains": [POST],
                     "key_types": [NO_KEY, KEY]}}

    def _failing(self):
        """A job whose domains cannot be read."""
        return self._instance("failing", status=FAILED, jobs={
            "lost": {"namespaces": [EDGE], "port": "tls",
                     "domains_from": {
                         "file": str(self.directory / "missing")}}})

    def _abandoned(self, exporter):
        """What a timer left behind two hours ago that does not run any more,
        with pods that have been gone for as long."""
        textfiles = self.directory / "abandoned"
        textfiles.mkdir()
        name = f"{PREFIX}run_timestamp_seconds"
        text, = [path.read_text() for path
                 in exporter.directory.glob("*.prom")]
        text = re.sub(r'pod="(edge|mail)-', 'pod="gone-', text)
        text = re.sub(rf"^{name} (\S+)$",
                      lambda found: f"{name} {float(found[1]) - 7200}", text,
                      flags=re.MULTILINE)
        (textfiles / "certificate_expiry_monitor.prom").write_text(text)
        return self._stack.enter_context(
            NodeExporter(textfiles, self.directory / "abandoned.log"))
