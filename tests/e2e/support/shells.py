# SPDX-License-Identifier: Apache-2.0
"""Shells that complete a command line, as they do for whoever presses Tab."""

import os
import pty
import select
import shutil
import subprocess
from pathlib import Path

from .processes import PATIENCE_SECONDS, eventually, spawn, stop
from .requirements import require, unavailable

NAME = "certificate-expiry-monitor"
COMPLETIONS = Path(__file__).parents[3] / "completion"
#: What completions and shells call; all but that, a kubectl of this machine
#: above all, is out of their reach.
_TOOLS = ("mv", "sed", "seq", "sh", "sleep", "timeout", "uname")

#: What the shell prints when it takes keys.
_READY = b"?-"
#: The keys that list all completions, insert them, and write the line to a file.
_KEYS = b"\x01\x02\x18"

_BASH = """
PS1='?-'
. {bash_completion}
bind '"\\C-a": possible-completions'
bind '"\\C-b": insert-completions'
bind -x '"\\C-x": printf %s "$READLINE_LINE" >new; mv new line'
"""
_BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

_ZSH = """
PS1='?-'
fpath=($HOME $fpath)
autoload -U compinit
compinit -u -D
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches:*' old-matches only
zstyle ':completion:all-matches:*' insert yes
zstyle ':completion:all-matches::::' completer _all_matches
write-line() { print -rn -- $BUFFER >new; mv new line }
zle -N write-line
bindkey '^A' list-choices
bindkey '^B' all-matches
bindkey '^X' write-line
"""


class Shell:
    """In a directory of its own, where it finds our completion and, in bin,
    what else the test puts there."""

    def __init__(self, directory):
        self.binary = require(self.name)
        self.directory = directory
        self.bin = directory / "bin"
        self.bin.mkdir()
        for tool in _TOOLS:
            (self.bin / tool).symlink_to(require(tool))
        # fish completes no program that is not there.
        (self.bin / NAME).symlink_to(require("true"))
        self.env = {"PATH": str(self.bin), "TERM": "dumb",
                    "HOME": str(directory), "LC_ALL": "C.UTF-8"}
        self.screen = ""    #: what was shown, without sense but for searching
        self.set_up()

    def complete(self, words):
        """What stands for the last word then, without "--option="."""
        line = f"{NAME} {words}"
        given = line.split(" ")
        return {word.rpartition("=")[2] or word.rstrip("=")
                for word in self.candidates(line)
                if word and word not in given}


class Fish(Shell):
    name = "fish"

    def set_up(self):
        shutil.copy(COMPLETIONS / f"{NAME}.fish", self.directory)

    def candidates(self, line):
        done = subprocess.run(
            [self.binary, "--no-config", "--command",
             "set --prepend fish_complete_path $HOME; "
             f"complete --do-complete '{line}'"],
            cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=True,
            timeout=PATIENCE_SECONDS)
        self.screen = done.stderr
        return [row.split("\t")[0] for row in done.stdout.splitlines()]


class _OnTerminal(Shell):
    """One that inserts all completions into its line, which it then writes to
    a file."""

    def candidates(self, line):
        ours, theirs = pty.openpty()
        process = spawn([self.binary, *self.arguments], cwd=self.directory, env=self.env,
                        stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = bytearray()
        written = self.directory / "line"

        def shows(condition):
            if select.select([ours], [], [], 0.01)[0]:
                shown.extend(os.read(ours, 65536))
            return condition()

        try:
            eventually(lambda: shows(lambda: _READY in shown), "a prompt")
            os.write(ours, line.encode() + _KEYS)
            eventually(lambda: shows(written.exists), "the line")
        finally:
            stop(process, 0)
            os.close(ours)
            self.screen = shown.decode(errors="replace")
        text = written.read_text()
        written.unlink()
        return text.split(" ")


class Bash(_OnTerminal):
    """With bash-completion, which finds ours by the name of the program."""
    name = "bash"
    arguments = ["--noprofile", "--rcfile", "rc", "-i"]

    def set_up(self):
        if not _BASH_COMPLETION.exists():
            unavailable("bash-completion is not installed")
        (self.directory / "rc").write_text(
            _BASH.format(bash_completion=_BASH_COMPLETION))
        completions = self.directory / "completions"
        completions.mkdir()
        shutil.copy(COMPLETIONS / f"{NAME}.bash", completions / NAME)
        self.env.update(BASH_COMPLETION_USER_DIR=str(self.directory),
                        INPUTRC="/dev/null")


class Zsh(_OnTerminal):
    name = "zsh"
    arguments = ["-i"]

    def set_up(self):
        (self.directory / ".zshrc").write_text(_ZSH)
        shutil.copy(COMPLETIONS / f"_{NAME}", self.directory)
        self.env["ZDOTDIR"] = str(self.directory)


SHELLS = {shell.name: shell for shell in (Bash, Zsh, Fish)}
