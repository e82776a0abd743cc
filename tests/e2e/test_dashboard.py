# SPDX-License-Identifier: Apache-2.0
"""Every query of the dashboard, put to a real Prometheus that has the metrics
of real runs; and what a few of the panels say, against what is the case."""

import collections
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from support import openssl
from support.estate import (BLOG, CLUSTERS, EDGE, KEY, MAIL, NO_KEY,
                            POST, SHOP, STATES, Estate)
from support.grafana import Dashboard, judge
from support.processes import eventually

# What is tested here is what Prometheus makes of the program's file.
pytestmark = pytest.mark.once

TOP = Path(__file__).parents[2]
PATH = TOP / "grafana/certificate-expiry-monitor.json"
DASHBOARD = Dashboard(PATH)
#: Those that write series of all pairs; the others only of those not well.
WITH_PAIRS = ("central", "full", "nodes", "both", "")

#: What has no answer where, and why that is right.
EMPTY = {
    # Nothing is wrong with the runs there.
    "Runs that failed A": set(CLUSTERS) - {"central"},
    "Discovery C": set(CLUSTERS) - {"central"},
}


@pytest.fixture(scope="module")
def estate(tmp_path_factory, kinds, program_path):
    with Estate(tmp_path_factory.mktemp("estate"), kinds,
                program_path) as estate:
        # Of rules that take what others have recorded.
        estate.prometheus.wait_for_evaluations(4)
        yield estate


def ask(estate, query, **chosen):
    """The samples of a panel's query, as Grafana would ask for them."""
    expr = DASHBOARD.filled(query.expr, **chosen)
    return (estate.prometheus.vector(expr) if query.instant
            else estate.prometheus.latest(expr))


def panel(estate, title, ref="A", **chosen):
    return ask(estate, DASHBOARD.query(title, ref), **chosen)


def state_texts():
    """The words of the matrix by their numbers."""
    mappings, = DASHBOARD.panels["Pods and domains"]["fieldConfig"][
        "defaults"]["mappings"]
    return {int(number): shown["text"]
            for number, shown in mappings["options"].items()}


# --- All queries -------------------------------------------------------------

@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("query", DASHBOARD.queries(), ids=str)
def test_query_has_an_answer(estate, query, cluster):
    if cluster in EMPTY.get(str(query), ()):
        assert not ask(estate, query, cluster=[cluster])
        return
    # What is recorded comes a moment after that of which it is recorded.
    answer = eventually(lambda: ask(estate, query, cluster=[cluster]), query)
    # A legend and a table have what they name.
    for word in ("reason", "status", "instance", "ns", "domain"):
        if f"{{{{{word}}}}}" in query.legend:
            assert all(word in labels for labels, _ in answer)


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("title", DASHBOARD.tables())
def test_rows_of_table(estate, title, cluster):
    """Grafana makes a row of the samples that agree in the labels that all
    queries have. The first one has them all: none of another is by itself."""
    first, *others = [
        [labels for labels, _ in panel(estate, title, target["refId"],
                                       cluster=[cluster])]
        for target in DASHBOARD.panels[title]["targets"]]
    for samples in others:
        for labels in samples:
            shared = set(labels) & {name for row in first for name in row}
            assert any(all(row.get(name, "") == labels[name]
                           for name in shared) for row in first), labels


@pytest.mark.parametrize("query", DASHBOARD.queries(), ids=str)
def test_query_of_everything(estate, query):
    """No choice at all, and a choice of several values of each variable: no
    error, such as pairs that do not match one to one."""
    ask(estate, query)
    ask(estate, query, cluster=["central", "nodes"], job=["edge", "mail"],
        namespace=[EDGE, MAIL], domain=[SHOP, "*.example.org", POST],
        pod=["edge-1", "mail-2"])


@pytest.mark.parametrize("name, values", [
    ("cluster", set(CLUSTERS) - {""}), ("job", {"edge", "mail", "lost"}),
    ("namespace", {EDGE, MAIL}), ("domain", {SHOP, BLOG, POST}),
    ("pod", {pod for pod, _ in STATES} | {
        pod.replace("edge", "gone").replace("mail", "gone")
        for pod, _ in STATES})])
