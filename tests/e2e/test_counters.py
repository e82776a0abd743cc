# SPDX-License-Identifier: Apache-2.0
"""What is counted over all runs, and whom the next run reaches first."""

import contextlib

import pytest
from support import gallery as at
from support import hostile
from support.pods import named_port
from support.program import FAILED, OK

OPEN = "tls_open_connection_errors_total"
CLOSE = "tls_close_connection_errors_total"
COUNTERS = (OPEN, CLOSE, "runs_total", "run_failures_total")
DEAD = "127.79.0.1"


def by_pod(metrics, name):
    return {sample.labels["pod"]: sample.value
            for sample in metrics.select(name)}


def has_counters(metrics):
    return any(metrics.select(name) for name in COUNTERS)


@pytest.fixture
def pods(gallery):
    return {"good": at.POOL[0], "dead": DEAD}


@pytest.fixture
def port(gallery):
    return f"--port={gallery.port}"


@pytest.mark.parametrize("metrics", ["standard", "full", "summary"])
def test_they_count_on(monitor, pods, port, metrics):
    for run in range(1, 4):
        measured = monitor.measure(pods, [at.VALID], port,
                                   f"--metrics={metrics}")
        opened = by_pod(measured, OPEN)
        assert opened.pop("dead") == run
        # 0 from the first sight, or increase() would miss the first error.
        assert opened == {"good": 0}
        assert by_pod(measured, CLOSE)["dead"] == 0
        assert measured.value("runs_total") == run
        assert measured.value("run_failures_total") == 0


def test_mux_counts_on(monitor, pods, port):
    for run in range(1, 4):
        measured = monitor.measure(pods, [at.VALID], port, "--metrics=mux")
        assert by_pod(measured, "tls_open_connection_error") == {
            "good": 0, "dead": run}


def test_nothing_is_counted_without_a_state(monitor, pods, port):
    measured = monitor.measure(pods, [at.VALID], port, "--state-file=none")
    assert not has_counters(measured)
    measured = monitor.measure(pods, [at.VALID], port, "--state-file=none",
                               "--metrics=mux")
    assert by_pod(measured, "tls_open_connection_error") == {
        "good": 0, "dead": 1}


def test_what_is_printed_counts_nothing(monitor, pods, port):
    assert monitor.measure(pods, [at.VALID], port).value("runs_total") == 1
    result = monitor.program.run(
        "--output=-", port, *monitor.selection(pods, [at.VALID]))
    assert result.status == OK
    assert "_total" not in result.stdout
    assert monitor.measure(pods, [at.VALID], port).value("runs_total") == 2


def test_a_state_that_cannot_be_written_shows_no_counters(monitor, pods, port):
    """They would go back with the next run."""
    monitor.measure(pods, [at.VALID], port)
    (monitor.program.state / ".state.json.tmp").mkdir()
    measured = monitor.measure(pods, [at.VALID], port)
    assert not has_counters(measured)
    (monitor.program.state / ".state.json.tmp").rmdir()
    measured = monitor.measure(pods, [at.VALID], port)
    assert measured.value("runs_total") == 2


def test_failures_are_counted(monitor, pods, port, tmp_path):
    monitor.measure(pods, [at.VALID], port)
    broken = ("--pods-file", tmp_path / "missing.json", "--domains", at.VALID)
    assert monitor.run(*broken, port).status == FAILED
    measured = monitor.metrics()
    assert measured.value("runs_total") == 2
    assert measured.value("run_failures_total") == 1


def test_a_pair_that_is_gone_counts_anew(monitor, pods, port):
    for _ in range(2):
        monitor.measure(pods, [at.VALID], port)
    monitor.measure({"good": at.POOL[0]}, [at.VALID], port)
    state = (monitor.program.state / "state.json").read_text()
    assert '"dead"' not in state
    measured = monitor.measure(pods, [at.VALID], port)
    assert by_pod(measured, OPEN)["dead"] == 1


def test_every_pair_has_its_turn(monitor, gallery, port):
    """Silent servers hold each run up until its deadline: what is behind them
    is reached by the next run."""
    silent = {"a-silent-0": "127.79.0.2", "a-silent-1": "127.79.0.3"}
    pods = {**silent, "b-good-0": at.POOL[0], "b-good-1": at.POOL[1]}
    seen = set()
    with contextlib.ExitStack() as servers:
        for address in silent.values():
            servers.enter_context(hostile.Listener(
                hostile.silent, address, gallery.port))
        for _ in range(2):
            result = monitor.probe(pods, [at.VALID], port, "--concurrency=1",
                                   "--deadline=1s", "--timeout=700ms")
            assert result.status == FAILED
            metrics = monitor.metrics()
            seen |= {pod for pod in pods
                     if metrics.reason(pod=pod) != "deadline"}
    assert seen == set(pods)


def test_the_dead_come_last(monitor, gallery):
    """They hold up nobody but each other."""
    with hostile.FullBacklog() as dead, \
            hostile.Listener(hostile.silent) as slow:
        options = monitor.selection(
            [named_port("a-dead", dead.port), named_port("b-slow", slow.port)],
            [at.VALID])
        options += ("--port=tls", "--concurrency=1", "--timeout=700ms")
        assert monitor.run(*options).status == OK
        assert monitor.run(*options, "--deadline=1s").status == FAILED
    metrics = monitor.metrics()
    assert metrics.reason(pod="b-slow") == "handshake_timeout"
    assert metrics.reason(pod="a-dead") == "deadline"
