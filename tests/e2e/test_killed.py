# SPDX-License-Identifier: Apache-2.0
"""The program is killed, or told to end, at any moment: the textfile and the
state file are whole, the next run is as good as any, and nothing is left over.
"""

import concurrent.futures
import contextlib
import random
import re
import signal
import statistics
import subprocess
import threading
import time

import pytest
from support import gallery as at
from support import jobs
from support.exposition import Exposition
from support.fakeapi import FakeApi
from support.kubeconfig import kubeconfig
from support.pods import pod, pod_list
from support.processes import spawn, stop
from support.program import FAILED, OK
from support.scene import Scene

#: Some of them fail, so that there is something to count.
PODS = [pod("good", at.MAIN), pod("alarmed", at.REJECTS),
        pod("dead", "127.81.99.99")]
DOMAINS = [at.VALID, at.EXPIRED]

#: Runs that are killed at random, and after how many one is left to its end.
KILLS, KILLS_SANITIZED, UNHARMED = 1000, 200, 10


@pytest.fixture
def selection(monitor, gallery):
    """Options of a run that has lists to remember."""
    certificate = gallery.authority.issue("api", addresses=["127.0.0.1"])
    listed = pod_list(PODS, "PodList").encode()
    with FakeApi(certificate, lambda request: (200, listed)) as api:
        config = kubeconfig(
            monitor.directory / "kubeconfig", api.url, {"token": "anyone"},
            {"certificate-authority": str(gallery.root.cert)})
        job = {"domains": DOMAINS, "port": gallery.port,
               "ca_file": str(gallery.root.cert)}
        yield "--config", jobs.write(monitor, {"edge": job}, config)


@pytest.fixture
def scene(program, selection, tmp_path):
    return Scene(program, tmp_path, *selection)


def counters(metrics):
    """Values of all counters of the program, by name and labels."""
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for sample in metrics.samples
            if sample.own and metrics.types[sample.name] == "counter"}


def check_counters(earlier, later):
    """None has gone back, and none is gone."""
    for key, value in earlier.items():
        assert later[key] >= value, key


# --- SIGKILL -----------------------------------------------------------------

def test_killed_at_each_call_to_its_files(scene, strace):
    """What is in the directories changes with these calls only: this is every
    state that a run can leave behind."""
    places = [f"{scene.directory}", f"{scene.state.parent}"]
    calls = [call for call in scene.recorded(strace)
             if any(place in call.args for place in places)]
    killed = 0
    for call in calls:
        status, _ = scene.run_signalled(strace.signalling(call, "SIGKILL"))
        # A run whose connections went another way may not come to this call.
        assert status in (OK, -signal.SIGKILL), call
        killed += status != OK
        left = scene.metrics()
        assert left.value("run_success") == 1
        scene.last_success()
        check_counters(counters(scene.good), counters(left))
        scene.check_good_run()
        check_counters(counters(left), counters(scene.metrics()))
        scene.restore()
    assert killed > 40


@contextlib.contextmanager
def scraping(exporter):
    """Scrape it without a pause; yields what is said, each time it changes."""
    scrapes = []
    ended = threading.Event()

    def scrape():
        while not ended.is_set():
            # How long it took is another time with each.
            text = re.sub("^node_scrape_collector_duration.*", "",
                          exporter.text(), flags=re.MULTILINE)
            if text not in scrapes[-1:]:
                scrapes.append(text)

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        scraped = thread.submit(scrape)
        try:
            yield scrapes
        finally:
            ended.set()
        scraped.result()


@contextlib.contextmanager
def started(program, *args):
    process = spawn([program.path, *args], env=program.env, cwd=program.home,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        stop(process)


@pytest.mark.slow
def test_killed_at_random_moments(monitor, selection):
    program = monitor.program
    args = [*selection, "--output", monitor.output]
    kills = KILLS_SANITIZED if program.is_sanitized else KILLS
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")       # shown when it fails
    dice = random.Random(seed)

    killed = 0
    check_next_run(monitor, selection)
    with scraping(monitor.exporter) as scrapes:
        usual = statistics.median(check_next_run(monitor, selection)
                                  for _ in range(5))
        while killed < kills:
            with started(program, *args) as process:
                # The moment is what is random here: nothing to wait for.
                time.sleep(dice.uniform(0, 1.2 * usual))
                process.kill()
                killed += process.wait() == -signal.SIGKILL
            if killed % UNHARMED == 0:
                check_next_run(monitor, selection)
    check_next_run(monitor, selection)
    check_scrapes(scrapes, kills // UNHARMED)
    assert "runs_total" in monitor.metrics().families()


def check_next_run(monitor, selection):
    """It is good and leaves nothing over. Returns the seconds it took."""
    result = monitor.run(*selection)
    assert (result.status, result.stderr) == (OK, "")
    directories = [monitor.textfiles, monitor.program.state]
    assert not [path for directory in directories
                for path in directory.iterdir() if path.suffix == ".tmp"]
    return result.seconds


def check_scrapes(scrapes, at_least):
    assert len(scrapes) > at_least
    families = Exposition(scrapes[0]).families()
    assert "certificate" in families
    last = {}
    for scrape in map(Exposition, scrapes):
        assert scrape.value("node_textfile_scrape_error") == 0
        assert scrape.families() == families
        check_counters(last, counters(scrape))
        last = counters(scrape)


# --- SIGTERM, SIGINT ---------------------------------------------------------

@pytest.mark.slow
def test_told_to_end_at_each_call(scene, strace):
    """Before the run has begun, and once all is written, the signal ends the
    process as it ends any. In between the run ends: status 1, a line that
    names the signal, and what is known is written, or nothing. While the files
    are replaced it is too late for that: then the process ends as killed, with
    everything done."""
    calls = scene.recorded(strace)
    ended = set()
    for number, call in enumerate(
            calls[::5] if scene.program.is_sanitized else calls):
        name = "SIGINT" if number % 2 else "SIGTERM"
        began = time.monotonic()
        status, error = scene.run_signalled(strace.signalling(call, name))
        told = f"{name} at {call}: {status} {error}"
        assert time.monotonic() - began < 10, told
        assert not scene.left_overs(), told
        metrics = scene.metrics()
        scene.last_success()
        if status == FAILED:
            assert len(error.splitlines()) == 1, told
            assert signal.strsignal(getattr(signal, name)) in error, told
            assert metrics.value("run_success") == (
                0 if scene.is_replaced() else 1), told
        else:
            assert status in (OK, -getattr(signal, name)), told
            assert not error, told
            assert metrics.value("run_success") == 1, told
        ended.add((status == FAILED, scene.is_replaced()))
        scene.restore()
    # Stopped before it probed; in the midst of it; not begun; all done.
    assert ended == {(True, False), (True, True), (False, False),
                     (False, True)}
