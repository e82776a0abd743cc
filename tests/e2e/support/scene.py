# SPDX-License-Identifier: Apache-2.0
"""A textfile and a state file as an earlier run left them, and the same run
again when something goes wrong.
"""

import json

from .exporter import promtool_findings
from .exposition import Exposition
from .processes import PATIENCE_SECONDS
from .program import OK


class Scene:
    """Made by a run that is good, with these options."""

    def __init__(self, program, directory, *args):
        self.program = program
        self.directory = directory / "textfiles"
        self.directory.mkdir()
        self.output = self.directory / "cem.prom"
        self.state = program.state / "state.json"
        self._args = [*args, "--output", self.output]
        assert self.run().status == OK
        #: Contents of what was there before the run that went wrong.
        self.old = self.output.read_text()
        self.old_state = self.state.read_text()
        self.good = Exposition(self.old)

    def run(self, wrapper=()):
        return self.program.run(*self._args, wrapper=wrapper)

    def run_signalled(self, wrapper):
        """For a run that a signal may end: (status as Popen has it, what it
        said). What does not end in time raises."""
        process = self.program.start(*self._args, wrapper=wrapper)
        _, error = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, error.decode()

    def recorded(self, strace):
        """The calls of a run that is good."""
        assert self.run(strace.recording).status == OK
        calls = strace.calls()
        self.restore()
        return calls

    def restore(self):
        for directory in (self.directory, self.program.state):
            for path in directory.iterdir():
                path.unlink()
        self.output.write_text(self.old)
        self.state.write_text(self.old_state)

    def left_overs(self):
        """Names of temporary files."""
        return sorted(path.name
                      for directory in (self.directory, self.program.state)
                      for path in directory.iterdir()
                      if path.name not in (
                          self.output.name, self.state.name,
                          ".certificate_expiry_monitor.lock",
                          f".{self.state.name}.lock"))

    def is_replaced(self):
        return self.output.read_text() != self.old

    def metrics(self):
        """What is in the textfile, which must be all of it."""
        text = self.output.read_text()
        metrics = Exposition(text)
        assert promtool_findings(text) == ""
        assert text.endswith("\n")
        assert metrics.families()[-1] == self.good.families()[-1]
        return metrics

    def last_success(self):
        """What the state says, which must be whole."""
        *lines, end = map(json.loads, self.state.read_text().splitlines())
        assert end == {"end": True, "lines": len(lines)}
        last, = [line["last_success"] for line in lines
                 if "last_success" in line]
        return last

    def check_good_run(self):
        """It finds nothing to say of what is there, and leaves nothing."""
        result = self.run()
        assert result.status == OK, result
        assert not result.stderr
        assert not self.left_overs()
        assert self.metrics().value("run_success") == 1
        assert self.last_success() > 0
