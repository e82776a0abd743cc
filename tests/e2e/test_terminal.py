# SPDX-License-Identifier: Apache-2.0
"""For a person: a run by hand, on a terminal."""

import re

import pytest
from support import gallery as at
from support import hostile
from support.pods import pod
from support.program import FAILED, OK

OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def by_hand(monitor, gallery):
    def run(domains, *args, pods=None, **how):
        return monitor.program.run_on_terminal(
            *monitor.selection(pods or {"proxy": at.MAIN}, domains), "--port",
            str(gallery.port), *args, **how)
    return run


def lines_with(text, word):
    return [number for number, line in enumerate(text.splitlines())
            if word in line]


def test_table_has_the_worst_first(by_hand):
    result = by_hand([at.VALID, at.SOON, at.EXPIRED, at.WRONG_NAME])
    assert result.status == OK
    text = result.text()
    rows = {domain: lines_with(text, domain)[-1]
            for domain in (at.VALID, at.SOON, at.EXPIRED, at.WRONG_NAME)}
    assert max(rows[at.EXPIRED], rows[at.WRONG_NAME]) < rows[at.SOON]
    assert rows[at.SOON] < rows[at.VALID]
    row = text.splitlines()[rows[at.WRONG_NAME]]
    assert "proxy" in row and "name_mismatch" in row


def test_colours(by_hand):
    domains = [at.VALID, at.SOON, at.EXPIRED]
    assert COLOUR.search(by_hand(domains).stdout)
    plain = by_hand(domains, env={"NO_COLOR": "1"})
    assert not COLOUR.search(plain.stdout)
    # The convention: a variable that is empty says nothing.
    assert COLOUR.search(by_hand(domains, env={"NO_COLOR": ""}).stdout)


def test_thresholds_are_what_colours_follow(by_hand):
    """Five of ninety days left: a colour, unless both thresholds are less."""
    def row(*args):
        shown = by_hand([at.SOON], *args).stdout
        return [line for line in shown.splitlines() if at.SOON in line][-1]
    assert COLOUR.findall(row()) != COLOUR.findall(
        row("--warn", "2d", "--crit", "1d"))


def test_progress_is_shown_and_goes_away(monitor, gallery):
    with hostile.Listener(hostile.silent) as silent:
        pods = [pod("silent", silent.address, ports={"tls": silent.port}),
                pod("good", at.MAIN, ports={"tls": gallery.port})]
        result = monitor.program.run_on_terminal(
            *monitor.selection(pods, [at.VALID]), "--port", "tls",
            "--timeout", "3s")
    assert result.status == OK
    # Pairs done of all.
    assert re.search(r"\b1\s*(/|of)\s*2\b", result.text())
    assert "handshake_timeout" in result.text()


def test_narrow_terminal(by_hand):
    result = by_hand([at.VALID, at.EXPIRED], columns=50)
    assert result.status == OK
    assert "expired" in result.text()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_plain_terminal(by_hand, term):
    result = by_hand([at.VALID], env={"TERM": term, "NO_COLOR": "1"})
    assert result.status == OK
    assert at.VALID in result.text()


def test_report_none(by_hand):
    result = by_hand([at.VALID], "--report", "none", "--log-level", "error")
    assert result.status == OK
    assert not lines_with(result.text(), at.VALID)


def configuration(monitor, kubeconfig, port, namespace):
    return monitor.write("config.yaml", f"""\
kubernetes: {{kubeconfig: {kubeconfig}}}
output: {monitor.output}
jobs:
  - name: edge
    namespaces: [{namespace}]
    port: {port}
    domains: [{at.VALID}]
""")


def test_trying_by_hand_replaces_nothing(monitor, gallery):
    """An option that selects, no --output, a terminal: only reported."""
    monitor.output.write_text(OLD)
    config = configuration(monitor, "/nonexistent", gallery.port, "default")
    shown = monitor.program.run_on_terminal(
        "--config", config, *monitor.selection({"proxy": at.MAIN},
                                               [at.VALID]),
        "--port", str(gallery.port))
    assert shown.status == OK
    assert at.VALID in shown.text()
    assert monitor.output.read_text() == OLD
    # And it says so: that, or which file it left alone.
    assert re.search(r"\bnot\b|nothing|unchanged", shown.text())
    assert "--output" in shown.text()


def test_output_option_by_hand_replaces(by_hand, monitor):
    monitor.output.write_text(OLD)
    assert by_hand([at.VALID], "--output", monitor.output).status == OK
    assert monitor.metrics().status(pod="proxy") == "valid"


def test_same_in_cron_replaces(monitor, gallery):
    """Without a terminal the configured file is replaced all the same."""
    monitor.output.write_text(OLD)
    config = configuration(monitor, "/nonexistent", gallery.port, "default")
    result = monitor.program.run(
        "--config", config, *monitor.selection({"proxy": at.MAIN},
                                               [at.VALID]),
        "--port", str(gallery.port))
    assert (result.status, result.stdout, result.stderr) == (OK, "", "")
    assert monitor.metrics().status(pod="proxy") == "valid"


def test_bare_run_by_hand_refreshes_the_file(monitor, kube, gallery,
                                             tmp_path):
    namespace = kube.create_namespace()
    kube.create_pod(pod("refreshed", at.POOL[0], namespace=namespace))
    monitor.output.write_text(OLD)
    config = configuration(monitor, kube.kubeconfig(tmp_path / "kubeconfig"),
                           gallery.port, namespace)
    shown = monitor.program.run_on_terminal("--config", config)
    assert shown.status == OK
    assert monitor.metrics().status(pod="refreshed") == "valid"


def test_failure_by_hand_is_told_once(monitor):
    result = monitor.program.run_on_terminal(
        "--pods-file", "/nonexistent/pods.json", "--domains", at.VALID)
    assert result.status == FAILED
    assert len(lines_with(result.text(), "/nonexistent/pods.json")) == 1


def test_hostile_names_on_a_terminal(monitor, gallery):
    pods = [pod("a\x1b]0;owned\x07b\x1b[2Jc\r\nd", at.MAIN)]
    shown = monitor.program.run_on_terminal(
        *monitor.selection(pods, [at.VALID]), "--port", str(gallery.port))
    assert "\x1b]0;" not in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    assert "\x07" not in shown.stdout


def test_plain_locale(by_hand):
    """Where the terminal may not know UTF-8 nothing of it is sent."""
    result = by_hand([at.VALID], pods={"gone": "127.87.0.1"},
                     env={"LC_ALL": "C"})
    assert result.status == OK
    assert "connect_refused" in result.text()
    assert result.stdout.isascii()
