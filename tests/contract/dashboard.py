#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboard is what its source makes, asks only for metrics that there
are, and each panel says what it is about."""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))
DASHBOARD = TOP / "grafana/certificate-expiry-monitor.json"
SOURCE = TOP / "grafana/source/dashboard.py"
RULES = TOP / "prometheus/certificate-expiry-monitor.rules.yaml"
#: What Prometheus and node_exporter have of their own.
OTHERS = {"ALERTS", "node_textfile_scrape_error", "node_textfile_mtime_seconds"}
_OPERATORS = {"and", "or", "unless", "on", "ignoring", "group_left",
              "group_right", "by", "without", "bool"}


def names(expression):
    """The metrics in it: words that are neither labels, operators nor
    functions."""
    for taken in (r'"(?:[^"\\]|\\.)*"', r"\{[^}]*\}", r"\[[^]]*\]",
                  r"\b(?:by|on|ignoring|without|group_left|group_right)"
                  r"\s*\([^)]*\)"):
        expression = re.sub(taken, " ", expression)
    return {word for word, bracket
            in re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(\s*\()?", expression)
            if not bracket and word not in _OPERATORS}


def named_otherwise(expression):
    """Those in a matcher of names, as variables have."""
    for stem, ends in re.findall(r'__name__=~"(\w+)\(([\w|]+)\)"', expression):
        yield from (stem + end for end in ends.split("|"))


def overlap(one, other):
    return all(one[at] < other[at] + other[size]
               and other[at] < one[at] + one[size]
               for at, size in (("x", "w"), ("y", "h")))


text = DASHBOARD.read_text(encoding="utf-8")
model = json.loads(text)
panels = model["panels"]
shown = [panel for panel in panels if panel["type"] != "row"]
families = subprocess.run(["tests/contract/families"], capture_output=True,
                          text=True, check=True).stdout
known = OTHERS | set(re.findall(r"^(certificate_expiry_monitor_\w+)", families,
                                re.M))
known |= set(re.findall(r"^ *- record: (\S+)$", RULES.read_text(), re.M))
expressions = [target["expr"] for panel in shown
               for target in panel["targets"]]
lookups = [variable["query"].removeprefix("label_values(").rpartition(",")[0]
           for variable in model["templating"]["list"]
           if variable["type"] == "query"]

found = []
made = subprocess.run([sys.executable, "-B", SOURCE], capture_output=True,
                      text=True, check=True).stdout
if made != text:
    found.append(f"{DASHBOARD} is not what {SOURCE} prints")
asked = set()
for expression in expressions + lookups:
    asked |= names(expression) | set(named_otherwise(expression))
if len(asked) < 30:
    found.append(f"only {len(asked)} metrics are asked for")
for name in sorted(asked - known):
    found.append(f"{name}: there is no such metric or rule")
for panel in shown:
    for part in ("title", "description", "datasource"):
        if not panel.get(part):
            found.append(f"panel {panel['id']} has no {part}")
    if not panel["fieldConfig"]["defaults"].get("unit"):
        found.append(f"{panel['title']}: no unit")
    if panel["description"] and not panel["description"].endswith("."):
        found.append(f"{panel['title']}: the description is not a sentence")
if len({panel["id"] for panel in panels}) != len(panels):
    found.append("two panels have the same id")
if len({panel["title"] for panel in shown}) != len(shown):
    found.append("two panels have the same title")
for one, other in itertools.combinations(panels, 2):
    if overlap(one["gridPos"], other["gridPos"]):
        found.append(f"{one['title']} is over {other['title']}")
print("\n".join(found))
sys.exit(1 if found else 0)
