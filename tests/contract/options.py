#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README.md and --help name the same options."""

import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))
PROGRAM = "./certificate-expiry-monitor"
SKIP = 77

# Options of other programs that the README speaks of.
FOREIGN = {
    # configure
    "prefix", "sysconfdir", "with-textfile-dir", "with-crondir",
    "with-systemdsystemunitdir", "enable-werror", "enable-sanitizers",
    "disable-hardening",
    # systemctl, kubectl, git, promtool
    "now", "user", "recursive", "token", "server", "verb", "resource",
    "serviceaccount", "clusterrole", "namespace",
    # node_exporter
    "collector.textfile.directory",
}

readme = TOP / "README.md"
if not readme.exists():
    print("there is no README.md")
    sys.exit(SKIP)
help_text = subprocess.run([PROGRAM, "--help"], capture_output=True,
                           text=True, check=True).stdout
offered = set(re.findall(r"^  --([a-z-]+)", help_text, re.M))
# A word of its own: not the dashes of a table or of "a--b".
mentioned = set(re.findall(r"(?<![\w-])--([a-z][a-z.-]*[a-z])",
                           readme.read_text()))
found = []
if len(offered) < 20:
    found.append(f"--help names only {len(offered)} options")
for name in sorted(offered - mentioned):
    found.append(f"README.md does not mention --{name}")
for name in sorted(mentioned - offered - FOREIGN):
    found.append(f"README.md mentions --{name}, which --help does not")
print("\n".join(found))
sys.exit(1 if found else 0)