def test_variable(estate, name, values):
    selector, label = DASHBOARD.lookups()[name]
    assert estate.prometheus.label_values(
        label, DASHBOARD.filled(selector)) == values


def test_variables_are_those_of_the_alerts(estate):
    """Their annotation dashboard_url sets them."""
    assert set(DASHBOARD.variables) == {"datasource", "cluster", "job",
                                        "namespace", "domain", "pod"}
    assert set(DASHBOARD.lookups()) == set(DASHBOARD.variables) - {
        "datasource"}


def test_grafana_knows_all_of_it(tmp_path):
    """By Grafana's own types, which a misspelt word does not pass."""
    def complaints(path):
        return subprocess.run([judge(), path], capture_output=True, text=True,
                              check=False).stderr
    assert complaints(PATH) == ""
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(PATH.read_text().replace('"showHeader"', '"showHead"'))
    assert "unexpected field 'showHead'" in complaints(spoilt)


def test_commands_of_the_documentation(kube, tmp_path):
    """As they stand there, but for where they install."""
    text = (TOP / "doc/dashboard.md").read_text()
    how = text.split("\n## Install\n")[1].split("\n## ")[0]
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", how, re.M | re.S))
    assert commands.count("install ") == 3 and "kubectl label" in commands
    commands = commands.replace("/var/lib", f"{tmp_path}/var/lib") \
        .replace("/etc", f"{tmp_path}/etc")
    # Another test may have made it already.
    kube.request("POST", "/api/v1/namespaces",
                 {"metadata": {"name": "monitoring"}})
    config = kube.kubeconfig(tmp_path / "kubeconfig")
    subprocess.run(["bash", "-eux", "-c", commands], check=True, cwd=TOP, env={
        "PATH": f"{kube.binaries}:{os.environ['PATH']}",
        "HOME": str(tmp_path), "KUBECONFIG": str(config)})
    kept = json.loads(kube.kubectl(
        "get", "configmaps", "-n", "monitoring", "-l", "grafana_dashboard=1",
        "-o", "json"))["items"]
    assert [each["data"][PATH.name] for each in kept] == [PATH.read_text()]
    # Where the provider looks is where the file was put.
    path, = re.findall(r"^ +path: /(.+)$", (
        tmp_path / "etc/grafana/provisioning/dashboards"
        / "certificate-expiry-monitor.yaml").read_text(), re.M)
    assert (tmp_path / path / PATH.name).read_text() == PATH.read_text()


# --- What they say -----------------------------------------------------------

def seen(estate, cluster):
    """The matrix: (pod, column) to the text in the cell."""
    texts = state_texts()
    return {(labels["pod"], labels["domain"]): texts[value] for labels, value
            in panel(estate, "Pods and domains", cluster=[cluster])}


def expected_matrix(cluster, states):
    prefix = f"{cluster}/" if cluster else ""
    cells = {}
    for (pod, domain), state in states.items():
        if domain == POST:
            cells[f"{prefix}{MAIL}/{pod}", f"{domain} tls {KEY}"] = state
            cells[f"{prefix}{MAIL}/{pod}", f"{domain} tls {NO_KEY}"] = \
                "nothing known"
        else:
            cells[f"{prefix}{EDGE}/{pod}", f"{domain} tls"] = state
    return cells


@pytest.mark.parametrize("cluster", WITH_PAIRS)
def test_matrix(estate, cluster):
    """Every pod for every domain, each once; not what was abandoned."""
    assert seen(estate, cluster) == expected_matrix(cluster, STATES)


