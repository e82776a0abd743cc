# SPDX-License-Identifier: Apache-2.0
"""The loop that a container runs in place of a timer, on a stand-in for the
program that writes down what happens to it."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from support.manifests import MANIFESTS, NAME
from support.processes import eventually
from support.program import OK

LOOP = MANIFESTS / f"{NAME}-loop"


class Loop:
    def __init__(self, program, directory):
        self.program = program
        self.log = directory / "log"
        self.log.touch()
        self.binaries = directory / "bin"
        self.binaries.mkdir()

    def start(self, script, *args, interval=None):
        """Start it with this for a program; "say" writes a line."""
        stand_in = self.binaries / NAME
        stand_in.write_text(
            f"#!/bin/sh\nsay() {{ echo \"$*\" >>{self.log}; }}\n{script}\n")
        stand_in.chmod(0o755)
        env = {"PATH": f"{self.binaries}:{self.program.env['PATH']}"}
        if interval is not None:
            env["CEM_INTERVAL"] = str(interval)
        return self.program.start_other([LOOP, *args], env=env)

    def said(self):
        return self.log.read_text().splitlines()

    def wait_for(self, count):
        return eventually(lambda: len(self.said()) >= count and self.said(),
                          f"{count} lines of the stand-in")

    def end(self, process, number=signal.SIGTERM, seconds=10):
        """What came of it, and how long it took to end."""
        started = time.monotonic()
        process.send_signal(number)
        return self.program.finish(process, started, seconds)


@pytest.fixture
def loop(program, tmp_path):
    return Loop(program, tmp_path)


def test_runs_the_program_again_and_again(loop):
    process = loop.start('say "$# $1 $2"', "--config=a b", "--node=",
                         interval=1)
    started = time.monotonic()
    # The second run may come at once: it sets the place in the interval.
    assert loop.wait_for(4) == ["2 --config=a b --node="] * 4
    assert time.monotonic() - started > 1.5
    result = loop.end(process)
    assert (result.status, result.stdout, result.stderr) == (OK, "", "")


def test_runs_at_once_and_every_minute_unless_told_otherwise(loop):
    process = loop.start("say run")
    loop.wait_for(1)
    sleeping = eventually(lambda: children(process, "sleep"), "its sleep")
    assert 0 <= int(sleeping[0][1]) < 60
    loop.end(process)


def children(process, name):
    """Command lines of this name in the process's session."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(path.name)) == process.pid:
                words = (path / "cmdline").read_text().split("\0")
                if words[0].endswith(name):
                    found.append(words)
    return found


def test_long_runs_do_not_pile_up(loop):
    process = loop.start("say start; sleep 1.5; say end", interval=1)
    assert loop.wait_for(6)[:6] == ["start", "end"] * 3
    loop.end(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGHUP])
def test_signal_between_runs_ends_it_at_once(loop, number):
    process = loop.start("say run", interval=99999)
    loop.wait_for(1)
    eventually(lambda: not children(process, NAME), "the end of the run")
    result = loop.end(process, number)
    assert (result.status, result.stderr) == (OK, "")
    assert result.seconds < 5
    assert not children(process, "sleep")


def test_signal_reaches_the_program_and_waits_for_it(loop):
    """So that it writes what it knows."""
    process = loop.start(
        'trap "say told; sleep 1; say written; exit 1" TERM; say run;'
        "while :; do sleep 0.1; done", interval=60)
    loop.wait_for(1)
    result = loop.end(process)
    assert (result.status, result.stderr) == (OK, "")
    assert loop.said() == ["run", "told", "written"]


def test_signal_at_any_moment(loop):
    """Also between two commands of the loop: nothing outlives it, and that a
    run which has not quite begun loses the signal is rare."""
    slow = 0
    for number in range(40):
        process = loop.start("say run; exec sleep 5", interval=1)
        time.sleep(number / 4000)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        slow += time.monotonic() - started > 3
        assert not children(process, "sleep")
        assert not children(process, "sh")
    assert slow <= 2


@pytest.mark.parametrize("status", [0, 1, 3, 75])
def test_goes_on_after_a_run_that_failed(loop, status):
    process = loop.start(f"say run; exit {status}", interval=1)
    loop.wait_for(3)
    assert loop.end(process).stderr == ""


def test_says_that_the_program_was_killed(loop):
    process = loop.start("say run; kill -9 $$", interval=1)
    loop.wait_for(3)
    result = loop.end(process)
    assert result.status == OK
    assert f"{NAME} ended with status 137" in result.stderr


def test_what_cannot_get_better_ends_it(loop):
    process = loop.start("say run; exit 2", interval=3600)
    assert loop.program.finish(process, timeout=10).status == 2
    assert loop.said() == ["run"]
    assert not children(process, "sleep")


@pytest.mark.parametrize("round_", range(50))
def test_program_that_is_not_there(loop, round_):
    """It ends so soon that the sleep beside it has hardly begun."""
    process = loop.program.start_other(
        [LOOP], env={"PATH": "/usr/bin:/bin", "CEM_INTERVAL": "3600"})
    result = loop.program.finish(process, timeout=10)
    assert result.status == 127
    assert NAME in result.stderr


@pytest.mark.parametrize("interval", ["0", "-1", "1m", "1.5", "08", "1 2",
                                      "123456", "a", "*"])
def test_bad_interval(loop, interval):
    process = loop.start("say run", interval=interval)
    result = loop.program.finish(process, timeout=10)
    assert result.status == 2
    assert "CEM_INTERVAL" in result.stderr
    assert not loop.said()
