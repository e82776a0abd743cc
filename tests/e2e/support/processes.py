# SPDX-License-Identifier: Apache-2.0
"""Processes that never outlive the test that started them.

Each is the leader of a session of its own, so that a whole family can be
ended, and asks the kernel to be killed when the test runner dies: also when
that is killed itself and nothing of ours can clean up any more.
"""

import os
import signal
import subprocess
import time

from .requirements import require

#: Generous: a sanitizer build on a busy machine is slow, and a test that waits
#: for a condition costs only what the condition takes.
PATIENCE_SECONDS = 60


def eventually(condition, what, seconds=PATIENCE_SECONDS, interval=0.01):
    """Poll until condition() is true and return its value. A longer interval
    is for what costs the one who is asked."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain for {what}")
        time.sleep(interval)


def spawn(argv, **popen):
    # setpriv rather than a preexec_fn: those deadlock in a threaded process.
    guard = [require("setpriv"), "--pdeathsig", "KILL", "--"]
    return subprocess.Popen([*guard, *map(str, argv)],
                            start_new_session=True, **popen)


def stop(process, seconds=5):
    """End a process and whatever it started; harmless on one that has ended."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def _signal_group(pid, number):
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


class Server:
    """A server process that logs to a file, as a context manager."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv = [str(word) for word in argv]
        self.log = log
        self.env = env
        self.cwd = cwd
        self.wrapper = []       #: what runs the server
        self.process = None

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = spawn([*self.wrapper, *self.argv],
                                 stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, env=self.env, cwd=self.cwd)
        return self

    def __exit__(self, *_):
        stop(self.process)

    def wait_until(self, condition, what):
        """Wait for readiness; a server that died says so at once."""
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.argv[0]} ended with status "
                                   f"{self.process.returncode}:\n{self.tail()}")
            return condition()
        try:
            return eventually(ready, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.tail()}") from None

    def tail(self, characters=4000):
        return self.log.read_text(errors="replace")[-characters:]