def test_matrix_of_a_summary(estate):
    """What is well is not there, nor what only ends soon."""
    assert seen(estate, "summary") == {
        cell: text for cell, text in expected_matrix("summary", STATES).items()
        if text not in ("valid", "ends soon")}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_pairs_by_status(estate, cluster):
    """Counted once, in every way that the program is run."""
    states = collections.Counter(STATES.values())
    found = {labels["status"]: value for labels, value
             in panel(estate, "Pairs by status", cluster=[cluster])}
    assert found.pop("none") == states["ends soon"]
    assert found == {
        "valid": sum(states[state] for state in
                     ("valid", "flawed", "ends soon", "not renewed")),
        "expired": states["expired"], "notyetvalid": states["not yet valid"],
        "notfound": states["not found"]}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_figures(estate, cluster):
    def figure(title, ref="A"):
        (_, value), = panel(estate, title, ref, cluster=[cluster])
        return value

    soonest = min(estate.certificate_of(pod, domain).not_after.timestamp()
                  for pod, domain in STATES
                  if STATES[pod, domain] == "expired")
    assert figure("Soonest end") == pytest.approx(soonest - time.time(),
                                                  abs=60)
    # One was abandoned there, which is seen here and nowhere else.
    assert figure("Oldest run") // 7200 == (cluster == "central")
    # With summaries by node nobody knows by name who is behind, unless its
    # certificate is over.
    assert figure("Pods behind their siblings") == (
        1 if cluster == "node-summaries" else 2)
    assert figure("Pods with a failing probe") == 1


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_soonest_end_by_certificate(estate, cluster):
    rows = {labels.get("fingerprint_sha256", labels["domain"]):
            (labels, value) for labels, value in panel(
                estate, "Soonest to end", cluster=[cluster])}
    used = {labels.get("fingerprint_sha256", labels["domain"]): value
            for labels, value in panel(estate, "Soonest to end", "B",
                                       cluster=[cluster])}
    nearness = {labels.get("fingerprint_sha256", labels["domain"]): value
                for labels, value in panel(estate, "Soonest to end", "C",
                                           cluster=[cluster])}
    assert set(rows) == set(used) == set(nearness)
    if cluster not in WITH_PAIRS:
        assert {SHOP, BLOG, POST} <= set(rows)
        return
    pods = collections.Counter()
    for pod, domain in STATES:
        shown = estate.certificate_of(pod, domain)
        if shown and STATES[pod, domain] != "not found":
            pods[shown] += 1
    assert len(rows) == len(pods)
    for shown in pods:
        facts = openssl.facts_of(shown.cert.read_text())
        labels, left = rows[facts.fingerprint]
        begin, end = (moment.timestamp() for moment
                      in (shown.not_before, shown.not_after))
        assert left == pytest.approx(end - time.time(), abs=60)
        assert used[facts.fingerprint] == pytest.approx(
            (time.time() - begin) / (end - begin), abs=1e-3)
        assert nearness[facts.fingerprint] == (
            2 if end - time.time() < min(7 * 86400, (end - begin) / 10)
            else 0)
        assert labels["issuer_cn"] in ("Test Root", "Odd Root")


@pytest.mark.parametrize("cluster", WITH_PAIRS)
def test_drift(estate, cluster):
    """Which pod serves which certificate, where there are several."""
    title = "Pods of pools that serve different certificates"
    found = {(labels["pod"], labels["domain"]): labels["fingerprint_sha256"]
             for labels, _ in panel(estate, title, cluster=[cluster])}
    shown = {pair: estate.certificate_of(*pair) for pair in STATES
             if pair[1] != POST}
    assert found == {
        pair: openssl.facts_of(certificate.cert.read_text()).fingerprint
        for pair, certificate in shown.items() if certificate}
    lags = {(labels["pod"], labels["domain"]): value for labels, value
            in panel(estate, title, "D", cluster=[cluster])}
    assert {pair for pair, lag in lags.items() if lag} == {
        ("edge-2", BLOG), ("edge-3", SHOP)}
    assert lags["edge-2", BLOG] == pytest.approx(52 * 86400, abs=10)


def test_problems(estate):
    """Of the rules: the same pods are named as in the matrix, but that all
    pods of a pool are one problem."""
    wanted = {pair for pair, state in STATES.items()
              if state != "valid" and pair[1] != POST}

    def found():
        return [labels for labels, _ in panel(estate, "Problems",
                                              cluster=["central"])]

    def pods():
        return {(labels["pod"], labels["domain"]) for labels in found()
                # That is seen only against what cert-manager says.
                if "pod" in labels and labels["problem"] != "not_served"}

    def pools():
        return {labels["domain"] for labels in found()
                if "domain" in labels and "pod" not in labels}
    # Failures must last, measured by how long Prometheus has been there.
    eventually(lambda: pods() == wanted and pools() == {POST},
               "problems that last")
    (_, count), = panel(estate, "Problems now", cluster=["central"])
    assert count == len(found())
