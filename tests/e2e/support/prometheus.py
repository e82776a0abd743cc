# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, and questions to it."""

import json
import urllib.error
import urllib.parse
import urllib.request

from .kubeconfig import yaml
from .ports import free_port, is_listening
from .processes import Server
from .requirements import require


class Prometheus(Server):
    """targets: (address, labels) each; rules: files of rules."""

    def __init__(self, directory, targets, rules=(), interval="1s"):
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        config = directory / "prometheus.yaml"
        config.write_text(yaml({
            "global": {"scrape_interval": interval,
                       "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{
                "job_name": "node", "static_configs": [
                    {"targets": [address], "labels": labels}
                    for address, labels in targets]}]}) + "\n")
        super().__init__(
            [require("prometheus"), f"--config.file={config}",
             f"--storage.tsdb.path={directory / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            directory / "log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port)
                        and self._get("/-/ready"), "Prometheus")
        return self

    def query(self, expr):
        """(labels, value) of each sample of an instant vector."""
        return [(each["metric"], float(each["value"][1]))
                for each in self.ask("query", query=expr)["result"]]

    def query_range(self, expr, start, end, step):
        """(labels, values) of each series."""
        return [(each["metric"], [float(value) for _, value in each["values"]])
                for each in self.ask("query_range", query=expr, start=start,
                                     end=end, step=step)["result"]]

    def ask(self, endpoint, **parameters):
        """What the API answers; an error of ours is one of the test."""
        path = f"/api/v1/{endpoint}?" + urllib.parse.urlencode(
            parameters, doseq=True)
        try:
            answer = json.loads(self._get(path))
        except urllib.error.HTTPError as error:
            raise AssertionError(
                f"{error.read().decode()} of {parameters}") from None
        return answer["data"]

    def _get(self, path):
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return ""           # not ready yet
            raise
