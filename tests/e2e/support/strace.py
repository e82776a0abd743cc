# SPDX-License-Identifier: Apache-2.0
"""strace in front of the program: which system calls it makes, and one of
them failing, or bringing a signal, as the kernel would have it.

A call is told by its name and its number among those of that name, counted
from the start of the process. Where the network has a say the numbers differ
from run to run: what was hit is to be read from the log, not taken for granted.
"""

import functools
import re
import subprocess
from dataclasses import dataclass

from .requirements import require, unavailable

_LINE = re.compile(r"\d+ +(\w+)\((.*)\) += (\S+)(.*)")

#: The first call of main(). What comes before is the dynamic loader's.
_MAIN = re.compile(r'openat\(AT_FDCWD.*, "/dev/null", O_RDONLY\)')


@dataclass(frozen=True)
class Call:
    name: str
    number: int
    args: str           #: descriptors with their paths: 3</etc/hosts>
    is_injected: bool

    def __str__(self):
        return f"{self.name}({self.args})"


class Strace:
    """Wrappers of the program. The log is of the last run."""

    def __init__(self, program, log):
        self._strace = _require_tracing()
        self._program = program
        self._log = log

    @property
    def recording(self):
        return self._wrapper()

    def failing(self, call, error):
        """This call does nothing, and fails with this errno."""
        return self._wrapper("--seccomp-bpf", *_injecting(
            call, f"error={error}"))

    def signalling(self, call, signal):
        """This signal comes as the call begins. After SIGKILL it does not."""
        # strace forgets signals where the kernel filters the calls.
        return self._wrapper(*_injecting(call, f"signal={signal}"))

    def _wrapper(self, *options):
        command = [self._strace, "-f", "-y", "-o", self._log, *options]
        if self._program.is_sanitized:
            # LeakSanitizer is itself a tracer, and there can be but one.
            given = self._program.env.get("ASAN_OPTIONS", "")
            command += ["-E", f"ASAN_OPTIONS={given}:detect_leaks=0"]
        return command

    def calls(self):
        """All that the program made since main() began."""
        made = self._read()
        begin = next(index for index, call in enumerate(made)
                     if _MAIN.match(str(call)))
        return made[begin:]

    def injected(self):
        """The call that failed; None if this run did not make it."""
        return next((call for call in self._read() if call.is_injected), None)

    def _read(self):
        made, counts = [], {}
        for line in self._log.read_text(errors="replace").splitlines():
            match = _LINE.match(line)
            if match:
                name, args, _, rest = match.groups()
                counts[name] = counts.get(name, 0) + 1
                made.append(Call(name, counts[name], args,
                                 "(INJECTED)" in rest))
        return made


def _injecting(call, what):
    return ["-e", f"trace={call.name}",
            "-e", f"inject={call.name}:{what}:when={call.number}"]


@functools.cache
def _require_tracing():
    strace = require("strace")
    tried = subprocess.run([strace, "-o", "/dev/null", "true"],
                           capture_output=True, check=False)
    if tried.returncode:
        unavailable("strace may not trace here")
    return strace
