#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README.md names the options of --help with the same words for their values,
and what is written elsewhere names no other."""

import re

import program
from program import TOP

# Options of other programs that are spoken of.
FOREIGN = {
    # configure
    "prefix", "sysconfdir", "with-textfile-dir", "with-crondir",
    "with-systemdsystemunitdir", "with-bash-completion-dir",
    "with-zsh-completion-dir", "with-fish-completion-dir", "enable-werror",
    "enable-sanitizers", "disable-hardening",
    # systemctl, journalctl, kubectl, git, promtool
    "now", "since", "user", "recursive", "token", "server", "verb", "resource",
    "serviceaccount", "clusterrole", "namespace", "from-file",
    "no-pager",
    # podman build, kubectl patch and logs
    "build-arg", "manifest", "patch-file", "platform", "type", "tail",
    # node_exporter, amtool, k3s
    "collector.textfile.directory", "alertmanager.url", "data-dir",
    # What clouds have
    "name", "region", "resource-group", "file",
}

# A word of its own: not the dashes of a table or of "a--b".
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z.-]*[a-z])")


def complaints():
    options = program.options()
    readme = (TOP / "README.md").read_text()
    for name, word in options.items():
        option = f"--{name}" + f"={word}" * bool(word)
        if f"`{option}`" not in readme:
            yield f"README.md does not mention `{option}`"
    for path in [TOP / "README.md", *sorted(TOP.glob("doc/*.*"))]:
        if path.suffix in (".md", ".yaml"):
            mentioned = set(OPTION.findall(path.read_text()))
            for name in sorted(mentioned - options.keys() - FOREIGN):
                yield f"{path.name} mentions --{name}, which --help does not"


program.finish(list(complaints()))
