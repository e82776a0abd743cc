# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, and what its API says."""

import json
import urllib.parse
import urllib.request
from pathlib import Path

from .ports import free_port
from .processes import Server, eventually
from .requirements import require

#: The files that are shipped.
FILES = Path(__file__).parents[3] / "prometheus"

#: Seconds between two questions to an API that has much to answer.
POLL = 0.1


def get(url):
    """What an API says, nothing if it cannot be reached (yet)."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)
    except OSError:
        return None


class Prometheus(Server):
    def __init__(self, directory, config):
        directory.mkdir(parents=True)
        path = directory / "prometheus.yml"
        path.write_text(config)
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            [require("prometheus"), f"--config.file={path}",
             f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address={self.url.removeprefix('http://')}",
             "--log.level=warn"], directory / "prometheus.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: get(f"{self.url}/api/v1/rules"), "Prometheus")
        return self

    def _ask(self, what, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{query}",
                                    timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """The vector or matrix: a list of its series."""
        return self._ask("query", query=expression)["result"]

    def labels(self, expression):
        """Of what a query finds: a dictionary for each series."""
        return [series["metric"] for series in self.query(expression)]

    def value(self, expression):
        """Of a query with one series, nothing if it has none."""
        found = self.query(expression)
        assert len(found) < 2, found
        return float(found[0]["value"][1]) if found else None

    def alerts(self, state=None):
        """Of this state ("pending", "firing"), or all."""
        return [alert for alert in self._ask("alerts")["alerts"]
                if state in (None, alert["state"])]

    def rules(self):
        """All rules, of all groups."""
        return [rule for group in self._ask("rules")["groups"]
                for rule in group["rules"]]

    def faults(self):
        """Errors of rules: there are to be none."""
        return [(rule["name"], rule["lastError"]) for rule in self.rules()
                if rule["health"] == "err"]

    def wait_for_evaluations(self, count):
        """Until every group of rules has been evaluated so often, from now
        on."""
        seen = {}

        def enough():
            for group in self._ask("rules")["groups"]:
                seen.setdefault(group["name"], set()).add(
                    group["lastEvaluation"])
            # The first that is seen may be an old one.
            return all(len(times) > count for times in seen.values())
        eventually(enough, "evaluations of the rules", interval=POLL)
