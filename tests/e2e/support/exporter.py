# SPDX-License-Identifier: Apache-2.0
"""A real node_exporter on a textfile directory: the reader that counts."""

import subprocess
import urllib.request

from .exposition import Exposition
from .ports import free_port, is_listening
from .processes import Server
from .requirements import require


class NodeExporter(Server):
    def __init__(self, directory, log):
        self.directory = directory
        self.port = free_port()
        super().__init__(
            [require("prometheus-node-exporter"),
             "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={directory}",
             "--web.disable-exporter-metrics",
             f"--web.listen-address=127.0.0.1:{self.port}"], log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "node_exporter")
        return self

    def text(self):
        """What Prometheus would get, which is the point of it all."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()

    def scrape(self):
        return Exposition(self.text())


def promtool_findings(text):
    """What promtool has to say of an exposition; nothing is good."""
    checked = subprocess.run([require("promtool"), "check", "metrics"],
                             input=text.encode(), capture_output=True,
                             check=False)
    output = (checked.stdout + checked.stderr).decode()
    if checked.returncode and not output:
        return f"status {checked.returncode}"
    return output
