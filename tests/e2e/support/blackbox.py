# SPDX-License-Identifier: Apache-2.0
"""A real blackbox_exporter: what most people watch their certificates with."""

import json

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require


class Blackbox(Server):
    """Has one module, `tls`: connect, shake hands and verify for a name."""

    def __init__(self, directory, name, ca_file):
        directory.mkdir(parents=True)
        self.port = free_port()
        config = directory / "blackbox.yml"
        config.write_text(json.dumps({"modules": {"tls": {
            "prober": "tcp", "timeout": "5s",
            "tcp": {"tls": True, "tls_config": {
                "ca_file": str(ca_file), "server_name": name}}}}}))
        super().__init__(
            [require("prometheus-blackbox-exporter"),
             f"--config.file={config}",
             f"--web.listen-address=127.0.0.1:{self.port}",
             # On a busy machine Prometheus loses its patience first: a probe
             # that is slow is then one that is missing, not one that failed.
             "--timeout-offset=-5"], directory / "blackbox.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "blackbox_exporter")
        return self

    def scrape_config(self, target):
        """How Prometheus probes a target, twice a second."""
        return {"job_name": "blackbox", "metrics_path": "/probe",
                "scrape_interval": "500ms", "scrape_timeout": "500ms",
                "params": {"module": ["tls"]},
                "static_configs": [{"targets": [target]}],
                "relabel_configs": [
                    {"source_labels": ["__address__"],
                     "target_label": "__param_target"},
                    {"source_labels": ["__param_target"],
                     "target_label": "instance"},
                    {"target_label": "__address__",
                     "replacement": f"127.0.0.1:{self.port}"}]}
