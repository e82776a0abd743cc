# SPDX-License-Identifier: Apache-2.0
"""A terminal that really is one, with a shell in it, by tmux: what is typed
goes in, what a person would see comes out."""

import subprocess

from .processes import Server, eventually
from .requirements import require

PROMPT = "$ "


class Terminal(Server):
    """The shell's prompt is PROMPT; env is its environment."""

    def __init__(self, directory, columns, rows, env):
        self.tmux = require("tmux")
        # -D: in the foreground, so that it can be ended as any server.
        super().__init__([self.tmux, "-D", "-f", "/dev/null", "-S",
                          directory / "tmux"], directory / "tmux.log",
                         env=env, cwd=directory)
        # Of root, bash takes no prompt from the environment.
        self._rc = directory / "bashrc"
        self._rc.write_text(f"PS1='{PROMPT}'\n")
        self._socket = directory / "tmux"
        self._session = ["-x", columns, "-y", rows, "-c", directory]

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._socket.exists, "tmux")
        self._ask("new-session", "-d", *self._session,
                  f"{require('bash')} --noediting --rcfile {self._rc}")
        self.wait_for(lambda screen: screen == PROMPT.strip(), "a prompt")
        return self

    def type(self, line):
        self._ask("send-keys", "-l", line)
        self._ask("send-keys", "Enter")

    def screen(self, *how):
        """What is on it, without blanks at the ends; "-e" with colours, "-J"
        with lines that were too long in one again."""
        shown = self._ask("capture-pane", "-p", *how)
        return "\n".join(line.rstrip() for line in shown.splitlines()).rstrip()

    def record(self, path):
        """From now on, all that is sent to it goes to a file as well."""
        self._ask("pipe-pane", f"exec cat >{path}")

    def wait_for(self, condition, what):
        """The screen once it is as a condition wants it."""
        shown = []

        def holds():
            shown[:] = [self.screen()]
            return condition(shown[0])
        try:
            eventually(holds, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error} on this screen:\n{shown[0]}") from None
        return shown[0]

    def _ask(self, *words):
        return subprocess.run(
            [self.tmux, "-S", self._socket, *map(str, words)], check=True,
            capture_output=True, text=True, env=self.env).stdout
