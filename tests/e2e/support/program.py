# SPDX-License-Identifier: Apache-2.0
"""Running the program under test, by hand and on a terminal."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from .processes import PATIENCE_SECONDS, spawn, stop

#: Exit statuses, as the documentation names them.
OK, FAILED, USAGE, CHECK, LOCKED = 0, 1, 2, 3, 75

_SANITIZER = re.compile(r"Sanitizer|runtime error:")
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Result:
    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def error(self):
        """The only line on standard error."""
        lines = self.stderr.splitlines()
        assert len(lines) == 1, f"not one line: {self.stderr!r}"
        return lines[0]

    def text(self):
        """What a terminal showed, without the control sequences."""
        return _COLOUR.sub("", self.stdout)


class Program:
    """The program, in an environment of its own: no caller's kubeconfig,
    no caller's systemd, no caller's home, and no state of former runs."""

    def __init__(self, path, home):
        self.path = path
        self.home = home
        self._started = []
        self.state = home / "state"
        self.state.mkdir(exist_ok=True)
        self.env = {"PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(home), "LC_ALL": "C.UTF-8",
                    "STATE_DIRECTORY": str(self.state)}
        for name, value in os.environ.items():
            if re.fullmatch("(ASAN|UBSAN|LSAN)_OPTIONS", name):
                self.env[name] = value

    @property
    def is_sanitized(self):
        return is_sanitized(self.path)

    def start(self, *args, env=None, wrapper=(), **popen):
        """Start it and do not wait. A wrapper is what runs the program."""
        return self.start_other([*wrapper, self.path, *args], env, **popen)

    def start_other(self, argv, env=None, **popen):
        """Start something that runs the program, sooner or later."""
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                 "stderr": subprocess.PIPE, **popen}
        process = spawn(argv, env={**self.env, **(env or {})}, cwd=self.home,
                        **popen)
        self._started.append(process)
        return process

    def finish(self, process, started=None, timeout=PATIENCE_SECONDS,
               stdin=None):
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            stop(process)
            pytest.fail(f"the program did not end within {timeout} s: "
                        f"{process.args}")
        return _judge(process.returncode, _text(stdout), _text(stderr),
                      time.monotonic() - (started or time.monotonic()))

    def run(self, *args, env=None, wrapper=(), stdin=None,
            timeout=PATIENCE_SECONDS, **popen):
        started = time.monotonic()
        if stdin is not None:
            popen["stdin"] = subprocess.PIPE
            stdin = stdin.encode()
        process = self.start(*args, env=env, wrapper=wrapper, **popen)
        return self.finish(process, started, timeout, stdin)

    def run_on_terminal(self, *args, env=None, columns=120, wrapper=(),
                        timeout=PATIENCE_SECONDS):
        """Run it as a person does: all three streams are one terminal."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, columns, 0, 0))
        started = time.monotonic()
        process = self.start(*args, wrapper=wrapper,
                             env={"TERM": "xterm-256color", **(env or {})},
                             stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            shown = _read_terminal(terminal, started + timeout)
            status = process.wait(timeout)
        return _judge(status, shown.replace("\r\n", "\n"), "",
                      time.monotonic() - started)

    def clean_up(self):
        for process in self._started:
            stop(process)


def locate():
    """The program under test, absolute, as tests change directories."""
    path = Path(os.environ.get("CEM_PROGRAM", "certificate-expiry-monitor"))
    path = path.absolute()
    if not os.access(path, os.X_OK):
        pytest.exit(f"{path} is not there: build it, or name it in the "
                    "environment variable CEM_PROGRAM", returncode=1)
    return path


def is_sanitized(path):
    """Sanitizers take several times the time and the memory."""
    return b"__asan_init" in path.read_bytes()


def _read_terminal(terminal, end):
    shown = b""
    while time.monotonic() < end:
        try:
            data = terminal.read(65536)
        except OSError as error:
            # What Linux says when the last process on the terminal is gone.
            if error.errno == errno.EIO:
                break
            raise
        if not data:
            break
        shown += data
    return shown.decode(errors="replace")


def _text(data):
    return (data or b"").decode(errors="surrogateescape")


def _judge(status, stdout, stderr, seconds):
    """Whatever a test is about, a sanitizer's report or a crash fails it."""
    if status < 0 or _SANITIZER.search(stderr) or _SANITIZER.search(stdout):
        pytest.fail(f"the program broke (status {status}):\n{stderr}{stdout}")
    return Result(status, stdout, stderr, seconds)
