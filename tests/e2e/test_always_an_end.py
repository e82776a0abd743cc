# SPDX-License-Identifier: Apache-2.0
"""Readers that do not read, and writers that do not write: a run ends by its
deadline all the same, and holds up no other."""

import contextlib
import os
import signal

import pytest
from support import gallery as at
from support.processes import eventually
from support.program import FAILED, OK

@contextlib.contextmanager
def full_pipe():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, bytes(4096)):
            pass
    os.set_blocking(writing, True)
    try:
        yield writing
    finally:
        os.close(writing)
        os.close(reading)


@pytest.fixture
def selection(monitor):
    return (*monitor.selection({"gone": "127.78.9.1"}, [at.VALID]), "--port=1")


def test_nobody_reads_the_metrics(program, selection):
    with full_pipe() as pipe:
        process = program.start(*selection, "--output=-", "--deadline=1s",
                                stdout=pipe)
        result = program.finish(process, timeout=30)
    assert result.status == FAILED
    assert "the run hangs past its deadline while writing" in result.error


def test_nobody_reads_the_report(monitor, selection):
    """The file is in place by then, and the next run need not wait."""
    with full_pipe() as pipe:
        process = monitor.program.start(
            *selection, "--output", monitor.output, "--report=json",
            "--deadline=2s", stdout=pipe)
        eventually(monitor.output.exists, "the file")
        again = monitor.run(*selection)
        assert process.poll() is None
        assert again.status == OK, again
        result = monitor.program.finish(process, timeout=30)
    assert result.status == FAILED
    assert "while printing the report" in result.error
    assert monitor.metrics().value("runs_total") == 2


def test_nobody_reads_the_log(monitor, selection):
    """What is logged is lost, and nothing else."""
    with full_pipe() as pipe:
        process = monitor.program.start(
            *selection, "--output", monitor.output, "--log-level=debug",
            stderr=pipe)
        result = monitor.program.finish(process, timeout=30)
    assert result.status == OK
    assert monitor.metrics().value("run_success") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_nothing_returns(monitor, selection, number, tmp_path):
    """A file that is a pipe which nobody writes to is waited for in a place
    that looks for no signal."""
    pipe = tmp_path / "domains"
    os.mkfifo(pipe)
    monitor.output.write_text("# old\n")
    config = tmp_path / "config.yaml"
    config.write_text(f"jobs: [{{name: edge, domains_from: {{file: {pipe}}}, "
                      "endpoints: [{address: 127.79.2.1, port: 1}]}]\n")
    writing = os.open(pipe, os.O_RDWR)
    try:
        process = monitor.program.start("--config", config, "--output",
                                        monitor.output)
        eventually(lambda: _has_open(process.pid, pipe), "the file to be read")
        process.send_signal(number)
        result = monitor.program.finish(process, timeout=9)
    finally:
        os.close(writing)
    assert result.status == FAILED
    assert "does not heed a termination signal" in result.error
    assert monitor.output.read_text() == "# old\n"


def _has_open(pid, path):
    for link in os.scandir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(link.path) == str(path):
                return True
    return False
