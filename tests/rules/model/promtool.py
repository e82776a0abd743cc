# SPDX-License-Identifier: Apache-2.0
"""Many worlds asked at once: in one Prometheus, each a cluster of its own."""

import json
import os
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass

from .alerts import IDENTITY
from .layouts import Layout
from .scrapes import notation, selector, series_of

_FAILURE = re.compile(
    r'^ +expr: "(?P<expr>.*)", time: (?P<time>\w+),\s*?\n'
    r"^ +exp:(?P<exp>.*)\n^ +got:(?P<got>.*)$", re.MULTILINE)
_CLUSTER = re.compile(r'cluster=\\?"([^"\\]*)\\?"')


class Broken(Exception):
    """promtool has no answer: a rule that cannot be evaluated, say."""


def groups_of(rules):
    return [group["name"] for group in rules["groups"]]


@dataclass(frozen=True, eq=False)
class Question:
    step: int           #: seconds between scrapes and evaluations
    worlds: tuple
    layout: Layout
    #: Groups of rules are evaluated in their order. Reversed, each comes
    #: before those that it needs, and reads what they said at the step before:
    #: the worst that Prometheus can do, which evaluates each by itself.
    reverse: bool = False


def ask(question, rules, text, directory):
    """{world's name: [what is not as expected]}. `rules` is the file, `text`
    what is in it, already read."""
    step, worlds, layout = question.step, question.worlds, question.layout
    file = directory / f"{id(question)}.json"
    order = groups_of(text)
    mentioned = set(re.findall(r"\b[a-z][a-z_:]+\b", json.dumps(text)))
    wanted = mentioned.__contains__
    inputs, queries = [], []
    for world in worlds:
        count = int(world.end / step) + 1
        for series, values in series_of(world, layout, step, wanted).items():
            inputs.append({"series": selector(series),
                           "values": notation(values, count)})
        for time, alerts, layouts in world.expectations:
            if layout.name in layouts:
                queries.append(_query(world, layout, time, alerts))
    case = {"interval": f"{step}s", "input_series": inputs,
            "promql_expr_test": queries}
    file.write_text(json.dumps({
        "rule_files": [str(rules)], "evaluation_interval": f"{step}s",
        "group_eval_order": order[::-1] if question.reverse else order,
        "tests": [case]}, indent=1))
    run = subprocess.run(["promtool", "test", "rules", file], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         # Memory for time: a third of it.
                         env=os.environ | {"GOGC": "400"}, check=False)
    return _findings(run, worlds)


def _query(world, layout, time, alerts):
    expected = set()
    for alert in alerts:
        labels = alert.in_layout(layout, world)
        if labels is not None:
            inside = ",".join(f"{name}={json.dumps(value)}"
                              for name, value in sorted(labels.items()))
            expected.add(f"{{{inside}}}")
    # An alert without a cluster is nobody's: it disturbs all.
    where = f"{world.cluster}" if world.cluster else ""
    by = ",".join(IDENTITY)
    return {"expr": f"count by ({by}) "
                    f'(ALERTS{{alertstate="firing",cluster="{where}",'
                    f'alertname=~"{world.concerns}"}})',
            "eval_time": f"{int(time)}s",
            "exp_samples": [{"labels": labels, "value": 1}
                            for labels in sorted(expected)]}


def _findings(run, worlds):
    if run.returncode == 0:
        return {}
    findings = defaultdict(list)
    for match in _FAILURE.finditer(run.stdout):
        cluster = _CLUSTER.search(match["expr"])[1]
        for world in worlds:
            if (world.cluster or "") == cluster:
                findings[world.name].append(
                    _difference(match["time"], match["exp"], match["got"]))
    if not findings:
        raise Broken(run.stdout[-6000:])
    return findings


def _samples(text):
    return set(re.findall(r"\{.*?\} [0-9.E+-]+", text))


def _difference(time, expected, got):
    lines = [f"at {time}:"]
    expected, got = _samples(expected), _samples(got)
    lines += [f"  missing {sample}" for sample in sorted(expected - got)]
    lines += [f"  too much {sample}" for sample in sorted(got - expected)]
    return "\n".join(lines)
