# SPDX-License-Identifier: Apache-2.0
"""Reads a dashboard as Grafana does: what it asks of Prometheus, and how."""

import json
import re
import time
import urllib.error
from dataclasses import dataclass

from .prometheus import Prometheus
from .requirements import built

ALL = object()
#: Of a dashboard on a screen, as Grafana would compute it.
_BUILT_IN = {"__rate_interval": "5m", "__interval": "15s", "__range": "6h"}
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Query:
    panel: str
    ref: str
    expr: str
    instant: bool
    legend: str

    def __str__(self):
        return f"{self.panel} {self.ref}"


class DataSource(Prometheus):
    """What Grafana asks of a Prometheus. An error is an assertion that says
    which query it was."""

    def _ask(self, what, **parameters):
        try:
            return super()._ask(what, **parameters)
        except urllib.error.HTTPError as error:
            raise AssertionError(
                f"{error.read().decode()}\n{parameters}") from None

    def vector(self, expr):
        """(labels, value) of each sample."""
        return [(each["metric"], float(each["value"][1]))
                for each in self.query(expr)]

    def latest(self, expr, seconds=30, step=5):
        """The last of each series in a graph of so many seconds until now."""
        end = time.time()
        found = self._ask("query_range", query=expr, start=end - seconds,
                          end=end, step=step)["result"]
        return [(each["metric"], float(each["values"][-1][1]))
                for each in found]

    def label_values(self, label, selector):
        return set(self._ask(f"label/{label}/values", **{"match[]": selector}))


class Dashboard:
    def __init__(self, path):
        self.model = json.loads(path.read_text(encoding="utf-8"))
        self.variables = {each["name"]: each
                          for each in self.model["templating"]["list"]}
        self.panels = {each["title"]: each for each in self.model["panels"]
                       if each["type"] != "row"}

    def queries(self):
        return [Query(title, target["refId"], target["expr"],
                      target["instant"], target["legendFormat"])
                for title, panel in self.panels.items()
                for target in panel["targets"]]

    def query(self, panel, ref="A"):
        found, = [query for query in self.queries()
                  if (query.panel, query.ref) == (panel, ref)]
        return found

    def tables(self):
        """Titles of those whose rows are made of the answers to several
        queries."""
        return [title for title, panel in self.panels.items()
                if panel["type"] == "table" and len(panel["targets"]) > 1]

    def lookups(self):
        """Of each variable that is looked up: (selector, label)."""
        return {name: re.fullmatch(r"label_values\((.+), (\w+)\)",
                                   each["query"], re.S).groups()
                for name, each in self.variables.items()
                if each["type"] == "query"}

    def filled(self, text, **chosen):
        """With variables in their places; all that is not chosen is All."""
        def value(match):
            name = match[1] or match[2]
            if name in _BUILT_IN:
                return _BUILT_IN[name]
            if name not in self.variables:
                return match[0]             # $1 of label_replace, say
            return self._value(name, chosen.get(name, ALL))
        return _VARIABLE.sub(value, text)

    def _value(self, name, chosen):
        """As the data source of Prometheus writes values into a query."""
        if chosen is ALL:
            return self.variables[name]["allValue"]
        escaped = [re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", each)
                   for each in chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def judge():
    """A program that complains of what Grafana's types do not have."""
    return built("dashboard/build.sh") / "dashboard"
